"""Passages found by the words of a question: BM25 over an index that lives on disk."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain, pairwise

from keydiff_cli.errors import KeydiffError
from keydiff_cli.text.scripts import DENSE, SPELLED

_AROUND = 0.3  # weight of words in the passages before and after, against 1 in the passage itself
_WORD = re.compile(r"\w+")
_UNSPACED_RUN = re.compile(f"[{SPELLED}{DENSE}]+")


class WordIndex:
    """An index of passages by their words, stemmed as English ones are.

    The words of the passages before and after count for less: a row of a table is found by what
    stands above it. The index is a database of SQLite (FTS5) in a temporary file, which goes with
    the process. It may be used and closed in any thread, in one at a time. Where a script puts no
    spaces between words, every two characters beside each other count as a word.

    Parameters
    ----------
    texts
        The texts of the passages; they are numbered from 0.

    Raises
    ------
    KeydiffError
        If Python was built with an SQLite that has no FTS5, or the disk is full.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._database = sqlite3.connect("", check_same_thread=False)
        try:
            self._database.execute(
                "CREATE VIRTUAL TABLE passages "
                "USING fts5(words, around, tokenize='porter unicode61')"
            )
            self._database.executemany(
                "INSERT INTO passages(rowid, words, around) VALUES (?, ?, ?)",
                _with_neighbours(map(_spaced, texts)),
            )
            self._database.commit()
        except sqlite3.Error as error:
            self._database.close()
            raise KeydiffError(f"the text cannot be indexed: {error}") from error

    def close(self) -> None:
        """Remove the index."""
        self._database.close()

    def find(self, text: str, most: int) -> list[int]:
        """Numbers of the passages with words of a text, the best by BM25 first, ``most`` of them.

        Raises
        ------
        KeydiffError
            If the index cannot be read.
        """
        words = dict.fromkeys(_WORD.findall(_spaced(text).lower()))
        if not words:
            return []
        wanted = " OR ".join(f'"{word}"' for word in words)
        query = (
            "SELECT rowid FROM passages WHERE passages MATCH ? "
            "ORDER BY bm25(passages, 1, ?) LIMIT ?"
        )
        try:
            with closing(self._database.execute(query, (wanted, _AROUND, most))) as rows:
                return [number for (number,) in rows]
        except sqlite3.Error as error:
            raise KeydiffError(f"the text cannot be searched: {error}") from error


def _with_neighbours(texts: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    """The number of each text, the text, and those before and after it."""
    before, text = "", None
    for number, after in enumerate(chain(texts, [""])):
        if text is not None:
            yield number - 1, text, f"{before} {after}"
            before = text
        text = after


def _spaced(text: str) -> str:
    """A text in which the pairs of characters of scripts without spaces are words."""

    def pairs(run: re.Match[str]) -> str:
        characters = run.group()
        if len(characters) == 1:
            return f" {characters} "
        return " " + " ".join(map("".join, pairwise(characters))) + " "

    return _UNSPACED_RUN.sub(pairs, text)
