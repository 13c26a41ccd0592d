"""Tables that are gone on with: what counts, what was cut short, what is no such table."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from keydiff_cli.errors import UsageError
from keydiff_cli.rows import Rows, made_of

COLUMNS = ["document", "error", "made_of", "name", "of"]
FORMS = pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])


def table(path: Path | None, stream: Any = None, columns: list[str] = COLUMNS) -> Rows:
    return Rows(path, columns, ["document"], stream or io.StringIO())


def row(document: str, made: str = "x", error: str | None = None, **more: Any) -> dict[str, Any]:
    return {"document": document, "error": error, "made_of": made, **more}


def documents(path: Path) -> list[tuple[str, str]]:
    """The documents in a table, and what their rows are made of."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        rows: Any = csv.DictReader(io.StringIO(text, newline=""))
    else:
        rows = map(json.loads, text.split("\n")[:-1])
    return [(each["document"], each["made_of"]) for each in rows]


@FORMS
def test_a_table_is_gone_on_with_and_a_row_takes_the_place_of_its_document(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / "new" / name
    with table(path) as rows:
        for document in ("a", "b", "c"):
            rows.add(row(document, name='x"\n\u2028,y', of={"z": [1, None]}))
        rows.add(row("d", error="cannot be read"))
    with table(path) as rows:
        assert [rows.has((each,), "x") for each in "abcde"] == [True, True, True, False, False]
        assert not rows.has(("a",), "other")
        rows.add(row("b", "y"))
        rows.add(row("e"))
        assert len(documents(path)) == 6, "a row is not written at once"
    assert documents(path) == [("a", "x"), ("b", "y"), ("c", "x"), ("d", "x"), ("e", "x")]
    assert [each.name for each in path.parent.iterdir()] == [name]


@FORMS
def test_a_row_that_was_cut_short_is_made_anew(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with table(path) as rows:
        rows.add(row("a"))
        rows.add(row("b", name="line\nline", of=[1, 2]))
    whole = path.read_bytes()
    begin = whole.index(b"b,") if name.endswith("csv") else whole.index(b"\n") + 1
    for length in range(begin, len(whole)):
        path.write_bytes(whole[:length])
        with table(path) as rows:
            assert (rows.has(("a",), "x"), rows.has(("b",), "x")) == (True, False), length
            rows.add(row("b"))
        assert documents(path) == [("a", "x"), ("b", "x")]


def test_cells_are_texts_as_they_are_and_json(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with table(path) as rows:
        rows.add(row("a", name='é, "x"', of=[1, {"y": "é"}]))
        rows.add(row("b", name=True))
    _, first, second = csv.reader(io.StringIO(path.read_text("utf-8"), newline=""))
    assert first == ["a", "", "x", 'é, "x"', '[1, {"y": "é"}]']
    assert second == ["b", "", "x", "true", ""]


def test_without_a_file_rows_go_to_a_stream() -> None:
    stream = io.StringIO()
    with table(None, stream) as rows:
        rows.add(row("a", name="é"))
    assert json.loads(stream.getvalue()) == row("a", name="é")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.jsonl", '{"a": 1}\n'),
        ("rows.jsonl", "words\n"),
        ("rows.jsonl", '{"made_of": "x"}\n'),
        ("rows.csv", "document,error,made_of,other\na,,x,\n"),
        ("rows.csv", "document,error,made_of,name,of\na,b\nc,,x,,\n"),
    ],
)
def test_another_file_is_refused_and_left_alone(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(UsageError, match="has other rows"):
        table(path)
    assert path.read_text() == text
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_one_at_a_time_writes_a_table(tmp_path: Path) -> None:
    with table(tmp_path / "rows.csv"), pytest.raises(UsageError, match="another keydiff"):
        table(tmp_path / "rows.csv")
    with pytest.raises(UsageError, match="no ordinary file"):
        table(tmp_path)


def test_what_a_row_is_made_of_is_told_apart() -> None:
    assert made_of({"a": 1, "b": 2}, "q") == made_of({"b": 2, "a": 1}, "q") != made_of({}, "q")
