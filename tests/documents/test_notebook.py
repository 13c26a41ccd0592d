"""Notebooks: cells and outputs, no pictures, little memory."""

from __future__ import annotations

import base64
import json
import random
import time

from document_helpers import NOTHING, Save, peak_of, piped, refusal, text_of

from keydiff_cli.documents import Heading, LeftOut, notebook, open_document


def _notebook(*cells: dict[str, object]) -> bytes:
    return json.dumps({"cells": cells, "nbformat": 4}, indent=1).encode()


def _code(*outputs: dict[str, object]) -> dict[str, object]:
    return {"cell_type": "code", "source": ["x = 1\n", "plot(x)"], "outputs": outputs}


_TEXT: dict[str, object] = {"cell_type": "markdown", "source": "# Delays\n\nBy month\n\n## May"}


def test_cells_and_outputs() -> None:
    noise = base64.encodebytes(random.Random(1).randbytes(60_000)).decode()
    outputs = (
        {"output_type": "stream", "text": ["10%\r", "100%\n", "\x1b[31mdone\x1b[0m\n"]},
        {"output_type": "display_data", "data": {"image/png": noise, "text/plain": "<Figure>"}},
        {"output_type": "execute_result", "data": {"text/plain": "4711", "text/html": "<b>"}},
        {"output_type": "error", "ename": "KeyError", "evalue": "'May'", "traceback": ["x"]},
    )
    document = piped(_notebook(_TEXT, _code(*outputs)))
    pieces = list(document.pieces())
    assert [(piece.page, piece.text) for piece in pieces] == [
        (1, "# Delays\n\nBy month\n\n## May\n"),
        (
            2,
            "x = 1\nplot(x)\nOutput:\n100%\ndone\nOutput:\n4711\nOutput:\nKeyError: 'May'\n",
        ),
    ]
    assert (document.kind, document.unit, document.pages) == ("ipynb", "cells", 2)
    assert [document.page_name(1), document.page_name(2)] == ["text", "code"]
    assert document.outline == [Heading("Delays", 1, 1, 1), Heading("May", 2, 1, 5)]
    assert document.left_out == [LeftOut(2, "pictures", 1)]


def test_pictures_take_no_memory(save: Save) -> None:
    noise = base64.b64encode(random.Random(1).randbytes(12 << 20)).decode()
    picture = {"output_type": "display_data", "data": {"image/png": noise}}
    large = save("large", _notebook(_TEXT, _code(picture)))
    small = save("small", _notebook(_TEXT, _code()))
    assert peak_of(large) < peak_of(small) + (12 << 20)
    with open_document(large, NOTHING) as document:
        assert "plot(x)" in "".join(piece.text for piece in document.pieces())


def test_data_behind_characters_that_are_escaped() -> None:
    text = "".join(f"{char}{'A' * 3000}\n" for char in '\té"\\/\n')
    data = _notebook(_code({"output_type": "stream", "text": text}))
    shown = text_of(data)
    assert "(data)" in shown and "A" * 2000 not in shown


def test_version_3() -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Delays"]},
        {"cell_type": "code", "input": "x", "outputs": [{"output_type": "pyout", "text": "1"}]},
    ]
    data = json.dumps({"metadata": {}, "worksheets": [{"cells": cells}]}).encode()
    assert text_of(data) == "## Delays\nx\nOutput:\n1\n"


def test_damaged_ones_and_too_large(monkeypatch) -> None:
    data = _notebook(_TEXT)
    assert "is damaged and cannot be read as a notebook" in refusal(lambda: piped(data[:-9]))
    nothing = b'{"cells": [0], "metadata": {"cell_type": 1}}'
    assert "without cells" in refusal(lambda: piped(nothing))
    monkeypatch.setattr(notebook, "MOST_BYTES", 20)
    assert "clear its outputs first" in refusal(lambda: piped(data))


def test_other_json_is_text() -> None:
    data = b'{"cells": [1, 2], "a": "b"}\n'
    assert piped(data).kind == "text"
    assert text_of(data) == data.decode()


def test_line_ends_and_small_pictures_take_no_time() -> None:
    small = base64.encodebytes(random.Random(1).randbytes(1400)).decode()
    picture = {"output_type": "display_data", "data": {"image/png": small}}
    text: dict[str, object] = {"cell_type": "markdown", "source": "Delays" + "\n" * 24}
    for data in (_notebook(text), _notebook(_code(*[picture] * 60))):
        began = time.process_time()
        assert text_of(data)
        assert time.process_time() - began < 1  # seconds
