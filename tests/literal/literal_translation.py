#!/usr/bin/env python3
"""Runs a translation model by the equations of docs/formats/translation-model.md, one vector at a
time, with a beam search that takes one hypothesis at a time. Shares with datasets/ the text
processing alone.

    literal_translation.py MODEL WIDTH LONGEST < SOURCE

writes the best hypothesis of each line. Needs numpy.
"""
import json
import pathlib
import struct
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "datasets"))
from translation.subwords import Vocabulary


def read(path):
    content = pathlib.Path(path).read_bytes()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:start])
    model = json.loads(header.pop("__metadata__")["edgeval"])
    tensors = {}
    for name, entry in header.items():
        first, last = (start + offset for offset in entry["data_offsets"])
        values = numpy.frombuffer(content[first:last], {"F16": "<f2", "F32": "<f4"}[entry["dtype"]])
        tensors[name] = values.astype(numpy.float64).reshape(entry["shape"])
    return model, tensors


def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


class Model:
    def __init__(self, path):
        self.model, self.tensors = read(path)
        self.used = set()

    def tensor(self, name):
        self.used.add(name)
        return self.tensors[name]

    def cell(self, name, x, state):
        """One LSTM step."""
        h, c = state
        gates = (self.tensor(name + ".weight_ih") @ x + self.tensor(name + ".weight_hh") @ h
                 + self.tensor(name + ".bias"))
        i, f, g, o = numpy.split(gates, 4)
        c = sigmoid(f) * c + sigmoid(i) * numpy.tanh(g)
        return sigmoid(o) * numpy.tanh(c), c

    def encode(self, ids):
        """Returns h(1) ... h(S), and the states that the decoder starts from."""
        encoder = self.model["encoder"]
        xs = [self.tensor(encoder["embedding"]["name"] + ".weight")[i] for i in ids]
        finals = {}
        for layer in encoder["layers"]:
            halves, ends = [], []
            for direction in {"both": ["forward", "backward"]}.get(layer["direction"],
                                                                   [layer["direction"]]):
                state = numpy.zeros(layer["cells"]), numpy.zeros(layer["cells"])
                outputs = []
                for x in xs if direction == "forward" else xs[::-1]:
                    state = self.cell(layer["name"] + "." + direction, x, state)
                    outputs.append(state[0])
                halves.append(outputs if direction == "forward" else outputs[::-1])
                ends.append(state)
            xs = [numpy.concatenate(parts) for parts in zip(*halves)]
            finals[layer["name"]] = tuple(numpy.concatenate(parts) for parts in zip(*ends))
        feed = numpy.zeros(self.model["attention"]["outputs"])
        return xs, ([finals[name] for name in self.model["bridge"]["from"]], feed)

    def score(self, q, h):
        kind = self.model["attention"]["type"]
        if kind == "dot":
            return q @ h
        if kind == "general":
            return (self.tensor("attention.linear_in.weight") @ q) @ h
        hidden = numpy.tanh(self.tensor("attention.query.weight") @ q
                            + self.tensor("attention.query.bias")
                            + self.tensor("attention.context.weight") @ h)
        return self.tensor("attention.score.weight")[0] @ hidden

    def step(self, token, memory, state):
        """Returns the log-probabilities of the next token, and the state after the step."""
        states, feed = state
        decoder, generator = self.model["decoder"], self.model["generator"]
        x = self.tensor(decoder["embedding"]["name"] + ".weight")[token]
        if decoder["input_feeding"]:
            x = numpy.concatenate([x, feed])
        after = []
        for layer, before in zip(decoder["layers"], states):
            after.append(self.cell(layer["name"] + ".forward", x, before))
            x = after[-1][0]
        scores = numpy.array([self.score(x, h) for h in memory])
        weights = numpy.exp(scores - scores.max())
        context = sum(a * h for a, h in zip(weights / weights.sum(), memory))
        feed = numpy.tanh(self.tensor("attention.linear_out.weight")
                          @ numpy.concatenate([context, x]))
        tied = generator["tied_to"]
        z = (self.tensor((tied or generator["name"]) + ".weight") @ feed
             + self.tensor(generator["name"] + ".bias"))
        return z - z.max() - numpy.log(numpy.exp(z - z.max()).sum()), (after, feed)


def search(model, ids, width, longest):
    """Returns the tokens of the best hypothesis. Of candidates with equal scores the one with the
    lower token is better, then the one whose parent was better."""
    target = model.model["target"]
    memory, state = model.encode(ids)
    live, finished = [(0.0, [target["bos"]], state)], []
    for _ in range(longest):
        candidates = []
        for parent, (total, tokens, state) in enumerate(live):
            if tokens[-1] == target["eos"]:
                continue
            log_probabilities, after = model.step(tokens[-1], memory, state)
            candidates += [(-(total + p), token, parent, tokens + [token], after)
                           for token, p in enumerate(log_probabilities)]
        candidates.sort(key=lambda candidate: candidate[:3])
        live = [(-minus, tokens, after) for minus, _, _, tokens, after in candidates[:width]]
        finished += [(total, tokens) for total, tokens, _ in live if tokens[-1] == target["eos"]]
        if live[0][1][-1] == target["eos"]:
            break
    if not finished:
        return live[0][1][1:]
    return max(finished, key=lambda hypothesis: hypothesis[0])[1][1:]


def main():
    model, width, longest = Model(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    sides = {name: Vocabulary(model.model[name]) for name in ("source", "target")}
    source = sides["source"].side
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8")
    for line in sys.stdin:
        ids = sides["source"].encode(line.removesuffix("\n"))
        if ids:
            ids = [i for i in [source["bos"], *ids, source["eos"]] if i is not None]
            ids = search(model, ids, width, longest)
        print(sides["target"].decode(ids))
    if model.used != set(model.tensors):
        sys.exit("tensors that no equation reads: " + ", ".join(set(model.tensors) - model.used))


if __name__ == "__main__":
    main()
