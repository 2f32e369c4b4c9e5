#!/usr/bin/env python3
"""Draws what a calibration found, as the two pictures of docs/calibrate-your-model.md.

    calibration_picture.py --calibration calibration --search docs/calibrate-search.svg \\
        --candidates docs/calibrate-candidates.svg

The first picture has the cost of each point against its loss on the development set, and beside it the cost in the order in
which points were tried. The second has each candidate's loss on both sets, with interval and bound. All figures come from
points.csv and calibration.json of the calibration's folder. A dropped point has neither loss nor cost there, so that it
appears in the second panel alone, as a stroke above its number. A search that the script does not know gets a mark of its own.
"""
import argparse
import csv
import json
import pathlib

from svg_chart import BLUE, GREEN, GREY, ORANGE, RED, Panel, Picture

LOOKS = {"sobol": ("dot", BLUE), "descent": ("square", ORANGE), "tpe": ("triangle", GREEN)}
OTHERS = [("dot", "#9467bd"), ("square", "#8c564b"), ("triangle", "#e377c2")]  # searches that are not among the above
MARGIN = 0.06       # of a range, free at either end
MOST_LOSS = 2.5     # budgets; what loses more is outside of the picture


class Calibration:
    """The folder of a calibration, with losses in points or percent as it was asked for, and costs over the dense one's."""

    def __init__(self, folder):
        self.report = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
        with (folder / "points.csv").open(encoding="utf-8", newline="") as file:
            self.points = list(csv.DictReader(file))
        self.scale = self.report["dense_cost"] or 1.0
        self.budget = self.report["max_loss"]
        for point in self.points:
            point["whole"] = point["loss"] != ""
            if point["whole"]:
                point["x"], point["y"] = float(point["cost"]) / self.scale, float(point["loss"])
        known = [by for by in LOOKS if any(point["search"] == by for point in self.points)]
        others = sorted({point["search"] for point in self.points} - set(LOOKS))
        self.looks = {by: LOOKS[by] for by in known} | dict(zip(others, OTHERS))

    def loss_unit(self):
        metric = {"chrf": "chrF"}.get(self.report["metric"], self.report["metric"].upper())
        return f"% of the dense {metric}" if self.report["relative"] else f"points of {metric}"

    def cost_label(self):
        kind, _, chip = self.report["least"].partition(":")
        what = {"energy": "energy on " + chip, "seconds": "time on " + chip, "macs": "MACs executed",
                "rows": "rows of the decoder"}[kind]
        unit = {"energy": ", J", "seconds": ", s"}.get(kind, "")
        return what + (", × the dense network" if self.report["dense_cost"] else unit)

    def front(self):
        """The points within the budget that no other beats in both loss and cost, the cheapest first."""
        front = []
        for point in sorted((point for point in self.points if point["whole"] and point["y"] <= self.budget),
                            key=lambda point: (point["x"], point["y"])):
            if not front or point["y"] < front[-1]["y"]:
                front.append(point)
        return front


def padded(low, high):
    room = MARGIN * ((high - low) or 1.0)
    return low - room, high + room


def legend(picture, calibration, x, y):
    """A line for each part of the search, how many points it proposed and how many of them were dropped."""
    for by, (shape, colour) in calibration.looks.items():
        own = [point for point in calibration.points if point["search"] == by]
        dropped = sum(point["dropped"] != "" for point in own)
        picture.mark(shape, x, y - 3, colour)
        picture.text(x + 9, y, f"{by}: {len(own)} points, {dropped} dropped")
        x += 165


def draw_search(calibration, path):
    picture = Picture(720, 336)
    left = [point for point in calibration.points if point["whole"] and point["y"] <= MOST_LOSS * calibration.budget]
    if not left:
        raise SystemExit("no point ran on the whole development set, so there is nothing to draw")
    costs = padded(min(point["x"] for point in left), max(point["x"] for point in left))
    losses = padded(min(0.0, *(point["y"] for point in left)),
                    max(calibration.budget, *(point["y"] for point in left)))
    against_loss(picture, calibration, left, Panel(picture, 48, 28, 300, 240, costs, losses))
    by_number(picture, calibration, left, Panel(picture, 404, 64, 300, 204, (-3, len(calibration.points) + 4), costs))
    legend(picture, calibration, 52, 325)
    picture.write(path)


def against_loss(picture, calibration, points, panel):
    panel.axes(calibration.cost_label(), "loss on " + calibration.report["development"]["name"] + ", "
               + calibration.loss_unit(), "cost against loss")
    panel.line([(panel.across[0], calibration.budget), (panel.across[1], calibration.budget)], RED, 1, "4 2")
    picture.text(panel.left + panel.width - 4, panel.y(calibration.budget) - 4, "budget", "end", RED)
    front = calibration.front()
    steps = []
    for point in front:
        steps += [(point["x"], steps[-1][1] if steps else point["y"]), (point["x"], point["y"])]
    if front:
        panel.line(steps, GREY, 1)
    for point in points:
        shape, colour = calibration.looks[point["search"]]
        panel.mark(shape, point["x"], point["y"], colour, filled=point["y"] <= calibration.budget)
    if any(point["y"] > calibration.budget for point in points):
        picture.text(panel.left + panel.width, panel.top - 8, "hollow: beyond the budget", "end", GREY)
    best = best_of(calibration)
    if best:
        picture.add(f'<circle cx="{panel.x(best["x"]):.2f}" cy="{panel.y(best["y"]):.2f}" r="7" fill="none" '
                    f'stroke="{RED}" stroke-width="1.4"/>')
        picture.text(panel.x(best["x"]) + 10, panel.y(best["y"]) + 12, "confirmed", colour=RED)


def best_of(calibration):
    found = [point for point in calibration.points if point["point"] == str(calibration.report["best"])]
    return found[0] if found else None


def by_number(picture, calibration, points, panel):
    """Costs in the order of the points; above the panel a stroke for each that was dropped."""
    panel.axes("number of the point", calibration.cost_label())
    picture.text(panel.left, panel.top - 44, "cost in the order of the search", size=10, bold=True)
    picture.text(panel.left, panel.top - 26, "dropped:")
    for point in calibration.points:
        if point["dropped"]:
            colour = calibration.looks[point["search"]][1]
            x = panel.x(int(point["point"]))
            picture.line([(x, panel.top - 20), (x, panel.top - 4)], colour, 0.9)
    least, steps = None, []
    for point in points:
        if point["y"] <= calibration.budget and (least is None or point["x"] < least):
            number = int(point["point"])
            steps += ([(number, least)] if least is not None else []) + [(number, point["x"])]
            least = point["x"]
    if steps:
        panel.line([*steps, (len(calibration.points), least)], GREY, 1)
    for point in points:
        shape, colour = calibration.looks[point["search"]]
        panel.mark(shape, int(point["point"]), point["x"], colour, filled=point["y"] <= calibration.budget)


def draw_candidates(calibration, path):
    report, rows = calibration.report, calibration.report["candidates"]
    if not rows:
        raise SystemExit("the calibration has no candidates, so there is nothing to draw")
    values = [0.0, calibration.budget]
    for row in rows:
        values += [row["development_loss"], row["confirm_loss"], row["confirm_bound"]]
        if row["development_interval"]:
            values += interval_of(row)
    values = [value for value in values if value is not None]
    height = 26 * len(rows)
    picture = Picture(720, height + 92)
    panel = Panel(picture, 120, 26, 460, height, padded(min(values), max(values)), (len(rows), 0))
    panel.axes("loss, " + calibration.loss_unit())
    panel.line([(0, 0), (0, len(rows))], GREY, 0.8)
    panel.line([(calibration.budget, 0), (calibration.budget, len(rows))], RED, 1, "4 2")
    picture.text(panel.x(calibration.budget), panel.top - 5, "budget", "middle", RED)
    for n, row in enumerate(rows):
        candidate(picture, calibration, panel, n, row)
    picture.text(panel.left - 8, panel.top - 5, "candidate", "end")
    picture.text(panel.left + panel.width + 8, panel.top - 5, "cost, × dense" if report["dense_cost"] else "cost")
    confidence = f"{100 * report['confidence']:g} %"
    y = panel.top + height + 52
    picture.mark("dot", 60, y - 3, BLUE)
    picture.text(69, y, f"{report['development']['name']}, interval of all candidates at {confidence}")
    picture.mark("square", 330, y - 3, ORANGE)
    picture.text(339, y, f"{report['confirm']['name']}, the loss and its upper bound at {confidence}, which must stay within the budget")
    picture.write(path)


def interval_of(row):
    interval = row["development_interval"]
    return [interval["low"], interval["high"]] if isinstance(interval, dict) else list(interval)


def candidate(picture, calibration, panel, n, row):
    best = row["point"] == calibration.report["best"]
    verdict = "confirmed" if best else "passed" if row["passed"] else "failed" if row["tested"] else "not tested"
    middle = panel.y(n + 0.5)
    picture.text(panel.left - 8, middle + 3, f"point {row['point']}", "end", bold=best)
    cost = row["cost"] / calibration.scale
    picture.text(panel.left + panel.width + 8, middle + 3, f"{cost:.3f}  {verdict}" if calibration.scale != 1.0
                 else f"{cost:.4g}  {verdict}", bold=best, colour="black" if row["tested"] else GREY)
    if row["development_interval"]:
        panel.line([(value, n + 0.33) for value in interval_of(row)], BLUE, 1.2)
    panel.mark("dot", row["development_loss"], n + 0.33, BLUE)
    if row["confirm_bound"] is not None:
        panel.line([(row["confirm_loss"], n + 0.68), (row["confirm_bound"], n + 0.68)], ORANGE, 1.2)
        panel.line([(row["confirm_bound"], n + 0.55), (row["confirm_bound"], n + 0.81)], ORANGE, 1.2)
        panel.mark("square", row["confirm_loss"], n + 0.68, ORANGE, size=2.8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calibration", type=pathlib.Path, required=True)
    parser.add_argument("--search", type=pathlib.Path, required=True)
    parser.add_argument("--candidates", type=pathlib.Path, required=True)
    options = parser.parse_args()
    calibration = Calibration(options.calibration)
    draw_search(calibration, options.search)
    draw_candidates(calibration, options.candidates)
    print(f"wrote {options.search}, {options.candidates}")


if __name__ == "__main__":
    main()
