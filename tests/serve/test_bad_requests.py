"""Requests that are wrong in all ways: each gets a 4xx in one line, and the server goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served import KEY, MODEL, Served

pytest.importorskip("uvicorn")
httpx = pytest.importorskip("httpx")
pytestmark = [pytest.mark.serve, pytest.mark.model]

PATHS = (
    *("/v1/chat/completions", "/v1/files", "/v1/models", "/v1/models/x", "/v1/nothing", "/"),
    *("/v1/files/file-0", "/v1/files/../x/content", "/v1/files/%2e%2e%2fetc%2fpasswd/content"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(
    (
        *("messages", "model", "stream", "stop", "n", "tools", "temperature", "seed", "max_tokens"),
        *("response_format", "file_ids", "keydiff", "stream_options", "logprobs", "top_p"),
    )
)
ASKED = {"model": MODEL, "messages": [{"role": "user", "content": "One?"}], "max_tokens": 1}
# Each is wrong, or may be: what happens to be right is asked for a token.
BODIES = st.one_of(
    st.binary(max_size=60),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.builds(
        lambda name, value: json.dumps({**ASKED, name: value}).encode(),
        NAMES,
        JSON,
    ),
    st.builds(
        lambda role, content: json.dumps(
            {**ASKED, "messages": [{"role": role, "content": content}]}
        ).encode(),
        st.sampled_from(("user", "system", "tool", "assistant", 5)),
        JSON,
    ),
)
KINDS = st.sampled_from(
    ("application/json", "multipart/form-data", "multipart/form-data; boundary=x", "\xff", "")
)
REQUESTS = st.tuples(
    st.sampled_from(("POST", "POST", "POST", "PUT", "DELETE", "PATCH")),
    st.sampled_from((PATHS[0], PATHS[0], *PATHS)),
    BODIES,
    KINDS,
    st.sampled_from((f"Bearer {KEY}",) * 8 + ("", "Bearer x", "\xff")),
)

refused: list[int] = []  # the statuses


@pytest.fixture(scope="module")
def client(server: Served) -> Any:
    with httpx.Client(base_url=server.base, timeout=60) as client:
        yield client


@settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(request=REQUESTS)
def test_a_bad_request_is_told_so(client: Any, server: Served, request: Any) -> None:
    method, path, body, kind, key = request
    headers = {"Content-Type": kind.encode("latin-1"), "Authorization": key.encode("latin-1")}
    response = client.request(method, path, content=body, headers=headers)
    if response.status_code == 200:  # it happened to be right
        assert response.headers["content-type"].startswith(("application/json", "text/event"))
        return
    assert 400 <= response.status_code < 500, response.text
    refused.append(response.status_code)
    error = response.json()["error"]
    assert error["message"] and len(error["message"].splitlines()) == 1


def test_the_server_answers_afterwards_and_has_said_nothing_of_it(server: Served) -> None:
    assert len(refused) > 150 and {400, 401, 404, 405} <= set(refused)
    answer = server.ask("What is 2+2?", max_tokens=4)
    assert answer["usage"]["completion_tokens"] == 4
    said = [line for line in server.said if "may be incomplete" not in line]
    assert len(said) == 1 and said[0].startswith(f"keydiff: serving {MODEL}")
