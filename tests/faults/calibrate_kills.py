#!/usr/bin/env python3
"""Kills `edgeval calibrate` at random times and before changes of files, and goes on with --resume.

    calibrate_kills.py EDGEVAL FAULTS_LIBRARY [--kills N] [--changes N] [--interrupts N] [--ranks N] [--seed N]

The model and the utterances are shipped ones (datasets/spoken), so that points are dropped, and candidates pass and fail.
After each stop the journals have every result that they had before, none twice, and at most a torn line behind them. Once
a calibration has ended its folder has the files of one that nobody stopped, byte by byte, and its journals the same results.
A part of the kills hits calibrations that are stopped again and again, the others hit each calibration once, with one
thread and with two. SIGINT ends the program by that signal and with one line. Where there is mpirun, one of three processes
is killed; three go on, or one alone. Exit code 1 of this script: an invariant was broken.
EDGEVAL_FULL=1 stands for 20 points on four utterances instead of 6 on two, 100 kills, the first and the last 20 changes
of each kind, 20 interrupts and 20 kills of one of three processes.
"""
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import time

from small_run import PAUSE, SOURCE, SmallResumed, kill_at_changes, results, run_steps, stop_again_and_again, stop_options, whole_lines

FULL = "EDGEVAL_FULL" in os.environ
POINTS = 20 if FULL else 6
SPOKEN = SOURCE / "datasets/spoken"
SETS = {"development.jsonl": ("test0064", "test0001"), "confirm.jsonl": ("test0085",)}
if FULL:
    SETS = {"development.jsonl": ("test0064", "test0001", "test0104", "test0038"), "confirm.jsonl": ("test0085", "test0045", "test0025")}
CALIBRATE = ["calibrate", "--model", str(SPOKEN / "speech-blstm3x128.safetensors"), "--data", "development.jsonl", "--confirm-data", "confirm.jsonl",
             "--policy", str(SPOKEN / "skip_delta.yaml"), "--vary", "plan.threshold=0.3:0.95", "--vary", "operand.threshold_x=0.01:2:log",
             "--points", str(POINTS), "--block", "1", "--least", "macs", "--max-loss", "80", "--quiet", "--no-cache"]
ONE, TWO = ("--threads", "1"), ("--threads", "2")
MPIRUN = ("env", "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "mpirun", "--oversubscribe", "-n", "3")


class SmallCalibration(SmallResumed):
    """A calibration of POINTS points on a few of the shortest utterances, confirmed on others."""

    def __init__(self, edgeval, faults, folder):
        shipped = [json.loads(line) for line in (SPOKEN / "test.jsonl").read_text().splitlines()]
        for name, ids in SETS.items():
            (folder / name).write_text("".join(json.dumps({**each, "audio_filepath": str(SPOKEN / each["audio_filepath"])}) + "\n"
                                               for each in shipped if each["id"] in ids))
        super().__init__(edgeval, faults, folder, CALIBRATE, ["development", "confirm"])

    def phase(self):
        """What a calibration that was killed was at, by what is in its folder."""
        lines = [lines or [] for lines in self.whole_lines()]
        if not lines[0]:
            return "before the journal"
        if sum(point == POINTS + 1 for point, _ in results(lines[0])) < len(SETS["development.jsonl"]):
            return "in the dense run"
        if len(lines[0]) < len(self.lines[0]):
            return "in the search"
        if len(lines[1]) < len(self.lines[1]):
            return "in the confirm step"
        return "while the files were written" if self.sums() != self.hashes else "at the end"

    def all_results(self):
        """The results of both steps, from the journals of all processes; None where one is damaged."""
        found = []
        for journal in self.journals:
            parts = [whole_lines(part) for part in sorted(journal.parent.glob("*.jsonl"))]
            found.append(None if None in parts else collections.Counter(line for part in parts for line in part[1:]))
        return found


def kill_once(small, count, draw):
    """Kills `count` new calibrations once, at any time from the start to the end, and lets each go on."""
    ends, broken = collections.Counter(), collections.Counter()
    killed = n = 0
    while killed < count:
        threads = (ONE, TWO)[n % 2]
        process = small.start(more_words=threads, **PAUSE)
        time.sleep(draw.uniform(0, 1) * small.seconds)
        process.kill()
        process.communicate()
        killed += process.returncode < 0
        ends[f"killed {small.phase()}" if process.returncode < 0 else "in time"] += 1
        broken.update(small.broken_after_stop([]))
        small.go_on(broken, more_words=(ONE, TWO)[n // 2 % 2])
        n += 1
    return ends, broken


def children_of(pid):
    try:
        return [int(child) for task in pathlib.Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        return []


def kill_one_of_three(small, count, draw):
    """Kills one of three processes under mpirun, which ends the others; then three go on, or one alone."""
    ends, broken = collections.Counter(), collections.Counter()
    if count == 0:
        return ends, broken
    whole = [collections.Counter(lines[1:]) for lines in small.lines]

    def expect_whole(what):
        if small.sums() != small.hashes:
            broken[f"other files {what}"] += 1
        if small.all_results() != whole:
            broken[f"other results {what}"] += 1
        small.clear()

    start = time.monotonic()
    if (done := small.run(before=MPIRUN, more_words=ONE)).returncode != 0:
        broken[f"three processes: {done.stderr.strip()[:200]}"] += 1
    seconds = time.monotonic() - start
    expect_whole("of three processes")
    for n in range(count):
        process = small.start(before=MPIRUN, more_words=ONE)
        time.sleep(draw.uniform(0.2, 1) * seconds)  # mpirun itself takes a while to start
        ranks = [pid for pid in children_of(process.pid) if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == pathlib.Path(small.edgeval).name[:15]]
        if len(ranks) == 3:
            os.kill(ranks[n % 3], signal.SIGKILL)
        process.communicate(timeout=120)
        ends[f"killed {small.phase()}" if process.returncode != 0 else "in time"] += 1
        if process.returncode != 0 and len(ranks) != 3:
            broken[f"exit code {process.returncode} without a kill"] += 1
        after = small.run(before=MPIRUN if n % 2 else (), more_words=ONE)
        if after.returncode != 0:
            broken[f"resume: {after.stderr.strip()[:200]}"] += 1
        expect_whole("at the end")
    return ends, broken


def main():
    parser = stop_options(__doc__, kills=100 if FULL else 20, changes=20 if FULL else 1, interrupts=20 if FULL else 2)
    parser.add_argument("--ranks", type=int, default=20 if FULL else 2, help="kills of one of three processes; 0 where the build has no MPI")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    again = options.kills // 2
    return run_steps(lambda folder: SmallCalibration(options.edgeval, options.faults, folder), {
        "kills": lambda small: kill_once(small, options.kills - again, draw),
        "kills again and again": lambda small: stop_again_and_again(small, signal.SIGKILL, again, draw),
        "kills at changes": lambda small: kill_at_changes(small, options.changes),
        "interrupts": lambda small: stop_again_and_again(small, signal.SIGINT, options.interrupts, draw),
        "one of three processes": lambda small: kill_one_of_three(small, options.ranks if shutil.which("mpirun") else 0, draw)})


if __name__ == "__main__":
    sys.exit(main())
