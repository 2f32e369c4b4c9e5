"""The peers on the device that are a few lines of torch: the layers of gpu_bench (three BiLSTM layers of 320 cells on 120
inputs, utterances of 100 to 499 frames) by torch.nn.LSTM on packed sequences, and by the common way to try out skipped
steps, a loop over time with an LSTMCell for every lane and a mask that keeps the old state where a step is skipped.

With no step skipped the loop must agree with torch.nn.LSTM, and with every fourth step run with torch.nn.LSTM on every
fourth frame, before a time is printed, as "name <tab> milliseconds <tab> rate". Features lie on the device; TF32 is off.
Usage: torch_gpu_loop.py [LANES...], 64 and 1024 when none are given; --device=cpu and --cells=N are for trying it out."""

import argparse
import statistics
import sys
import time

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

INPUTS, LAYERS, EVERY, WARM_UPS, REPEATS = 120, 3, 4, 1, 3
TOLERANCE = 1e-4


def cell_of(layer, suffix):
    """Returns the weights of one direction of a layer as an LSTMCell."""
    weights = [getattr(layer, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    cell = torch.nn.LSTMCell(weights[0].shape[1], weights[1].shape[1], device=weights[0].device)
    cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh = weights
    return cell


def masked_loop(cell, x, runs, order):
    """Returns the outputs [T, N, H] of a cell on x [T, N, C]; runs [T, N, 1] says whether a lane's step is evaluated."""
    h = torch.zeros(x.shape[1], cell.hidden_size, device=x.device)
    c = torch.zeros_like(h)
    outputs = torch.empty(x.shape[0], x.shape[1], cell.hidden_size, device=x.device)
    for t in order:
        new_h, new_c = cell(x[t], (h, c))
        h = torch.where(runs[t], new_h, h)
        c = torch.where(runs[t], new_c, c)
        outputs[t] = h
    return outputs


def loop(cells, x, runs):
    steps = range(x.shape[0])
    for forward, backward in cells:
        x = torch.cat([masked_loop(forward, x, runs[0], steps), masked_loop(backward, x, runs[1], reversed(steps))], dim=2)
    return x


def packed(layers, x, lengths):
    for layer in layers:
        x, _ = pad_packed_sequence(layer(pack_padded_sequence(x, lengths))[0])
    return x


def masks(lengths, every, device):
    """Returns the masks [T, N, 1] of the forward and of the backward direction, which each run their first step and then every
    `every`-th."""
    t = torch.arange(int(lengths[0]), device=device).unsqueeze(1)
    length = lengths.to(device)
    inside = t < length
    return [(inside & (t % every == 0)).unsqueeze(2), (inside & ((length - 1 - t) % every == 0)).unsqueeze(2)]


def every_fourth(layers, x, length):
    """Runs one lane [T, 1, C] by a torch.nn.LSTM for each direction, on the frames that run."""
    steps = torch.arange(length, device=x.device)
    for layer in layers:
        both = []
        for suffix, kept in (("", steps[::EVERY]), ("_reverse", steps.flip(0)[::EVERY])):
            one = torch.nn.LSTM(layer.input_size, layer.hidden_size, device=x.device)
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                getattr(one, f"{name}_l0").data = getattr(layer, f"{name}_l0{suffix}").data
            outputs = one(x[kept])[0].repeat_interleave(EVERY, dim=0)[:length]
            both.append(outputs if suffix == "" else outputs.flip(0))
        x = torch.cat(both, dim=2)
    return x


def expect_equal(what, got, wanted):
    worst = (got - wanted).abs().max().item()
    if not worst <= TOLERANCE:
        sys.exit(f"torch_gpu_loop.py: {what} differs by {worst}")


def median_seconds(work, wait):
    seconds = []
    for repeat in range(-WARM_UPS, REPEATS):
        start = time.perf_counter()
        work()
        wait()
        if repeat >= 0:
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def bench(lanes, device, hidden, wait):
    torch.manual_seed(lanes)
    layers = [torch.nn.LSTM(INPUTS if k == 0 else 2 * hidden, hidden, bidirectional=True, device=device) for k in range(LAYERS)]
    cells = [(cell_of(layer, ""), cell_of(layer, "_reverse")) for layer in layers]
    lengths = torch.randint(100, 500, (lanes,)).sort(descending=True).values
    x = torch.rand(int(lengths[0]), lanes, INPUTS, device=device) * 4 - 2
    dense, sparse = masks(lengths, 1, device), masks(lengths, EVERY, device)
    wanted, looped, skipped = packed(layers, x, lengths), loop(cells, x, dense), loop(cells, x, sparse)
    for lane in {0, lanes // 2, lanes - 1}:
        length = int(lengths[lane])
        expect_equal("the loop", looped[:length, lane], wanted[:length, lane])
        expect_equal("the loop that skips", skipped[:length, lane], every_fourth(layers, x[:length, lane:lane + 1], length)[:, 0])
    frames = int(lengths.sum())
    for name, work in (("torch_lstm", lambda: packed(layers, x, lengths)), ("torch_masked_loop", lambda: loop(cells, x, dense)),
                       ("torch_masked_loop_keep_25", lambda: loop(cells, x, sparse))):
        seconds = median_seconds(work, wait)
        print(f"{name}_{lanes}_lanes\t{1e3 * seconds:.2f}\tms, {frames / seconds:.0f} frames/s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("lanes", type=int, nargs="*", default=[64, 1024])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--cells", type=int, default=320)
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("torch_gpu_loop.py: no device", file=sys.stderr)
        sys.exit(3)
    torch.set_grad_enabled(False)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    print(f"torch\t{torch.__version__}\tversion")
    for lanes in options.lanes:
        bench(lanes, options.device, options.cells, torch.cuda.synchronize if options.device == "cuda" else lambda: None)


main()
