"""A program in place of the one that reads pages by OCR, for what is beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from keydiff_cli.documents.ocr import ocr, recogniser

_PROGRAM = """
import json, os, sys, time
def say(told):
    data = json.dumps(told).encode()
    os.write(1, len(data).to_bytes(4, "big") + data)
def answer(text, score=1.0):
    lines = [[0, 20 * n, 100, 20 * n + 10, line] for n, line in enumerate(text.splitlines())]
    say({{"lines": lines, "score": score}})
answer("")
for line in sys.stdin:
    with open({asked!r}, "a") as file:
        file.write(line)
    page, look = int(line.split()[0]) + 1, line.split()[1] == "1"
    if look:
        say({{"picture": page != {no_picture}}})
        continue
    {code}
"""


class FakeOcr:
    """What reads pages in place of OCR; ``code`` answers for ``page``."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, code: str, no_picture: int = 0
    ) -> None:
        self._asked = folder / "asked"
        program = folder / "ocr_program.py"
        program.write_text(
            _PROGRAM.format(asked=str(self._asked), code=code, no_picture=no_picture)
        )
        patch.setattr(recogniser, "_WORKER", program)
        patch.setattr(ocr, "engine", lambda: "fake-1")

    @property
    def asked(self) -> list[int]:
        """The pages that were to be read so far; negative ones that were to be looked at."""
        if not self._asked.exists():
            return []
        lines = map(str.split, self._asked.read_text().splitlines())
        return [(int(index) + 1) * (-1 if look == "1" else 1) for index, look in lines]
