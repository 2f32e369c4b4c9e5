#!/usr/bin/env python3
"""Times translation on the CPU beside a batched beam search in PyTorch with the same weights, width and sentences.

The peer is `datasets/train/train_translation.py translate` at several batch sizes, of which its fastest counts. Both print the
seconds of encoder and search alone. Before any figure the answers are compared, line by line: fp32 sums in another order
may turn a close decision, so the share of equal lines is printed and must reach 99 %.

    python3 tests/bench/translate.py --edgeval build/edgeval --model datasets/captions/multi30k-en-de.safetensors \
        --source test_2016_flickr.en.gz --python /usr/bin/python3
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile


def run_edgeval(options, folder, threads):
    command = [options.edgeval, "run", "--model", options.model, "--data", options.source, "--no-reference", "--quiet",
               "--hardware", "cpu1", "--threads", str(threads), "--set", f"beam.width={options.beam}", "--out", folder]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    report = json.loads((pathlib.Path(folder) / "report.json").read_text())
    return report["timing"]["seconds_engine"], (pathlib.Path(folder) / "hypotheses.txt").read_text().splitlines()


def run_torch(options, script, folder, threads, batch):
    out = pathlib.Path(folder) / "torch.txt"
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run([options.python, script, "translate", "--model", options.model, "--source", options.source, "--beam",
                           str(options.beam), "--batch", str(batch), "--threads", str(threads), "--out", out],
                          check=True, capture_output=True, text=True, env=environment)
    seconds = re.search(r"([\d.]+) s\b", done.stdout + done.stderr)
    if not seconds:
        sys.exit(f"no seconds in what {script} printed: {done.stdout}{done.stderr}")
    return float(seconds.group(1)), out.read_text().splitlines()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--edgeval", default="build/edgeval")
    parser.add_argument("--python", default=sys.executable, help="one with torch")
    parser.add_argument("--model", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 64, 250, 1000])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    script = pathlib.Path(__file__).resolve().parents[2] / "datasets" / "train_translation.py"
    with tempfile.TemporaryDirectory() as folder:
        for threads in options.threads:
            peers = {}
            for batch in options.batches:
                peers[batch], lines = run_torch(options, script, folder, threads, batch)
            best = min(peers, key=peers.get)
            ours, theirs = [], []
            for _ in range(options.repeats):  # both take turns, so that other load on the machine disturbs them alike
                theirs.append(run_torch(options, script, folder, threads, best)[0])
                seconds, hypotheses = run_edgeval(options, folder, threads)
                ours.append(seconds)
            equal = sum(a == b for a, b in zip(lines, hypotheses)) / len(lines)
            if len(lines) != len(hypotheses) or equal < 0.99:
                sys.exit(f"the answers differ: {len(lines)} and {len(hypotheses)} lines, {100 * equal:.1f} % equal")
            ratio = statistics.median(theirs) / statistics.median(ours)
            print(f"{threads} thread{'s' * (threads > 1)}, width {options.beam}, {len(lines)} sentences, {100 * equal:.1f} % of the "
                  f"lines equal: edgeval {statistics.median(ours):.2f} s, PyTorch {statistics.median(theirs):.2f} s at batch "
                  f"{best} (of {', '.join(f'{b}: {s:.2f}' for b, s in peers.items())}): {ratio:.2f} times as fast")


if __name__ == "__main__":
    main()
