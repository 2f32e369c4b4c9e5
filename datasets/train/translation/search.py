"""Beam search with OpenNMT-py's meaning, a batch of sentences at a time. B hypotheses of each of N
sentences are N * B columns, those of a sentence side by side.
"""
import typing

import torch

MASKED = -1e20


class Hypothesis(typing.NamedTuple):
    score: float  # the sum of log-probabilities, </s> included, divided by the penalty
    ids: list     # without <s> and </s>
    log_probability: float


class Beam(typing.NamedTuple):
    width: int = 5
    penalty: str = "none"  # none, avg, or wu: ((5 + length) / 6)^alpha; </s> counts in the length
    alpha: float = 0.0
    longest: int = 100     # tokens, </s> included

    def divisor(self, length):
        if self.penalty == "avg":
            return length
        return ((5 + length) / 6) ** self.alpha if self.penalty == "wu" else 1


def select(memory, state, columns):
    """Memory and state of these columns."""
    states = [tuple(s[:, columns] for s in pair) for pair in state["states"]]
    return ({name: value[columns] for name, value in memory.items()},
            {"states": states, "feed": state["feed"][:, columns]})


@torch.no_grad()
def search(network, source, lengths, beam):
    """The best Hypothesis of each sentence of a batch [S, N].

    Each step keeps the `width` best of all continuations by the sum of log-probabilities. One that
    ends in </s> is finished and not continued; a sentence is done when its best one has ended."""
    target, width, device = network.model["target"], beam.width, source.device
    vocabulary, eos, count = len(target["tokens"]), target["eos"], source.shape[1]
    memory, state = network.encode(source, lengths)
    memory, state = select(memory, state, torch.arange(count).repeat_interleave(width))
    scores = torch.full((count, width), MASKED, device=device)
    scores[:, 0] = 0  # at first all rows are the same one
    ids = torch.full((count, width, 1), target["bos"], device=device)
    sentences, best = list(range(count)), [None] * count
    for step in range(1, beam.longest + 1):
        outputs, _, state = network.decode(ids[:, :, -1].reshape(1, -1), memory, state)
        log_probabilities = network.generator(outputs[0]).log_softmax(1)
        candidates = scores[:, :, None] + log_probabilities.view(-1, width, vocabulary)
        ended = ids[:, :, -1] == eos
        candidates[ended] = MASKED
        scores, chosen = candidates.flatten(1).topk(width, 1)
        parents = chosen.div(vocabulary, rounding_mode="floor")
        ids = torch.cat([ids.gather(1, parents[:, :, None].expand(-1, -1, step)),
                         (chosen % vocabulary)[:, :, None]], 2)
        going = []
        for lane, (row, ends) in enumerate(zip(scores.tolist(), (ids[:, :, -1] == eos).tolist())):
            n = sentences[lane]
            for rank in range(width):
                score = row[rank] / beam.divisor(step)
                if (ends[rank] and row[rank] > MASKED / 2
                        and (best[n] is None or score > best[n].score)):
                    best[n] = Hypothesis(score, ids[lane, rank, 1:-1].tolist(), row[rank])
            if not ends[0] and step < beam.longest:
                going.append(lane)
            elif best[n] is None:
                best[n] = Hypothesis(row[0] / beam.divisor(step), ids[lane, 0, 1:].tolist(), row[0])
        if not going:
            break
        keep = torch.tensor(going, device=device)
        sentences = [sentences[lane] for lane in going]
        columns = (torch.arange(len(parents), device=device)[:, None] * width + parents)[keep]
        memory, state = select(memory, state, columns.flatten())
        scores, ids = scores[keep], ids[keep]
    return best
