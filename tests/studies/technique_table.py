#!/usr/bin/env python3
"""One table of all techniques on one model and corpus: settings are chosen on development data, figures are of the test data.

For each row every setting of its grid runs on the development part. Taken is the one with the fewest MACs (P1's normalised
ones where 8-bit MACs occur) among those with at most BUDGET points more WER there than the dense network. It then runs on
the test part. Rows without such a setting say so. Results are kept in --work and not computed again.

    python3 tests/studies/technique_table.py --edgeval build/edgeval --model an4-blstm3x128.safetensors --data an4 \
        --train train --dev dev --test test --work study
"""
import argparse
import concurrent.futures
import dataclasses
import hashlib
import itertools
import json
import pathlib
import subprocess
import sys


@dataclasses.dataclass
class Row:
    name: str
    settings: list           # lists of KEY=VALUE; one of them: nothing to choose
    budget: float = 1.0      # points of WER more than dense on the development part


def grid(fixed, axes):
    """Every combination of the axes' values after the fixed settings. An axis is {"KEY={} KEY={}": values}."""
    rows = []
    for values in itertools.product(*axes.values()):
        row = list(fixed)
        for formats, value in zip(axes, values):
            row += [setting.replace("{}", f"{value:g}") for setting in formats.split(" ")]
        rows.append(row)
    return rows


INT16, INT8 = ["arithmetic.type=int16"], ["arithmetic.type=int8"]
SKIP = INT16 + ["plan.type=similarity_skip"]
PRECISION = INT8 + ["operand.type=dynamic_precision"]
THRESHOLDS = [0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9]


def delta_axes(options):
    """h lies in (-1, 1), as does x of every layer but the first, unless rectified layers feed it (P1's network)."""
    first = [0.1, 0.2, 0.5, 1, 2, 3] if options.rows == "p1" else [0.02, 0.05, 0.1, 0.2]
    return {"operand.threshold_h={} operand.threshold_x={}": [0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2],
            "layers.{first}.operand.threshold_x={}": first}


def skip_rows(options):
    shifts = [8, 9, 10, 11] if options.rows == "p1" else [9, 10, 11]

    def skips(limit):
        every = grid(SKIP + [f"plan.max_consecutive={limit}"], {"plan.threshold={}": THRESHOLDS, "plan.shift={}": shifts})
        spared = [] if options.rows == "p1" else [settings + ["layers.{first}.plan.threshold=1"] for settings in every]
        return every + spared  # the first layer, which sees the features, never skipping
    pseudo = {"plan.threshold={}": [0.6, 0.7, 0.8, 0.9, 1], "plan.pseudo.threshold={}": [0, 0.2, 0.4, 0.6],
              "plan.pseudo.clip={}": [0.01, 0.02, 0.05, 0.1]}
    return [Row("skip, at most 1", skips("1")), Row("skip, at most 2", skips("2")), Row("skip, no limit", skips(".inf")),
            Row("skip (2) + pseudo-skip", grid(SKIP + ["plan.max_consecutive=2"], pseudo))]


def delta_rows(options):
    delta = INT16 + ["operand.type=delta"]
    return [Row("delta, hardly a loss (DEL1)", grid(delta, delta_axes(options)), 0.25), Row("delta (DEL2)", grid(delta, delta_axes(options)))]


def pro_del1_rows(del1):
    """Skip and pseudo-skip over the thresholds that the row DEL1 has chosen."""
    base = del1 + ["plan.type=similarity_skip", "plan.max_consecutive=2"]
    pseudo = {"plan.threshold={}": [0.6, 0.7, 0.8, 0.9, 1], "plan.pseudo.threshold={}": [0.2, 0.4, 0.6],
              "plan.pseudo.clip={}": [0.02, 0.05, 0.1]}
    return [Row("PRO_DEL1: skip (2) + DEL1", grid(base, {"plan.threshold={}": THRESHOLDS})),
            Row("PRO_DEL1 + pseudo-skip", grid(base, pseudo))]


def other_rows():
    dynamic = {"operand.margin={}": [0, 0.1], "operand.profiling_share={}": [0.02, 0.05],
               "operand.peak_share={}": [0.05, 0.2, 1], "operand.stable_share={}": [0.02, 0.05]}
    memo = [0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5]
    reuse = [Row(f"reuse, {n} clusters", [["operand.type=reuse", f"operand.clusters={n}"]]) for n in (8, 12, 16, 32)]
    return reuse + [
        Row("reuse, 12 to 64 clusters", grid(["operand.type=reuse"], {"operand.clusters={}": [12, 16, 24, 32, 48, 64]})),
        Row("dynamic precision", grid(PRECISION, dynamic)),
        Row("dynamic precision, 3 points allowed", grid(PRECISION, dynamic), 3.0),
        Row("dynamic precision, P0's 5 %", [PRECISION]),
        Row("memoization", grid(["operand.type=memoized"], {"operand.threshold={}": memo})),
        Row("memoization, oracle", grid(["operand.type=memoized", "operand.predictor=oracle"],
                                         {"operand.threshold={}": memo}))]


class Study:
    def __init__(self, options):
        self.options = options
        self.work = pathlib.Path(options.work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.profile = self.work / "profile.json"
        if not self.profile.exists():
            self.edgeval("profile", *self.data(options.train), "--out", self.profile)
        layers = json.loads(self.profile.read_text())["layers"]
        self.first = next(name for name, layer in layers.items() if layer["recurrent"]["elements"] > 0)

    def data(self, split):
        return ["--model", self.options.model, "--data", self.options.data, "--split", split, "--quiet"]

    def edgeval(self, *arguments):
        subprocess.run([self.options.edgeval, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

    def folder(self, split, settings):
        return self.work / hashlib.sha256(json.dumps([split, settings]).encode()).hexdigest()[:16]

    def prices(self, settings):
        """Of the run on the test part, by the accelerators of today."""
        out = self.folder(self.options.test, settings)
        self.edgeval("energy", "--report", out / "report.json", "--out", out / "energy.json")
        return json.loads((out / "energy.json").read_text())["energy"]

    def run(self, split, settings):
        """The report of a run, from the disk if it is there."""
        out = self.folder(split, settings)
        settings = [setting.replace("{first}", self.first) for setting in settings]
        if not (out / "report.json").exists():
            arguments = ["--threads", "1", "--no-reference", "--profile", self.profile, "--out", out]
            self.edgeval("run", *self.data(split), *arguments, *(["--set", *settings] if settings else []))
        return json.loads((out / "report.json").read_text())

    def best(self, row, pool):
        """The settings that the row takes, or None."""
        if len(row.settings) == 1:
            return row.settings[0]
        limit = self.run(self.options.dev, [])["quality"]["wer"]["value"] + row.budget
        reports = list(pool.map(lambda settings: self.run(self.options.dev, settings), row.settings))
        fit = [(cost(report), i) for i, report in enumerate(reports) if report["quality"]["wer"]["value"] <= limit + 1e-9]
        return row.settings[min(fit)[1]] if fit else None


def cost(report):
    work = report["work"]
    kind = "macs" if work["macs_norm16"]["policy"] is None else "macs_norm16"
    low = report["activity"]["totals"]["macs"]["4x4"]
    return (work[kind]["policy"] - low / 2) / work[kind]["dense"]


def share(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "-"


def shares(report):
    totals, work = report["activity"]["totals"], report["work"]
    parts = [f"{share(work['macs']['policy'], work['macs']['dense'])} of the MACs"]
    if totals["macs"]["8x8"] and totals["macs"]["16x16"]:
        parts.append(f"{share(work['macs_norm16']['policy'], work['macs_norm16']['dense'])} normalised")
    if totals["steps_skipped"]:
        parts.append(f"{share(totals['steps_skipped'], totals['steps'])} of the steps skipped")
    if totals["steps_pseudo"]:
        parts.append(f"{share(totals['steps_pseudo'], totals['steps'])} pseudo")
    if totals["elements_low"]:
        parts.append(f"{share(totals['elements_low'], totals['elements_low'] + totals['elements_high'])} at 4 bits")
    return ", ".join(parts)


def words(settings):
    return " ".join(s for s in settings if not s.endswith((".type=int16", ".type=int8")) or len(settings) == 1) if settings else ""


def line(name, settings, report, prices):
    wer = report["quality"]["wer"]
    energy = [f"{price['accelerator']} {price['joules'] / price['joules_dense']:.3f}" for price in prices
              if price["accelerator"] != "cpu1"]  # a yardstick, no chip
    return f"| {name} | `{words(settings)}` | {wer['value']:.2f} | {shares(report)} | {', '.join(energy)} |"


def at_random(report):
    """The settings of the random selector with the shares of a report."""
    totals = report["activity"]["totals"]
    high = totals["elements_high"] / (totals["elements_high"] + totals["elements_low"])
    return PRECISION + ["operand.selector=random", f"operand.high_share={high:.3f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("edgeval", "model", "data", "work"):
        parser.add_argument("--" + name, required=True)
    for name in ("train", "dev", "test"):
        parser.add_argument("--" + name, default=name, help="part of the data")
    parser.add_argument("--rows", choices=["all", "p1"], default="all", help="p1: the techniques of Jo et al. and delta")
    options = parser.parse_args()
    study = Study(options)
    print(f"| technique | settings, chosen on {options.dev} | WER, {options.test} | work | energy, × dense |\n|---|---|---|---|---|")

    def show(name, settings):
        print(line(name, settings, study.run(options.test, settings), study.prices(settings)) if settings is not None
              else f"| {name} | none within the budget | | | |", flush=True)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        show("dense, fp32", [])
        show("dense, int16", INT16)
        if options.rows == "all":
            show("dense, int8", INT8)
        rows = delta_rows(options) + skip_rows(options)
        chosen = {}
        for row in rows:
            chosen[row.name] = study.best(row, pool)
            show(row.name, chosen[row.name])
        if chosen[rows[0].name] is not None:
            for row in pro_del1_rows(chosen[rows[0].name]):
                show(row.name, study.best(row, pool))
        if options.rows == "p1":
            return
        for row in other_rows():
            chosen[row.name] = study.best(row, pool)
            show(row.name, chosen[row.name])
            if row.name.startswith("dynamic") and chosen[row.name] is not None:
                show("— without the offset bit", chosen[row.name] + ["operand.offset_bit=off"])
                show("— as many at 8 bits, at random", at_random(study.run(options.test, chosen[row.name])))


if __name__ == "__main__":
    sys.exit(main())
