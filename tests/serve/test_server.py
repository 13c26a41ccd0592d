"""The start and the end of a server: signals, kill -9, what it refuses to begin with."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import fails, story
from process_helpers import run_process
from served import KEY, MODEL, Served, serving

pytest.importorskip("uvicorn")
pytestmark = [pytest.mark.serve, pytest.mark.model]


def streaming(server: Served, question: str, heard: list[Any]) -> threading.Thread:
    """Follow a streamed answer to its end, in a thread; each event is heard."""
    host, port = server.base.removeprefix("http://").split(":")
    messages = [{"role": "user", "content": question}]
    body = json.dumps({"model": MODEL, "stream": True, "messages": messages}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {KEY}\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )

    def follow() -> None:
        with socket.create_connection((host, int(port)), 60) as connection:
            connection.sendall(head.encode() + body)
            for line in connection.makefile("rb"):
                if line.startswith(b"data: {"):
                    heard.append(json.loads(line[6:]))

    thread = threading.Thread(target=follow)
    thread.start()
    return thread


def until(true: Any) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < 60
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "grace"), [(signal.SIGTERM, 60), (signal.SIGINT, 0)])
def test_a_signal_lets_the_answer_end_or_cuts_it(
    small_path: Path, models_folder: Path, tmp_path: Path, number: int, grace: int
) -> None:
    options = "--max-tokens", 30, "--grace-seconds", grace
    with serving(*options, models=models_folder, cache=tmp_path) as server:
        first: list[Any] = []
        second: list[Any] = []
        one = streaming(server, "Tell me a long story about a harbour.", first)
        until(lambda: len(first) > 3)
        two = streaming(server, "And another one.", second)
        until(lambda: server.metric("keydiff_queue_waiting") == 1)
        assert server.end(number) == 0
        one.join()
        two.join()
    assert second[-1]["error"]["code"] == "ending"
    if grace:
        assert first[-1]["choices"][0]["finish_reason"] == "length"
    else:
        assert first[-1]["error"]["code"] == "ending" and len(first) < 30
    assert server.said[-1] == "keydiff: the server has ended"


def test_what_was_acknowledged_outlives_a_kill(
    small_path: Path, models_folder: Path, tmp_path: Path
) -> None:
    text = story(lines=13).encode()
    with serving(models=models_folder, cache=tmp_path) as server:
        files = [server.send(f"{n}.txt", text) for n in range(3)]
        assert server.ask("When?", files[0]["id"], max_tokens=2)["choices"]
        server.end(signal.SIGKILL)
    with serving(models=models_folder, cache=tmp_path) as server:
        known = server.get("/v1/files")["data"]
        assert sorted(known, key=str) == sorted(files, key=str)
        assert server.get(f"/v1/files/{files[1]['id']}/content").encode() == text
        usage = server.ask("When?", files[0]["id"], max_tokens=2)["usage"]
        assert usage["prompt_tokens_details"]["cached_tokens"] > 256
        assert server.metric("keydiff_tokens_read_total") == 0
        assert server.end() == 0


def test_a_key_is_made_and_its_place_is_told(
    small_path: Path, models_folder: Path, tmp_path: Path
) -> None:
    alone = {"KEYDIFF_API_KEY": "", "KEYDIFF_CACHE": "0"}
    with serving(models=models_folder, cache=tmp_path, **alone) as server:
        key = Path(server.said[0].rpartition(" ")[2])
        until(lambda: len(server.said) == 2)
        assert "the cache is off" in server.said[1]
        assert key.read_text().strip() not in "".join(server.said)
        shown = {"Authorization": f"Bearer {key.read_text().strip()}"}
        assert server.get("/v1/models", **shown)["data"][0]["id"] == MODEL


def test_an_answer_that_takes_too_long_is_given_up(
    small_path: Path, models_folder: Path, tmp_path: Path
) -> None:
    with serving("--request-seconds", 0.5, models=models_folder, cache=tmp_path) as server:
        refused = server.ask("Tell me a long story.", max_tokens=500)
        assert (server.status, refused["error"]["code"]) == (504, "timeout")
        until(lambda: not server.metric("keydiff_answering"))
        port = int(server.base.rpartition(":")[2])
        words = "serve", "-m", MODEL, "--port", port
        said = fails(run_process(*words, models=models_folder, KEYDIFF_API_KEY=KEY), 2)
        assert said.startswith(f"cannot listen on 127.0.0.1 port {port}: ")
        words = "serve", "-m", MODEL, "--port", 0
        mine = {"KEYDIFF_API_KEY": KEY, "KEYDIFF_CACHE_DIR": str(tmp_path)}
        assert "another server has" in fails(run_process(*words, models=models_folder, **mine), 2)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--host", "0.0.0.0"], 2, "--host 0.0.0.0 lets others in: give a key of yours"),
        (["--policy", "focus"], 2, "--policy focus reads for a question"),
        (["--documents", "/no/such/folder"], 2, "--documents: /no/such/folder is no folder"),
        (["--upload-size", "much"], 2, "'much' is not a size"),
        (["--port", "0", "-m", "no-such-model"], 4, "no-such-model"),
    ],
)
def test_what_a_server_does_not_begin_with(
    words: list[str], status: int, said: str, tmp_path: Path
) -> None:
    home = {"XDG_DATA_HOME": str(tmp_path), "KEYDIFF_CACHE_DIR": str(tmp_path / "cache")}
    assert said in fails(run_process("serve", *words, **home), status)
