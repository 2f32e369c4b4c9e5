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
import argparse
import collections
import errno
import hashlib
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib

from small_run import environment, make_inputs, said_one_line, told

PAUSE = {"EDGEVAL_FAULTS_DELAY": "2000"}  # microseconds at most
FULL = "EDGEVAL_FULL" in os.environ
POINTS = 200 if FULL else 9
INTERRUPTED = "edgeval: interrupted; what was found is kept, --resume goes on\n"
SLOW = PAUSE if FULL else {"EDGEVAL_FAULTS_DELAY": "40000"}  # so that the second of a pair starts before the first ends
CHANGES = ("mkdir", "open", "write", "fsync", "rename")
POLICY = "operand: {type: delta, threshold_x: 0.1, threshold_h: 0.1}\n"
SWEEP = ["sweep", "--model", "speech.safetensors", "--data", "speech.jsonl", "--policy", "policy.yaml", "--vary", "operand.threshold_x=0.01:2:log",
         "--vary", "operand.threshold_h=0.01:1", "--points", str(POINTS), "--block", "1", "--quiet", "--no-cache", "--threads", "1"]


class SmallSweep:
    """A sweep of POINTS points and the dense network on five blocks."""

    def __init__(self, edgeval, faults, folder):
        self.edgeval, self.faults, self.folder = str(pathlib.Path(edgeval).resolve()), str(pathlib.Path(faults).resolve()), folder
        self.out, self.journal = folder / "out", folder / "out/journal/1.jsonl"
        make_inputs(self.edgeval, folder, 5)
        (folder / "policy.yaml").write_text(POLICY)
        start = time.monotonic()
        if self.run(**PAUSE).returncode != 0:
            raise SystemExit("the undisturbed sweep fails")
        self.seconds = time.monotonic() - start
        self.hashes, self.lines = self.sums(), self.whole_lines()
        self.bytes = self.journal.stat().st_size
        if len(set(self.results(self.lines))) != 5 * (POINTS + 1):
            raise SystemExit("the undisturbed sweep has not all results")
        self.clear()

    def clear(self):
        shutil.rmtree(self.out, ignore_errors=True)

    def start(self, largest_file=None, **more):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))
        resume = ["--resume"] if self.journal.parent.exists() else []
        return subprocess.Popen([self.edgeval, *SWEEP, *resume, "--out", str(self.out)], cwd=self.folder, text=True, errors="replace", stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(self.faults, more),
                                preexec_fn=limit if largest_file is not None else None)

    def run(self, largest_file=None, **more):
        process = self.start(largest_file, **more)
        text = process.communicate(timeout=120)[1]
        return subprocess.CompletedProcess(process.args, process.returncode, stderr=text)

    def sums(self):
        """The SHA-256 of every file but those of the journal."""
        return {str(path.relative_to(self.out)): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted(self.out.rglob("*")) if path.is_file() and path.parent.name != "journal"}

    def whole_lines(self):
        """The lines of the journal whose checksum is right; None where another line stands before the last of them."""
        if not self.journal.exists():
            return []
        lines, damaged, head = [], False, 0
        for line in self.journal.read_bytes().split(b"\n"):
            crc = zlib.crc32(line[26:-1], head)  # of the head's entry, then the line's own
            if not (line.startswith(b'{"crc":"') and line.endswith(b"}") and line[8:16] == b"%08x" % crc):
                damaged = True
            elif damaged:
                return None
            else:
                head = head or crc
                lines.append(line)
        return lines

    @staticmethod
    def results(lines):
        """The numbers of point and block of each result."""
        entries = [json.loads(line)["entry"] for line in lines]
        return [(entry["point"], entry["block"]) for entry in entries if "point" in entry]

    def broken_after_stop(self, before):
        """What is broken in the journal, which had the lines `before` before the stop."""
        lines = self.whole_lines()
        if lines is None:
            return ["damaged journal"]
        broken = []
        if lines[:len(before)] != before:
            broken.append("lost result")
        if len(set(self.results(lines))) != len(self.results(lines)):
            broken.append("doubled result")
        if not set(lines) <= set(self.lines):
            broken.append("other result")
        return broken

    def broken_at_end(self):
        broken = [] if self.sums() == self.hashes else ["other files"]
        lines = self.whole_lines()
        if not self.journal.exists() or lines is None or self.journal.stat().st_size != self.bytes:
            broken.append("damaged journal at the end")
        elif collections.Counter(lines) != collections.Counter(self.lines):
            broken.append("other journal at the end")
        return broken


def go_on(small, broken):
    """Resumes a sweep that was stopped, and checks its files at the end."""
    after = small.run()
    if after.returncode != 0:
        broken[f"resume: {after.stderr.strip()[:200]}"] += 1
    broken.update(small.broken_at_end())
    small.clear()


def stop_sweeps(small, number, count, draw):
    """Sends sweeps the signal until `count` were stopped, and lets each end; how they ended and what was broken."""
    ends, broken = collections.Counter(), collections.Counter()
    while ends["stopped"] < count:
        before = small.whole_lines()
        process = small.start(**PAUSE)
        time.sleep(draw.uniform(0, 0.7) * small.seconds)
        process.send_signal(number)
        text = process.communicate(timeout=120)[1]
        ends["stopped" if process.returncode == -number else "in time"] += 1
        said = INTERRUPTED if number == signal.SIGINT and process.returncode != 0 else ""
        # A stop before the journal is there says nothing.
        if process.returncode not in (-number, 0) or text not in (said, ""):
            broken[f"exit code {process.returncode}: {text.strip()[:200]}"] += 1
        broken.update(small.broken_after_stop(before))
        if number == signal.SIGINT and (hidden := [path.name for path in small.out.rglob(".*")]):
            broken[f"leftover {hidden}"] += 1
        if process.returncode == 0:
            ends["sweeps"] += 1
            broken.update(small.broken_at_end())
            small.clear()
    ends["sweeps"] += 1
    if small.run().returncode != 0:
        broken["exit code of the last"] += 1
    broken.update(small.broken_at_end())
    small.clear()
    return ends, broken


def kill_at_changes(small, edge):
    """Kills a new sweep before its n-th call of each kind that changes files, for all n, or for the first and the last `edge`."""
    ends, broken = collections.Counter(), collections.Counter()
    counts = small.folder / "counts"
    small.run(EDGEVAL_FAULTS_COUNT=str(counts))
    small.clear()
    calls = dict(line.split()[:2] for line in counts.read_text().splitlines() if not line.startswith("alloc-site"))
    for kind, n in [(kind, n) for kind in CHANGES for n in range(1, int(calls[kind]) + 1) if n <= edge or n > int(calls[kind]) - edge]:
        done = small.run(EDGEVAL_FAULTS=f"{kind}:{n}:kill")
        ends["killed" if done.returncode == -signal.SIGKILL else f"exit code {done.returncode}"] += 1
        broken.update(small.broken_after_stop([]))
        go_on(small, broken)
    return ends, broken


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
            if (merged / "journal/1.jsonl").read_bytes() != small.journal.read_bytes():
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
            done = small.run(largest_file=draw.randrange(small.bytes))
        else:
            done = small.run(EDGEVAL_FAULTS=f"write:{n // 2 + 1 if n < 8 else draw.randrange(1, len(small.lines) + 1)}:{errno.ENOSPC}:on")
        ends[f"exit code {done.returncode}"] += 1
        if done.returncode != 2 or not said_one_line(done.stderr):
            broken[f"exit code {done.returncode}: {done.stderr.strip()[:200]}"] += 1
        broken.update(small.broken_after_stop([]))
        go_on(small, broken)
    return ends, broken


def start_pairs(small, count):
    """Starts a second sweep while the first one writes; it is refused, and the first goes on."""
    ends, broken = collections.Counter(), collections.Counter()
    for _ in range(count):
        first = small.start(**SLOW)
        while first.poll() is None and len(small.whole_lines() or []) < 5:
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
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("edgeval")
    parser.add_argument("faults")
    parser.add_argument("--kills", type=int, default=100 if FULL else 10)
    parser.add_argument("--changes", type=int, default=50 if FULL else 3, help="kill before so many of the first and the last changes of files of each kind")
    parser.add_argument("--interrupts", type=int, default=30 if FULL else 3)
    parser.add_argument("--pairs", type=int, default=20 if FULL else 2, help="sweeps that are started while another writes")
    parser.add_argument("--full-disks", type=int, default=60 if FULL else 8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="edgeval-sweep-kills-"))
    draw = random.Random(options.seed)
    try:
        small = SmallSweep(options.edgeval, options.faults, folder)
        all_broken = collections.Counter()
        for name, (ends, broken) in {
                "kills": stop_sweeps(small, signal.SIGKILL, options.kills, draw),
                "kills at changes": kill_at_changes(small, options.changes),
                "interrupts": stop_sweeps(small, signal.SIGINT, options.interrupts, draw),
                "pairs": start_pairs(small, options.pairs),
                "kills of merges": kill_merges(small),
                "full disks": fill_disks(small, options.full_disks, draw)}.items():
            print(f"{name}: {told(ends)}; broken: {told(broken)}")
            all_broken += broken
        return 1 if all_broken else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
