"""Pictures of benchmark results, with matplotlib (the extra ``bench``)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keydiff_cli.errors import UsageError, setting
from keydiff_cli.system.files import require_writable, whole_file
from keydiff_cli.system.terminal import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = dict[str, Any]
Column = tuple[int | None, int]  # budget and length


def check_plot(path: Path | None, kept: Iterable[Path]) -> None:
    """Refuse what cannot be drawn before hours are spent on measuring; None draws nothing.

    Parameters
    ----------
    kept
        Files that a picture must not replace.

    Raises
    ------
    UsageError
        If matplotlib is missing, or the file cannot be written, is among ``kept``, or ends in
        neither ``.png`` nor ``.svg``.
    """
    if path is None:
        return
    if path.suffix.lower() not in (".png", ".svg"):
        raise UsageError(f"{setting('plot')}: {path} must end in .png or .svg")
    if os.path.realpath(path) in map(os.path.realpath, kept):
        raise UsageError(f"{setting('plot')}: the results are kept in {path}; name another file")
    require_writable(path, setting("plot"))
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError(
            f'{setting("plot")} needs matplotlib: pip install "keydiff-cli[bench]"'
        ) from None


def heat_map(grid: Sequence[Row], path: Path) -> None:
    """Needles found, depth against budget and length, one panel per policy."""
    depths = sorted({row["depth"] for row in grid})
    columns: dict[str, list[Column]] = {}  # of each policy, in the order that they come in
    for row in grid:
        column = row["budget"], row["length"]
        if column not in (listed := columns.setdefault(row["policy"], [])):
            listed.append(column)
    widths = [len(listed) for listed in columns.values()]
    figure = _figure(1.5 + 0.5 * sum(widths) + 0.4 * len(widths), 1.2 + 0.4 * len(depths))
    panels = figure.subplots(1, len(widths), squeeze=False, sharey=True, width_ratios=widths)[0]
    for panel, (policy, listed) in zip(panels, columns.items(), strict=True):
        _draw_grid(panel, [row for row in grid if row["policy"] == policy], depths, listed)
        panel.set_title(_name(policy).replace(":", "\n").replace("-", "-\n"), fontsize=8)
    panels[0].set_ylabel("depth of the needle")
    figure.supxlabel("tokens kept", fontsize=9)
    _save(figure, path)


def _draw_grid(
    panel: Axes, rows: Sequence[Row], depths: Sequence[float], columns: Sequence[Column]
) -> None:
    """Colour the rates of a policy, with their numbers."""
    rates = np.full((len(depths), len(columns)), np.nan)
    for row in rows:
        place = depths.index(row["depth"]), columns.index((row["budget"], row["length"]))
        rates[place] = row["rate"]
        colour = "black" if row["rate"] > 0.6 else "white"
        text = f"{100 * row['rate']:.0f}"
        panel.text(*place[::-1], text, color=colour, ha="center", va="center", fontsize=7)
    panel.imshow(rates, vmin=0, vmax=1, cmap="viridis", aspect="auto")
    # Without a budget everything is kept (``records`` reads no other record).
    labels = [f"{length if budget is None else budget}\nof {length}" for budget, length in columns]
    panel.set_xticks(range(len(columns)), labels, fontsize=7)
    panel.set_yticks(range(len(depths)), [f"{100 * depth:.0f} %" for depth in depths])


def rates(results: Sequence[Row], path: Path) -> None:
    """Rates with their 95 % intervals over budgets, one panel per task and length."""
    subjects = list(dict.fromkeys((row["task"], row["length"]) for row in results))
    policies = list(dict.fromkeys(row["policy"] for row in results if row["budget"] is not None))
    figure = _figure(1.5 + 2.6 * len(subjects), 3.6)
    panels = figure.subplots(1, len(subjects), squeeze=False, sharey=True)[0]
    for panel, (task, length) in zip(panels, subjects, strict=True):
        rows = [row for row in results if (row["task"], row["length"]) == (task, length)]
        _draw_rates(panel, rows, policies)
        title = _name(task) if length is None else f"{_name(task)}, {length} tokens"
        panel.set_title(title, fontsize=9)
    panels[0].set_ylabel("score")
    panels[-1].legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.02, 1))
    _save(figure, path)


def _draw_rates(panel: Axes, rows: Sequence[Row], policies: Sequence[str]) -> None:
    """A line for what keeps everything, and for every policy a bar at each of its budgets."""
    budgeted = [row for row in rows if row["budget"] is not None]
    for row in rows:
        if row["budget"] is None:
            panel.axhline(row["rate"], color="black", linewidth=1, label=_name(row["policy"]))
            panel.axhspan(row["low"], row["high"], color="black", alpha=0.08)
    budgets = sorted(
        {row["budget"] for row in budgeted},
        key=lambda budget: (isinstance(budget, str), Fraction(budget)),
    )
    for number, policy in enumerate(policies):
        tried = [row for row in budgeted if row["policy"] == policy]
        shift = 0.6 * ((number + 0.5) / len(policies) - 0.5)
        middle = np.array([row["rate"] for row in tried])
        low = middle - np.array([row["low"] for row in tried])
        high = np.array([row["high"] for row in tried]) - middle
        panel.errorbar(
            [budgets.index(row["budget"]) + shift for row in tried],
            middle,
            yerr=[low, high],
            marker="o",
            markersize=4,
            linewidth=0,
            elinewidth=1,
            label=_name(policy),
        )
    panel.set_xticks(range(len(budgets)), [str(budget) for budget in budgets])
    panel.set_xlabel("budget, tokens")
    panel.set_xlim(-0.5, max(len(budgets), 1) - 0.5)
    panel.set_ylim(-0.03, 1.03)


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
