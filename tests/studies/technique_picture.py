"""Draws the first table of docs/an4.md: word errors against energy, a point for each technique.

    python3 tests/studies/technique_picture.py --table docs/an4.md --figure docs/an4.svg

Wants matplotlib. Of several accelerators in a row the one is taken on which the technique saves most. Rows that lose
more than the picture shows are named with the number of rows left out.
"""

import argparse
import pathlib
import re

MOST_ERRORS = 15.0  # percent


def rows(text):
    """(name, WER, energy over dense, accelerator) of the first table."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if found and not line.startswith("|"):
            break
        if not line.startswith("|") or len(cells) != 5 or not re.fullmatch(r"[0-9.]+", cells[2]):
            continue
        prices = [(float(ratio), chip) for chip, ratio in (entry.split() for entry in cells[4].split(", "))]
        energy, chip = min(prices)
        found.append((cells[0], float(cells[2]), energy, chip))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", required=True)
    parser.add_argument("--figure", required=True)
    options = parser.parse_args()

    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "edgeval", "svg.fonttype": "none", "font.size": 9})
    import matplotlib.pyplot as plot

    table = [row for row in rows(pathlib.Path(options.table).read_text()) if not row[0].startswith("—")]
    shown = [row for row in table if row[1] <= MOST_ERRORS and not row[0].startswith("dense")]
    dense = next(row for row in table if row[0] == "dense, fp32")
    chips = sorted({row[3] for row in shown})
    figure, axes = plot.subplots(figsize=(9.4, 4.4))
    shown.sort(key=lambda row: row[2])
    colours = dict(zip(chips, ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple", "tab:brown")))
    for chip in chips:
        points = [row for row in shown if row[3] == chip]
        axes.scatter([row[2] for row in points], [row[1] for row in points], s=150, color=colours[chip], label=chip, zorder=3)
    # A number in each point, its technique beside the picture; points that cover each other have theirs side by side.
    for number, (name, wer, energy, chip) in enumerate(shown, 1):
        axes.text(energy, wer, str(number), ha="center", va="center_baseline", color="white", fontsize=7.5, zorder=4)
        axes.text(1.02, 0.99 - 0.058 * (number - 1), f"{number:2d}  {name}", transform=axes.transAxes, va="top", fontsize=8,
                  color=colours[chip])
    axes.axhline(dense[1], color="0.6", linewidth=0.8, linestyle="--", zorder=1)
    axes.text(0.99, dense[1] - 0.04, "dense, fp32", ha="right", va="top", color="0.4", fontsize=8)
    axes.set_xlim(0.15, 1.0)
    axes.set_xlabel("energy, × the dense network on the same chip")
    axes.set_ylabel("word error rate, %")
    axes.grid(color="0.9", zorder=0)
    axes.legend(title="priced on", loc="upper center", fontsize=8, markerscale=0.6)
    figure.tight_layout()
    figure.savefig(options.figure, metadata={"Date": None})
    hidden = [row[0] for row in table if row[1] > MOST_ERRORS]
    print(f"{options.figure}: {len(shown)} techniques; beyond {MOST_ERRORS:g} % and left out: {', '.join(hidden)}")


if __name__ == "__main__":
    main()
