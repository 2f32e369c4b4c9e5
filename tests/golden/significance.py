#!/usr/bin/env python3
"""Records the p-values of sacrebleu's paired tests for four pairs of systems, beside this file in significance.json.

    python3 -m venv venv && venv/bin/pip install sacrebleu==2.6.0
    venv/bin/python tests/golden/significance.py

A list of {"reference", "a", "b", "trials", "bleu": {...}, "chrf": {...}}; each score has "a", "b" and the p-values "bs"
(paired bootstrap) and "ar" (approximate randomization) of so many resamples and trials. The generators differ from
ours, so p agrees within the noise of sampling.
"""
import json
import pathlib
import random

from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest

TRIALS = 20_000
SENTENCES = 30
SEED = 20241121
WORDS = "a man is riding the red bike on street with two dogs and some people near old house , . in green shirt".split()
PAIRS = [(0.3, 0.3), (0.3, 0.36), (0.3, 0.42), (0.2, 0.5)]  # shares of words each system gets wrong


def wrong(rng, words, share):
    return " ".join(rng.choice(WORDS) if rng.random() < share else word for word in words)


def main():
    rng = random.Random(SEED)
    records = []
    for share_a, share_b in PAIRS:
        reference = [[rng.choice(WORDS) for _ in range(rng.randint(4, 14))] for _ in range(SENTENCES)]
        record = {"reference": [" ".join(words) for words in reference],
                  "a": [wrong(rng, words, share_a) for words in reference],
                  "b": [wrong(rng, words, share_b) for words in reference], "trials": TRIALS,
                  "bleu": {}, "chrf": {}}
        for kind in ("bs", "ar"):
            systems = [("a", record["a"]), ("b", record["b"])]
            _, scores = PairedTest(systems, {"BLEU": BLEU(), "CHRF": CHRF()}, [record["reference"]], test_type=kind,
                                   n_samples=TRIALS)()
            for name, key in (("BLEU", "bleu"), ("chrF2", "chrf")):
                baseline, system = scores[name]
                record[key] |= {"a": baseline.score, "b": system.score, kind: system.p_value}
        records.append(record)
    rows = ",\n".join(json.dumps(record) for record in records)
    pathlib.Path(__file__).with_suffix(".json").write_text(f"[\n{rows}\n]\n", encoding="ascii")


if __name__ == "__main__":
    main()
