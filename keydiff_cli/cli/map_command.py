"""``keydiff map``: draw what the cache holds of documents."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keydiff_cli.cli.options import DEVICES, KEEPING, SHOWING, Files, Options
from keydiff_cli.cli.running import documents_of, show
from keydiff_cli.cli.signatures import with_options
from keydiff_cli.errors import UsageError, setting
from keydiff_cli.system.files import require_writable, whole_file

if TYPE_CHECKING:
    from keydiff_cli.reading.mapping import Map
    from keydiff_cli.render.display import Display
    from keydiff_cli.report import Report

_KINDS = (".html", ".svg", ".png")


@with_options(
    *KEEPING,
    "system",
    "threads",
    *DEVICES,
    "ocr",
    "cache",
    "no_recall",
    "no_second_look",
    *SHOWING,
    "offline",
)
def draw(
    files: Files = None,
    question: Annotated[
        str | None,
        typer.Option(
            "--question",
            metavar="TEXT",
            help="Show what it attends to, and what would come back for it, too.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write a page (.html) or picture (.svg, .png). Default: draw on the terminal.",
            show_default=False,
        ),
    ] = None,
    *,
    options: Options,
) -> None:
    """Draw what the cache holds of documents: pages across, layers down, dark where it is much."""
    sources = documents_of(files, "map")
    if question is not None and not question.strip():
        raise UsageError(f"{setting('question')}: it is empty; ask something, or leave it out")
    _check_out(out, sources)
    settings = options.resolve().settings

    from keydiff_cli.mapping import make_map

    made: list[Map] = []

    def run(display: Display) -> Report:
        report, drawn = make_map(settings, sources, question, sys.stdin.buffer, display)
        made.extend([drawn] if drawn is not None else [])
        return report

    show(run, options, answer=False)
    for drawn in made:
        if out is not None:
            _write(drawn, out)
        elif not options.as_json:
            from keydiff_cli.render.terminal_map import print_map

            print_map(drawn, sys.stdout)


def _check_out(out: Path | None, sources: Sequence[str]) -> None:
    """Refuse what cannot be written before anything is read."""
    if out is None:
        return
    if out.suffix.lower() not in _KINDS:
        raise UsageError(f"{setting('out')}: {out} must end in .html, .svg or .png")
    if os.path.realpath(out) in map(os.path.realpath, sources):
        raise UsageError(f"{setting('out')}: {out} is a document; name another file")
    require_writable(out, setting("out"))


def _write(drawn: Map, out: Path) -> None:
    """Write a map in the form that the name of the file says."""
    if out.suffix.lower() == ".html":
        from keydiff_cli.render.map_page import map_page

        data = map_page(drawn)
    else:
        from keydiff_cli.render.map_picture import draw_map
        from keydiff_cli.render.picture import as_png, as_svg

        picture = draw_map(drawn)
        data = as_svg(picture) if out.suffix.lower() == ".svg" else as_png(picture)
    with whole_file(out) as file:
        file.write(data)
