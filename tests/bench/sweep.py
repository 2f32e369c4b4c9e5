#!/usr/bin/env python3
"""Times a sweep beside one run for each point.

    sweep.py EDGEVAL --model FILE --data PATH --split NAME --profile FILE [--points N] [--alone N] [--arithmetic NAME]
             [--last-layer NAME] [--threads N] [--limit N] [--keep FOLDER]

Half of the points are similarity skip with reuse, half with delta, with thresholds drawn at random. Of them `--alone` are also
run one by one. Their seconds, scaled by the steps that each point executes, give what all points would take one by one, and the
seconds of the engine alone among these are the bound: no layer is shared, since all points differ in the first one. With
`--last-layer` the points differ in that layer alone. Both sides use the same binary, threads and data; the figures of the two
sides are compared first. A second bound is what the multiplications of all points take at the speed of the dense network.
With `--alone 0` only the sweep runs, which shows its memory. Prints one line for each figure.
"""
import argparse
import csv
import json
import pathlib
import random
import resource
import subprocess
import tempfile
import time


def draw_points(count, last_layer, seed=5):
    draw = random.Random(seed)
    points = []
    for number in range(count):
        threshold = round(draw.uniform(0.5, 0.95), 4)
        if last_layer:
            points.append({f'layers."{last_layer}".plan.threshold': threshold})
        elif number < count // 2:
            points.append({"operand.type": "reuse", "operand.clusters": draw.randint(6, 32), "plan.threshold": threshold})
        else:
            points.append({"operand.type": "delta", "operand.threshold_x": round(draw.uniform(0.02, 0.3), 4),
                           "operand.threshold_h": round(draw.uniform(0.02, 0.2), 4), "plan.threshold": threshold})
    return points


def timed(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime, after.ru_maxrss


def family(point):
    return point.get("operand.type", "all")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edgeval")
    for name in ("--model", "--data", "--split", "--profile"):
        parser.add_argument(name, required=True)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--alone", type=int, default=20)
    parser.add_argument("--arithmetic", default="int8")
    parser.add_argument("--last-layer")
    parser.add_argument("--threads", default="2")
    parser.add_argument("--limit", default="100000000")
    parser.add_argument("--keep")
    given = parser.parse_args()
    folder = pathlib.Path(given.keep or tempfile.mkdtemp(prefix="sweep"))
    folder.mkdir(exist_ok=True)
    points = draw_points(given.points, given.last_layer)
    (folder / "list.jsonl").write_text("".join(json.dumps(point) + "\n" for point in points))
    common = ["--model", given.model, "--data", given.data, "--split", given.split, "--profile", given.profile, "--threads",
              given.threads, "--limit", given.limit, "--no-reference", "--quiet", "--hardware", "cpu1"]
    settings = ["--set", f"arithmetic.type={given.arithmetic}", "--set", "plan.type=similarity_skip", "--set",
                "plan.threshold=0.75"]
    subprocess.run([given.edgeval, "run", *common, "--set", f"arithmetic.type={given.arithmetic}", "--out",
                    str(folder / "dense")], check=True, stdout=subprocess.DEVNULL)  # also fills the cache of features
    dense = json.load(open(folder / "dense" / "report.json"))
    speed = dense["activity"]["totals"]["macs_dense"] / dense["timing"]["seconds_engine"]
    wall, user, peak = timed([given.edgeval, "sweep", *common, *settings, "--list", str(folder / "list.jsonl"), "--out",
                              str(folder / "sweep")])
    print(f"sweep: {given.points} points, {wall:.1f} s, {given.points / wall:.2f} points/s, {user:.1f} s of processors, "
          f"peak memory {peak / 1024:.0f} MB")
    if given.alone == 0:
        return
    rows = list(csv.DictReader(open(folder / "sweep" / "points.csv")))
    steps = [int(row["steps_run"]) + int(row["steps_pseudo"]) for row in rows]
    seen = {}
    for number in range(0, given.points, max(1, given.points // given.alone)):
        alone = timed([given.edgeval, "run", *common, "--policy", f"{folder / 'sweep'}:{number + 1}", "--out",
                       str(folder / "alone")])
        report = json.load(open(folder / "alone" / "report.json"))
        assert report["quality"]["wer"]["value"] == float(rows[number]["wer"]), "the sweep differs from the run"
        assert report["activity"]["totals"]["steps_skipped"] == int(rows[number]["steps_skipped"])
        sums = seen.setdefault(family(points[number]), [0, 0, 0, 0])
        for at, value in enumerate((steps[number], alone[0], alone[1], report["timing"]["seconds_engine"])):
            sums[at] += value
    total = [0, 0, 0]
    for number, point in enumerate(points):
        sums = seen[family(point)]
        for at in range(3):
            total[at] += steps[number] * sums[at + 1] / sums[0]
    print(f"one run for each point, scaled: {total[0]:.1f} s, {total[1]:.1f} s of processors")
    print(f"their engines alone (the bound where no layer is shared): {total[2]:.1f} s")
    print(f"their multiplications at the dense speed of {speed / 1e9:.2f} GMAC/s: {sum(int(row['macs']) for row in rows) / speed:.1f} s")
    print(f"sweep / one by one {wall / total[0]:.3f}, of processors {user / total[1]:.3f}; sweep / bound {wall / total[2]:.3f}")


if __name__ == "__main__":
    main()
