"""Extracting: which documents are asked, and what becomes of those that fail."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keydiff_cli.errors import AnswerError, ModelError, UsageError
from keydiff_cli.extract import Extracted, columns_of, extract
from keydiff_cli.report import Report
from keydiff_cli.settings.config import Settings
from keydiff_cli.shapes import Schema

SCHEMA = Schema.of({"properties": {"name": {"type": "string"}}, "required": ["name"]})
SETTINGS = Settings()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the documents that the model is asked; their text is the answer."""
    asked: list[str] = []

    def ask(settings: Any, paths: list[str], *_: Any, shape: Any, **__: Any) -> Report:
        [path] = map(Path, paths)
        asked.append(path.name)
        text = path.read_text()
        if text == "cut":
            raise AnswerError("the answer was cut off")
        if text == "model":
            raise ModelError("no model")
        return Report(
            data={"name": text}, stop_reason="stop" if text != "ctrl-c" else "interrupted"
        )

    monkeypatch.setattr("keydiff_cli.extract.ask", ask)
    return asked


def paths(folder: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [str(folder / name) for name in texts]


def run(files: list[str], out: Path, question: str = "?", schema: Any = SCHEMA) -> Extracted:
    return extract(SETTINGS, files, schema, out, io.StringIO(), question=question)


def read(out: Path) -> dict[str, Any]:
    rows = map(json.loads, out.read_text().splitlines())
    return {Path(row["document"]).name: row.get("name") or row["error"] for row in rows}


def test_one_that_fails_has_its_error_and_is_tried_again(asked: list[str], tmp_path: Path) -> None:
    files, out = paths(tmp_path, a="A", b="cut", c="C"), tmp_path / "rows.jsonl"
    files.insert(1, str(tmp_path / "missing"))
    assert run([*files, files[0]], out) == Extracted(new=2, failed=2)
    missing = f"{tmp_path / 'missing'} cannot be read: No such file or directory"
    assert read(out) == {"a": "A", "missing": missing, "b": "the answer was cut off", "c": "C"}
    assert asked == ["a", "b", "c"]
    paths(tmp_path, b="B")
    assert run(files, out) == Extracted(new=1, known=2, failed=1)
    assert asked[3:] == ["b"]
    assert read(out)["b"] == "B"


def test_what_has_changed_is_asked_again(asked: list[str], tmp_path: Path) -> None:
    files, out = paths(tmp_path, a="A", b="B"), tmp_path / "rows.jsonl"
    run(files, out)
    paths(tmp_path, b="new")
    assert run(files, out) == Extracted(new=1, known=1)
    assert read(out) == {"a": "A", "b": "new"}
    assert run(files, out, question="What?").new == 2
    other = Schema.of({**SCHEMA.schema, "title": "x"})
    assert run(files, out, "What?", other).new == 2
    settings = replace(SETTINGS, max_tokens=9)
    assert extract(settings, files, other, out, io.StringIO(), question="What?").new == 2
    assert len(read(out)) == 2


def test_ctrl_c_and_a_model_that_cannot_be_used_end_it_and_rows_stay(
    asked: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "rows.jsonl"
    for text, error in (("ctrl-c", KeyboardInterrupt), ("model", ModelError)):
        with pytest.raises(error):
            run(paths(tmp_path, a="A", b=text, c="C"), out)
        assert read(out) == {"a": "A"}
    assert asked == ["a", "b", "b"]


def test_fields_are_columns_and_data_without_any_one_column() -> None:
    assert columns_of(SCHEMA) == ["document", "error", "made_of", "name"]
    assert columns_of(Schema.of({"type": "array"})) == ["document", "error", "made_of", "data"]
    with pytest.raises(UsageError, match="a field 'error'"):
        columns_of(Schema.of({"properties": {"error": {}}}))
