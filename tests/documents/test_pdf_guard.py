"""Pages of a PDF that would take too much of pypdf: they are refused, in bounded memory."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from document_helpers import Save
from pdf_files import Page, pdf, stream

from keydiff_cli.documents import pdf_guard
from keydiff_cli.documents.pypdf_pages import PypdfPages

LONG = b"0061" * 200  # what the font makes of a tilde


def text_by_pypdf(data: bytes, number: int) -> str:
    return PypdfPages(io.BytesIO(data), "a.pdf").text(number)


@pytest.mark.parametrize(
    "bomb",
    [
        b" " * 20_000_000,
        b"q Q " * 6_000 + b"() Tj",
        "x" * 7_000_000,
        "~" * 1_000_000,
        "\n".join(["~" * 1000] * 100),
    ],
    ids=["long", "many operators", "much text", "one long row", "many rows"],
)
def test_bombs_are_refused(bomb: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_guard, "MAXIMUM_TOKENS", 5_000)
    with pytest.raises(Exception, match=r"[Ll]imit|^$|exceed|[Mm]aximum"):
        text_by_pypdf(pdf(["before", bomb, "after"], unicode=LONG), 2)


def test_a_bomb_in_a_form_is_refused() -> None:
    data = pdf(["before", b"/Im1 Do"])
    form = b"BT (%s) Tj ET" % (b"x" * 40_000)
    start, end = data.index(b"4 0 obj"), data.index(b"5 0 obj")
    entries = b"/Subtype/Form/BBox[0 0 9 9]/Resources<</Font<</F1 3 0 R>>>>"
    data = data[:start] + b"4 0 obj\n" + stream(form, entries) + b"\nendobj\n" + data[end:]
    with pytest.raises(MemoryError):
        text_by_pypdf(data, 2)


def test_a_large_drawing_is_no_bomb() -> None:
    assert text_by_pypdf(pdf(["before", b"q Q " * 600_000]), 2) == ""


@pytest.mark.parametrize(
    "bomb",
    ["~" * 400_000, b"BT /F1 9 Tf [" + b"(~~~~~~~~~) 3 " * 20_000 + b"] TJ ET"],
    ids=["one long row", "one array"],
)
def test_memory_of_bombs(bomb: Page, save: Save) -> None:
    code = (
        "import sys, contextlib\n"
        "from keydiff_cli.documents.pypdf_pages import PypdfPages\n"
        "from keydiff_cli.system.machine import peak\n"
        "with open(sys.argv[1], 'rb') as file, contextlib.suppress(Exception):\n"
        "    PypdfPages(file, 'a.pdf').text(1)\n"
        "print(peak())"
    )
    peaks = []
    for page in ("after", bomb):
        path = save("a.pdf", pdf([page], unicode=LONG))
        done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < 90_000_000
