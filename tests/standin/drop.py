#!/usr/bin/env python3
"""Ignores each barrier, event wait and fill of the GPU engine in turn, and says which test notices.

    tests/standin/drop.py BUILD [--only PART] [--jobs N]

BUILD is a folder whose tests labelled gpu run on the stand-in. Every site that the tests meet is
dropped alone, in every program that meets it, until a test fails. A site whose loss no test notices
must stand in tests/standin/harmless.txt with its reason, and one that stands there must be harmless;
else the exit code is 1. Takes 7 minutes on two cores.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WRAPPERS = ("tests/standin/", "cuda/device/memory.hpp", "cuda/device/memory.cpp", "cuda/device/stream.hpp")


def programs(build):
    """Returns the programs of the tests labelled gpu, and of the stand-in's own tests."""
    listed = subprocess.run(["ctest", "--test-dir", build, "-N", "-L", "gpu|standin", "--show-only=json-v1"],
                            stdout=subprocess.PIPE, text=True, check=True).stdout
    found = sorted({test["command"][0] for test in json.loads(listed)["tests"] if "command" in test})
    if not found:
        sys.exit(f"{build} has no tests labelled gpu; build them first")
    return [pathlib.Path(program) for program in found]


def run(program, **settings):
    environment = dict(os.environ, EDGEVAL_REQUIRE_GPU="1", **settings)
    return subprocess.run([program, "--gtest_fail_fast", "--gtest_brief=1"], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1800, check=False)


def relative(path, build):
    path = os.path.normpath(os.path.join(build, path))  # compilers run in the build folder
    return os.path.relpath(path, ROOT) if path.startswith(str(ROOT)) else path


def place(program, site, build):
    """Returns file:line of a site, outside the wrappers around CUDA's functions, or None for a call of a test, whose line is
    not known."""
    kind, where = site.split("@", 1)
    if kind == "barrier":
        file, line = where.rsplit(":", 1)
        return f"{relative(file, build)}:{line}"
    # A return address belongs to what follows the call.
    addresses = [hex(int(a, 16) - 1) for a in where.split(",")]
    lines = subprocess.run(["addr2line", "-i", "-e", program, *addresses], text=True,
                           stdout=subprocess.PIPE, check=True).stdout.split("\n")
    for line in lines:
        match = re.match(r"(/.*):(\d+)", line)
        file = relative(match[1], build) if match else "/"
        if not file.startswith(("/", *WRAPPERS)):
            return f"{file}:{match[2]}"
    return None


def text_of(at):
    """Returns the text of the source at a place, which stays valid when line numbers change."""
    file, line = at.rsplit(":", 1)
    lines = [text.strip() for text in (ROOT / file).read_text().splitlines()]
    here = int(line) - 1
    before = lines[:here].count(lines[here])  # the same text may stand in a file more than once
    return f"{file}: {lines[here]}" + (f" #{before + 1}" if before else "")


def sites_of(program):
    with tempfile.NamedTemporaryFile(mode="r") as file:
        started = time.monotonic()
        done = run(program, EDGEVAL_STANDIN_SITES=file.name)
        if done.returncode != 0:
            sys.exit(f"{program.name} fails as it is:\n{done.stdout[-2000:]}")
        return sorted(set(file.read().split("\n")) - {""}), time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--only", default="", help="sites whose name contains this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    if not (options.build / "CTestTestfile.cmake").is_file():
        parser.error(f"{options.build} is no folder that was built")
    if options.jobs < 1:
        parser.error("--jobs must be 1 or more")
    harmless = {}
    for line in (ROOT / "tests/standin/harmless.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            site, reason = line.split(" -- ", 1)
            harmless[site] = reason

    met, seconds = {}, {}  # (kind, place) -> program -> sites
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        all_programs = programs(options.build)
        for program, (sites, took) in zip(all_programs, pool.map(sites_of, all_programs)):
            seconds[program] = took
            for site in sites:
                at = place(program, site, options.build.resolve())
                if at and not at.startswith("tests/"):
                    met.setdefault(f"{site.split('@')[0]} {at}", {}).setdefault(program, []).append(site)

        def drop(key):
            for program in sorted(met[key], key=seconds.get):
                try:
                    if run(program, EDGEVAL_STANDIN_DROP=" ".join(met[key][program])).returncode != 0:
                        return program.name
                except subprocess.TimeoutExpired:
                    return f"{program.name}, which does not end"
            return None

        wanted = [key for key in sorted(met) if options.only in key]
        unexpected, named = 0, set()
        for key, noticed in zip(wanted, pool.map(drop, wanted)):
            kind, at = key.split()
            name = f"{kind} {text_of(at)}"
            named.add(name)
            if noticed and name not in harmless:
                print(f"noticed       {key}  by {noticed}", flush=True)
            elif not noticed and name in harmless:
                print(f"harmless      {key}  {harmless[name]}", flush=True)
            else:
                unexpected += 1
                print(f"{'NOT HARMLESS' if noticed else 'NOT NOTICED '}  {key}  {name}", flush=True)
    for name in harmless.keys() - named if not options.only else ():
        unexpected += 1
        print(f"NOT MET       {name}, which harmless.txt lists")
    if not wanted:
        sys.exit(f"no site's name contains {options.only}")
    print(f"{len(wanted)} sites, {unexpected} of them not as expected")
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
