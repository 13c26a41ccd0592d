"""``keydiff ask`` for data with the small model: JSON by a schema, and choices."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import SMALL, Result, fails, run
from report_helpers import parse

Ask = Callable[..., Result]
SCHEMA = {
    "properties": {
        "cat": {"type": "string", "maxLength": 20},
        "black": {"type": "boolean"},
        "kind": {"enum": ["cat", "dog"]},
        "paws": {"type": "integer", "minimum": 4, "maximum": 4},
    },
    "required": ["cat", "black", "kind", "paws"],
}
QUESTION = "What is the name of the cat, and its colour?"


@pytest.fixture(scope="module")
def report(ask: Ask, cat: Path) -> dict[str, Any]:
    schema = cat.parent / "schema.json"
    schema.write_text(json.dumps(SCHEMA))
    return parse(ask("--json", "--schema", schema, cat, QUESTION))


@pytest.mark.model
def test_an_answer_is_data_by_the_schema(report: dict[str, Any]) -> None:
    data = report["data"]
    assert list(data) == list(SCHEMA["properties"])
    assert type(data["black"]) is bool
    assert data["kind"] in ("cat", "dog")
    assert data["paws"] == 4
    assert json.loads(report["answer"]) == data
    assert report["stop_reason"] == "eos"


@pytest.mark.model
def test_it_is_alone_on_stdout_also_sampled_and_without_reading(ask: Ask, cat: Path) -> None:
    given = ("--schema", json.dumps(SCHEMA), "--quick", "--temperature", 3, "--quiet")
    printed = ask(*given, cat, QUESTION)
    assert (printed.status, printed.err) == (0, "")
    assert json.loads(printed.out)["paws"] == 4


@pytest.mark.model
def test_an_answer_is_one_of_the_choices(ask: Ask, cat: Path) -> None:
    printed = ask("--choices", "It is red, or blue", "--choices", "It is black", cat, QUESTION)
    assert printed.out in ("It is red, or blue\n", "It is black\n")


@pytest.mark.model
def test_an_answer_that_is_cut_off_is_an_error_and_nothing_is_printed(ask: Ask, cat: Path) -> None:
    given = ("--schema", json.dumps(SCHEMA), "--max-tokens", 5)
    for more in ((), ("--json",)):
        said = fails(ask(*given, *more, "--quiet", cat, QUESTION), 6)
        assert said.startswith("the answer was cut off after 5 tokens, and is not whole; raise ")


@pytest.mark.model
def test_a_list_that_goes_on_and_on_is_ended_and_it_is_said(ask: Ask, cat: Path) -> None:
    names = {"type": "array", "items": {"type": "string"}, "minItems": 9}
    schema = json.dumps({"properties": {"names": names}, "required": ["names"]})
    report = parse(ask("--json", "--schema", schema, "--max-tokens", 400, cat, QUESTION))
    assert len(report["data"]["names"]) >= 9
    assert report["warnings"] == [
        "the data repeated themselves without end, and were ended there; look at them"
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--schema", '{"items": {"not": {}}}'), "the schema cannot be used: #/items/not: "),
        (("--schema", "{}", "--choices", "a,b"), "leave one out"),
        (("--schema", "{}", "--cite"), "--cite cites the sentences"),
        (("--choices", "a"), "there are no two choices"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_read(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    assert said in fails(run("ask", "--model", SMALL, *words, tmp_path / "no.txt", "Why?"), 2)
