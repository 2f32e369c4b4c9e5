"""Adds up what tests/gpu/trace.cpp recorded: the stretches in which the device was busy, then for one of them, or for any
time, what kernels, copies and the host's CUDA calls took.

  trace.py TRACE            stretches, divided where the device did nothing for 3 ms
  trace.py TRACE FROM TO    what lies between these milliseconds; of kernels, copies and calls the longest"""

import collections
import gzip
import re
import subprocess
import sys

APART = 3_000_000  # nanoseconds


def read(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt") as lines:
        events = [line.rstrip("\n").split("\t") for line in lines]
    first = min(int(event[1]) for event in events)
    return sorted((int(begin) - first, int(end) - first, kind, name) for kind, begin, end, _, name in events)


def short(names):
    """Of kernels the name without namespaces and arguments, of copies the direction without the size."""
    plain = subprocess.run(["c++filt"], input="\n".join(names), text=True, capture_output=True, check=True).stdout.split("\n")
    return {name: re.sub(r"^void |[<(](?!anonymous).*|edgeval::gpu::|\(anonymous namespace\)::", "", text)[:60]
            for name, text in zip(names, plain)}


def stretches(events):
    busy = []
    for begin, end, kind, _ in events:
        if kind == "call":
            continue
        if not busy or begin - busy[-1][1] > APART:
            busy.append([begin, end, 0])
        busy[-1][1] = max(busy[-1][1], end)
        busy[-1][2] += 1
    return busy


def working(events):
    """Nanoseconds in which the device did anything."""
    total, until = 0, 0
    for begin, end, _, _ in events:
        total += max(0, end - max(begin, until))
        until = max(until, end)
    return total


def print_sums(events, names):
    sums, counts = collections.Counter(), collections.Counter()
    for begin, end, _, name in events:
        sums[names[name]] += end - begin
        counts[names[name]] += 1
    for name, took in sums.most_common(15):
        print(f"{took / 1e6:10.2f} ms {counts[name]:8} x {took / 1e3 / counts[name]:9.2f} us  {name}")


def main():
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    events = read(sys.argv[1])
    if len(sys.argv) == 2:
        for begin, end, count in stretches(events):
            print(f"{begin / 1e6:10.1f} to {end / 1e6:10.1f} ms: {(end - begin) / 1e6:8.1f} ms, {count} kernels and copies")
        return
    begin, end = (1e6 * float(time) for time in sys.argv[2:])
    chosen = [event for event in events if begin <= event[0] <= end]
    device = [event for event in chosen if event[2] != "call"]
    kernels = sorted({event[3] for event in device if event[2] == "kernel"})
    names = short(kernels) | {event[3]: event[3].split(" ")[0] for event in device if event[2] == "copy"}
    print(f"{(end - begin) / 1e6:.1f} ms, the device busy in {working(device) / 1e6:.1f} ms")
    print_sums(device, names)
    print("CUDA calls of the host:")
    calls = [event for event in chosen if event[2] == "call"]
    print_sums(calls, {event[3]: re.sub(r"_v\d+$", "", event[3]) for event in calls})


main()
