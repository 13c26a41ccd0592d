"""A server as a process of its own, and requests to it."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from process_helpers import start

KEY = "a-key-for-the-tests"
MODEL = "smollm2-135m"


@dataclass
class Served:
    """A server that runs.

    Attributes
    ----------
    base
        Its address, without a path.
    said
        What it has said on stderr so far, in lines.
    """

    process: subprocess.Popen[bytes]
    base: str
    said: list[str]
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, data: Any = None, **more: Any) -> Any:
        """The JSON, or text, of a response; its status and headers are kept.

        ``data`` is sent as JSON by POST, unless it is bytes; ``more`` are headers and the method.
        """
        method = more.pop("method", None)
        headers = {"Authorization": f"Bearer {KEY}", **more}
        body = data if data is None or isinstance(data, bytes) else json.dumps(data).encode()
        request = urllib.request.Request(self.base + path, body, headers, method=method)
        try:
            response = urllib.request.urlopen(request, timeout=100)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            self.status, self.headers = response.status, dict(response.headers)
            text = response.read().decode()
        kind = self.headers.get("content-type", "")
        return json.loads(text) if kind == "application/json" else text

    def ask(self, question: str, *files: str, **more: Any) -> Any:
        """The object of an answer about files, by their ids."""
        asked = {"model": MODEL, "messages": [{"role": "user", "content": question}]}
        return self.get("/v1/chat/completions", {**asked, "file_ids": list(files), **more})

    def send(self, name: str, content: bytes) -> Any:
        """The object of a file that is sent."""
        form = (
            b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n'
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
            + name.encode()
            + b'"\r\nContent-Type: text/plain\r\n\r\n'
            + content
            + b"\r\n--x--\r\n"
        )
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        return self.get("/v1/files", form, **kind)

    def metric(self, name: str) -> float:
        """A number that the server counts."""
        text = self.get("/metrics")
        [value] = re.findall(rf"^{re.escape(name)} (.+)$", text, re.MULTILINE) or ["0"]
        return float(value)

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; its exit status."""
        self.process.send_signal(number)
        return self.process.wait(60)


def raw(server: Served, data: bytes) -> bytes:
    """What comes until the server closes the connection, on which ``data`` is sent."""
    host, port = server.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 20) as connection:
        connection.sendall(data)
        come = b""
        while piece := connection.recv(4096):
            come += piece
    return come


@contextmanager
def serving(
    *options: object, models: Path, cache: Path, model: object = MODEL, **variables: str
) -> Iterator[Served]:
    """A server on a free port, with a folder for what it keeps."""
    words = ("serve", "-m", model, "--port", 0, "--threads", 1, *options)
    ours = {
        "KEYDIFF_API_KEY": KEY,
        "KEYDIFF_CACHE": "1",
        "KEYDIFF_CACHE_DIR": str(cache),
        "XDG_DATA_HOME": str(cache / "data"),
    }
    given = {name: value for name, value in (ours | variables).items() if value}
    process = start(*words, models=models, variables=given)
    said: list[str] = []
    try:
        base = _address(process, said)
        threading.Thread(target=_follow, args=(process, said), daemon=True).start()
        yield Served(process, base, said)
        assert not any("Traceback" in line for line in said), said
    finally:
        process.kill()
        process.wait()


def _address(process: subprocess.Popen[bytes], said: list[str]) -> str:
    """Where it listens, which it says when it is ready."""
    assert process.stderr is not None
    for line in process.stderr:
        said.append(line.decode().rstrip())
        if found := re.search(r"at (http://\S+)/v1;", said[-1]):
            return found[1]
    raise AssertionError(f"it has ended: {said}")


def _follow(process: subprocess.Popen[bytes], said: list[str]) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        said.append(line.decode().rstrip())
