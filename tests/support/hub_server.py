"""A small HTTP server on the loopback that answers like the Hugging Face hub does for a file."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class HubServer:
    """Serves files by ``repo/file``; every field may be changed while it runs.

    Attributes
    ----------
    files
        Content by ``owner/name/path``.
    etag
        What is announced for every file instead of its SHA-256.
    break_after
        Number of bytes after which a transfer is cut off, for as many transfers as `breaks`.
    ranges
        Whether range requests are honoured.
    elsewhere
        Whether the bytes come from another address, as the hub's do.
    license
        What every repository says on its card.
    statuses
        What is answered instead, by the beginning of the path: status and ``X-Error-Code``.
    tokens
        The token that every request had, by its path; at the other address, too.
    requests
        ``(method, path, range header)`` of every request.
    """

    files: dict[str, bytes]
    etag: str | None = None
    break_after: int = 0
    breaks: int = 0
    ranges: bool = True
    elsewhere: bool = True
    license: str = "apache-2.0"
    statuses: dict[str, tuple[int, str]] = field(default_factory=dict)
    tokens: dict[str, str | None] = field(default_factory=dict)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)

    def __enter__(self) -> HubServer:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self._answer(with_body=False)

            def do_GET(self) -> None:
                self._answer(with_body=True)

            def log_message(self, format: str, *args: object) -> None:
                pass

            def _answer(self, *, with_body: bool) -> None:
                hub.requests.append((self.command, self.path, self.headers.get("Range")))
                hub.tokens[self.path] = self.headers.get("Authorization")
                for beginning, (status, code) in hub.statuses.items():
                    if self.path.startswith(beginning):
                        self._refuse(status, code)
                        return
                if self.path.startswith("/api/models/"):
                    self._list(*self.path.removeprefix("/api/models/").split("?")[0].split("/"))
                    return
                if self.path.startswith("/blobs/"):
                    self._send_blob(hub.files[self.path.removeprefix("/blobs/")], with_body)
                    return
                repo, _, rest = self.path.lstrip("/").partition("/resolve/")
                name = f"{repo}/{rest.partition('/')[2]}"
                data = hub.files.get(name)
                if data is None:
                    self._refuse(404, "EntryNotFound")
                elif hub.elsewhere:
                    self.send_response(302)
                    self._describe(data)
                    self.send_header("Location", f"{hub.other_url}/blobs/{name}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                else:
                    self._send_blob(data, with_body)

            def _refuse(self, status: int, code: str) -> None:
                self.send_response(status)
                if code:
                    self.send_header("X-Error-Code", code)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _list(self, owner: str, name: str, *revision: str) -> None:
                repo = f"{owner}/{name}"
                names = [file for file in hub.files if file.startswith(f"{repo}/")]
                if not names:
                    self._refuse(404, "RepoNotFound")
                    return
                siblings = [
                    {
                        "rfilename": file.removeprefix(f"{repo}/"),
                        "size": len(hub.files[file]),
                        "lfs": {
                            "sha256": hub.etag or hashlib.sha256(hub.files[file]).hexdigest(),
                            "size": len(hub.files[file]),
                            "pointerSize": 134,
                        },
                    }
                    for file in names
                ]
                answer = {
                    "id": repo,
                    "sha": COMMIT,
                    "siblings": siblings,
                    "cardData": {"license": hub.license},
                }
                data = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def _describe(self, data: bytes) -> None:
                digest = hub.etag or hashlib.sha256(data).hexdigest()
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("X-Linked-Etag", f'"{digest}"')
                self.send_header("X-Linked-Size", str(len(data)))

            def _send_blob(self, data: bytes, with_body: bool) -> None:
                start, header = 0, self.headers.get("Range")
                if header and hub.ranges:
                    start = int(header.removeprefix("bytes=").rstrip("-"))
                    self.send_response(206)
                    self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
                else:
                    self.send_response(200)
                self._describe(data)
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                if not with_body:
                    return
                body = data[start:]
                if hub.breaks:
                    hub.breaks -= 1
                    body = body[: hub.break_after]
                    self.close_connection = True
                self.wfile.write(body)

        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
        self.url, self.other_url = (
            f"http://127.0.0.1:{server.server_address[1]}" for server in self._servers
        )
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def downloads(self) -> list[tuple[str, str | None]]:
        """Return the path and the range of every request for bytes that were served."""
        prefix = "/blobs/" if self.elsewhere else "/"
        return [
            (path, wanted)
            for method, path, wanted in self.requests
            if method == "GET" and path.startswith(prefix)
        ]
