"""Compare extractors of text from PDFs: words joined, vocabulary lost, seconds and memory.

    python docs/extractors.py [--only keydiff,pdfium] FILES.pdf

Each extractor reads each file in a process of its own: keydiff, pypdf, PDFium alone, and the
commands pdftotext (Debian's poppler-utils) and mutool (mupdf-tools). What pdftotext and mutool
agree on is the reference for the others; for one of these two it is PDFium and the other.

* Joined: words per 1,000 that are two or more words in a row in both references.
* Lost: the share of the vocabulary that both references have and this extractor has not.
* s: seconds of processor time per 100 pages, with the start of the process.
* MB: peak memory of the largest process.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

EXTRACTORS = ("keydiff", "pypdf", "pdfium", "pdftotext", "mutool")
_REFERENCE = ("pdftotext", "mutool")
_REFERENCES = {"pdftotext": ("mutool", "pdfium"), "mutool": ("pdftotext", "pdfium")}
_BREAK = re.compile(r"[-\u2010\u00ad]\s*\n\s*")
_HYPHEN = re.compile(r"[-\u2010\u00ad]\s*")
_LONGEST = 200  # characters of a word that are looked at
_LETTERS = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True)
class Run:
    """A file that was read by an extractor: its text, and what that cost.

    Attributes
    ----------
    path : str
        Of the file with the text.
    seconds : float
        Of processor time, of all processes.
    peak : float
        Megabytes of the largest process.
    """

    path: str
    seconds: float
    peak: float


class Text:
    """The text of a run, taken apart.

    Attributes
    ----------
    words : list of str
        What stands between white space, in order.
    pairs : set of (str, str)
        Words that follow each other.
    vocabulary : set of str
        Runs of at least three letters, with hyphens at the ends of lines taken away.
    generous : set of str
        The vocabulary as it may also be read: with no hyphen taken away, and with all of them.
    """

    def __init__(self, run: Run) -> None:
        written = Path(run.path).read_bytes().decode("utf-8", "replace")
        text = unicodedata.normalize("NFKC", written).casefold()
        self.words = text.split()
        self.pairs = set(pairwise(self.words))
        self.vocabulary = set(_LETTERS.findall(_BREAK.sub("", text)))
        self.generous = {*_LETTERS.findall(text), *_LETTERS.findall(_HYPHEN.sub("", text))}


def extract(extractor: str, path: str) -> None:
    """Write the text of a PDF to standard output."""
    out = sys.stdout
    if extractor == "keydiff":
        from keydiff_cli.documents import open_document

        with open_document(path, sys.stdin.buffer) as document:
            for piece in document.pieces():
                out.write(piece.text)
    elif extractor == "pypdf":
        from pypdf import PdfReader

        for page in PdfReader(path).pages:
            out.write(page.extract_text() + "\n")
    elif extractor == "pdfium":
        import pypdfium2

        for page in pypdfium2.PdfDocument(path):
            out.write(page.get_textpage().get_text_bounded().replace("\r\n", "\n") + "\n")


def run(extractor: str, path: str, folder: str) -> Run:
    """Read a file in a process of its own."""
    command = {
        "pdftotext": ["pdftotext", path, "-"],
        "mutool": ["mutool", "draw", "-q", "-F", "txt", path],
    }.get(extractor, [sys.executable, __file__, "--one", extractor, path])
    text = f"{folder}/{extractor}"
    with open(text, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
    return Run(text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def joined(tested: Text, first: Text, second: Text) -> list[str]:
    """The words of an extractor that are several words in a row for both others."""
    known = set(first.words) | set(second.words)
    after: dict[str, set[str]] = {}
    for left, right in first.pairs & second.pairs:
        after.setdefault(left, set()).add(right)
    found = {word for word in set(tested.words) - known if _falls_apart(word[:_LONGEST], after)}
    return [word for word in tested.words if word in found]


def _falls_apart(word: str, after: dict[str, set[str]]) -> bool:
    """Tell whether a word is a chain of words that follow each other."""
    ways = [(end, word[:end]) for end in range(1, len(word)) if word[:end] in after]
    met = set(ways)
    while ways:
        start, left = ways.pop()
        for end in range(start + 1, len(word) + 1):
            way = (end, word[start:end])
            if way[1] in after[left]:
                if end == len(word):
                    return True
                if way not in met and way[1] in after:
                    met.add(way)
                    ways.append(way)
    return False


def compare(runs: dict[str, Run], name: str) -> tuple[float, float]:
    """The words that an extractor joined, per 1,000, and the share of the vocabulary it lost."""
    tested = Text(runs[name])
    first, second = (Text(runs[other]) for other in _REFERENCES.get(name, _REFERENCE))
    agreed = first.vocabulary & second.vocabulary
    together = joined(tested, first, second)
    return (
        1000 * len(together) / max(1, len(tested.words)),
        len(agreed - tested.generous) / max(1, len(agreed)),
    )


def main(paths: list[str], only: tuple[str, ...] = EXTRACTORS) -> None:
    """Print a table, a row for each file and extractor.

    The texts are compared in another process, so that this one stays small: the peak of a process
    counts what its parent had when it began.
    """
    import tempfile  # here, as the processes that extract start faster without these
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    print("| file | pages | extractor | joined | lost | s | MB |")
    print("|---|--:|---|--:|--:|--:|--:|", flush=True)
    needed = {*only, *_REFERENCE, *(("pdfium",) if {*only} & {*_REFERENCES} else ())}
    spawn = get_context("spawn")
    for path in paths:
        with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, spawn) as other:
            runs = {name: run(name, path, folder) for name in EXTRACTORS if name in needed}
            pages = other.submit(count_pages, path).result()
            for name in only:
                together, lost = other.submit(compare, runs, name).result()
                seconds = 100 * runs[name].seconds / pages
                print(
                    f"| {Path(path).name} | {pages} | {name} | {together:.2f} | {lost:.2%} "
                    f"| {seconds:.2f} | {runs[name].peak:.0f} |",
                    flush=True,
                )


def count_pages(path: str) -> int:
    """Count the pages of a PDF."""
    import pypdfium2

    return len(pypdfium2.PdfDocument(path))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        extract(*sys.argv[2:4])
    elif sys.argv[1:2] == ["--only"]:
        main(sys.argv[3:], tuple(sys.argv[2].split(",")))
    else:
        main(sys.argv[1:])
