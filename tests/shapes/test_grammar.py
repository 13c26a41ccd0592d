"""Grammars of schemas: their texts are valid, and llama.cpp reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from grammar_texts import Texts
from jsonschema import Draft202012Validator

from keydiff_cli.llama import require_grammar
from keydiff_cli.shapes import RefusedError, Schema

A, B = {"type": "string"}, {"type": "integer"}
SCHEMAS: dict[str, Any] = {
    "anything": {},
    "anything but": {"type": ["string", "null", "boolean", "integer"]},
    "object": {"type": "object"},
    "required": {"properties": {"a": A, "b": B, "c": {}}, "required": ["b"]},
    "optional": {"properties": {"a": A, "b": B, "c": {"type": "null"}}},
    "two required": {"properties": {"a": A, "b": B, "c": A}, "required": ["a", "c"]},
    "not empty": {"properties": {"a": A, "b": B}, "minProperties": 1},
    "undeclared": {"properties": {"a": A}, "required": ["z"]},
    "map": {"additionalProperties": B, "minProperties": 1, "maxProperties": 3},
    "forbidden": {"properties": {"a": A, "b": False}, "required": ["a"]},
    "keys": {"patternProperties": {"^x-[a-c]+$": B}, "additionalProperties": False},
    "key and pattern": {"properties": {"x-a": {"minimum": 3}}, "patternProperties": {"^x-": B}},
    "odd names": {"properties": {'a"\\\n\u00e9': A, "": B, "$ref": A}, "required": ["", "$ref"]},
    "array": {"type": "array"},
    "items": {"items": B, "minItems": 2, "maxItems": 4},
    "many items": {"items": {"const": 1}, "minItems": 1, "maxItems": 501},
    "tuple": {"prefixItems": [A, B, A], "items": False, "minItems": 1},
    "open tuple": {"prefixItems": [A, B], "items": {"type": "null"}, "maxItems": 4},
    "no items": {"items": A, "maxItems": 0},
    "strings": {"type": "string", "minLength": 3, "maxLength": 5},
    "long strings": {"type": "string", "minLength": 3, "maxLength": 502},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "date-time"},
    "enum": {"enum": ["a\\b", 'c"d', 1, 2.5, None, True, [1, {"x": []}], "\u00e9\n"]},
    "enum beside": {"enum": ["a", 1, "bcd", None], "type": "string", "not": {"const": "a"}},
    "const": {"const": {"a": [1, "x"]}},
    "integers": {"type": "integer", "minimum": -17, "exclusiveMaximum": 1205},
    "positive": {"type": "number", "exclusiveMinimum": 0},
    "share": {"type": "number", "minimum": 0, "maximum": 1},
    "below zero": {"type": "number", "exclusiveMinimum": -3, "exclusiveMaximum": 0},
    "around zero": {"type": "number", "minimum": -2, "maximum": 2},
    "from 95": {"type": "integer", "minimum": 95},
    "anyOf": {"anyOf": [A, {"type": "array", "items": B}, {"type": "null"}], "maxLength": 2},
    "anyOf required": {
        "properties": {"a": A, "b": B},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "oneOf types": {"oneOf": [A, B, {"type": "null"}]},
    "oneOf by a name": {
        "oneOf": [
            {"properties": {"kind": {"const": "a"}, "x": A}, "required": ["kind"]},
            {"properties": {"kind": {"enum": ["b", "c"]}, "y": B}, "required": ["kind", "y"]},
        ]
    },
    "oneOf required": {
        "properties": {"z": B},
        "oneOf": [
            {"properties": {"a": A}, "required": ["a"]},
            {"properties": {"b": A}, "required": ["b"]},
        ],
    },
    "allOf": {
        "allOf": [
            {"properties": {"a": {"minLength": 2}, "b": B}, "required": ["a"]},
            {"properties": {"a": {"type": "string", "maxLength": 3}}},
            {"required": ["b"]},
        ]
    },
    "allOf closed": {
        "allOf": [
            {"properties": {"a": A, "b": B}},
            {"properties": {"a": {}}, "additionalProperties": False},
        ]
    },
    "refs": {
        "$ref": "#/$defs/tree",
        "$defs": {
            "tree": {
                "properties": {"name": A, "of": {"type": "array", "items": {"$ref": "#"}}},
                "required": ["name", "of"],
            }
        },
    },
    "an anchor": {"$defs": {"x": {"$anchor": "here", "type": "null"}}, "items": {"$ref": "#here"}},
    "a ref to a name with signs": {"$defs": {"a/b~": B}, "items": {"$ref": "#/$defs/a~1b~0"}},
    "an impossible choice": {"anyOf": [{"type": "string", "enum": [1]}, {"const": "x"}, False]},
    "unevaluated": {
        "allOf": [{"properties": {"a": A}, "required": ["a"]}],
        "properties": {"b": B},
        "unevaluatedProperties": False,
    },
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_texts_of_a_grammar_are_valid_and_llama_reads_it(schema: Any) -> None:
    shape = Schema.of(schema)
    require_grammar(shape.grammar)
    texts, validator = Texts(shape.grammar), Draft202012Validator(schema)
    for _ in range(40):
        text = texts.make()
        value = json.loads(text)
        assert validator.is_valid(value), (text, list(validator.iter_errors(value)))
        assert shape.value(text) == value


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("optional", {"{}", '{"a"', '{"b"', '{"c"'}),
        ("anyOf required", {'{"a"', '{"b"'}),
        ("tuple", {'["'}),
        ("oneOf types", {'"', "null", "0-9"}),
    ],
)
def test_all_that_a_schema_offers_comes(name: str, wanted: set[str]) -> None:
    texts = Texts(Schema.of(SCHEMAS[name]).grammar)
    made = [texts.make() for _ in range(200)]
    for each in wanted:
        starts = tuple("0123456789") if each == "0-9" else each
        assert any(text.startswith(starts) for text in made), (each, made[:5])


@pytest.mark.parametrize(
    ("schema", "at"),
    [
        ({"properties": {"a/b": {"not": {"type": "null"}}}}, "#/properties/a~1b/not"),
        ({"items": {"if": True, "then": A}}, "#/items/if"),
        ({"anyOf": [A, {"dependentSchemas": {"a": {}}}]}, "#/anyOf/1/dependentSchemas"),
        ({"type": "array", "uniqueItems": True}, "#/uniqueItems"),
        ({"type": "array", "contains": A}, "#/contains"),
        ({"type": "integer", "multipleOf": 5}, "#/multipleOf"),
        ({"type": "number", "minimum": 0.5}, "#/minimum"),
        ({"type": "object", "propertyNames": {"maxLength": 3}}, "#/propertyNames"),
        ({"type": "object", "minProperties": 2}, "#/minProperties"),
        ({"properties": {"a": A, "b": A}, "maxProperties": 1}, "#/maxProperties"),
        ({"properties": {"a": A}, "dependentRequired": {"a": ["b"]}}, "#/dependentRequired"),
        ({"type": "string", "pattern": "a(?=b)"}, "#/pattern"),
        ({"type": "string", "pattern": "^a+$", "minLength": 2}, "#/pattern"),
        ({"oneOf": [A, {"type": "string", "maxLength": 3}]}, "#/oneOf"),
        ({"oneOf": [{"properties": {"a": A}}, {"properties": {"b": A}}]}, "#/oneOf"),
        ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, "#/oneOf"),
        ({"$ref": "https://example.org/x.json"}, "#/$ref"),
        ({"$ref": "#/$defs/none"}, "#/$ref"),
        ({"$ref": "#"}, "#"),
        ({"anyOf": [{"$ref": "#"}, {"const": 1}]}, "#"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#"}]}}}, "#"),
        ({"items": {"$dynamicRef": "#x"}}, "#/items/$dynamicRef"),
        ({"prefixItems": [A], "unevaluatedItems": False}, "#/unevaluatedItems"),
        (
            {"allOf": [{"required": ["a"]}, {"unevaluatedProperties": False}]},
            "#/allOf/1/unevaluatedProperties",
        ),
        ({"type": "string", "enum": [1]}, "#"),
        ({"properties": {"a": False}, "required": ["a"]}, "#/properties/a"),
        (False, "#"),
    ],
)
def test_what_has_no_grammar_is_refused_with_its_place(schema: Any, at: str) -> None:
    with pytest.raises(RefusedError) as refused:
        Schema.of(schema)
    assert str(refused.value).startswith(f"the schema cannot be used: {at}: ")


def test_many_combinations_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keydiff_cli.shapes.grammar._MOST_RULES", 300)
    pairs = [{"anyOf": [{"required": [f"{a}{n}"]} for n in range(5)]} for a in "abcd"]
    with pytest.raises(RefusedError, match="#: it has too many combinations"):
        Schema.of({"allOf": pairs})
