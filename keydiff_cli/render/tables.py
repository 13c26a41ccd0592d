"""What stands in the tables of the commands, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from keydiff_cli.system.sizes import format_size
from keydiff_cli.system.terminal import printable


def doctor_rows(examined: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rows of the table of ``keydiff doctor``, from what was examined."""
    rows = [
        ("keydiff", examined["keydiff"]),
        ("Python", examined["python"]),
        ("system", examined["system"]),
        ("processor", f"{examined['processor']}, {examined['cores']} cores"),
    ]
    if (library := examined["library"]) is not None:
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
    memory = examined["memory"]
    installed = ", ".join(examined["models"]["installed"]) or "none"
    return [
        *rows,
        ("memory", f"{format_size(memory['usable'])} free of {format_size(memory['total'])}"),
        ("models", _free_space(examined["models"])),
        ("models here", installed),
        ("what was read", _free_space(examined["cache"])),
        ("problems", str(len(examined["problems"]) or "none")),
    ]


def _free_space(place: Mapping[str, Any]) -> str:
    """A folder, and how much is free there."""
    free = "not usable" if place["free"] is None else f"{format_size(place['free'])} free"
    return f"{place['folder']}, {free}"


def plan_rows(values: Mapping[str, object]) -> list[tuple[str, str]]:
    """Rows of the table of ``keydiff plan``, from sizes in bytes and numbers of tokens by name."""
    rows = []
    for name, value in values.items():
        if name.endswith("_bytes"):
            shown = "none" if value is None else format_size(float(str(value)))
            rows.append((name.removesuffix("_bytes").replace("_", " "), shown))
        else:
            rows.append((name.replace("_", " "), str(value)))
    return rows


BENCH_COLUMNS = (
    "task",
    "length",
    "policy",
    "budget",
    "samples",
    "rate",
    "95 %",
    "against full",
    "cut off",
)


def bench_rows(results: Iterable[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    """Rows of the table of ``keydiff bench``, from the results of a summary."""
    rows: list[tuple[object, ...]] = []
    for row in results:
        rows.append(
            (
                row["task"],
                row["length"] or "-",
                row["policy"],
                row["budget"] or "-",
                row["samples"],
                _percent(row["rate"]),
                f"{100 * row['low']:.0f}-{100 * row['high']:.0f}",
                _gap(row),
                row["cut"] or "-",
            )
        )
    return rows


ASKED_COLUMNS = (
    "kind",
    "policy",
    "budget",
    "with",
    "questions",
    "not judged",
    "right",
    "rate",
    "95 %",
    "against full",
    "invented",
    "cut off",
    "question, s",
    "recall, s",
    "reading, s",
)


def asked_rows(results: Iterable[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    """Rows of the table of ``keydiff bench qa``, from the results of a summary."""
    rows: list[tuple[object, ...]] = []
    for row in results:
        judged = row["rate"] is not None
        rows.append(
            (
                row["kind"],
                row["policy"],
                row["budget"] or "-",
                row["evidence"],
                row["questions"],
                row["unscored"] or "-",
                row["right"] if judged else "-",
                _percent(row["rate"]),
                f"{100 * row['low']:.0f}-{100 * row['high']:.0f}" if judged else "-",
                _gap(row),
                _percent(row["invented"]),
                row["cut"] or "-",
                f"{row['answer_s']:.1f}",
                f"{row['recall_s']:.1f}" if row["recall_s"] else "-",
                "-" if row["read_s"] is None else f"{row['read_s']:.1f}",
            )
        )
    return rows


MEASURED_COLUMNS = (
    "kind",
    "measure",
    "policy",
    "budget",
    "with",
    "answers",
    "in all",
    "mean",
    "95 %",
    "against full",
    "cut off",
)


def measured_rows(results: Iterable[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    """Rows of the table of ``keydiff bench summary`` and ``each``; of numbers, the median."""
    return [
        (
            row["kind"],
            row["measure"],
            row["policy"],
            row["budget"] or "-",
            row["evidence"],
            row["answers"],
            "-" if row["whole"] is None else f"{row['part']} of {row['whole']}",
            _percent(row["rate"])
            if row["median"] is None
            else f"{round(row['median'], 1):g} (median)",
            "-" if row["low"] is None else f"{100 * row['low']:.0f}-{100 * row['high']:.0f}",
            _gap(row),
            row["cut"] or "-",
        )
        for row in results
    ]


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.0f} %"


def _gap(row: Mapping[str, Any]) -> str:
    """The difference to the full cache in points, with its interval if there is one."""
    gap = "-" if row["difference"] is None else f"{100 * row['difference']:+.0f}"
    if row["interval"] is not None:
        gap += " ({:+.0f} to {:+.0f})".format(*(100 * value for value in row["interval"]))
    return gap


SPEED_COLUMNS = (
    "policy",
    "budget",
    "turns",
    "reading, tokens/s",
    "time to full",
    "scoring",
    "eviction",
    "first token, s",
    "answer, tokens/s",
    "peak memory",
)


def speed_rows(results: Iterable[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    """Rows of the table of ``keydiff bench speed``, from the results of a summary."""
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
    """What the runs of ``keydiff bench speed`` have in common, in one line."""
    return (
        f"{printable(header['model'])}: blocks of {header['block']} tokens, "
        f"{header['threads']} threads, "
        f"cache in {header['kv_type']}, flash attention"
    )
