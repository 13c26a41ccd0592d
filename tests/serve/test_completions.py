"""Answers of a server, whole and streamed, by its clients: curl, and the client of OpenAI."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from served import KEY, MODEL, Served

openai = pytest.importorskip("openai")
pytest.importorskip("uvicorn")
pytestmark = [pytest.mark.serve, pytest.mark.model]

ASKED: Any = {"model": MODEL, "messages": [{"role": "user", "content": "What is 2+2?"}]}


@pytest.fixture(scope="module")
def client(server: Served) -> Any:
    return openai.OpenAI(base_url=f"{server.base}/v1", api_key=KEY, max_retries=0)


def test_the_model_is_listed(client: Any) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).owned_by == "keydiff"
    with pytest.raises(openai.NotFoundError, match="there is no model"):
        client.models.retrieve("gpt-9")


def test_an_answer_is_the_same_whole_and_streamed(client: Any) -> None:
    whole = client.chat.completions.create(**ASKED, max_tokens=8)
    streamed = list(
        client.chat.completions.create(
            **ASKED, max_tokens=8, stream=True, stream_options={"include_usage": True}
        )
    )
    [choice] = whole.choices
    text = "".join(each.choices[0].delta.content or "" for each in streamed[:-1])
    assert choice.message.content == text != ""
    assert choice.finish_reason == streamed[-2].choices[0].finish_reason == "length"
    assert streamed[-1].usage == whole.usage
    assert whole.usage.completion_tokens == 8
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + 8
    assert whole.keydiff["warnings"] == streamed[-2].keydiff["warnings"]
    assert whole.keydiff["warnings"][0].startswith("the answer stopped after 8 tokens")


def test_stop_and_seed(client: Any) -> None:
    create = client.chat.completions.create
    text = create(**ASKED, max_tokens=12).choices[0].message.content
    stop = text[6:10]
    [choice] = create(**ASKED, max_tokens=12, stop=[stop]).choices
    assert choice.message.content == text[: text.index(stop)]
    assert choice.finish_reason == "stop"
    warm = [
        create(**ASKED, max_tokens=12, temperature=2, seed=seed).choices[0].message.content
        for seed in (1, 1, 2)
    ]
    assert warm[0] == warm[1] != warm[2]


def test_data_by_a_schema(client: Any) -> None:
    schema = {"type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"],
              "additionalProperties": False}  # fmt: skip
    shape = {"type": "json_schema", "json_schema": {"name": "sum", "schema": schema}}
    answer = client.chat.completions.create(**ASKED, response_format=shape)
    data = json.loads(answer.choices[0].message.content)
    assert list(data) == ["sum"] and answer.keydiff["data"] == data


def test_what_was_said_before_counts(client: Any) -> None:
    turns = [
        {"role": "user", "content": "Say: the blue heron flies."},
        {"role": "assistant", "content": "The blue heron flies."},
        {"role": "user", "content": "Say that again."},
    ]
    asked = {"model": MODEL, "max_tokens": 16}
    alone = client.chat.completions.create(**asked, messages=turns[-1:])
    after = client.chat.completions.create(**asked, messages=turns)
    assert "heron" in after.choices[0].message.content
    assert "heron" not in alone.choices[0].message.content
    assert after.usage.prompt_tokens > alone.usage.prompt_tokens + 8


def test_a_client_that_goes_stops_the_answer(client: Any, server: Served) -> None:
    asked = {**ASKED, "messages": [{"role": "user", "content": "Count to one thousand."}]}
    before = server.metric("keydiff_tokens_answered_total")
    with client.chat.completions.create(**asked, stream=True) as stream:
        for _, piece in zip(range(4), stream, strict=False):
            assert piece.id.startswith("chatcmpl-")
    began = time.monotonic()
    while server.metric("keydiff_answering"):
        assert time.monotonic() - began < 20
        time.sleep(0.02)
    answered = server.metric("keydiff_tokens_answered_total") - before
    assert 3 <= answered < 40
    assert client.chat.completions.create(**ASKED, max_tokens=2).usage.completion_tokens == 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_curl_sees_events_and_comments(server: Served, tmp_path: Path) -> None:
    body = tmp_path / "asked.json"
    body.write_text(json.dumps({**ASKED, "stream": True, "max_tokens": 3}))
    url = f"{server.base}/v1/chat/completions"
    key = f"Authorization: Bearer {KEY}"
    command = ["curl", "-sS", "-N", url, "-H", key, "-d", f"@{body}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    events = done.stdout.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert ": queue 0" in events
    pieces = [json.loads(each.removeprefix("data: ")) for each in events if each[:7] == "data: {"]
    assert pieces[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert pieces[-1]["choices"][0]["finish_reason"] == "length"


def test_an_error_in_a_stream_is_an_event(client: Any) -> None:
    long = {**ASKED, "messages": [{"role": "user", "content": "word " * 3000}]}
    with pytest.raises(openai.BadRequestError, match="the question has"):
        client.chat.completions.create(**long)
    with pytest.raises(openai.APIError, match="the question has"):
        list(client.chat.completions.create(**long, stream=True))
