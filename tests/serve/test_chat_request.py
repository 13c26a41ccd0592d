"""The parameters of a request: honoured, passed over or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keydiff_cli.serve.chat_request import ChatRequest, parse_json, read_chat_request
from keydiff_cli.serve.refusals import Refusal
from keydiff_cli.settings.config import Settings
from keydiff_cli.shapes import Schema

SETTINGS = Settings(max_tokens=100, system="Be brief.", second_look=0)
ASKED = {"model": "small", "messages": [{"role": "user", "content": "One?"}]}


def read(**more: Any) -> ChatRequest:
    return read_chat_request({**ASKED, **more}, "small", SETTINGS)


def refused(**more: Any) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        read(**more)
    assert len(refusal.value.message.splitlines()) == 1
    return refusal.value


def test_a_plain_question_is_asked_by_the_settings() -> None:
    asked = read()
    assert asked.settings == SETTINGS
    assert (asked.question, asked.turns, asked.shape, asked.stop) == ("One?", (), None, ())
    assert not asked.stream and not asked.usage
    assert asked.inquiry(["a.txt"]).files == ["a.txt"]


def test_what_is_honoured() -> None:
    asked = read(
        temperature=1, seed=7, max_completion_tokens=20, stop="END", stream=True,
        stream_options={"include_usage": True, "include_obfuscation": False},
        file_ids=["file-1", "file-1"], keydiff={"cite": True, "absent": "note"},
        messages=[{"role": "system", "content": "Be kind."}, *ASKED["messages"]],
    )  # fmt: skip
    settings = asked.settings
    assert (settings.temperature, settings.seed, settings.max_tokens) == (1.0, 7, 20)
    assert (settings.cite, settings.absent, settings.system) == (True, "note", "Be kind.")
    assert settings.second_look == SETTINGS.second_look
    assert asked.stream and asked.usage
    assert (asked.stop, asked.file_ids) == (("END",), ("file-1",))


def test_no_answer_is_longer_than_the_server_lets_it_be() -> None:
    assert read(max_tokens=4000).settings.max_tokens == 100


def test_shapes() -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    given = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    shape = read(response_format=given).shape
    assert isinstance(shape, Schema) and shape.names == ("name",)
    assert isinstance(read(response_format={"type": "json_object"}).shape, Schema)
    assert read(response_format={"type": "text"}).shape is None


def test_what_changes_nothing_is_taken() -> None:
    read(
        user="me", metadata={"a": "b"}, store=False, n=1, top_p=1.0, presence_penalty=0,
        logit_bias={}, tools=[], tool_choice="none", logprobs=False, stop=None, seed=None,
        stream_options=None, parallel_tool_calls=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 2), ("n", True), ("top_p", 0.5), ("frequency_penalty", 1), ("logprobs", True),
        ("tools", [{"type": "function"}]), ("store", True), ("logit_bias", {"5": 100}),
        ("modalities", ["audio"]), ("reasoning_effort", "high"), ("top_k", 5), ("x" * 500, 1),
    ],
)  # fmt: skip
def test_what_would_change_the_answer_is_refused(name: str, value: Any) -> None:
    refusal = refused(**{name: value})
    assert refusal.status == 400
    assert refusal.code in ("unsupported_parameter", "unknown_parameter")
    assert refusal.param == name[:60]


@pytest.mark.parametrize(
    "more",
    [
        {"temperature": "1"}, {"temperature": True}, {"temperature": -1}, {"seed": 0.5},
        {"max_tokens": 0}, {"max_tokens": [1]}, {"stop": [""]}, {"stop": ["a"] * 5}, {"stop": 5},
        {"stream": 1}, {"stream_options": {"include_usage": True}}, {"stream_options": []},
        {"stream": True, "stream_options": {"include_usage": 1}}, {"file_ids": "file-1"},
        {"file_ids": [1]}, {"file_ids": ["x"] * 300}, {"keydiff": []}, {"keydiff": {"budget": 5}},
        {"keydiff": {"cite": 1}}, {"keydiff": {"length": "huge"}}, {"response_format": "json"},
        {"response_format": {"type": []}}, {"response_format": {"type": "json_schema"}},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "x"}}}},
        {"response_format": {"type": "json_object"}, "stop": "END"}, {"model": 5}, {"model": None},
    ],
)  # fmt: skip
def test_wrong_values_are_refused(more: dict[str, Any]) -> None:
    assert refused(**more).status == 400


def test_another_model_is_not_here() -> None:
    refusal = refused(model="gpt-9")
    assert (refusal.status, refusal.code) == (404, "model_not_found")
    assert "'small'" in refusal.message


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b'{"a": NaN}', b'"\\ud800"', b"[" * 100_000, b"1" * 5000]
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_json(body)
    assert refusal.value.code == "invalid_json"
    assert len(refusal.value.message.splitlines()) == 1


def test_json_that_is_no_request_is_refused() -> None:
    assert parse_json(json.dumps(ASKED).encode()) == ASKED
    with pytest.raises(Refusal, match="no object"):
        read_chat_request([], "small", SETTINGS)
