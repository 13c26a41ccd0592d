"""Shapes: what is no schema or no choice, what an answer is as data, and what the model is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from grammar_texts import Texts

from keydiff_cli.errors import AnswerError, UsageError
from keydiff_cli.shapes import Choices, Schema

TOLD = "Answer in JSON of this form, and nothing else: "


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('{"type": ', "the schema is no JSON: "),
        ('{"const": NaN}', "the schema is no JSON: NaN is no number"),
        ('{"const": 1e999}', "the schema is no JSON: "),
        ('{"const": "\\ud800"}', "the schema is no JSON: "),
        ('{"type": "objet"}', "the schema is none of draft 2020-12: #/type: 'objet'"),
        ('{"properties": {"a": {"items": [{}]}}}', "draft 2020-12: #/properties/a/items: "),
        ("none.json", "the schema none.json cannot be read: No such file"),
    ],
)
def test_what_is_no_schema_is_said_in_a_line(given: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        Schema.load(given)
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_schema_comes_from_a_file_of_any_draft(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "null"}
    path.write_text("\ufeff" + json.dumps(schema), encoding="utf-8")
    assert Schema.load(str(path)).value("null") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [('{"a": 1', "is no JSON"), ('{"a": "x"}', "not valid by the schema: 'x' is not of type")],
)
def test_an_answer_that_is_no_such_data_is_an_error(text: str, said: str) -> None:
    with pytest.raises(AnswerError, match=said):
        Schema.of({"properties": {"a": {"type": "integer"}}}).value(text)


def test_the_model_is_told_names_kinds_and_what_is_said_of_them() -> None:
    shape = Schema.of(
        {
            "properties": {
                "firstName": {"type": "string", "description": "of the\n  tenant"},
                "due_on": {"type": ["string", "null"], "format": "date"},
                "paid": {"type": "boolean"},
                "kind": {"enum": ["a", 2]},
                "of": {"$ref": "#/$defs/list"},
            },
            "required": ["firstName", "due_on", "kind", "of"],
            "$defs": {"list": {"type": "array", "items": {"anyOf": [{"type": "number"}, {}]}}},
        }
    )
    anything = "{...} or [...] or text or number or true or false or null"
    assert shape.told == TOLD + (
        '{"firstName": text (of the tenant), "due_on": date as YYYY-MM-DD or null, '
        '"paid": true or false (or left out), "kind": "a" or 2, '
        f'"of": [number or {anything}, ...]}}'
    )
    assert shape.words == "first Name of the tenant due on paid kind"


def test_a_long_schema_is_told_in_short_and_one_within_itself_to_some_depth() -> None:
    part = {"type": "string", "description": "x" * 100}
    names = {f"a{n}": part for n in range(30)}
    told = Schema.of({"properties": names, "required": list(names)}).told
    assert "xx" not in told
    assert '"a29": text}' in told
    deep = Schema.of({"properties": {"of": {"$ref": "#"}}, "required": []}).told
    assert deep.count('"of"') == 5


def test_names_are_those_of_all_alternatives() -> None:
    either = {"anyOf": [{"properties": {"b": {}}}, {"$ref": "#/$defs/c"}, {"type": "null"}]}
    schema = {"properties": {"a": {}}, **either, "$defs": {"c": {"required": ["c"]}}}
    assert Schema.of(schema).names == ("a", "b", "c")
    assert Schema.of({"type": "array", "items": {"properties": {"a": {}}}}).names == ()


@pytest.mark.parametrize(
    ("given", "choices"),
    [
        (["yes, no,yes"], ("yes", "no")),
        (["a, b", "c"], ("a, b", "c")),
        (['["a, b", "c"]'], ("a, b", "c")),
        (['say "x"\\y,n'], ('say "x"\\y', "n")),
    ],
)
def test_choices_are_written_in_three_ways(given: list[str], choices: tuple[str, ...]) -> None:
    shape = Choices.parse(given)
    assert shape.choices == choices
    texts = Texts(shape.grammar)
    made = {texts.make() for _ in range(30)}
    assert made == set(choices)
    assert {shape.value(text) for text in made} == made


@pytest.mark.parametrize("given", [["a"], ["a,,b"], ["a", "a"], ["a", "b\nc"], ["[1, 2]"], ["[x"]])
def test_what_are_no_choices_is_refused(given: list[str]) -> None:
    with pytest.raises(UsageError):
        Choices.parse(given)


def test_an_answer_that_is_no_choice_is_an_error() -> None:
    with pytest.raises(AnswerError, match="none of the choices: 'may'"):
        Choices.of(["maybe", "no"]).value("may")


def test_a_list_of_such_data_is_a_shape_too() -> None:
    schema = Schema.of({"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"const": 1}}})
    listed = schema.listed
    texts = Texts(listed.grammar)
    made = [listed.value(texts.make()) for _ in range(50)]
    assert [] in made
    assert max(map(len, made)) > 3
    assert any({"a": 1} in each for each in made)
    for wrong in ("{}", "[", '[{"a": 2}]'):
        with pytest.raises(AnswerError):
            listed.value(wrong)
