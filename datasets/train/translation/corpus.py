"""Parallel text for train_translation.py: a sentence per line, gzip or not, in batches of sentences
of about one length."""
import gzip
import pathlib
import sys

import numpy
import torch


def fail(*words):
    sys.exit("train_translation.py: " + " ".join(str(word) for word in words))


def read_lines(path):
    """The lines of a UTF-8 file; only \\n ends one."""
    try:
        content = pathlib.Path(path).read_bytes()
        content = gzip.decompress(content) if str(path).endswith(".gz") else content
        text = content.decode("utf-8")
    except (OSError, EOFError, ValueError) as error:
        fail(f"{path}: {error}")
    return text.removesuffix("\n").split("\n") if text else []


def read_pairs(source, target):
    sources, targets = read_lines(source), read_lines(target)
    if len(sources) != len(targets):
        fail(f"{source} has {len(sources)} lines, {target} {len(targets)}")
    return sources, targets


class Corpus:
    """Sentence pairs as ids: the source as the encoder reads it, the target from <s> to </s>."""

    def __init__(self, sources, targets, source, target, longest):
        self.pairs = []
        for left, right in zip(sources, targets):
            pair = source_ids(source, left), target.encode(right)
            if pair[0] and pair[1] and max(map(len, pair)) <= longest:
                bos, eos = target.side["bos"], target.side["eos"]
                self.pairs.append((pair[0], [bos] + pair[1] + [eos]))
        self.pad = source.side["pad"], target.side["pad"]

    def __len__(self):
        return len(self.pairs)

    def batches(self, tokens, random=None):
        """Lists of pairs whose padded targets have at most so many tokens (one pair at least).
        With `random`, in another order each time: sorted by length within pools of 50 batches."""
        order = numpy.arange(len(self)) if random is None else random.permutation(len(self))
        mean = sum(len(pair[1]) for pair in self.pairs) / max(1, len(self))
        pool = len(self) if random is None else max(1, int(50 * tokens / mean))
        batches = []
        for start in range(0, len(order), pool):
            chosen = sorted(order[start:start + pool],
                            key=lambda n: (len(self.pairs[n][1]), len(self.pairs[n][0]), n))
            batch = []
            for n in chosen:  # the last one is the longest
                if batch and (len(batch) + 1) * len(self.pairs[n][1]) > tokens:
                    batches.append(batch)
                    batch = []
                batch.append(n)
            batches.append(batch)
        if random is not None:
            random.shuffle(batches)
        return [[self.pairs[n] for n in batch] for batch in batches]


def source_ids(vocabulary, line):
    """A source sentence with the marks that the model wants around it."""
    side = vocabulary.side
    before = [] if side["bos"] is None else [side["bos"]]
    after = [] if side["eos"] is None else [side["eos"]]
    return before + vocabulary.encode(line) + after


def padded(sentences, pad):
    """Lists of ids -> [longest, N]."""
    longest = max(map(len, sentences))
    return torch.tensor([ids + [pad] * (longest - len(ids)) for ids in sentences]).t()
