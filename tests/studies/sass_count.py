#!/usr/bin/env python3
"""Counts the instructions that the GPU engine's kernels of one recurrent step execute for an LSTM cell, from their machine
code, and says which kernels compute in double precision. Needs nvcc and nvdisasm, but no GPU.

    pip install nvidia-cuda-nvdisasm          # where the CUDA toolkit came without it; one of version 13 reads all of 13
    python3 tests/studies/sass_count.py --build build --arch 90 89 120 [--cells 320] [--blocks] [--only REGEX]

Files are compiled as in BUILD/compile_commands.json, for one architecture at a time. A kernel's code is cut into basic
blocks. A loop counts as often as its trips say; elsewhere the longest way from entry to exit counts, without blocks that
call a subroutine (divisions of numbers near the ends of the range), so the count is an upper bound. An instruction counts
for the 32 threads of its warp, whether they are active or not.

Trips follow from what a loop does. One that stores to shared memory copies tables. One that stores to global memory walks
over the cells of a lane, or of operand(x) over steps; one around it walks over lanes. One that only loads corrects an
estimate, which is almost never off: 0. One that does neither halves a warp's counts into a sum. With --trips "REGEX=1,0,2"
the loops of kernels whose name matches have these trips instead, in the order of their first instructions.
"""
import argparse
import collections
import dataclasses
import functools
import json
import math
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

DOUBLE = re.compile(r"^(D(ADD|MUL|FMA|SETP|MNMX|SET)|MUFU\.(RCP|RSQ)64H|[FI]2F\.(F64|F32\.F64)|F2[FI]\..*F64|I2F\.F64)")


@dataclasses.dataclass
class Block:
    first: int                       # address of the first instruction
    code: list = dataclasses.field(default_factory=list)   # instructions
    next: list = dataclasses.field(default_factory=list)   # indices of the blocks that may follow


@dataclasses.dataclass
class Loop:
    header: int
    blocks: set
    inner: list = dataclasses.field(default_factory=list)
    outer: object = None


@dataclasses.dataclass
class Kernel:
    name: str
    blocks: list
    registers: int = 0
    spilled: int = 0                 # bytes stored and loaded


def find_tool(name):
    for place in [shutil.which(name), *pathlib.Path(sys.prefix).glob(f"lib/python*/site-packages/nvidia/**/bin/{name}")]:
        if place:
            return str(place)
    sys.exit(f"{name} is not on PATH nor in this Python's packages; pip install nvidia-cuda-{name}")


def compiled(build, source, arch, folder):
    """Path of the machine code, and the assembler's report."""
    commands = json.loads((build / "compile_commands.json").read_text())
    entry = next(e for e in commands if e["file"].endswith("/" + source))
    words = shlex.split(entry["command"])
    nvcc = next(i for i, word in enumerate(words) if word.endswith("nvcc"))
    kept, skip = [], False
    for word in words[nvcc:]:
        if skip or word in ("-c", "-o") or word.startswith(("--generate-code", "-gencode", "-arch")):
            skip = word == "-o"
        else:
            kept.append(word)
    cubin = folder / f"{source.replace('/', '_')}.{arch}.cubin"
    run = subprocess.run([*kept, "-cubin", f"-arch=sm_{arch}", "-Xptxas=-v", "-o", str(cubin)], cwd=entry["directory"],
                         capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(run.stderr)
    return cubin, run.stderr


def demangled(names):
    run = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True)
    plain = [re.sub(r"edgeval::|gpu::|\(anonymous namespace\)::|void |\(int\)", "", n) for n in run.stdout.split("\n")]
    return {name: re.sub(r"\([A-Z].*$", "", text) for name, text in zip(names, plain)}


def read_kernels(nvdisasm, cubin, report):
    text = subprocess.run([nvdisasm, "-c", str(cubin)], capture_output=True, text=True, check=True).stdout
    bodies, lines = {}, None
    for line in text.splitlines():
        if line.startswith("//-----"):
            lines = None
        elif line.startswith(".text.") and line.endswith(":"):
            lines = bodies.setdefault(line[len(".text."):-1], [])
        elif lines is not None:
            lines.append(line)
    names = demangled(list(bodies))
    usage = collections.defaultdict(lambda: [0, 0])
    current = None
    for line in report.splitlines():
        if found := re.search(r"(?:entry function '|Function properties for )([\w$.]+)", line):
            current = found[1]
        if found := re.search(r"(\d+) bytes spill stores, (\d+) bytes spill loads", line):
            usage[current][1] += int(found[1]) + int(found[2])
        if found := re.search(r"Used (\d+) registers", line):
            usage[current][0] = int(found[1])
    return [Kernel(names[name], basic_blocks(code), *usage[name]) for name, code in bodies.items()]


def basic_blocks(lines):
    labels, code = {}, []            # label -> index of an instruction
    for line in lines:
        if found := re.match(r"(\.L_x_\d+|\$?[\w$]+):$", line.strip()):
            labels[found[1]] = len(code)
        elif found := re.match(r"\s*/\*([0-9a-f]{4,})\*/\s+(.*?)\s*;", line):
            code.append((int(found[1], 16), found[2]))
    starts = {0, *[at for at in labels.values() if at < len(code)]}
    for i, (_, text) in enumerate(code[:-1]):
        if re.search(r"\b(BRA|BRX|JMX|EXIT|RET|BSYNC|CALL)\b", text):
            starts.add(i + 1)
    order = sorted(starts)
    number = {start: b for b, start in enumerate(order)}
    blocks = []
    for start, end in zip(order, order[1:] + [len(code)]):
        block = Block(code[start][0], [text for _, text in code[start:end]])
        last = block.code[-1]
        always = not last.startswith("@") or last.startswith("@PT ")
        leaves = re.search(r"\b(BRA|BRX|JMX|EXIT|RET)\b|CALL.*`\(\.L_x", last) and always
        if target := re.search(r"\b(?:BRA|CALL)\b.*`\((\.L_x_\d+)\)", last):   # some long jumps are written as calls
            block.next.append(number[labels[target[1]]])
        if not leaves and end in number:
            block.next.append(number[end])
        blocks.append(block)
    return blocks


def loops_of(blocks):
    """Natural loops, those around others first; in the order of their headers."""
    reached, stack = set(), [0]
    while stack:
        b = stack.pop()
        if b not in reached:
            reached.add(b)
            stack += blocks[b].next
    before = collections.defaultdict(set)
    for b in reached:
        for after in blocks[b].next:
            before[after].add(b)
    dominators = {b: set(reached) for b in reached}
    dominators[0] = {0}
    changed = True
    while changed:
        changed = False
        for b in sorted(reached - {0}):
            new = {b} | set.intersection(*[dominators[p] for p in before[b]])
            changed |= new != dominators[b]
            dominators[b] = new
    loops = {}
    for b in sorted(reached):
        for header in blocks[b].next:
            if header not in dominators[b] or (header == b and len(blocks[b].code) == 1):
                continue             # the last is the padding behind a kernel
            body, stack = {header}, [b]
            while stack:
                at = stack.pop()
                if at not in body:
                    body.add(at)
                    stack += before[at]
            loops.setdefault(header, Loop(header, set())).blocks |= body
    ordered = sorted(loops.values(), key=lambda loop: loop.header)
    for loop in ordered:
        around = [other for other in ordered if other is not loop and loop.header in other.blocks]
        if around:
            loop.outer = min(around, key=lambda other: len(other.blocks))
            loop.outer.inner.append(loop)
    return ordered, reached


class Walk:
    """Longest ways through a kernel whose loops have so many trips."""

    def __init__(self, kernel, loops, reached, trips):
        self.blocks, self.loops, self.reached, self.trips = kernel.blocks, loops, reached, trips

    def rare(self, b):
        return any(re.search(r"CALL.*`\(\$", text) for text in self.blocks[b].code)

    def length(self, within, inner, start, ends):
        """From block `start` to one of which ends(b) holds, inside `within`, loops in `inner` as single nodes."""
        owner = {b: loop for loop in inner for b in loop.blocks}

        @functools.cache
        def longest(node):
            loop = owner.get(node)
            members = loop.blocks if loop else {node}
            if loop:
                weight = self.trips[id(loop)] * self.body(loop)
            else:
                weight = -math.inf if self.rare(node) else len(self.blocks[node].code)
            best = 0 if any(ends(b) for b in members) else -math.inf
            for b in members:
                for after in self.blocks[b].next:
                    if after in within and after not in members and after != start:
                        best = max(best, longest(after))
            return weight + best

        return longest(start)

    def body(self, loop):
        return self.length(loop.blocks, loop.inner, loop.header, lambda b: loop.header in self.blocks[b].next)

    def whole(self):
        outermost = [loop for loop in self.loops if loop.outer is None]
        return self.length(self.reached, outermost, 0, lambda b: any("EXIT" in text for text in self.blocks[b].code))


def kind_of(kernel, loop):
    def has(blocks, what):
        return any(re.search(rf"(^|\s){what}", text) for b in blocks for text in kernel.blocks[b].code)
    if has(loop.blocks, "STS"):
        return "tables"
    if not has(loop.blocks, "STG"):
        return "search" if has(loop.blocks, "LDG?[. ]") else "sum"
    if any(has(inner.blocks, "STG") for inner in loop.inner):
        return "lanes"
    return "steps" if kernel.name.startswith("input_operand") else "cells"


def mixture(blocks, numbers):
    """What a loop's instructions are, the most frequent first."""
    names = collections.Counter(re.sub(r"^@!?U?P\w+ ", "", text).split(" ")[0].split(".")[0]
                                for b in numbers for text in blocks[b].code)
    return " ".join(f"{name} {count}" for name, count in names.most_common(9))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default="build", help="folder with compile_commands.json")
    parser.add_argument("--arch", nargs="+", default=["90"], help="compute capabilities: 80, 89, 90, 120")
    parser.add_argument("--files", nargs="+", default=["cuda/kernel/lstm_step.cu", "cuda/kernel/operand.cu", "cuda/kernel/cell.cu"])
    parser.add_argument("--only", default="lstm_step_kernel<true|input_operand_kernel<true.*Packed|advance_cursor",
                        help="kernels to count")
    parser.add_argument("--cells", type=int, default=320, help="of a lane")
    parser.add_argument("--threads", type=int, default=16, help="that share a lane")
    parser.add_argument("--block", type=int, default=128, help="threads of a thread block")
    parser.add_argument("--lanes", type=int, default=1, help="that a thread works on, one after the other")
    parser.add_argument("--steps", type=int, default=16, help="that a thread of operand(x) walks along")
    parser.add_argument("--together", type=int, default=4, help="cells of one trip of the loop over cells")
    parser.add_argument("--tables", type=int, default=21504, help="bytes of the tables, 16 of them copied in a trip")
    parser.add_argument("--trips", nargs="*", default=[], help='REGEX=1,0,2')
    parser.add_argument("--blocks", action="store_true", help="print every basic block on a counted kernel's loops")
    options = parser.parse_args()
    if not (options.build / "compile_commands.json").is_file():
        parser.error(f"{options.build} has no compile_commands.json: name the folder of a build with CUDA")
    nvdisasm = find_tool("nvdisasm")
    given = [(re.compile(text.rpartition("=")[0]), [float(t) for t in text.rpartition("=")[2].split(",")])
             for text in options.trips]
    known = {"lanes": options.lanes, "search": 0, "sum": math.log2(min(options.threads, 32)), "steps": options.steps, "tables": math.ceil(options.tables / 16 / options.block),
             "cells": math.ceil(options.cells / options.together / options.threads)}
    with tempfile.TemporaryDirectory() as folder:
        for arch in options.arch:
            kernels = []
            for source in options.files:
                kernels += read_kernels(nvdisasm, *compiled(options.build, source, arch, pathlib.Path(folder)))
            report(kernels, arch, options, given, known)


def report(kernels, arch, options, given, known):
    print(f"sm_{arch}: {options.cells} cells a lane, {options.threads} threads a lane, blocks of {options.block}, "
          f"{options.lanes} lanes a thread, {options.together} cells at once")
    for kernel in sorted(kernels, key=lambda k: k.name):
        if not re.search(options.only, kernel.name):
            continue
        loops, reached = loops_of(kernel.blocks)
        forced = next((trips for pattern, trips in given if pattern.search(kernel.name)), None)
        trips = {id(loop): forced[i] if forced and i < len(forced) else known[kind_of(kernel, loop)]
                 for i, loop in enumerate(loops)}
        walk = Walk(kernel, loops, reached, trips)
        whole = walk.whole()
        is_input = kernel.name.startswith("input_operand")
        if is_input:                 # a thread has its columns to itself
            of_cell = whole / options.steps / options.together
        else:
            of_cell = whole / options.lanes * options.threads / options.cells
        if kernel.name.startswith("advance_cursor"):
            of_cell = whole * 32 / 16 / options.cells   # a warp every 16 steps, here for a single lane
        print(f"{of_cell:8.1f} {'an element' if is_input else 'a cell'}  {whole:6.0f} a thread  {kernel.registers:3} registers  {kernel.spilled:3} spilled"
              f"  {kernel.name}")
        for i, loop in enumerate(loops):
            print(f"{'':10}loop {i} at {kernel.blocks[loop.header].first:#06x}: {trips[id(loop)]:g} x "
                  f"{walk.body(loop):.0f}, {kind_of(kernel, loop)}{'' if loop.outer is None else ', inside another'}: "
                  f"{mixture(kernel.blocks, loop.blocks)}")
            if options.blocks:
                for b in sorted(loop.blocks):
                    block = kernel.blocks[b]
                    after = " ".join(f"{kernel.blocks[n].first:#06x}" for n in block.next)
                    print(f"{'':14}block {block.first:#06x}: {len(block.code)} -> {after}")
    print(f"sm_{arch}: kernels that compute in double precision, and how many such instructions they hold")
    for kernel in sorted(kernels, key=lambda k: k.name):
        count = sum(bool(DOUBLE.match(re.sub(r"^@!?U?P\w+ ", "", text))) for b in kernel.blocks for text in b.code)
        if count:
            print(f"{count:8}  {kernel.name}")
    spilled = [k for k in kernels if k.spilled]
    print(f"sm_{arch}: {len(kernels)} kernels, {len(spilled)} spill"
          + "".join(f"\n{k.spilled:8} bytes  {k.name}" for k in spilled))


if __name__ == "__main__":
    main()
