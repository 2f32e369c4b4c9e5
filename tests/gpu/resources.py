#!/usr/bin/env python3
"""Prints what the GPU engine's kernels take, from nvcc's output under -Xptxas=-v: for each kernel the range of registers a
thread over all architectures and forms, by kind of numbers, and where it spills. tests/gpu_check.sh resources calls it.

    python3 tests/gpu/resources.py LOG TABLE.tsv

TABLE.tsv gets one row for each form and architecture: kernel, numbers, architecture, registers of a thread, bytes of shared
memory of a block, bytes of stack of a thread, and bytes spilled (stores and loads together).
"""
import pathlib
import re
import subprocess
import sys

# The engine's formats by their class (cuda/kernel/format.cuh); kernels that have none of them are in the last column.
NUMBERS = {"FloatFormat": "fp32", "FixedFormat<8>": "int8", "FixedFormat<16>": "int16", "QuantizedFormat": "8 bits of fp32"}
ANY = "any"


def kernels(log):
    """Rows of the table."""
    text = subprocess.run(["c++filt", "-p"], input=log, capture_output=True, text=True, check=True).stdout
    rows, form, arch, stack, spilled = [], "", "", 0, 0
    for line in text.splitlines():
        if found := re.search(r"Compiling entry function '(.*)' for '(\w+)'", line):
            form, arch = found.groups()
        elif found := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line):
            stack, spilled = int(found[1]), int(found[2]) + int(found[3])
        elif (found := re.search(r"Used (\d+) registers", line)) and "edgeval::gpu" in form:
            shared = re.search(r"(\d+) bytes smem", line)
            numbers = next((kind for name, kind in NUMBERS.items() if name in form), ANY)
            rows.append((re.search(r"\w+_kernel", form)[0], numbers, arch, int(found[1]), int(shared[1]) if shared else 0, stack,
                         spilled))
    return sorted(rows)


def extent(values):
    return "-" if not values else "-".join(str(v) for v in sorted({min(values), max(values)}))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    log, table = map(pathlib.Path, sys.argv[1:])
    try:
        rows = kernels(log.read_text(errors="replace"))
    except OSError as error:
        sys.exit(f"{log}: {error.strerror}")
    if not rows:
        sys.exit(f"{log} reports no kernel; it must be nvcc's output under -Xptxas=-v")
    table.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    kinds = [*NUMBERS.values(), ANY]
    print(f"{'registers of':24}", *(f"{kind:>14}" for kind in kinds), " spilled, bytes")
    for kernel in sorted({row[0] for row in rows}):
        of_kernel = [row for row in rows if row[0] == kernel]
        registers = [extent([row[3] for row in of_kernel if row[1] == kind]) for kind in kinds]
        spills = sorted({(row[2], row[6]) for row in of_kernel if row[6]})
        print(f"{kernel:24}", *(f"{r:>14}" for r in registers), "", ", ".join(f"{a}: {b}" for a, b in spills) or "none")
    print(f"{len(rows)} kernels compiled, at most {max(row[3] for row in rows)} registers a thread, "
          f"{sum(row[6] for row in rows)} bytes spilled in all; each of them: {table}")


if __name__ == "__main__":
    main()
