"""Read public files of packages, and log what became of each.

    python docs/public_files.py --log FILE.csv "qpdf 11.3.0 (Debian)=FOLDER" ...
    python docs/public_files.py --log FILE.csv --table package      # or: kind

Each package was unpacked into a folder of its own. Of its files those are read whose names end
like documents that keydiff reads, each in a process of its own with a limit of time; those that
the log has are skipped. The log holds names, numbers and messages, and nothing of the texts.

Columns of the log: ``package``, ``version``, ``path`` in the package, ``kind`` that the file was
read as (as its name ends, where it was not), ``outcome``, ``exit`` status of keydiff, ``pages``
(or slides, sheets, sections, messages, cells), ``characters``, ``left_out`` and ``message``
(warnings, or why it was refused) in short, ``seconds``.

Outcomes: ``read``; ``empty``, refused as there is no text in it; ``refused`` for other reasons;
``crash``, which is any end that keydiff does not mean; ``time-out``.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import os
import pkgutil
import re
import time
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from keydiff_cli import documents
from keydiff_cli.errors import DocumentError

_ENDINGS = (
    "pdf docx docm dotx dotm pptx pptm ppsx xlsx xlsm xltx odt ott ods odp rtf epub html htm xhtml "
    "mht mhtml eml msg mbox ipynb md csv tsv gz bz2 xz zst"
)
ENDINGS = frozenset(_ENDINGS.split())
ALIKE = {
    **dict.fromkeys(("docm", "dotx", "dotm"), "docx"),
    **dict.fromkeys(("pptm", "ppsx"), "pptx"),
    **dict.fromkeys(("xlsm", "xltx"), "xlsx"),
    **dict.fromkeys(("htm", "xhtml"), "html"),
    **{"ott": "odt", "mhtml": "mht", "tsv": "csv"},
}
_COLUMNS = "package version path kind outcome exit pages characters left_out message seconds"
COLUMNS = _COLUMNS.split()
FORK = multiprocessing.get_context("fork")  # the readers are loaded once
OUTCOMES = ("read", "empty", "refused", "crash", "time-out")
LIMIT = 120  # seconds for a file
SHORT = 80  # characters of a message
EMPTY = re.compile(r"\b(?:has no text|is a book without text|is empty)\b")


def kind_of(path: str) -> str:
    """The kind of document that the name of a file promises; empty if none that is read."""
    ending = path.rpartition(".")[2].lower()
    return ALIKE.get(ending, ending) if ending in ENDINGS else ""


def files_of(folder: str, most: int) -> list[str]:
    """The files to read below a folder: of each kind so many at most, from all over the folder."""
    found: dict[str, list[str]] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if (kind := kind_of(name)) and os.path.isfile(path) and not os.path.islink(path):
                found.setdefault(kind, []).append(os.path.relpath(path, folder))
    return [path for paths in found.values() for path in _spread(sorted(paths), most)]


def _spread(paths: list[str], most: int) -> Iterator[str]:
    """At most so many paths, at equal distances."""
    number = min(most, len(paths))
    return (paths[index * len(paths) // number] for index in range(number))


def read(path: str, answer: Connection) -> None:
    """Read a document, and tell what became of it."""
    told: dict[str, Any] = {"outcome": "read", "exit": 0}
    try:
        with documents.open_document(path, BytesIO()) as document:
            told |= {"kind": document.kind}
            characters = sum(len(piece.text) for piece in document.pieces())
            left_out: Counter[str] = Counter()
            for item in document.left_out:
                left_out[item.what] += item.count
            told |= {
                "pages": document.pages,
                "characters": characters,
                "left_out": "; ".join(f"{count} {what}" for what, count in left_out.items()),
                "message": _short("; ".join(document.warnings), path),
            }
    except DocumentError as error:
        outcome = "empty" if EMPTY.search(str(error)) else "refused"
        told |= {"outcome": outcome, "exit": int(error.status), "message": _short(str(error), path)}
    except BaseException as error:
        told |= {"outcome": "crash", "exit": 1, "message": _short(repr(error), path)}
    answer.send(told)


def _short(message: str, path: str) -> str:
    """The beginning of a message, without the name of its file."""
    return message.replace(os.path.basename(path), "it")[:SHORT]


def row_of(folder: str, path: str) -> dict[str, Any]:
    """Read a file in a process of its own: its row of the log, but for the package."""
    here, there = FORK.Pipe(duplex=False)
    child = FORK.Process(target=read, args=(os.path.join(folder, path), there))
    began = time.perf_counter()
    child.start()
    there.close()
    row: dict[str, Any] = {"path": path, "kind": kind_of(path)}
    try:
        row |= here.recv() if here.poll(LIMIT) else {"outcome": "time-out"}
    except EOFError:
        child.join()
        row |= {"outcome": "crash", "exit": child.exitcode}
    child.kill()
    child.join()
    return {**row, "seconds": f"{time.perf_counter() - began:.1f}"}


def logged(log: Path) -> list[dict[str, str]]:
    """The rows of a log; none if there is no such file."""
    if not log.exists():
        return []
    with log.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))


def extend(log: Path, packages: list[str], most: int) -> None:
    """Read the files of packages that a log does not have, and add their rows to it."""
    for module in pkgutil.walk_packages(documents.__path__, "keydiff_cli.documents."):
        if "worker" not in module.name:
            import_module(module.name)
    before = logged(log)
    seen = {(row["package"], row["version"], row["path"]) for row in before}
    with log.open("a", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        if not before:
            writer.writeheader()
        for labelled in packages:
            label, _, folder = labelled.partition("=")
            package, _, version = label.partition(" ")
            for path in files_of(folder, most):
                if (package, version, path) not in seen:
                    writer.writerow(
                        {"package": package, "version": version, **row_of(folder, path)}
                    )
                    file.flush()


def print_table(rows: list[dict[str, str]], by: str) -> None:
    """Print how many files had which outcome, by their package or kind, as Markdown."""
    counts: dict[str, Counter[str]] = {}
    others: dict[str, Counter[str]] = {}
    for row in rows:
        package, kind = f"{row['package']} {row['version']}", kind_of(row["path"])
        name, other = (package, kind) if by == "package" else (kind, package)
        counts.setdefault(name, Counter())[row["outcome"]] += 1
        others.setdefault(name, Counter())[other] += 1
    between = "of which" if by == "package" else "packages"
    print(f"| {by} | {between} | files | {' | '.join(OUTCOMES)} |")
    print("|---|---|" + "--:|" * (1 + len(OUTCOMES)))
    for name, count in sorted(counts.items(), key=lambda item: -item[1].total()):
        what = ", ".join(f"{number} {kind}" for kind, number in others[name].most_common())
        what = what if by == "package" else str(len(others[name]))
        cells = [str(count[outcome]) for outcome in OUTCOMES]
        print(f"| {name} | {what} | {count.total()} | {' | '.join(cells)} |")


def main() -> None:
    """Read files, or print a table of those that were read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--log", type=Path, required=True, help="CSV, which is added to")
    parser.add_argument("--most", type=int, default=100, help="files of a package and kind")
    parser.add_argument("--table", choices=("package", "kind"), help="print it, and read nothing")
    parser.add_argument("packages", nargs="*", metavar="LABEL=FOLDER")
    given = parser.parse_args()
    if given.table:
        print_table(logged(given.log), given.table)
    else:
        extend(given.log, given.packages, given.most)


if __name__ == "__main__":
    main()
