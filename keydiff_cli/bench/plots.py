"""Pictures of benchmark results, with matplotlib (the extra ``bench``)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keydiff_cli.errors import UsageError
from keydiff_cli.system.files import require_writable, whole_file
from keydiff_cli.system.terminal import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = dict[str, Any]


def check_plot(path: Path | None, kept: Iterable[Path]) -> None:
    """Refuse what cannot be drawn before hours are spent on measuring; None draws nothing.

    Parameters
    ----------
    kept
        Files that a picture must not replace.

    Raises
    ------
    UsageError
        If matplotlib is missing, or the file cannot be written, is one of ``kept`` or ends in
        neither ``.png`` nor ``.svg``.
    """
    if path is None:
        return
    if path.suffix.lower() not in (".png", ".svg"):
        raise UsageError(f"--plot: {path} must end in .png or .svg")
    if os.path.realpath(path) in map(os.path.realpath, kept):
        raise UsageError(f"--plot: the results are kept in {path}; name another file")
    require_writable(path, "--plot")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError('--plot needs matplotlib: pip install "keydiff-cli[bench]"') from None


def heat_map(grid: Sequence[Row], path: Path) -> None:
    """Needles found, depth against budget and length, one panel per policy."""
    depths = sorted({row["depth"] for row in grid})
    columns: dict[str, list[tuple[int | None, int]]] = {}  # of each policy: budget and length
    for row in grid:
        mine = columns.setdefault(row["policy"], [])
        if (row["budget"], row["length"]) not in mine:
            mine.append((row["budget"], row["length"]))
    widths = [len(mine) for mine in columns.values()]
    figure = _figure(1.5 + 0.5 * sum(widths) + 0.4 * len(widths), 1.2 + 0.4 * len(depths))
    panels = figure.subplots(1, len(widths), squeeze=False, sharey=True, width_ratios=widths)[0]
    for panel, (policy, mine) in zip(panels, columns.items(), strict=True):
        found = np.full((len(depths), len(mine)), np.nan)
        for row in grid:
            if row["policy"] == policy:
                place = depths.index(row["depth"]), mine.index((row["budget"], row["length"]))
                found[place] = row["rate"]
                text = f"{100 * row['rate']:.0f}"
                colour = "black" if row["rate"] > 0.6 else "white"
                panel.text(*place[::-1], text, color=colour, ha="center", va="center", fontsize=7)
        panel.imshow(found, vmin=0, vmax=1, cmap="viridis", aspect="auto")
        labels = [f"{length if budget is None else budget}\nof {length}" for budget, length in mine]
        panel.set_xticks(range(len(mine)), labels, fontsize=7)
        panel.set_yticks(range(len(depths)), [f"{100 * depth:.0f} %" for depth in depths])
        panel.set_title(_name(policy).replace(":", "\n").replace("-", "-\n"), fontsize=8)
    panels[0].set_ylabel("depth of the needle")
    figure.supxlabel("tokens kept", fontsize=9)
    _save(figure, path)


def rates(results: Sequence[Row], path: Path) -> None:
    """Rates with their 95 % intervals over budgets, one panel per task and length."""
    panels_of = list(dict.fromkeys((row["task"], row["length"]) for row in results))
    policies = list(dict.fromkeys(row["policy"] for row in results if row["budget"] is not None))
    figure = _figure(1.5 + 2.6 * len(panels_of), 3.6)
    panels = figure.subplots(1, len(panels_of), squeeze=False, sharey=True)[0]
    for panel, (task, length) in zip(panels, panels_of, strict=True):
        rows = [row for row in results if (row["task"], row["length"]) == (task, length)]
        for row in rows:
            if row["budget"] is None:  # it keeps everything
                panel.axhline(row["rate"], color="black", linewidth=1, label=_name(row["policy"]))
                panel.axhspan(row["low"], row["high"], color="black", alpha=0.08)
        found = {row["budget"] for row in rows if row["budget"] is not None}
        budgets = sorted(found, key=lambda budget: (isinstance(budget, str), Fraction(budget)))
        for number, policy in enumerate(policies):
            mine = [row for row in rows if row["policy"] == policy and row["budget"] is not None]
            shift = 0.6 * ((number + 0.5) / len(policies) - 0.5)
            middle = np.array([row["rate"] for row in mine])
            low = middle - np.array([row["low"] for row in mine])
            high = np.array([row["high"] for row in mine]) - middle
            panel.errorbar(
                [budgets.index(row["budget"]) + shift for row in mine],
                middle,
                yerr=[low, high],
                marker="o",
                markersize=4,
                linewidth=0,
                elinewidth=1,
                label=_name(policy),
            )
        panel.set_xticks(range(len(budgets)), [str(budget) for budget in budgets])
        title = _name(task) if length is None else f"{_name(task)}, {length} tokens"
        panel.set_title(title, fontsize=9)
        panel.set_xlabel("budget, tokens")
        panel.set_xlim(-0.5, max(len(budgets), 1) - 0.5)
        panel.set_ylim(-0.03, 1.03)
    panels[0].set_ylabel("score")
    panels[-1].legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.02, 1))
    _save(figure, path)


def _name(text: str) -> str:
    """A name that matplotlib shows as it is: a dollar would begin a formula."""
    return printable(text).replace("$", r"\$")


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: Figure, path: Path) -> None:
    import matplotlib

    kind = path.suffix.lower().removeprefix(".")
    # Neither the date nor random names: the same results make the same file.
    with matplotlib.rc_context({"svg.hashsalt": "keydiff"}), whole_file(path) as file:
        figure.savefig(
            file, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None
        )
