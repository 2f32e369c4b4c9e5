#!/usr/bin/env python3
"""Stops `edgeval sweep` at random times and before changes of files, lets its disk run full, and goes on with --resume.

    sweep_kills.py EDGEVAL FAULTS_LIBRARY [--kills N] [--changes N] [--interrupts N] [--pairs N] [--full-disks N] [--seed N]

After each stop the journal has every result that it had before, none twice, and at most a torn line behind them. Once a
sweep has ended its folder has the files of one that nobody stopped, byte by byte, and the journal the same results, none
lost and none doubled. SIGINT ends the program by that signal and with one line, a full disk with exit code 2 and one
line. A second sweep of a folder is refused while the first one writes. A merge that is killed leaves nothing under the
name of its folder, and the next one nothing else. A pause before every change of a file spreads the stops over them.
Exit code 1 of this script: an invariant was broken.
EDGEVAL_FULL=1 stands for a sweep of 200 points instead of 9, 100 kills, the first and the last 50 changes of each kind,
30 interrupts, 20 pairs and 60 full disks.
"""
import collections
import errno
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

from small_run import (CHANGES, PAUSE, SmallResumed, environment, kill_at_changes, make_inputs, results, run_steps,
                       said_one_line, stop_again_and_again, stop_options, whole_lines)

FULL = "EDGEVAL_FULL" in os.environ
POINTS = 200 if FULL else 9
SLOW = PAUSE if FULL else {"EDGEVAL_FAULTS_DELAY": "40000"}  # so that the second of a pair starts before the first ends
POLICY = "operand: {type: delta, threshold_x: 0.1, threshold_h: 0.1}\n"
SWEEP = ["sweep", "--model", "speech.safetensors", "--data", "speech.jsonl", "--policy", "policy.yaml", "--vary", "operand.threshold_x=0.01:2:log",
         "--vary", "operand.threshold_h=0.01:1", "--points", str(POINTS), "--block", "1", "--quiet", "--no-cache", "--threads", "1"]


class SmallSweep(SmallResumed):
    """A sweep of POINTS points and the dense network on five blocks."""

    def __init__(self, edgeval, faults, folder):
        make_inputs(str(pathlib.Path(edgeval).resolve()), folder, 5)
        (folder / "policy.yaml").write_text(POLICY)
        super().__init__(edgeval, faults, folder, SWEEP, ["journal"])
        if len(set(results(self.lines[0]))) != 5 * (POINTS + 1):
            raise SystemExit("the undisturbed sweep has not all results")


def kill_merges(small):
    """Kills a merge before its n-th call of each kind that changes files, for all n; the next merge is whole."""
    ends, broken = collections.Counter(), collections.Counter()
    small.run()
    merged = small.folder / "merged"

    def merge(**more):
        return subprocess.run([small.edgeval, "merge", str(small.out), "--out", str(merged)], cwd=small.folder, capture_output=True, text=True,
                              check=False, env=environment(small.faults, more))
    for kind in CHANGES:
        for n in range(1, 1000):
            killed = merge(EDGEVAL_FAULTS=f"{kind}:{n}:kill").returncode != 0
            if killed and merged.exists() and kind != "fsync":  # only the parent folder is synced after the rename
                broken["half a folder"] += 1
            if not merged.exists() and (after := merge()).returncode != 0:
                broken[f"merge: {after.stderr.strip()[:200]}"] += 1
            if (merged / "journal/1.jsonl").read_bytes() != small.journals[0].read_bytes():
                broken["other journal"] += 1
            broken.update("leftover" for _ in small.folder.glob(".merged.*"))
            shutil.rmtree(merged)
            if not killed:
                break
            ends["killed"] += 1
            if not FULL and n >= 6:
                break
    small.clear()
    return ends, broken


def fill_disks(small, count, draw):
    """Lets no file grow beyond a size, or one of the writes fail, then goes on with room; each on a new sweep."""
    ends, broken = collections.Counter(), collections.Counter()
    for n in range(count):
        if n % 2 == 0:
            done = small.run(largest_file=draw.randrange(small.bytes[0]))
        else:
            done = small.run(EDGEVAL_FAULTS=f"write:{n // 2 + 1 if n < 8 else draw.randrange(1, len(small.lines[0]) + 1)}:{errno.ENOSPC}:on")
        ends[f"exit code {done.returncode}"] += 1
        if done.returncode != 2 or not said_one_line(done.stderr):
            broken[f"exit code {done.returncode}: {done.stderr.strip()[:200]}"] += 1
        broken.update(small.broken_after_stop([]))
        small.go_on(broken)
    return ends, broken


def start_pairs(small, count):
    """Starts a second sweep while the first one writes; it is refused, and the first goes on."""
    ends, broken = collections.Counter(), collections.Counter()
    for _ in range(count):
        first = small.start(**SLOW)
        while first.poll() is None and len(whole_lines(small.journals[0]) or []) < 5:
            time.sleep(0.002)
        second = small.run()
        text = first.communicate(timeout=120)[1]
        ends[f"exit codes {first.returncode} and {second.returncode}"] += 1
        if first.returncode != 0 or text:
            broken[f"the first: {text.strip()[:200]}"] += 1
        if second.returncode != 1 or not said_one_line(second.stderr) or "another edgeval writes to it" not in second.stderr:
            broken[f"the second: {second.stderr.strip()[:200]}"] += 1
        broken.update(small.broken_at_end())
        small.clear()
    return ends, broken


def main():
    parser = stop_options(__doc__, kills=100 if FULL else 10, changes=50 if FULL else 3, interrupts=30 if FULL else 3)
    parser.add_argument("--pairs", type=int, default=20 if FULL else 2, help="sweeps that are started while another writes")
    parser.add_argument("--full-disks", type=int, default=60 if FULL else 8)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    return run_steps(lambda folder: SmallSweep(options.edgeval, options.faults, folder), {
        "kills": lambda small: stop_again_and_again(small, signal.SIGKILL, options.kills, draw),
        "kills at changes": lambda small: kill_at_changes(small, options.changes),
        "interrupts": lambda small: stop_again_and_again(small, signal.SIGINT, options.interrupts, draw),
        "pairs": lambda small: start_pairs(small, options.pairs),
        "kills of merges": kill_merges,
        "full disks": lambda small: fill_disks(small, options.full_disks, draw)})


if __name__ == "__main__":
    sys.exit(main())
