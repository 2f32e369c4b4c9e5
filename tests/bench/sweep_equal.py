#!/usr/bin/env python3
"""Compares every figure of a sweep's points with a run of each point alone.

    sweep_equal.py EDGEVAL --model FILE --data PATH --profile FILE [--split NAME] [--points N] [--seed N] [--keep FOLDER]
                   [--layers NAME,NAME,...] [--limit N] [--threads N]

The points are drawn at random from every plan, operand, arithmetic, nonlinearity and choice of weights, for all layers and for
single ones; combinations that a policy may not have are drawn again. Compared are metrics with their intervals and edits,
searches, energies, and every count of every layer and direction, which the journal has by blocks. Prints how many points were
equal and of which techniques they were, and ends with exit code 1 when a figure differs.
"""
import argparse
import collections
import csv
import json
import pathlib
import random
import subprocess
import sys
import tempfile

PLANS = [{"type": "every_step"}, {"type": "similarity_skip", "threshold": (0.5, 0.95)},
         {"type": "similarity_skip", "threshold": (0.6, 0.95), "max_consecutive": [1, 2, 5], "shift": [9, 10]},
         {"type": "similarity_skip", "threshold": (0.7, 0.95), "pseudo_threshold": (0.3, 0.6)}]
OPERANDS = [{"type": "as_is"}, {"type": "reuse", "clusters": list(range(6, 33))},
            {"type": "delta", "threshold_x": (0.02, 0.3), "threshold_h": (0.02, 0.2)},
            {"type": "memoized", "threshold": (0.1, 0.5), "predictor": ["binary", "oracle"]},
            {"type": "dynamic_precision"}, {"type": "dynamic_precision", "selector": ["random"]}]
ARITHMETICS = [{"type": "fp32"}, {"type": "int16"}, {"type": "int8"}]
NONLINEARITIES = [{"type": "exact"}, {"type": "table"}, {"type": "range_addressed"}, {"type": "piecewise_linear"}, {"type": "hard"}]
WEIGHTS = [{"type": "as_trained"}] * 4 + [{"type": name} for name in ("fixed_point", "power_of_two", "binary", "ternary")] + [
    {"type": "pruned", "share": (0.2, 0.8)}]
AXES = {"plan": PLANS, "operand": OPERANDS, "arithmetic": ARITHMETICS, "nonlinearity": NONLINEARITIES, "weights": WEIGHTS}


def settings_of(draw, axis, prefix):
    chosen = draw.choice(AXES[axis])
    settings = {}
    for key, value in chosen.items():
        if isinstance(value, tuple):
            value = round(draw.uniform(*value), 4)
        elif isinstance(value, list):
            value = draw.choice(value)
        settings[f"{prefix}{axis}.{key}"] = value
    return settings


def draw_point(draw, layers):
    point = {}
    for axis in AXES:
        if draw.random() < 0.6:
            point.update(settings_of(draw, axis, ""))
    for layer in layers:
        for axis in ("plan", "operand", "arithmetic"):
            if draw.random() < 0.1:
                point.update(settings_of(draw, axis, f'layers."{layer}".'))
    return point


def leaves(value):
    """Returns the numbers of a layer's counts in the order of the report, which is that of the journal."""
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    return [value]


def counts_of(journal):
    """Returns the counts [layer][count] of every point, summed over its blocks."""
    sums = {}
    for line in journal:
        entry = json.loads(line)["entry"]
        if "head" in entry:
            continue
        known = sums.setdefault(entry["point"], [[0] * len(layer) for layer in entry["counts"]])
        for total, layer in zip(known, entry["counts"]):
            for place, value in enumerate(layer):
                total[place] += value
    return sums


def differences(row, counts, report):
    expected = {}
    for name, metric in report["quality"].items():
        if not isinstance(metric, dict) or "ci95" not in metric:
            continue
        expected |= {name: metric["value"], f"{name}_low": metric["ci95"][0], f"{name}_high": metric["ci95"][1]}
        if "substitutions" in metric:
            expected |= {f"{name}_{part}": metric[part] for part in ("errors", "substitutions", "deletions", "insertions")}
    for price in report["energy"]:  # the sweep has those accelerators that can price all points
        if f"{price['accelerator']}_joules" not in row:
            continue
        expected |= {f"{price['accelerator']}_joules": price["joules"], f"{price['accelerator']}_ratio": price["ratio"]}
    totals = report["activity"]["totals"]
    expected |= {name: totals[name] for name in ("steps", "steps_run", "steps_skipped", "steps_pseudo", "macs_dense")}
    found = [f"{name}: {row[name]} in the sweep, {value} in the run" for name, value in expected.items()
             if float(row[name]) != value]
    for layer, summed in zip(report["activity"]["layers"], counts, strict=True):
        alone = leaves({key: value for key, value in layer.items() if key not in ("name", "direction", "shape")})
        if alone != summed:
            found.append(f"counts of {layer['name']} {layer['direction']}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edgeval")
    for name in ("--model", "--data", "--profile"):
        parser.add_argument(name, required=True)
    parser.add_argument("--split")
    parser.add_argument("--points", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep")
    parser.add_argument("--layers", default="lstm1,lstm2,lstm3", help="which may have a choice of their own")
    parser.add_argument("--limit", default="100000000")
    parser.add_argument("--threads", default="0")
    given = parser.parse_args()
    folder = pathlib.Path(given.keep or tempfile.mkdtemp(prefix="sweep"))
    folder.mkdir(exist_ok=True)
    common = ["--model", given.model, "--data", given.data, "--profile", given.profile, "--no-reference", "--quiet",
              "--threads", given.threads]
    if given.split:
        common += ["--split", given.split]
    draw = random.Random(given.seed)
    points = []
    while len(points) < given.points:
        point = draw_point(draw, given.layers.split(","))
        (folder / "one.jsonl").write_text(json.dumps(point) + "\n")
        fits = subprocess.run([given.edgeval, "sweep", *common, "--limit", "1", "--list", str(folder / "one.jsonl"), "--out",
                               str(folder / "dry"), "--dry-run"], capture_output=True)
        if fits.returncode == 0:
            points.append(point)
    common += ["--limit", given.limit]
    (folder / "list.jsonl").write_text("".join(json.dumps(point) + "\n" for point in points))
    subprocess.run([given.edgeval, "sweep", *common, "--list", str(folder / "list.jsonl"), "--out", str(folder / "sweep")],
                   check=True, stdout=subprocess.DEVNULL)
    rows = list(csv.DictReader(open(folder / "sweep" / "points.csv")))
    counts = counts_of(open(folder / "sweep" / "journal" / "1.jsonl"))
    types, unequal = collections.Counter(), 0
    for number, point in enumerate(points, 1):
        types.update({f"{key.split('.')[-2]} {value}" for key, value in point.items() if key.endswith(".type")})
        subprocess.run([given.edgeval, "run", *common, "--policy", f"{folder / 'sweep'}:{number}", "--out",
                        str(folder / "alone")], check=True, stdout=subprocess.DEVNULL)
        found = differences(rows[number - 1], counts[number], json.load(open(folder / "alone" / "report.json")))
        for difference in found:
            print(f"point {number}, {json.dumps(point)}: {difference}")
        unequal += 1 if found else 0
    print(f"{given.points - unequal} of {given.points} points are equal alone and in the sweep")
    print(", ".join(f"{name} {count}" for name, count in sorted(types.items())))
    sys.exit(1 if unequal else 0)


if __name__ == "__main__":
    main()
