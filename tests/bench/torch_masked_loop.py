"""The common way to try out skipped steps: a loop over time with an LSTM cell for every lane and a mask that keeps the old
state where a step is skipped. Reads the case cpu_bench --keep wrote, compares outputs, then prints seconds and ratios.

Batches are sorted by length and padded to their longest utterance. Usage: torch_masked_loop.py FOLDER THREADS, with
OMP_NUM_THREADS and OPENBLAS_NUM_THREADS the same (run.sh does), since torch does not limit OpenBLAS."""

import json
import pathlib
import statistics
import sys
import time

import numpy as np
import torch

BATCHES = (16, 32, 64, 130)
REPEATS = 3


def load_cells(folder, case):
    """Returns an LSTMCell for each [layer][direction]. The gates have torch's order i, f, g, o."""
    flat = torch.from_numpy(np.fromfile(folder / "weights.f32", dtype=np.float32))
    at, width, cells = 0, case["inputs"], case["cells"]

    def take(*shape):
        nonlocal at
        size = int(np.prod(shape))
        at += size
        return flat[at - size:at].reshape(shape)

    layers = []
    for _ in range(case["layers"]):
        layers.append([])
        for _ in ("forward", "backward"):
            cell = torch.nn.LSTMCell(width, cells)
            cell.weight_ih.data = take(4 * cells, width)
            cell.weight_hh.data = take(4 * cells, cells)
            cell.bias_ih.data = take(4 * cells)
            cell.bias_hh.data = torch.zeros(4 * cells)
            layers[-1].append(cell)
        width = 2 * cells
    return layers


def masked_loop(cell, x, runs, order):
    """Returns the outputs [T, N, H] of a cell on x [T, N, C]; runs [T, N, 1] says whether a lane's step is evaluated."""
    h = torch.zeros(x.shape[1], cell.hidden_size)
    c = torch.zeros_like(h)
    outputs = torch.empty(x.shape[0], x.shape[1], cell.hidden_size)
    for t in order:
        new_h, new_c = cell(x[t], (h, c))
        h = torch.where(runs[t], new_h, h)
        c = torch.where(runs[t], new_c, c)
        outputs[t] = h
    return outputs


def run_group(layers, group):
    x, runs = group["x"], group["runs"]
    steps = range(x.shape[0])
    for forward, backward in layers:
        x = torch.cat([masked_loop(forward, x, runs[0], steps),
                       masked_loop(backward, x, runs[1], reversed(steps))], dim=2)
    return x


def make_groups(case, utterances, batch):
    order = sorted(range(len(utterances)), key=lambda n: -len(utterances[n]))
    for first in range(0, len(order), batch):
        lanes = order[first:first + batch]
        length = torch.tensor([len(utterances[n]) for n in lanes])
        t = torch.arange(int(length[0])).unsqueeze(1)
        inside = t < length
        every = case["every"]
        runs = [inside & (t % every == 0), inside & ((length - 1 - t) % every == 0)]
        yield {"lanes": lanes, "runs": [mask.unsqueeze(2) for mask in runs],
               "x": torch.nn.utils.rnn.pad_sequence([utterances[n] for n in lanes])}


def compare(case, layers, groups, wanted):
    for group in groups:
        got = run_group(layers, group)
        for row, n in enumerate(group["lanes"]):
            worst = (got[:len(wanted[n]), row] - wanted[n]).abs().max().item()
            if not worst <= case["tolerance"]:
                sys.exit(f"utterance {n} differs by {worst}")


def time_groups(layers, groups):
    wall, processor = time.perf_counter(), time.process_time()
    for group in groups:
        run_group(layers, group)
    return time.perf_counter() - wall, time.process_time() - processor


def main():
    folder = pathlib.Path(sys.argv[1])
    case = json.loads((folder / "case.json").read_text())
    torch.set_grad_enabled(False)
    lengths = case["lengths"]

    def ragged(name):
        flat = torch.from_numpy(np.fromfile(folder / name, dtype=np.float32))
        return flat.reshape(sum(lengths), -1).split(lengths)

    layers = load_cells(folder, case)
    utterances, wanted = ragged("features.f32"), ragged("outputs.f32")
    batches = {batch: list(make_groups(case, utterances, batch)) for batch in BATCHES}
    for groups in batches.values():
        compare(case, layers, groups, wanted)
    threads = sys.argv[2]
    torch.set_num_threads(int(threads))
    ours = {name: times[threads] for name, times in case["edgeval_seconds"].items()}
    print(f"keep 25 %, {threads} thread(s):")
    for name, times in ours.items():
        print(f"  {'edgeval ' + name:28} {times[0]:8.3f} s  {times[1]:8.3f} processor s")
    best = [float("inf")] * 2
    for batch, groups in batches.items():
        times = [time_groups(layers, groups) for _ in range(REPEATS)]
        median = [statistics.median(column) for column in zip(*times)]
        best = [min(pair) for pair in zip(best, median)]
        name = f"torch masked loop, batch {batch}"
        print(f"  {name:28} {median[0]:8.3f} s  {median[1]:8.3f} processor s")
    for name, times in ours.items():
        print(f"  {name} speed / best torch masked loop (fp32): {best[0] / times[0]:.2f} by wall, "
              f"{best[1] / times[1]:.2f} by processor time")


main()
