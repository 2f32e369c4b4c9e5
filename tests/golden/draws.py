"""Prints the points that tests/eval/search expect: of scipy's Sobol sequence and of SplitMix64.

python3 tests/golden/draws.py, with scipy 1.17.1 from PyPI. The generator and what is made of it are
written here from their definitions (host/numeric/random.hpp, eval/search/draws.hpp), with Python's
own powers.
"""

from scipy.stats import qmc

from splitmix import MASK, stream

SEED = 7


def values(u):
    """The values of a=0:1, b=0.001:1:log, c=1:6 in whole numbers, and d=x,y,z."""
    return f"{u[0]:.6g} {0.001 * 1000 ** u[1]:.6g} {1 + int(u[2] * 6)} {'xyz'[int(u[3] * 3)]}"


print("Sobol without a shift, 6 dimensions")
for point in qmc.Sobol(6, scramble=False).random(16):
    print("{" + ", ".join(f"{u:.10g}" for u in point) + "},")

print("random, seed", SEED)
for number in range(4):
    random = stream(SEED, number)
    print(values([(random.next() >> 11) * 2.0**-53 for _ in range(4)]))

print("Sobol, seed", SEED)
shift = [stream(SEED, MASK - dimension).next() for dimension in range(4)]
for point in qmc.Sobol(4, scramble=False).random(4):
    bits = [int(u * 2**64) ^ s for u, s in zip(point, shift, strict=True)]
    print(values([(b >> 11) * 2.0**-53 for b in bits]))
