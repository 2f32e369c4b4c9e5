"""The random numbers of host/numeric/random.hpp, written here from their definition."""

MASK = 2**64 - 1


class SplitMix64:
    def __init__(self, seed):
        self.state = seed & MASK

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        return z ^ z >> 31

    def below(self, bound):
        refused = 2**64 % bound
        while True:
            drawn = self.next()
            if drawn >= refused:
                return drawn % bound


def stream(seed, number):
    return SplitMix64(SplitMix64(SplitMix64(seed).next() ^ number).next())
