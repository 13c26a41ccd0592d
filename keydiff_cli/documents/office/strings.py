"""The texts that the cells of a workbook share, held outside the memory where they are many."""

from __future__ import annotations

import tempfile
from array import array

from keydiff_cli.documents.xml_events import END, START, TEXT
from keydiff_cli.documents.zipped import Archive

_IN_MEMORY = 16 << 20  # bytes of texts, above which they go to an unlinked temporary file
LONGEST_CELL = 32_767  # characters of a cell, by Excel's own limit


class SharedStrings:
    """Texts by their number: eight bytes of memory each, and the texts in a file of their own.

    A context manager that closes the file.
    """

    def __init__(self, archive: Archive, part: str) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._ends = array("Q", [0])
        texts: list[str] = []
        inside, phonetic, size = False, False, 0
        for event in archive.events(part, streams=True):
            if event.what == TEXT:
                if inside and not phonetic and size < LONGEST_CELL:
                    texts.append(event.text)
                    size += len(event.text)
            elif event.name == "x:t":
                inside = event.what == START
            elif event.name == "x:rPh":
                phonetic = event.what == START
            elif event.name == "x:si" and event.what == END:
                self._add("".join(texts)[:LONGEST_CELL])
                texts.clear()
                size = 0

    def _add(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        self._file.write(data)
        self._ends.append(self._ends[-1] + len(data))

    def __getitem__(self, number: int) -> str:
        """The text of that number; nothing where there is none."""
        if not 0 <= number < len(self._ends) - 1:
            return ""
        start, end = self._ends[number], self._ends[number + 1]
        self._file.seek(start)
        return self._file.read(end - start).decode("utf-8")

    def close(self) -> None:
        """Forget them, and their file."""
        self._file.close()
