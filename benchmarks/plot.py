"""Draws the table of docs/performance.md that benchmarks.speed writes, so that plot and table say the same.

    python benchmarks/plot.py docs/performance.md docs/images/speed.svg

benchmarks.speed runs it with the Python of an environment in which Matplotlib is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt

BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
DRAWN = {
    "alembic": ("alembic check", "tab:red"),
    "models": ("check, models", "tab:purple"),
    "frozen": ("check, frozen file", "tab:blue"),
    "remembered": ("check, remembered", "tab:green"),
    "bare": ("the driver alone", "tab:gray"),
}
PANELS = ("ms of the client's processor", "ms passed")


def main() -> None:
    page, image = map(Path, sys.argv[1:])
    tables, rows = figures(page.read_text(encoding="utf-8"))
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "schema-guard", "font.size": 9})
    figure, panels = plt.subplots(1, len(PANELS), figsize=(9, 3.6), sharex=True, sharey=True, layout="constrained")
    for place, (panel, title) in enumerate(zip(panels, PANELS, strict=True)):
        for name, (label, colour) in DRAWN.items():
            if name in rows:
                panel.plot(tables, [cell[place] for cell in rows[name]], "o-", color=colour, label=label, markersize=4)
        panel.set(xscale="log", yscale="log", title=title, xlabel="tables")
        panel.set_xticks(tables, [f"{number:,}" for number in tables], minor=False)
        panel.set_xticks([], minor=True)
        panel.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        panel.grid(alpha=0.3)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center", frameon=False)
    figure.savefig(image, metadata={"Date": None})


def figures(page: str) -> tuple[list[int], dict[str, list[tuple[float, float]]]]:
    """Numbers of tables; for each line of the table the milliseconds of the processor and those that passed.

    Raises ValueError: the table is not there, or of another form.
    """
    _, _, rest = page.partition(BEGIN)
    lines = [line for line in rest.partition(END)[0].splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    tables = [int(cell.split()[0].replace(",", "")) for cell in cells[0][1:]]
    rows = {}
    for name, *taken in cells[2:]:
        parts = [[float(part.replace(",", "")) for part in cell.split("/")] for cell in taken if cell != "-"]
        if len(parts) == len(tables):
            rows[name] = [(part[0], part[1]) for part in parts]
    return tables, rows


if __name__ == "__main__":
    main()
