"""Heat maps of ``keydiff bench needle`` on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keydiff_cli.system.terminal import printable


def print_heat_maps(grid: Sequence[Mapping[str, Any]]) -> None:
    """Print a table of depths and lengths for each contender: the needles found, per cent.

    On a terminal the cells are coloured, from red (none) to green (all).
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    lengths = sorted({row["length"] for row in grid})
    rates = {
        (row["policy"], row["budget"], row["depth"], row["length"]): row["rate"] for row in grid
    }
    for policy, budget in dict.fromkeys((row["policy"], row["budget"]) for row in grid):
        console.print(Text(printable(f"{policy} {budget or ''}"), style="bold"))
        table = Table(box=None, pad_edge=False)
        table.add_column("depth", justify="right")
        for length in lengths:
            table.add_column(str(length), justify="right")
        for depth in sorted({row["depth"] for row in grid}):
            cells = [Text(f"{100 * depth:.0f} %")]
            for length in lengths:
                rate = rates.get((policy, budget, depth, length))
                if rate is None:
                    cells.append(Text("-"))
                    continue
                red, green = round(200 * (1 - rate)), round(150 * rate)
                cells.append(Text(f" {100 * rate:.0f} ", style=f"white on rgb({red},{green},0)"))
            table.add_row(*cells)
        console.print(table)
        console.print()
