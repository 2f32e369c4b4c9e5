#!/usr/bin/env python3
"""Compares the search of `edgeval calibrate` with random search and with Optuna's samplers, for the table in docs/calibration.md.

    search_comparison.py --grid FOLDER --search build/tests/calibration_search --cost reuse32_joules --budget 0.5 1 2 --work study

FOLDER is a finished sweep by `--draw grid`, with the dense network. So every search looks at points that ran, and a search with
many seeds takes seconds. A range is searched as the whole numbers of its values.
Combinations that the rules of policies refuse cost nothing.

For each seed the search of edgeval goes first, with the sure rule where the metric counts errors. The others go on until they
have executed as many MACs. Random search is measured raced as edgeval's is, and with points that run to the end, as Optuna's
do: TPESampler(multivariate=True, constraints_func=...) and NSGAIISampler(constraints_func=...), one trial after the other, with
the cost for the objective and loss minus budget for the constraint. A point that comes again costs nothing; Optuna may try four times --points.

Prints a row for each search: the mean over the seeds of the least cost within the budget, divided by the dense network's, with
a 95 % interval (t), the mean excess over the cheapest point of the grid, and in how many seeds edgeval's was cheaper, equal and
dearer. A search that finds nothing within the budget counts as the dense network. Needs Optuna.
"""
import argparse
import csv
import json
import math
import pathlib
import random
import statistics
import subprocess

T95 = {4: 2.776, 9: 2.262, 19: 2.093, 29: 2.045}  # two-sided, by degrees of freedom


class Grid:
    """The points of a sweep over a grid: `axes` has the values of each dimension, `points` maps their numbers to a row."""

    def __init__(self, folder, metric, cost):
        rows = list(csv.DictReader((folder / "points.csv").read_text().splitlines()))
        dense = [row for row in rows if row["point"].startswith("dense")][-1]
        rows = [row for row in rows if not row["point"].startswith("dense")]
        settings = {}
        for line in (folder / "points.jsonl").read_text().splitlines():
            entry = json.loads(line)
            settings[entry["point"]] = entry["settings"]
        keys = list(settings[1])
        columns = {key: [settings[int(row["point"])][key] for row in rows] for key in keys}
        # Keys that always have equal values are tied, and are one axis.
        axes = [key for at, key in enumerate(keys) if not any(columns[key] == columns[before] for before in keys[:at])]
        self.values = [sorted(set(columns[key])) for key in axes]
        # A grid does not say which --vary was a list: up to three whole numbers are taken for one, without an order.
        self.lists = [len(values) <= 3 and all(isinstance(value, int) for value in values) for values in self.values]
        self.worse = 1 if metric == "wer" else -1
        self.dense_cost, self.dense_value = float(dense[cost]), float(dense[metric])
        errors, words = self.errors(folder) if metric == "wer" else ({}, 0)
        self.words, self.dense_errors = words, errors.get(len(rows) + 1, [])
        self.points = {}
        for row in rows:
            number = int(row["point"])
            at = tuple(values.index(settings[number][key]) for key, values in zip(axes, self.values))
            self.points[at] = {"at": at, "loss": self.worse * (float(row[metric]) - self.dense_value), "macs": int(row["macs"]),
                               "costs": {cost: float(row[cost])}, "cost": float(row[cost]), "errors": errors.get(number, [])}

    @staticmethod
    def errors(folder):
        """The errors of each utterance, by the number of the point, and the words of all. The dense network is the last."""
        blocks, words = {}, {}
        for line in (folder / "journal" / "1.jsonl").read_text().splitlines()[1:]:
            entry = json.loads(line)["entry"]
            blocks[entry["point"], entry["block"]] = [row[0] for row in entry["statistics"]]
            words[entry["block"]] = sum(row[1] for row in entry["statistics"])
        count, points = max(block for _, block in blocks), max(point for point, _ in blocks)
        return ({point: [error for block in range(1, count + 1) for error in blocks[point, block]] for point in range(1, points + 1)},
                sum(words.values()))

    def best(self, budget):
        return min((point["cost"] for point in self.points.values() if point["loss"] <= budget + 1e-9), default=self.dense_cost)

    def write(self, path):
        head = {"axes": [{"values": len(values), "list": is_list} for values, is_list in zip(self.values, self.lists)],
                "words": self.words, "dense": self.dense_errors}
        path.write_text("".join(json.dumps(line) + "\n" for line in [head, *self.points.values()]))


class Work:
    """What a search has executed, and the least cost within the budget that it has found."""

    def __init__(self, grid, budget, macs):
        self.grid, self.budget, self.left, self.least, self.seen, self.points = grid, budget, macs, None, set(), 0

    def look(self, at):
        """The point of the numbers of its values, or nothing where the rules refuse it."""
        point = self.grid.points.get(tuple(at))
        if point is None:
            return None
        if point["at"] not in self.seen:
            self.seen.add(point["at"])
            self.points += 1
            self.left -= point["macs"]
            if point["loss"] <= self.budget + 1e-9 and (self.least is None or point["cost"] < self.least):
                self.least = point["cost"]
        return point


def at_random(work, seed):
    numbers = random.Random(seed)
    while work.left > 0 and len(work.seen) < len(work.grid.points):
        work.look([numbers.randrange(len(values)) for values in work.grid.values])


def by_optuna(name, most):
    import optuna
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def search(work, seed):
        excess = lambda trial: (trial.user_attrs.get("excess", 1e9),)
        sampler = {"tpe": lambda: optuna.samplers.TPESampler(seed=seed, multivariate=True, constraints_func=excess),
                   "nsga2": lambda: optuna.samplers.NSGAIISampler(seed=seed, constraints_func=excess)}[name]()
        study = optuna.create_study(sampler=sampler)
        trials = 0
        while work.left > 0 and trials < most:
            trial, trials = study.ask(), trials + 1
            at = []
            for axis, (values, is_list) in enumerate(zip(work.grid.values, work.grid.lists)):
                if is_list:
                    at.append(trial.suggest_categorical(f"axis{axis}", list(range(len(values)))))
                else:
                    at.append(trial.suggest_int(f"axis{axis}", 0, len(values) - 1))
            point = work.look(at)
            if point is None:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
                continue
            trial.set_user_attr("excess", point["loss"] - work.budget)
            study.tell(trial, point["cost"])
    return search


def interval(values):
    if len(values) - 1 not in T95:
        return float("nan")
    return T95[len(values) - 1] * statistics.stdev(values) / math.sqrt(len(values))


def compare(grid, given, budget, table):
    command = [given.search, str(table), given.cost, str(budget), str(given.seeds), str(given.points)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    own = [json.loads(line) for line in lines]
    dense = grid.dense_cost
    found = {"edgeval": [run["search"]["cost"] or dense for run in own],
             "random, raced": [run["random"]["cost"] or dense for run in own]}
    points = {"edgeval": [run["search"]["points"] for run in own], "random, raced": [run["random"]["points"] for run in own]}
    for name, search in (("random", at_random), ("Optuna's TPE", by_optuna("tpe", 4 * given.points)), ("Optuna's NSGA-II", by_optuna("nsga2", 4 * given.points))):
        works = []
        for run in own:
            work = Work(grid, budget, run["search"]["macs"])
            search(work, run["seed"])
            works.append(work)
        found[name] = [work.least or dense for work in works]
        points[name] = [work.points for work in works]
    best = grid.best(budget)
    print(f"\nbudget {budget:g}: the cheapest point of the grid has {best / dense:.4f}; edgeval's search executed "
          f"{statistics.mean(run['search']['macs'] for run in own):.4g} MACs on average")
    print("| search | points | least cost, of dense | above the grid's | edgeval cheaper, equal, dearer |")
    print("|---|---|---|---|---|")
    for name, values in found.items():
        ratios = [value / dense for value in values]
        cheaper = [sum(mine < other for mine, other in zip(found["edgeval"], values)),
                   sum(mine == other for mine, other in zip(found["edgeval"], values)),
                   sum(mine > other for mine, other in zip(found["edgeval"], values))]
        verdict = "" if name == "edgeval" else ", ".join(map(str, cheaper))
        print(f"| {name} | {statistics.mean(points[name]):.0f} | {statistics.mean(ratios):.4f} ± {interval(ratios):.4f} | "
              f"{100 * statistics.mean(value / best - 1 for value in values):.2f} % | {verdict} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", required=True, type=pathlib.Path)
    parser.add_argument("--search", required=True)
    parser.add_argument("--metric", default="wer")
    parser.add_argument("--cost", required=True, help="a column of points.csv, such as reuse32_joules")
    parser.add_argument("--budget", required=True, type=float, nargs="+", help="points of the metric")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--points", type=int, default=256)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    given = parser.parse_args()
    grid = Grid(given.grid, given.metric, given.cost)
    table = given.work / "grid.jsonl"
    given.work.mkdir(parents=True, exist_ok=True)
    grid.write(table)
    print(f"{len(grid.points)} points, {given.seeds} seeds, cost {given.cost}, metric {given.metric}: dense {grid.dense_value:.2f}")
    for budget in given.budget:
        compare(grid, given, budget, table)


if __name__ == "__main__":
    main()
