#!/usr/bin/env python3
"""Runs points of a finished sweep as a researcher would without edgeval: a loop over time in PyTorch, for each point anew.

    torch_sweep_loop.py --model FILE --cache FOLDER --sweep FOLDER --data AN4 [--points 1,2,3,600,900] [--threads N]

The model has LSTM layers with both directions, then a linear one, and is run on the test set of AN4. The cache must hold its
features (edgeval run --data AN4 --split test --cache FOLDER ...), and the sweep must be in fp32, since the loop is:

    sweep.py EDGEVAL ... --arithmetic fp32 --keep FOLDER

makes one in FOLDER/sweep. Its points take similarity skip or every step, with reuse, delta or as_is.

Utterances are sorted by length and padded. Both directions run side by side, each in its order. W x of all frames is one
product, also for delta: the held x depends on x alone, so it is found by a loop of its own. For delta z is computed from the
held values, which takes an addition less than a kept M. Skipped steps keep h and c by a mask. Changed elements are counted
after the loop. The batch is the one that takes the fewest seconds of processors on the first point.

WER, skipped steps and MACs are compared with the sweep's points.csv; exit code 1 says that a WER differs by more than 0.3
points, MACs by more than 0.1 %, or skipped steps by more than 0.1 % and more than 1 in 10,000 of all steps of recurrent
layers. In fp32 sums differ in their last bits, so that a value can take another centroid and a few plans change.

The seconds of a point have all but the start of Python and the reading of model and features. Set beside them what the sweep
took, divided by its points. OMP_NUM_THREADS should be the number of threads. On a machine that others use, take one thread on
both sides and compare the seconds of processors; with more threads set OMP_WAIT_POLICY=PASSIVE, or torch's threads spin while
they wait for one another.
"""
import argparse
import csv
import ctypes
import hashlib
import json
import math
import pathlib
import struct
import sys
import time
import wave

import numpy as np
import torch

BATCHES = (16, 32, 64, 130)
KNOWN = {"arithmetic.type": ("fp32",), "weights.type": ("as_trained",), "nonlinearity.type": ("exact",),
         "plan.type": ("every_step", "similarity_skip"), "operand.type": ("as_is", "reuse", "delta")}
PARAMETERS = ("profile", "plan.threshold", "plan.max_consecutive", "plan.shift", "plan.fraction_bits", "operand.clusters",
              "operand.range", "operand.threshold_x", "operand.threshold_h")


def read_model(path):
    """Returns the model's description and its tensors, all in fp32."""
    data = pathlib.Path(path).read_bytes()
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    described = json.loads(header.pop("__metadata__")["edgeval"])
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            sys.exit(f"{path}: {name} is not in F32")
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[8 + size + begin:8 + size + end], dtype="<f4")
        tensors[name] = torch.from_numpy(values.reshape(entry["shape"]).copy())
    return described, tensors


def entry_name(audio, frontend):
    """Returns the name that edgeval's cache gives to the features of a WAV file (docs/formats/features.md)."""
    sndfile = ctypes.CDLL("libsndfile.so.1")
    sndfile.sf_version_string.restype = ctypes.c_char_p
    with wave.open(str(audio)) as opened:
        samples = opened.getnframes()
    front = {"cepstra": 26, "lifter": 22, "splice": [9, 9], "subsample": 2, "deltas": 2, "delta_window": 2, **frontend}
    text = "1\n"

    def add(value):
        nonlocal text
        if isinstance(value, str):
            value = f"{len(value)}:{value}"
        elif isinstance(value, float):
            value, = struct.unpack("<Q", struct.pack("<d", value))
        text += f"{value}\n"

    add(sndfile.sf_version_string().decode())
    for key in ("type", "sample_rate", "frame_ms", "shift_ms", "mel_bins", "low_hz", "high_hz", "preemphasis", "window",
                "dither", "cmvn", "cmvn_epsilon", "deltas", "delta_window", "cepstra", "lifter", "splice", "subsample"):
        real = key in ("frame_ms", "shift_ms", "low_hz", "high_hz", "preemphasis", "dither", "cmvn_epsilon")
        for value in front[key] if key == "splice" else [front[key]]:
            add(float(value) if real else value)
    add(hashlib.sha256(audio.read_bytes()).hexdigest())
    text += f"none\nnone\n0\n{samples}\n"  # the whole file, without --any-audio
    return hashlib.sha256(text.encode()).hexdigest()


def read_test_set(data, cache, frontend):
    """Returns for each utterance of AN4's test set the features [T, C] and the words of its reference."""
    data = pathlib.Path(data)
    ids = (data / "etc" / "an4_test.fileids").read_text().split()
    lines = (data / "etc" / "an4_test.transcription").read_text().splitlines()
    utterances = []
    for name, line in zip(ids, lines, strict=True):
        words = line.split()
        if words[-1] != f"({pathlib.Path(name).name})":
            sys.exit(f"{name} and its transcript do not fit")
        key = entry_name(data / "wav" / f"{name}.wav", frontend)
        entry = pathlib.Path(cache, key[:2], key)
        if not entry.exists():
            sys.exit(f"{name}: no features at {entry}; run edgeval on the test set with this cache first")
        held = entry.read_bytes()
        frames, columns = struct.unpack("<QQ", held[16:32])
        features = np.frombuffer(held[96:], dtype="<f4").reshape(frames, columns)
        utterances.append((torch.from_numpy(features.copy()), words[:-1]))
    return utterances


def read_policy(path):
    """Returns the settings of a policy of plain blocks, {"plan.threshold": 0.75}."""
    settings, above = {}, []
    for line in pathlib.Path(path).read_text().splitlines():
        key, _, value = line.strip().partition(":")
        while above and above[-1][0] >= len(line) - len(line.lstrip()):
            above.pop()
        if value:
            settings[".".join([name for _, name in above] + [key])] = value.strip()
        else:
            above.append((len(line) - len(line.lstrip()), key))
    return settings


class Settings:
    """A point's settings, asked for by layer."""

    def __init__(self, settings, profile):
        self.settings = {key.replace('"', ""): value for key, value in settings.items()}
        self.profile = profile

    def check(self, layers):
        for key, value in self.settings.items():
            for layer in layers:
                key = key.removeprefix(f"layers.{layer}.")
            if value not in KNOWN.get(key, (value,)) or key not in (*KNOWN, *PARAMETERS):
                sys.exit(f"{key}: {value} is not known here")

    def text(self, layer, key, default=None):
        return self.settings.get(f"layers.{layer}.{key}", self.settings.get(key, default))

    def number(self, layer, key, default=None):
        value = self.text(layer, key, default)
        return math.inf if value == ".inf" else float(value)

    def range(self, layer):
        value = self.text(layer, "operand.range", self.profile[layer]["range"])
        return json.loads(value) if isinstance(value, str) else value


def flip(x, order):
    """Returns x [T, N, ...] with each lane from its last frame to its first. Padding stays where it is."""
    return x[order, torch.arange(x.shape[1])]


def plan(settings, layer, x, group):
    """Returns which steps run, [direction, T, N], each direction in its order. x is [T, N, C] in the order of time."""
    inside, order = group["inside"], group["order"]
    if settings.text(layer, "plan.type", "every_step") == "every_step":
        return torch.stack([inside, inside])
    threshold = settings.number(layer, "plan.threshold")
    most = settings.number(layer, "plan.max_consecutive", 2)
    bits = settings.number(layer, "plan.fraction_bits", settings.profile[layer]["fraction_bits"])
    q = x.mul(2.0 ** bits).add_(0.5).floor_().clamp_(-32768, 32767).to(torch.int16)
    nonzero = q != 0
    upper = q >> int(settings.number(layer, "plan.shift", 10))
    other = upper[1:] != upper[:-1]
    active = nonzero.sum(2, dtype=torch.int32).double()
    differ = torch.zeros(2, *active.shape, dtype=torch.double)
    differ[0, 1:] = (other & nonzero[1:]).sum(2, dtype=torch.int32)
    differ[1, :-1] = (other & nonzero[:-1]).sum(2, dtype=torch.int32)
    differ[1] = flip(differ[1], order)
    active = torch.stack([active, flip(active, order)])
    score = (active - differ) / active
    before = torch.nn.functional.pad(active[:, :-1], (0, 0, 1, 0))
    score = torch.where(active == 0, (before == 0).double(), score)
    alike = score > threshold
    alike[:, 0] = False
    if most < math.inf:
        # Of a run of steps that are alike, each one after `most` skips is evaluated.
        t = torch.arange(x.shape[0]).reshape(1, -1, 1)
        place = t - torch.where(alike, 0, t).cummax(1).values
        alike &= place % (int(most) + 1) != 0
    return inside & ~alike


def changes(values, runs):
    """Returns how many elements of values [direction, T, N, C] differ from those of the step executed before."""
    lanes = runs.transpose(1, 2)
    rows = values.transpose(1, 2)[lanes]
    lane = torch.nonzero(lanes)[:, :2]
    same_lane = (lane[1:] == lane[:-1]).all(1)
    differing = ((rows[1:] != rows[:-1]).sum(1, dtype=torch.int32) * same_lane).sum().item()
    return differing + (len(rows) - same_lane.sum().item()) * values.shape[3]


class AsIs:
    def __init__(self, settings, layer):
        pass

    def inputs(self, x, runs):
        """Returns what W is multiplied with for x [direction, T, N, C], and how many elements changed."""
        return x, runs.sum().item() * x.shape[3]

    def recurrent(self, h, seen, t, run):
        """Returns what U is multiplied with. `seen` [direction, T, N, H] has what was returned for the steps before."""
        return h

    def recurrent_changes(self, outputs, seen, runs):
        return runs.sum().item() * outputs.shape[3]


class Reuse(AsIs):
    def __init__(self, settings, layer):
        low, high = settings.range(layer)
        clusters = settings.number(layer, "operand.clusters", 16)
        self.step = (high - low) / clusters
        self.lowest = math.floor(low / self.step + 0.5)
        self.highest = self.lowest + clusters - 1

    def centroids(self, v):
        return v.mul(1 / self.step).add_(0.5).floor_().clamp_(self.lowest, self.highest).mul_(self.step)

    def inputs(self, x, runs):
        x = self.centroids(x)
        return x, changes(x, runs)

    def recurrent(self, h, seen, t, run):
        return self.centroids(h)

    def recurrent_changes(self, outputs, seen, runs):
        h = torch.nn.functional.pad(outputs[:, :-1], (0, 0, 0, 0, 1, 0))
        return changes(self.centroids(h), runs)


class Delta(AsIs):
    def __init__(self, settings, layer):
        self.threshold_x = settings.number(layer, "operand.threshold_x")
        self.threshold_h = settings.number(layer, "operand.threshold_h")

    @staticmethod
    def hold(v, seen, t, run, threshold):
        """Writes to seen[:, t] the values of v that moved, and for the others those held before. Nothing moves on a skip."""
        if t == 0:
            held = torch.zeros_like(v)
        else:
            held = seen[:, t - 1]
        moved = ((v - held).abs_() >= threshold) & run
        return torch.where(moved, v, held, out=seen[:, t])

    @staticmethod
    def moves(seen):
        """A value that moved differs from the one held before."""
        return ((seen[:, 1:] != seen[:, :-1]).sum() + (seen[:, 0] != 0).sum()).item()

    def inputs(self, x, runs):
        held = torch.empty_like(x)
        for t in range(x.shape[1]):
            self.hold(x[:, t], held, t, runs[:, t, :, None], self.threshold_x)
        return held, self.moves(held)

    def recurrent(self, h, seen, t, run):
        return self.hold(h, seen, t, run, self.threshold_h)

    def recurrent_changes(self, outputs, seen, runs):
        return self.moves(seen)


OPERANDS = {"as_is": AsIs, "reuse": Reuse, "delta": Delta}


def run_layer(settings, layer, weights, x, group):
    """Returns the outputs [T, N, 2H] of a layer with both directions on x [T, N, C], the MACs and the skipped steps."""
    order = group["order"]
    w, u, bias = weights
    cells = u.shape[1]
    runs = plan(settings, layer, x, group)
    operand = OPERANDS[settings.text(layer, "operand.type", "as_is")](settings, layer)
    x, changed = operand.inputs(torch.stack([x, flip(x, order)]), runs)
    steps, lanes = x.shape[1:3]
    wx = torch.baddbmm(bias, x.reshape(2, steps * lanes, -1), w).reshape(2, steps, lanes, -1)
    h = torch.zeros(2, lanes, cells)
    c = torch.zeros_like(h)
    outputs = torch.empty(2, steps, lanes, cells)
    seen = torch.empty_like(outputs)
    masks = runs.unsqueeze(3)
    for t in range(steps):
        run = masks[:, t]
        z = wx[:, t].baddbmm_(operand.recurrent(h, seen, t, run), u)
        i, f, o = z[..., :3 * cells].sigmoid_().chunk(3, 2)
        new_c = f * c + i * torch.tanh(z[..., 3 * cells:])
        new_h = o * torch.tanh(new_c)
        c = torch.where(run, new_c, c)
        h = torch.where(run, new_h, h, out=outputs[:, t])
    changed += operand.recurrent_changes(outputs, seen, runs)
    skipped = 2 * group["inside"].sum().item() - runs.sum().item()
    return torch.cat([outputs[0], flip(outputs[1], order)], 2), 4 * cells * changed, skipped


def load_layers(described, tensors):
    """Returns for each layer W, U and b with both directions side by side and the gates in the order i, f, o, g."""
    layers = []
    for layer in described["layers"][:-1]:
        if layer["type"] != "lstm" or layer["direction"] != "both" or len(tensors) != 6 * len(described["layers"]) - 4:
            sys.exit("the model must have plain LSTM layers with both directions before its last layer")

        def both(name):
            pair = []
            for direction in ("forward", "backward"):
                i, f, g, o = tensors[f"{layer['name']}.{direction}.{name}"].chunk(4)
                pair.append(torch.cat([i, f, o, g]))
            return torch.stack(pair)

        layers.append((layer["name"], (both("weight_ih").transpose(1, 2).contiguous(),
                                       both("weight_hh").transpose(1, 2).contiguous(), both("bias").unsqueeze(1))))
    output = described["layers"][-1]
    if output["type"] != "linear" or "activation" in output:
        sys.exit("the last layer must be a linear one without activation")
    return layers, tensors[f"{output['name']}.weight"], tensors[f"{output['name']}.bias"]


def word_errors(reference, words):
    row = list(range(len(words) + 1))
    for i, wanted in enumerate(reference, 1):
        last, row[0] = row[0], i
        for j, got in enumerate(words, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (wanted != got))
    return row[-1]


def make_groups(utterances, batch):
    order = sorted(range(len(utterances)), key=lambda n: -len(utterances[n][0]))
    groups = []
    for first in range(0, len(order), batch):
        chosen = [utterances[n] for n in order[first:first + batch]]
        length = torch.tensor([len(features) for features, _ in chosen])
        t = torch.arange(int(length[0])).unsqueeze(1)
        inside = t < length
        groups.append({"inside": inside, "order": torch.where(inside, length - 1 - t, t), "lengths": length.tolist(),
                       "x": torch.nn.utils.rnn.pad_sequence([features for features, _ in chosen]),
                       "references": [words for _, words in chosen]})
    return groups


def run_point(settings, model, described, groups):
    """Returns the word errors, the skipped steps and the MACs of the test set."""
    layers, output_weight, output_bias = model
    totals = {"wer_errors": 0, "steps_skipped": 0, "macs": 0}
    tokens, blank = described["tokens"], described["blank"]
    for group in groups:
        x = group["x"]
        for name, weights in layers:
            x, macs, skipped = run_layer(settings, name, weights, x, group)
            totals["macs"] += macs
            totals["steps_skipped"] += skipped
        totals["macs"] += sum(group["lengths"]) * output_weight.numel()
        best = torch.nn.functional.linear(x, output_weight, output_bias).argmax(2)
        for lane, length in enumerate(group["lengths"]):
            path = torch.unique_consecutive(best[:length, lane]).tolist()
            words = "".join(tokens[token] for token in path if token != blank).split()
            totals["wer_errors"] += word_errors(group["references"][lane], words)
    return totals


def timed(*arguments):
    wall, processor = time.perf_counter(), time.process_time()
    totals = run_point(*arguments)
    return totals, time.perf_counter() - wall, time.process_time() - processor


def main():
    start = time.perf_counter()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--model", "--cache", "--sweep", "--data"):
        parser.add_argument(name, required=True)
    parser.add_argument("--points", default="1,2,3,600,900")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.set_grad_enabled(False)
    described, tensors = read_model(given.model)
    model = load_layers(described, tensors)
    utterances = read_test_set(given.data, given.cache, described["frontend"])
    sweep = pathlib.Path(given.sweep)
    profile = json.loads((sweep / "profile.json").read_text())["layers"]
    common = read_policy(sweep / "policy.yaml")
    drawn = {}
    for line in (sweep / "points.jsonl").read_text().splitlines():
        entry = json.loads(line)
        drawn[entry["point"]] = Settings({**common, **entry["settings"]}, profile)
    with open(sweep / "points.csv") as file:
        rows = {row["point"]: row for row in csv.DictReader(file)}
    points = [int(number) for number in given.points.split(",")]
    for number in points:
        if number not in drawn:
            sys.exit(f"the sweep has no point {number}")
        drawn[number].check([name for name, _ in model[0]])
    print(f"reading model and features: {time.perf_counter() - start:.1f} s")
    best = None
    for batch in BATCHES:
        groups = make_groups(utterances, batch)
        _, wall, processor = timed(drawn[points[0]], model, described, groups)
        print(f"point {points[0]}, batch {batch}: {wall:.2f} s, {processor:.2f} s of processors", flush=True)
        if best is None or processor < best[0]:
            best = processor, batch, groups
    _, batch, groups = best
    words = sum(len(reference) for _, reference in utterances)
    steps = 2 * len(model[0]) * sum(len(features) for features, _ in utterances)
    sums, failed = [0, 0], False
    for number in points:
        totals, wall, processor = timed(drawn[number], model, described, groups)
        sums = [sums[0] + wall, sums[1] + processor]
        row = {key: int(rows[str(number)][key]) for key in totals}
        wer, swept = 100 * totals["wer_errors"] / words, 100 * row["wer_errors"] / words
        kind = drawn[number].text("", "operand.type", "as_is")
        print(f"point {number}, {kind}: {wall:.2f} s, {processor:.2f} s of processors; WER {wer:.2f} % (sweep {swept:.2f} %), "
              f"skipped steps {totals['steps_skipped']} ({row['steps_skipped']}), MACs {totals['macs']} ({row['macs']})",
              flush=True)
        failed |= abs(wer - swept) > 0.3 or abs(totals["macs"] - row["macs"]) > row["macs"] / 1000
        failed |= abs(totals["steps_skipped"] - row["steps_skipped"]) > max(row["steps_skipped"] / 1000, steps / 10000)
    print(f"mean of {len(points)} points, batch {batch}, {given.threads} thread(s): {sums[0] / len(points):.2f} s, "
          f"{sums[1] / len(points):.2f} s of processors")
    if failed:
        sys.exit("the loop differs from the sweep by more than rounding explains")


if __name__ == "__main__":
    main()
