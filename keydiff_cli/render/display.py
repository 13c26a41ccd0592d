"""What the user sees: progress, notes and tables on stderr, answers on stdout. All of Rich."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from keydiff_cli.bench.events import BenchEvents
from keydiff_cli.build.events import BuildEvents
from keydiff_cli.report import Events, Progress, Report
from keydiff_cli.system.sizes import format_size
from keydiff_cli.system.terminal import Sanitizer, complain, escape_json, printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


def print_table(
    columns: Iterable[str], rows: Iterable[Iterable[object]], *, file: TextIO | None = None
) -> None:
    """A plain table; on a pipe it is as wide as its content, so nothing is cut."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    file = file or sys.stdout
    terminal = file.isatty()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=not terminal)
    for row in rows:
        table.add_row(*(Text(printable(str(cell))) for cell in row))
    console = Console(file=file, highlight=False, width=None if terminal else 10_000)
    with console.capture() as capture:
        console.print(table)
    file.writelines(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def print_stats(report: Report, file: TextIO) -> None:
    """Times, sizes and rates of a run."""
    print_table(("statistic", "value"), _statistics(report), file=file)


def print_json(value: object, *, indent: int | None = 2) -> None:
    """One JSON value on stdout; on one line if there is no indent."""
    print(escape_json(json.dumps(value, ensure_ascii=False, indent=indent)), flush=True)


_WIDE = 110  # columns of a terminal that has room for a bar


class Display(Events):
    """Progress and notes on stderr, the answer on stdout as it comes.

    Parameters
    ----------
    quiet
        Show warnings only.
    answer
        Print the answer; off when it goes into a JSON object.
    """

    def __init__(self, *, quiet: bool, answer: bool) -> None:
        self._quiet = quiet
        self._answer = answer
        self._sanitize = Sanitizer() if sys.stdout.isatty() else None
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._at_line_start = True

    def note(self, text: str) -> None:
        if not self._quiet:
            complain(text)

    def warning(self, text: str) -> None:
        self.end_line()
        complain(f"warning: {text}")

    def fetching(self, done: int, total: int) -> None:
        if self._show("fetching the model"):
            status = f"{format_size(done)} of {format_size(total)}"
            self._update(done, total, status)
            if done >= total:
                self.read()

    def started(self, report: Report) -> None:
        if self._quiet:
            return
        cache, planned = report.cache, report.memory_bytes["planned"] or 0
        cap = report.memory_bytes["cap"]
        under = f" of {format_size(cap)}" if cap else ""
        complain(
            f"{report.model['name']}, {cache['policy']} with a budget of {cache['budget']} tokens, "
            f"{format_size(planned)} planned{under}"
        )

    def reading(self, progress: Progress) -> None:
        place = progress.place
        if place is None or not self._show(f"reading {place.name}"):
            return
        rate = progress.fresh / max(progress.seconds, 1e-9)
        if place.unit == "pages":
            page = int(place.done) + 1
            read = (
                f"page {min(page, place.total)} of {place.total}" if place.total else f"page {page}"
            )
        else:
            read = format_size(place.done)
            read += f" of {format_size(place.total)}" if place.total else ""
        cells = f"cache {progress.cells}/{progress.budget}"
        status = f"{read}, {progress.tokens} tokens, {rate:.0f}/s, {cells}"
        self._update(place.done, place.total, status, f"reading {place.name}")

    def read(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._task = None

    def text(self, text: str) -> None:
        if not self._answer:
            return
        shown = self._sanitize(text) if self._sanitize else text
        if shown:
            self._at_line_start = shown.endswith("\n")  # first: Ctrl-C may come while writing
            sys.stdout.write(shown)
            sys.stdout.flush()

    def end_line(self) -> None:
        """End the line of the answer, if one was begun, and what it may have left open."""
        if self._sanitize is not None:
            self._sanitize = Sanitizer()
        if not self._at_line_start:
            sys.stdout.write("\n")
            sys.stdout.flush()
            self._at_line_start = True

    def finished(self, report: Report, *, stats: bool) -> None:
        """The end line, and the table that ``--stats`` asks for."""
        self.end_line()
        tokens, seconds = report.tokens, report.timing_s["total"]
        if not self._quiet:
            stopped = " (interrupted)" if report.stop_reason == "interrupted" else ""
            complain(
                f"read {tokens['document']} tokens, kept {tokens['kept']}, "
                f"generated {tokens['generated']} in {_duration(seconds)}{stopped}, "
                f"peak memory {format_size(report.memory_bytes['peak'] or 0)}"
            )
        if stats:
            print_stats(report, sys.stderr)

    def _show(self, title: str) -> bool:
        """Begin a progress display if one is wanted."""
        if self._quiet or not sys.stderr.isatty():
            return False
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            console = Console(stderr=True)
            columns: list[ProgressColumn] = [
                TextColumn("{task.description}", markup=False),
                TextColumn("{task.fields[status]}", markup=False),
                TimeRemainingColumn(compact=True),
            ]
            if console.width >= _WIDE:
                columns.insert(1, BarColumn(bar_width=20))
            self._bar = Bar(*columns, console=console, transient=True)
            self._task = self._bar.add_task(printable(title), total=None, status="")
            self._bar.start()
        return True

    def _update(
        self, done: float, total: int | None, status: str, title: str | None = None
    ) -> None:
        assert self._bar is not None
        assert self._task is not None
        changes: dict[str, Any] = {"completed": done, "total": total, "status": status}
        if title is not None:
            changes["description"] = printable(title)
        self._bar.update(self._task, **changes)


class BenchDisplay(Display, BenchEvents):
    """Progress of a benchmark on stderr."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__(quiet=quiet, answer=False)

    def working(self, what: str, done: int, total: int) -> None:
        if self._show("benchmark"):
            self._update(done, total, f"{done}/{total}, {what}")

    def finished_sample(self, what: str, done: int, total: int) -> None:
        self.working(what, done, total)
        self.note(f"{done}/{total} {what}")


class BuildDisplay(Display, BuildEvents):
    """Progress of a build on stderr."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__(quiet=quiet, answer=False)
        self._step = ""

    def step(self, what: str, done: int = 0, total: int = 0) -> None:
        if self._show(what):
            self._update(done, total or None, f"{done} of {total}" if total else "", what)
        elif what != self._step:
            self.note(what)
        self._step = what


def doctor_rows(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rows of the table of ``keydiff doctor``."""
    rows = [
        ("keydiff", found["keydiff"]),
        ("Python", found["python"]),
        ("system", found["system"]),
        ("processor", f"{found['processor']}, {found['cores']} cores"),
    ]
    if (library := found["library"]) is not None:
        shows = "shown" if library["observes"] else "not shown"
        rows += [
            ("llama-cpp-python", f"{library['llama_cpp_python']}, {library['path']}"),
            ("access to the cache", library["access"]),
            ("queries", shows),
            ("built for", ", ".join(library["features"])),
        ]
        for device in library["devices"]:
            memory = f", {format_size(device['memory'])}" if device["memory"] else ""
            rows.append(("device", f"{device['name']}: {device['description']}{memory}"))
    memory = found["memory"]
    here = ", ".join(found["models"]["installed"]) or "none"
    return [
        *rows,
        ("memory", f"{format_size(memory['usable'])} free of {format_size(memory['total'])}"),
        ("models", _room(found["models"])),
        ("models here", here),
        ("what was read", _room(found["cache"])),
        ("problems", str(len(found["problems"]) or "none")),
    ]


def _room(place: Mapping[str, Any]) -> str:
    """A folder, and what is free there."""
    free = "not usable" if place["free"] is None else f"{format_size(place['free'])} free"
    return f"{place['folder']}, {free}"


def bench_rows(results: Iterable[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    """Rows of the table of ``keydiff bench``."""
    rows: list[tuple[object, ...]] = []
    for row in results:
        gap = "-" if row["difference"] is None else f"{100 * row['difference']:+.0f}"
        if row["interval"] is not None:
            gap += " ({:+.0f} to {:+.0f})".format(*(100 * value for value in row["interval"]))
        rows.append(
            (
                row["task"],
                row["length"] or "-",
                row["policy"],
                row["budget"] or "-",
                row["samples"],
                f"{100 * row['rate']:.0f} %",
                f"{100 * row['low']:.0f}-{100 * row['high']:.0f}",
                gap,
                row["cut"] or "-",
            )
        )
    return rows


def print_heat_maps(grid: Sequence[Mapping[str, Any]]) -> None:
    """Needles found: a table of depths and lengths for each contender, coloured on a terminal."""
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


def speed_rows(results: Iterable[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    """Rows of the table of ``keydiff bench speed``."""
    return [
        (
            row["policy"],
            row["budget"] or "-",
            row["turns"],
            f"{row['ingest_tokens_per_s']:.1f}",
            "-" if row["ratio"] is None else f"{row['ratio']:.2f}",
            f"{100 * row['score_share']:.2f} %",
            f"{100 * row['evict_share']:.2f} %",
            f"{row['first_token_s']:.2f}",
            "-" if (rate := row["decode_tokens_per_s"]) is None else f"{rate:.1f}",
            format_size(row["peak_bytes"]),
        )
        for row in results
    ]


def speed_settings(header: Mapping[str, Any]) -> str:
    """What the runs of ``keydiff bench speed`` have in common, on a line."""
    return (
        f"{printable(header['model'])}: blocks of {header['block']} tokens, "
        f"{header['threads']} threads, "
        f"cache in {header['kv_type']}, flash attention"
    )


def _duration(seconds: float) -> str:
    """Seconds for people: ``8.3 s``, ``2 min 10 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _statistics(report: Report) -> list[tuple[str, str]]:
    timing, tokens = report.timing_s, report.tokens
    ingest = max(timing["ingest"], 1e-9)
    decoding = max(timing["answer"] - timing["first_token"], 1e-9)
    rows = [(f"{name.replace('_', ' ')}, s", f"{value:.2f}") for name, value in timing.items()]
    rows += [
        ("reading, tokens/s", f"{(tokens['document'] - tokens['reused']) / ingest:.1f}"),
        (
            "scoring + eviction, % of ingest",
            f"{100 * (timing['score'] + timing['evict']) / ingest:.2f}",
        ),
        ("answering, tokens/s", f"{max(tokens['generated'] - 1, 0) / decoding:.1f}"),
        ("cache, bytes", format_size(report.cache.get("bytes", 0))),
        ("access", str(report.cache.get("access", "-"))),
    ]
    return rows


def plan_rows(values: Mapping[str, object]) -> list[tuple[str, str]]:
    """Rows of the table of ``keydiff plan``."""
    rows = []
    for name, value in values.items():
        if name.endswith("_bytes"):
            shown = "none" if value is None else format_size(float(str(value)))
            rows.append((name.removesuffix("_bytes").replace("_", " "), shown))
        else:
            rows.append((name.replace("_", " "), str(value)))
    return rows
