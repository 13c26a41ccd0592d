"""A module in place of the one that reads pages by OCR, for what is beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from keydiff_cli.documents.ocr import ocr, recogniser

_MODULE = """
import os, sys, time
MAXIMUM_MEMORY = 1 << 30
def answer(text, score=1.0):
    lines = [[0, 20 * n, 100, 20 * n + 10, line] for n, line in enumerate(text.splitlines())]
    return {{"lines": lines, "score": score}}
def serve(requests, descriptor, threads):
    yield {{}}
    for line in requests:
        with open({asked!r}, "ab") as file:
            file.write(line)
        page, look = int(line.split()[0]) + 1, line.split()[1] == b"1"
        yield {{"picture": page != {no_picture}}} if look else ({code})
"""


class FakeOcr:
    """What reads pages in place of OCR; ``code`` is the answer for ``page``."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, code: str, no_picture: int = 0
    ) -> None:
        self._asked = folder / "asked"
        module = folder / "ocr_module.py"
        module.write_text(_MODULE.format(asked=str(self._asked), code=code, no_picture=no_picture))
        patch.setattr(recogniser, "_WORKER", module)
        patch.setattr(ocr, "engine", lambda: "fake-1")

    @property
    def asked(self) -> list[int]:
        """The pages that were to be read so far; negative ones that were to be looked at."""
        if not self._asked.exists():
            return []
        lines = map(str.split, self._asked.read_text().splitlines())
        return [(int(index) + 1) * (-1 if look == "1" else 1) for index, look in lines]
