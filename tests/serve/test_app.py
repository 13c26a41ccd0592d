"""Files of a server, and questions about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import story
from process_helpers import run_process
from served import KEY, MODEL, Served

openai = pytest.importorskip("openai")
pytest.importorskip("uvicorn")
pytestmark = [pytest.mark.serve, pytest.mark.model]


@pytest.fixture(scope="module")
def client(server: Served) -> Any:
    return openai.OpenAI(base_url=f"{server.base}/v1", api_key=KEY, max_retries=0)


def test_files_by_the_client_of_openai(client: Any, server: Served, tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text(story(lines=3))
    file = client.files.create(file=path, purpose="user_data")
    assert (file.filename, file.bytes) == ("report.txt", path.stat().st_size)
    assert client.files.retrieve(file.id) == file
    assert client.files.content(file.id).read() == path.read_bytes()
    other = client.files.create(file=("other.txt", b"The sea is blue."), purpose="assistants")
    assert {each.id for each in client.files.list(limit=1)} >= {file.id, other.id}
    assert [each.id for each in client.files.list(purpose="assistants")] == [other.id]
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)
    assert client.files.delete(other.id).deleted


def test_files_of_a_folder_are_read_only(client: Any, server: Served, folder: Path) -> None:
    [file] = [each for each in client.files.list() if each.purpose == "documents"]
    assert file.filename == "story.txt"
    assert client.files.content(file.id).read() == (folder / "story.txt").read_bytes()
    with pytest.raises(openai.PermissionDeniedError, match="it stays"):
        client.files.delete(file.id)


def test_a_document_is_read_once(client: Any, server: Served) -> None:
    file, other = server.send("one.txt", story(lines=14).encode()), server.send("two.txt", b"Blue.")
    read = server.metric("keydiff_tokens_read_total")
    parts = [
        {"type": "file", "file": {"file_id": file["id"]}},
        {"type": "text", "text": "When was the harbour founded?"},
    ]
    messages = [{"role": "user", "content": parts}]
    asked = {"model": client.models.list().data[0].id, "messages": messages, "max_tokens": 12}
    first = client.chat.completions.create(**asked, extra_body={"keydiff": {"cite": True}})
    tokens = server.metric("keydiff_tokens_read_total") - read
    assert tokens > 256
    [document] = first.keydiff["documents"]
    assert (document["name"], document["tokens"]) == ("one.txt", tokens)
    assert first.usage.prompt_tokens_details.cached_tokens == 0
    again = server.ask("When was the harbour founded?", file["id"], max_tokens=12)
    assert again["usage"]["prompt_tokens_details"]["cached_tokens"] == tokens
    assert again["choices"][0]["message"]["content"] == first.choices[0].message.content
    assert server.ask("What colour?", other["id"], max_tokens=2)["keydiff"]["warnings"]
    server.ask("When?", file["id"], max_tokens=2)  # taken up from its snapshot
    assert server.metric("keydiff_tokens_read_total") - read < tokens + 40


def test_an_answer_is_that_of_the_command(
    server: Served, models_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "harbour.txt"
    path.write_text(story(lines=4))
    question = "When was the harbour founded?"
    file = server.send(path.name, path.read_bytes())
    served = server.ask(question, file["id"], max_tokens=12)
    words = "ask", "-m", MODEL, "--threads", 1, "--max-tokens", 12, "--json", path, question
    asked = json.loads(run_process(*words, models=models_folder).out)
    assert served["choices"][0]["message"]["content"] == asked["answer"]
    own = served["keydiff"]
    for name in ("stop_reason", "warnings", "certainty", "supported", "second_look", "checked"):
        assert own[name] == asked[name], name
    assert own["documents"][0]["sha256"] == asked["documents"][0]["sha256"]
    assert served["usage"]["completion_tokens"] == asked["tokens"]["generated"]
    prompt = asked["tokens"]["document"] + asked["tokens"]["prompt"]
    assert served["usage"]["prompt_tokens"] == prompt


def test_what_cannot_be_answered_is_told(server: Served) -> None:
    broken = server.send("broken.pdf", b"%PDF-1.7 and no more")
    refused = server.ask("What?", broken["id"])
    assert server.status == 400 and "broken.pdf" in refused["error"]["message"]
    refused = server.ask("What?", "file-0")
    assert (server.status, refused["error"]["code"]) == (404, "file_not_found")
    refused = server.get("/v1/nothing")
    assert (server.status, refused["error"]["message"]) == (404, "there is no /v1/nothing here")
    server.get("/v1/models/", Host="localhost:1")
    assert server.status == 404
    server.get("/v1/models", method="PUT")
    assert server.status == 405 and "GET" in server.headers["allow"]
    for query in ("limit=0", "limit=x", "after=file-0"):
        server.get(f"/v1/files?{query}")
        assert server.status == 400


def test_a_large_request_is_refused(server: Served) -> None:
    server.ask("x" * 21_000)
    assert server.status == 413
    for size in (51_000, 200_000, 8_000_000):
        server.send("large.txt", b"x" * size)
        assert server.status == 413
    known = {file["filename"] for file in server.get("/v1/files")["data"]}
    assert "large.txt" not in known


def test_what_is_listed_first_and_last(server: Served) -> None:
    ids = [server.send(f"{n}.txt", b"x")["id"] for n in range(3)]
    newest = server.get("/v1/files")["data"]
    oldest = server.get("/v1/files?order=asc")["data"]
    assert newest == oldest[::-1] and {file["id"] for file in newest} >= set(ids)
    page = server.get("/v1/files?limit=2")
    assert page["has_more"] and page["last_id"] == newest[1]["id"]
    rest = server.get(f"/v1/files?after={page['last_id']}")
    assert rest["data"] == newest[2:] and not rest["has_more"]
