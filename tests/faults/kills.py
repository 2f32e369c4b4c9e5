#!/usr/bin/env python3
"""Kills runs at random times while they write into an existing folder, and lets pairs of runs write into one folder at once.

    kills.py EDGEVAL FAULTS_LIBRARY [--kills N] [--pairs N] [--seed N]

After a kill the folder holds the old set of files or the new one as a whole; the next run goes well and leaves nothing
behind. Of a pair, of which each has a set of its own, at least one goes well, the other does too or ends with exit code
1 and one line; then the folder holds the set of one that went well, and nothing is left beside it. A pause before every
change of a file spreads the kills over them. Exit code 1 of this script: an invariant was broken. EDGEVAL_FULL=1 stands
for 1,000 kills and 200 pairs.
"""
import argparse
import collections
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

from small_run import SmallRun, said_one_line, told

PAUSE = {"EDGEVAL_FAULTS_DELAY": "4000"}  # microseconds at most


def seconds_of_a_run(small):
    small.restore("old")
    start = time.monotonic()
    small.run("new", **PAUSE)
    return time.monotonic() - start


def kill_runs(small, count, draw):
    """How the runs ended: killed or in time, with which set of files; then what was broken."""
    ends, broken = collections.Counter(), collections.Counter()
    longest = 1.1 * seconds_of_a_run(small)
    for _ in range(count):
        small.restore("old")
        process = small.start("new", **PAUSE)
        time.sleep(draw.uniform(0.2, 1) * longest)
        process.kill()
        process.communicate()
        found = small.which_set("old")
        ends[f"{'killed' if process.returncode < 0 else 'in time'}, {found or 'a mix'}"] += 1
        if found is None or (process.returncode == 0 and found != "new"):
            broken["mix"] += 1
        after = small.run("new")
        if after.returncode != 0 or small.which_set(None) != "new":
            broken["failure of the next run"] += 1
        if small.leftovers():
            broken["leftover after the next run"] += 1
    return ends, broken


def run_pairs(small, count):
    ends, broken = collections.Counter(), collections.Counter()
    for _ in range(count):
        small.restore("new")
        pair = {name: small.start(name, **PAUSE) for name in ("old", "new")}
        texts = {name: process.communicate(timeout=120)[1] for name, process in pair.items()}
        good = [name for name, process in pair.items() if process.returncode == 0]
        ends[f"{len(good)} of 2 went well"] += 1
        for name, process in pair.items():
            if process.returncode not in (0, 1) or (process.returncode == 1 and not said_one_line(texts[name])):
                broken["exit code or message"] += 1
        if small.which_set("old") not in good:
            broken["mix"] += 1
        if small.leftovers():
            broken["leftover"] += 1
    return ends, broken


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("edgeval")
    parser.add_argument("faults")
    full = "EDGEVAL_FULL" in os.environ
    parser.add_argument("--kills", type=int, default=1000 if full else 10)
    parser.add_argument("--pairs", type=int, default=200 if full else 4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="edgeval-kills-"))
    try:
        small = SmallRun(options.edgeval, options.faults, folder)
        ends, broken_kills = kill_runs(small, options.kills, random.Random(options.seed))
        print(f"{options.kills} kills: {told(ends)}; broken: {told(broken_kills)}")
        ends, broken_pairs = run_pairs(small, options.pairs)
        print(f"{options.pairs} pairs: {told(ends)}; broken: {told(broken_pairs)}")
        return 1 if broken_kills or broken_pairs else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
