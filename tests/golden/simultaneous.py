#!/usr/bin/env python3
"""Records bounds of the losses of points against one baseline, beside this file in simultaneous.json.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6
    venv/bin/python tests/golden/simultaneous.py

{"words": [N], "dense": [N], "points": [[N] errors ...], "resamples", "seed", "confidence", "scale" and for every point
"loss", "error", "interval", "upper" (max-T, with their "quantiles"), "bound" and "relative" (one more utterance)}. All
is written here from the definitions in eval/score/statistics/ with numpy's matrices, sort and quantile. The points'
errors are drawn with numpy; the last point but one differs nowhere, the last in one utterance.
"""
import json
import pathlib

import numpy

from splitmix import SplitMix64, stream

N, R, SEED, CONFIDENCE, SCALE = 40, 400, 9, 0.9, 20.0


def main():
    rng = numpy.random.default_rng(20261129)
    words = rng.integers(1, 12, N)
    dense = rng.binomial(words, 0.13)
    points = [dense + rng.binomial(2, share, N) - rng.binomial(numpy.minimum(dense, 1), 0.2)
              for share in (0.02, 0.05, 0.1, 0.2)]
    points.append(dense.copy())
    points.append(dense.copy())
    points[-1][3] += 1

    draws = SplitMix64(SEED)
    counts = numpy.zeros((R, N))
    for r in range(R):
        for _ in range(N):
            counts[r, draws.below(N)] += 1
    uniform = stream(SEED, 2)
    unseen = numpy.array([min((uniform.next() >> 11) * 2.0**-53 for _ in range(N)) for _ in range(R)])

    wer = lambda errors: 100 * (counts @ errors) / (counts @ words)
    score = lambda errors: 100 * errors.sum() / words.sum()
    loss = numpy.array([score(p) - score(dense) for p in points])
    resampled = numpy.array([wer(p) - wer(dense) for p in points])
    spread = resampled.std(axis=1, ddof=1)
    some = spread > 0
    t = (loss[some, None] - resampled[some]) / spread[some, None]
    two_sided = numpy.quantile(numpy.abs(t).max(axis=0), CONFIDENCE)
    upper = numpy.quantile(t.max(axis=0), CONFIDENCE)

    record = {"words": words.tolist(), "dense": dense.tolist(), "points": [p.tolist() for p in points], "resamples": R,
              "seed": SEED, "confidence": CONFIDENCE, "scale": SCALE, "quantiles": [two_sided, upper], "figures": []}
    for j, p in enumerate(points):
        none = (1 - (1 - CONFIDENCE) ** (1 / N)) * SCALE
        worst = max(SCALE, 100 * N * (p - dense).max() / words.sum())
        bound, relative = none, none / score(dense)
        if some[j]:
            bound = max(numpy.quantile((1 - unseen) * resampled[j] + unseen * worst, CONFIDENCE), loss[j])
            share = resampled[j] / wer(dense)
            relative = max(numpy.quantile((1 - unseen) * share + unseen * worst / score(dense), CONFIDENCE),
                           loss[j] / score(dense))
            if loss[j] >= 0:
                bound, relative = max(bound, none), max(relative, none / score(dense))
        record["figures"].append({
            "loss": loss[j], "error": spread[j],
            "interval": [loss[j] - two_sided * spread[j], loss[j] + two_sided * spread[j]] if some[j] else None,
            "upper": loss[j] + upper * spread[j] if some[j] else None, "bound": bound, "relative": relative})
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(record) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
