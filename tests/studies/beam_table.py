#!/usr/bin/env python3
"""BLEU, perplexity and time against the average beam width, for fixed and dynamic beams (P4: Jahier Pagliari et al., GLSVLSI 2019).

Every setting runs with `edgeval run` on the same sentences, one thread. Beside each dynamic or pruned setting stands the
BLEU that fixed widths reach at its average width and at its number of decoder rows, interpolated linearly between the two
neighbours. Results are kept in --work and not computed again. With matplotlib there, --figure draws the table.

    python3 tests/studies/beam_table.py --edgeval build/edgeval --model datasets/captions/multi30k-en-de.safetensors \
        --source test_2016_flickr.en.gz --reference test_2016_flickr.de.gz --work study --figure docs/beam.svg
"""
import argparse
import hashlib
import json
import pathlib
import subprocess
import sys

FIXED = [1, 2, 3, 4, 5, 6, 8, 10]
# P4's table 1: least and greatest width, sigma_min, sigma_max.
PUBLISHED = [(1, 2, 0.1, 2.2), (1, 2, 0.1, 3.1), (1, 3, 0.1, 1.7), (1, 3, 0.1, 2.2), (1, 3, 0.1, 3.1), (2, 4, 0.1, 0.6),
             (2, 4, 0.1, 1.3), (2, 4, 0.1, 1.7), (2, 5, 0.1, 1.7)]
FURTHER = [(1, 4, 0.1, 1.7), (1, 5, 0.1, 1.7), (1, 5, 0.1, 3.1), (2, 5, 0.1, 3.1), (3, 5, 0.1, 1.7), (1, 10, 0.1, 1.7),
           (2, 10, 0.1, 3.1)]
PRUNED = [(5, 0.6, 2.5), (5, 0.1, 2.5), (10, 0.01, 5)]


def settings():
    for width in FIXED:
        yield "fixed", f"{width}", ["beam.type=fixed", f"beam.width={width}"]
    for least, most, low, high in PUBLISHED + FURTHER:
        yield "dynamic", f"{least}/{most}, {low}/{high}", [
            "beam.type=dynamic", f"beam.min={least}", f"beam.max={most}", f"beam.sigma_min={low}", f"beam.sigma_max={high}"]
    for width, relative, absolute in PRUNED:
        yield "pruned", f"{width}, {relative}/{absolute}", [
            "beam.type=pruned", f"beam.width={width}", f"beam.relative={relative}", f"beam.absolute={absolute}"]


def run(options, changes):
    """The report of one setting; the time is the least of --repeats runs."""
    name = hashlib.sha256(json.dumps([options.model, options.source, options.set, changes]).encode()).hexdigest()[:16]
    folder = options.work / name
    if not (folder / "report.json").exists() or not (folder / "seconds").exists():
        command = [options.edgeval, "run", "--model", options.model, "--data", options.source, "--reference", options.reference,
                   "--no-reference", "--threads", "1", "--quiet", "--hardware", "cpu1", "--out", folder]
        for change in options.set + changes:
            command += ["--set", change]
        seconds = []
        for _ in range(options.repeats):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds.append(json.loads((folder / "report.json").read_text())["timing"]["seconds_engine"])
        (folder / "seconds").write_text(str(min(seconds)))
    report = json.loads((folder / "report.json").read_text())
    decoder = report["activity"]["decoder"]
    return {"width": decoder["average_beam_width"], "rows": decoder["rows_live"], "steps": decoder["steps"],
            "bleu": report["quality"]["bleu"]["value"], "signature": report["quality"]["bleu"]["signature"],
            "perplexity": report["quality"]["perplexity"]["predicted"], "model_seconds": report["energy"][0]["seconds"],
            "seconds": float((folder / "seconds").read_text())}


def interpolated(fixed, key, at):
    """BLEU of fixed widths where their `key` is `at`."""
    points = sorted((each[key], each["bleu"]) for each in fixed)
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if x0 <= at <= x1:
            return y0 + (y1 - y0) * (at - x0) / (x1 - x0)
    return points[0][1] if at < points[0][0] else points[-1][1]


def line_fit(rows):
    """Least squares of seconds = a + b rows; with the greatest relative deviation."""
    n = len(rows)
    mean_x = sum(each["rows"] for each in rows) / n
    mean_y = sum(each["seconds"] for each in rows) / n
    b = (sum((each["rows"] - mean_x) * (each["seconds"] - mean_y) for each in rows) /
         sum((each["rows"] - mean_x) ** 2 for each in rows))
    a = mean_y - b * mean_x
    return a, b, max(abs(each["seconds"] / (a + b * each["rows"]) - 1) for each in rows)


def table(rows):
    one = next(each for each in rows if each["kind"] == "fixed" and each["name"] == "1")
    fixed = [each for each in rows if each["kind"] == "fixed"]
    yield "| beam | setting | average width | rows | BLEU | against fixed, same width | same rows | perplexity | time | cpu1 |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for each in rows:
        beside = ["", ""]
        if each["kind"] != "fixed":
            beside = [f"{each['bleu'] - interpolated(fixed, key, each[key]):+.2f}" for key in ("width", "rows")]
        yield (f"| {each['kind']} | {each['name']} | {each['width']:.2f} | {each['rows']} | {each['bleu']:.2f} | {beside[0]} | "
               f"{beside[1]} | {each['perplexity']:.3f} | {each['seconds'] / one['seconds']:.2f} | "
               f"{each['model_seconds'] / one['model_seconds']:.2f} |")


def draw(rows, path):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "edgeval"
    import matplotlib.pyplot as plot
    one = next(each for each in rows if each["kind"] == "fixed" and each["name"] == "1")
    figure, axes = plot.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
    marks = {"fixed": "o-", "dynamic": "^", "pruned": "s"}
    for axis, (title, value) in zip(axes, [("BLEU", lambda each: each["bleu"]),
                                           ("perplexity of the hypotheses", lambda each: each["perplexity"]),
                                           ("time, over that of width 1", lambda each: each["seconds"] / one["seconds"])]):
        for kind, mark in marks.items():
            of_kind = [each for each in rows if each["kind"] == kind]
            axis.plot([each["width"] for each in of_kind], [value(each) for each in of_kind], mark, label=kind, markersize=5)
        axis.set_xlabel("average beam width")
        axis.set_title(title, fontsize=10)
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--edgeval", default="build/edgeval")
    parser.add_argument("--model", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE for every setting, such as arithmetic.type=int16")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--figure", type=pathlib.Path)
    options = parser.parse_args()
    rows = []
    for kind, name, changes in settings():
        rows.append({"kind": kind, "name": name, **run(options, changes)})
        print(f"{kind} {name}: width {rows[-1]['width']:.2f}, BLEU {rows[-1]['bleu']:.2f}", file=sys.stderr)
    print("\n".join(table(rows)))
    a, b, worst = line_fit([each for each in rows if each["kind"] != "pruned"])
    print(f"\nBLEU|{rows[0]['signature']}")
    print(f"seconds = {a:.3f} + {1e6 * b:.2f} x 10^-6 rows, at most {100 * worst:.1f} % off (fixed and dynamic)")
    if options.figure:
        draw(rows, options.figure)


if __name__ == "__main__":
    main()
