#!/usr/bin/env python3
"""Records what NIST's sc_stats says of 40 pairs of recognizers, beside this file in mapsswe.txt.

    apt-get install sctk
    python3 tests/golden/mapsswe.py

For each pair a line "= SEGMENTS WORDS ERRORS_A ERRORS_B MEAN DEVIATION Z P" from the reports of
`sclite ... -o sgml stdout | sc_stats -p -t mapsswe -v -u`, P as printed (three decimals, or "<0.001"); then a line for
each utterance: reference, hypothesis A, hypothesis B. A sentence is a string of letters, each a word; "-" is empty.
"""
import pathlib
import random
import re
import subprocess
import tempfile

PAIRS = 40
SEED = 20241121
WORDS = "abcdefgh"


def recognized(rng, reference, share):
    result = []
    for word in reference:
        edit = rng.random() / share
        if edit < 0.3:
            continue
        result.append(rng.choice(WORDS) if edit < 0.7 else word)
        if 0.7 <= edit < 1:
            result.append(rng.choice(WORDS))
    if rng.random() < share / 2:
        result.append(rng.choice(WORDS))
    return "".join(result)


def report(utterances):
    """The words of sc_stats' detailed report of one pair, and the p of its summary."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for index, side in enumerate(("ref", "a", "b")):
            lines = [f"{' '.join(texts[index])} (s_{number:04})\n" for number, texts in enumerate(utterances)]
            (folder / side).write_text("".join(lines))
        align = ["sctk", "sclite", "-s", "-r", "ref", "trn", "-h", "a", "trn", "a", "-h", "b", "trn", "b", "-i", "rm",
                 "-o", "sgml", "stdout"]
        alignments = subprocess.run(align, cwd=folder, check=True, capture_output=True).stdout
        test = ["sctk", "sc_stats", "-p", "-t", "mapsswe", "-v", "-n", "pair"]
        subprocess.run(test, cwd=folder, input=alignments, check=True, capture_output=True)
        subprocess.run(test[:-2] + ["-u", "-n", "unified"], cwd=folder, input=alignments, check=True, capture_output=True)
        details = (folder / "pair.stats.mapsswe").read_text(encoding="latin-1")
        unified = next(folder.glob("unified*.unified")).read_text(encoding="latin-1")
    totals = re.search(r"Totals +(\d+) +(\d+) +(\d+)", details).groups()
    segments = re.search(r"# segs: (\d+)", details).group(1)
    figures = [re.search(rf"\({key}: +(-?[\d.]+)\)", details).group(1) for key in ("mean", "std dev", "Z Stat")]
    p = re.search(r"MP +\|\| +a +\|.*?(<?0\.\d{3}|1\.000)", unified).group(1)
    return [segments, *totals, *figures, p]


def main():
    rng = random.Random(SEED)
    with open(pathlib.Path(__file__).with_suffix(".txt"), "w", encoding="ascii") as out:
        for pair in range(PAIRS):
            share_a, share_b = rng.choice([0.1, 0.2, 0.4]), rng.choice([0.1, 0.2, 0.4])
            utterances = []
            for _ in range(rng.choice([1, 3, 10, 30, 30])):
                reference = "".join(rng.choice(WORDS) for _ in range(rng.randint(0, 20)))
                utterances.append((reference, recognized(rng, reference, share_a), recognized(rng, reference, share_b)))
            if pair == 0:  # one segment: no spread
                utterances = [("abcdef", "abxdef", "abcdef")]
            print("=", *report(utterances), file=out)
            for texts in utterances:
                print(*(text or "-" for text in texts), file=out)


if __name__ == "__main__":
    main()
