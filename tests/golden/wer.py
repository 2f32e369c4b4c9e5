#!/usr/bin/env python3
"""Records what sclite and jiwer say of 10,000 seeded random pairs of sentences, beside this file in wer.txt.

    python3 -m venv venv && venv/bin/pip install jiwer==4.0.0 && apt-get install sctk
    venv/bin/python tests/golden/wer.py

A line of wer.txt: reference, hypothesis, sclite's alignment, jiwer's word errors, jiwer's character errors. A sentence is
a string of digits, each the number of a word of VOCABULARY; "-" is an empty one, or an empty alignment.
The vocabulary is small so that many alignments are equally good, and its words overlap so that their characters matter.
"""
import pathlib
import random
import re
import subprocess
import tempfile

import jiwer

VOCABULARY = ["a", "b", "ab", "ba", "abc"]
PAIRS = 10_000
LONGEST = 12
SEED = 20240229


def sentence(rng, words):
    return [rng.randrange(words) for _ in range(rng.randint(0, LONGEST))]


def near(rng, reference, words):
    """The reference with about a third of its words edited: what a recognizer makes of it."""
    result = []
    for word in reference:
        edit = rng.randrange(9)
        if edit == 0:
            continue
        result.append(rng.randrange(words) if edit == 1 else word)
        if edit == 2:
            result.append(rng.randrange(words))
    return result[:LONGEST]


def random_pairs():
    rng = random.Random(SEED)
    for number in range(PAIRS):
        words = 2 + number % (len(VOCABULARY) - 1)
        reference = sentence(rng, words)
        yield reference, near(rng, reference, words) if number % 2 else sentence(rng, words)


def text(numbers):
    return " ".join(VOCABULARY[number] for number in numbers)


def sclite(pairs):
    """The alignment of every pair, a letter of C S D I per step; checked against sclite's own table of sums."""
    with tempfile.TemporaryDirectory() as folder:
        for name, side in (("ref", 0), ("hyp", 1)):
            lines = [f"{text(pair[side])} (s_{number:05})\n" for number, pair in enumerate(pairs)]
            (pathlib.Path(folder) / name).write_text("".join(lines))

        def run(report):
            command = ["sctk", "sclite", "-s", "-r", "ref", "trn", "-h", "hyp", "trn", "-i", "rm", "-o", report, "stdout"]
            return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout

        paths = re.findall(r'<PATH id="\(s_(\d+)\)"[^>]*>\n(.*?)\n?</PATH>', run("sgml"), re.DOTALL)
        sums = [int(number) for number in re.findall(r"\d+", run("rsum").split("| Sum")[1].split("\n")[0])]
    assert [int(number) for number, _ in paths] == list(range(len(pairs)))
    alignments = ["".join(step[0] for step in path.split(":") if step) for _, path in paths]
    together = "".join(alignments)
    assert sums[2:6] == [together.count(letter) for letter in "CSDI"]
    return alignments


def errors(measured):
    return measured.substitutions + measured.deletions + measured.insertions


def main():
    pairs = list(random_pairs())
    with open(pathlib.Path(__file__).with_suffix(".txt"), "w", encoding="ascii") as out:
        for (reference, hypothesis), alignment in zip(pairs, sclite(pairs)):
            sides = ["".join(map(str, side)) or "-" for side in (reference, hypothesis)]
            words = errors(jiwer.process_words(text(reference), text(hypothesis)))
            characters = errors(jiwer.process_characters(text(reference), text(hypothesis)))
            print(*sides, alignment or "-", words, characters, file=out)


if __name__ == "__main__":
    main()
