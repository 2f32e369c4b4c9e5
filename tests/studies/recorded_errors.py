#!/usr/bin/env python3
"""Records the errors of every utterance at the points of a sweep, for tests of racing (docs/calibration.md).

    recorded_errors.py --edgeval build/edgeval --work study --out tests/eval/search/race/an4_errors.txt

The sweep takes similarity skip with delta in int8, with thresholds of their own for each layer, so that the points reach from
the errors of the dense network to those of a broken one. Layer 1 takes 16 settings, whose work the points share. Model and
corpus lie in the folder that EDGEVAL_SHARED names, unless --model and --data say otherwise. A sweep that --work holds already
is resumed, so that a killed one goes on.

The file that is written has the line of this command behind "#", then lines of three words each: what the line is, the energy
in joules ("-" where there is none), and one character for each utterance, in the order of the sweep's blocks. `words` has the
words of the reference, `dense` the errors of the dense network in fp32, and a number the errors of that point. A character is
a digit of base 36.
"""
import argparse
import csv
import json
import os
import pathlib
import shlex
import subprocess
import sys

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
COMMON = ["arithmetic.type=int8", "plan.type=similarity_skip", "plan.threshold=1", "operand.type=delta",
          "operand.threshold_x=0.05", "operand.threshold_h=0.04"]
VARY = ["layers.lstm1.plan.threshold=1,0.9,0.8,0.7", "layers.lstm1.operand.threshold_x=0.02,0.05,0.1,0.2",
        "layers.lstm2.plan.threshold=0.5:1", "layers.lstm3.plan.threshold=0.5:1",
        "layers.lstm2.operand.threshold_x,layers.lstm3.operand.threshold_x=0.02:0.5:log",
        "layers.lstm2.operand.threshold_h,layers.lstm3.operand.threshold_h=0.02:0.5:log"]


def digits(numbers):
    if max(numbers) >= len(DIGITS):
        sys.exit(f"recorded_errors.py: an utterance has {max(numbers)}, more than a digit of base 36 can say")
    return "".join(DIGITS[number] for number in numbers)


def statistics(journal, points):
    """For each point, counted from 1, and the dense network behind them, [errors, words] of every utterance in the order of the blocks."""
    blocks = {}
    for line in journal.read_text().splitlines()[1:]:
        entry = json.loads(line)["entry"]
        blocks[entry["point"], entry["block"]] = [row[:2] for row in entry["statistics"]]
    count = max(block for _, block in blocks)
    return [[row for block in range(1, count + 1) for row in blocks[point, block]] for point in range(1, points + 2)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = pathlib.Path(os.environ.get("EDGEVAL_SHARED", "shared"))
    parser.add_argument("--edgeval", default="build/edgeval")
    parser.add_argument("--model", default=shared / "models" / "an4-blstm3x128.safetensors")
    parser.add_argument("--data", default=shared / "data" / "an4")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--train", default="train", help="the split of the profile, of which 64 utterances are taken")
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--hardware", default="similarity65")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    data = ["--model", given.model, "--data", given.data, "--threads", given.threads]
    profile, folder = given.work / "profile.json", given.work / "sweep"
    if not profile.exists():
        subprocess.run([given.edgeval, "profile", *data, "--split", given.train, "--limit", "64", "--out", profile], check=True)
    command = [given.edgeval, "sweep", *data, "--split", given.split, "--profile", profile, "--hardware", given.hardware,
               "--points", str(given.points), "--out", folder, *(["--resume"] if (folder / "journal").exists() else [])]
    for setting in COMMON:
        command += ["--set", setting]
    for dimension in VARY:
        command += ["--vary", dimension]
    subprocess.run(command, check=True)

    rows = list(csv.DictReader((folder / "points.csv").read_text().splitlines()))
    every = statistics(folder / "journal" / "1.jsonl", given.points)
    words = [word for _, word in every[-1]]
    options = sys.argv[1:]  # without the paths of this machine
    for name in ("--edgeval", "--model", "--data", "--work", "--out"):
        if name in options:
            at = options.index(name)
            options[at + 1] = pathlib.Path(options[at + 1]).name
    lines = ["# recorded_errors.py " + shlex.join(options), f"words - {digits(words)}"]
    for row, utterances in zip(rows, every):
        errors = [error for error, _ in utterances]
        if sum(errors) != int(row["wer_errors"]) or [word for _, word in utterances] != words:
            sys.exit(f"recorded_errors.py: the journal and points.csv differ at point {row['point']}")
        joules = row[f"{given.hardware}_joules"]
        lines.append(f"{row['point']} {float(joules):.6g} {digits(errors)}" if joules else f"{row['point']} - {digits(errors)}")
    given.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
