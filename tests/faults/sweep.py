#!/usr/bin/env python3
"""Makes every call of a small run fail in turn, as SQLite tests itself: the n-th allocation, write, fsync, rename and so
on, once or from then on; and kills the run before each call that changes a file.

    sweep.py EDGEVAL FAULTS_LIBRARY [--allocations N] [--full] [--kind KIND]...

After each fault: the exit code is 0, 1 or 2, and no signal; standard error has one line of the program's; the folder of
outputs holds the old set of files or the new one as a whole (after exit code 0, the new one; where names cannot be
exchanged, a kill between two renames may leave the old set under its hidden name, for the next run to repair); nothing else is left
there or beside it, where the process lived and could remove it, and nothing at all after the next run that goes well.
Exit code 1 of this script: an invariant was broken. EDGEVAL_FULL=1 stands for --full: every allocation that has a chain
of callers of its own, instead of --allocations of them.
"""
import argparse
import collections
import concurrent.futures
import errno
import os
import pathlib
import shutil
import signal
import sys
import tempfile

from small_run import SmallRun, said_one_line

# By kind of call: what it may fail with. A fault with `on` lasts.
ERRORS = {
    "write": ["short", "short:on", errno.ENOSPC, f"{errno.ENOSPC}:on", errno.EIO, errno.EINTR],
    "fsync": [errno.EIO, f"{errno.EIO}:on"],
    "rename": [errno.EIO, f"{errno.EACCES}:on"],
    "open": [errno.EMFILE, f"{errno.EACCES}:on", f"{errno.ENOSPC}:on"],
    "mkdir": [errno.ENOSPC, f"{errno.EACCES}:on"],
    "close": [errno.EIO, f"{errno.EIO}:on"],
    "unlink": [errno.EACCES, f"{errno.EACCES}:on"],
    "read": ["short", errno.EIO, f"{errno.EIO}:on"],
    "exchange": [errno.EINVAL, f"{errno.ENOSYS}:on"],
}
# What a process cannot remove when removing fails, the next one does.
CANNOT_TIDY = {"unlink", "rename", "open", "exchange"}
THREADS = 3  # where the start of a thread fails; else one, so that calls are counted alike in every run
STARTS = ("old", None)  # what is in the folder before
# Libraries that end the process, or go on with a null pointer, where memory runs out within them. What comes of it is
# counted apart: nothing outside them can help it.
THEIR_OWN = ("libc.", "libcrypto.", "libdnnl.", "libgomp.", "libsndfile.")


class Point(collections.namedtuple("Point", "kind fault start library", defaults=("",))):
    def is_bearable(self):
        """Whether the run must go well all the same: fewer threads, fewer bytes at once, a call to be made again."""
        return self.kind == "thread" or ":short" in self.fault or self.fault.endswith(f":{errno.EINTR}")

    def __str__(self):
        return f"EDGEVAL_FAULTS={self.fault} over {'an old set' if self.start else 'no folder'}"


def points_of(counts, sites, options):
    points = []
    for start in STARTS:
        for kind, actions in ERRORS.items():
            for action in actions:
                calls = counts[start][kind]
                if options.full:
                    tried = range(1, calls + 1)
                else:  # all of the few, some of the many
                    tried = sorted({1 + n * (calls - 1) // 5 for n in range(6)} if calls > 6 else range(1, calls + 1))
                points += [Point(kind, f"{kind}:{n}:{action}", start) for n in tried if n > 0]
        points += [Point("thread", f"thread:{n}:{errno.EAGAIN}{on}", start) for n in (1, 2) for on in ("", ":on")]
        points += [Point("kill", f"change:{n}:kill", start) for n in range(1, counts[start]["change"] + 1)]
        # Where names cannot be exchanged, the way round has kill points of its own.
        if counts[start]["exchange"] > 0:
            points += [Point("kill", f"exchange:1:{errno.EINVAL}:on,change:{n}:kill", start)
                       for n in range(1, counts[start]["change"] + 9)]
    chosen = sites if options.full else sites[::max(1, len(sites) // options.allocations)]
    points += [Point("alloc", f"alloc:{n}:{errno.ENOMEM}", "old", library) for n, library in chosen]
    points += [Point("alloc", f"alloc:{n}:{errno.ENOMEM}:on", "old", library) for n, library in chosen[::10]]
    return [point for point in points if not options.kind or point.kind in options.kind]


def broken_invariants(small, point, done):
    """Names of the invariants that do not hold after the fault."""
    broken = []
    theirs = f" in {point.library}" if point.library.startswith(THEIR_OWN) else ""
    killed = point.kind == "kill" and done.returncode == -signal.SIGKILL
    if not killed and done.returncode not in (0, 1, 2):
        broken.append(("signal" if done.returncode < 0 else "exit code") + theirs)
    if not killed and done.returncode > 0 and not said_one_line(done.stderr):
        broken.append("message" + theirs)
    if point.is_bearable() and done.returncode != 0:
        broken.append("exit code")
    found = small.which_set(point.start)
    if found is None and killed and small.is_between_two_renames(point.start):
        found = point.start
    if found is None or (done.returncode == 0 and found != "new"):
        broken.append("mix")
    ended_by_theirs = theirs and any(theirs in name for name in broken)
    if small.leftovers() and not killed and not ended_by_theirs and point.kind not in CANNOT_TIDY:
        broken.append("leftover")
    if killed or small.leftovers():
        after = small.run("new")
        if after.returncode != 0 or small.which_set(None) != "new":
            broken.append("next run")
        if small.leftovers():
            broken.append("leftover after the next run")
    return broken


def counts_of(small, start):
    """How often a run makes each kind of call, and the first allocations of every chain of callers."""
    small.restore(start)
    file = small.folder / "counts"
    done = small.run("new", EDGEVAL_FAULTS_COUNT=str(file))
    if done.returncode != 0:
        raise SystemExit(f"the counted run fails: {done.stderr}")
    lines = [line.split() for line in file.read_text().splitlines()]
    return ({words[0]: int(words[1]) for words in lines if words[0] != "alloc-site"},
            sorted((int(words[1]), words[2]) for words in lines if words[0] == "alloc-site"))


def sweep(small, points):
    """Tries the points; (point, broken invariants, exit code, standard error) of each."""
    for point in points:
        small.restore(point.start)
        done = small.run("new", THREADS if point.kind == "thread" else 1, EDGEVAL_FAULTS=point.fault)
        yield point, broken_invariants(small, point, done), done.returncode, done.stderr


def sweep_in_folder(options, folder, points):
    folder.mkdir()
    return list(sweep(SmallRun(options.edgeval, options.faults, folder), points))


def report(results, options):
    tried, codes, broken = collections.Counter(), collections.defaultdict(collections.Counter), collections.Counter()
    for point, faults, code, _ in results:
        tried[point.kind] += 1
        codes[point.kind][code] += 1
        broken.update(faults)
    for kind, count in tried.items():
        exits = ", ".join(f"{n} x {code}" for code, n in sorted(codes[kind].items()))
        print(f"{kind:9} {count:6} points; exit codes {exits}")
    print(f"in all    {sum(tried.values()):6} points; mixes {broken['mix']}, leftovers "
          f"{broken['leftover'] + broken['leftover after the next run']}, signals {broken['signal']}, other messages than one "
          f"line {broken['message']}, failures of the next run {broken['next run']}")
    theirs = {name: n for name, n in broken.items() if " in lib" in name}
    for name, count in sorted(theirs.items()):
        print(f"{name}: {count}")
    bad = [result for result in results if not theirs.keys() >= set(result[1])]
    for point, faults, code, text in bad[:options.show]:
        print(f"  {', '.join(faults)}: {point}: exit code {code}: {text.strip()[:300]}")
    return 1 if bad or not results else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("edgeval")
    parser.add_argument("faults")
    parser.add_argument("--allocations", type=int, default=40, help="how many of the allocations fail")
    parser.add_argument("--full", action="store_true", default="EDGEVAL_FULL" in os.environ)
    parser.add_argument("--kind", action="append", help="kinds of faults, all without it")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--show", type=int, default=20, help="broken points to print")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="edgeval-sweep-"))
    try:
        (folder / "count").mkdir()
        small = SmallRun(options.edgeval, options.faults, folder / "count")
        counts, sites = {}, []
        for start in reversed(STARTS):
            counts[start], sites = counts_of(small, start)
        print(f"calls of a run: {', '.join(f'{kind} {n}' for kind, n in counts['old'].items())}; "
              f"{len(sites)} chains of callers allocate")
        points = points_of(counts, sites, options)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            shares = [pool.submit(sweep_in_folder, options, folder / f"job{n}", points[n::options.jobs]) for n in range(options.jobs)]
            results = [result for share in shares for result in share.result()]
        return report(results, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
