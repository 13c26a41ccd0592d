"""Many clients at a server for some minutes: statuses, and the memory of the process over time.

    python docs/server_load.py --minutes 5 --memory 400MB

It starts the server with the small model, and prints one line of JSON. Clients ask about one of
some documents or about none, whole or streamed; some go before their answer is there, and some
send files and delete them. Who gets a 429 asks again later.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from statistics import mean
from typing import Any

KEY = "a-key-for-the-load-of-a-server"
MODEL = "smollm2-135m"
QUESTIONS = ("When was it founded?", "What is blue?", "Name one thing.", "What is 2+2?")
EVERY = 2.0  # seconds between two looks at the memory


class Load:
    """Clients of a server, and what became of their requests."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.statuses: Counter[str] = Counter()
        self.files: list[str] = []
        self.over = threading.Event()

    def call(self, path: str, data: Any = None, **headers: str) -> Any:
        """An open response; its status is counted, also where it is an error."""
        headers = {"Authorization": f"Bearer {KEY}", **headers}
        method = headers.pop("method", None)
        body = data if data is None or isinstance(data, bytes) else json.dumps(data).encode()
        request = urllib.request.Request(self.base + path, body, headers, method=method)
        try:
            response = urllib.request.urlopen(request, timeout=600)
        except urllib.error.HTTPError as error:
            response = error
        self.statuses[str(response.status)] += 1
        return response

    def send(self, name: str, text: str) -> str:
        """The id of a file that is sent."""
        form = (
            f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n{text}'
            "\r\n--x--\r\n"
        )
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        with self.call("/v1/files", form.encode(), **kind) as response:
            return str(json.load(response)["id"])

    def client(self, seed: int) -> None:
        """One client, until it is over."""
        chance = random.Random(seed)
        while not self.over.is_set():
            try:
                wait = self._request(chance)
            except Exception as error:
                self.statuses[type(error).__name__] += 1
                wait = 1.0
            self.over.wait(wait)

    def _request(self, chance: random.Random) -> float:
        """Make one request; how long to wait before the next."""
        if chance.random() < 0.05:
            file_id = self.send("short.txt", "The sea is blue. " * 20)
            self.call(f"/v1/files/{file_id}", method="DELETE").close()
        asked = {
            "model": MODEL,
            "max_tokens": chance.randint(1, 16),
            "stream": chance.random() < 0.5,
            "messages": [{"role": "user", "content": chance.choice(QUESTIONS)}],
            "file_ids": [chance.choice(self.files)] if chance.random() < 0.1 else [],
        }
        with self.call("/v1/chat/completions", asked) as response:
            if response.status == 429:
                return float(response.headers["Retry-After"]) * chance.uniform(0.5, 1.5)
            if asked["stream"] and chance.random() < 0.1:
                response.readline()  # and go
            elif b'"error"' in response.read():
                self.statuses["error in a stream"] += 1
        return chance.uniform(0, 0.2)

    def resident(self) -> dict[str, float]:
        """Bytes of the server's memory now, and at most so far."""
        with self.call("/metrics") as response:
            text = response.read().decode()
        return {
            name: float(re.findall(rf"^keydiff_{name}_bytes (.+)$", text, re.MULTILINE)[0])
            for name in ("resident", "peak")
        }


def measure(load: Load, clients: int, minutes: float) -> list[dict[str, float]]:
    """Let clients come for some minutes; the memory meanwhile, the first half minute left out."""
    threads = [threading.Thread(target=load.client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    began, seen = time.monotonic(), []
    while (passed := time.monotonic() - began) < minutes * 60:
        time.sleep(EVERY)
        if passed > 30:
            seen.append(load.resident())
    load.over.set()
    for thread in threads:
        thread.join()
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--memory", default="400MB")
    parser.add_argument("--queue", type=int, default=32)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        words = ["-m", MODEL, "--port", "0", "--memory", given.memory, "--threads", "1"]
        words += ["--queue", str(given.queue), "--budget", "256"]
        server = subprocess.Popen(
            [sys.executable, "-m", "keydiff_cli", "serve", *words],
            stderr=subprocess.PIPE,
            env={**os.environ, "KEYDIFF_API_KEY": KEY, "KEYDIFF_CACHE_DIR": folder},
            text=True,
        )
        assert server.stderr is not None
        said = iter(server.stderr)
        base = next(found[1] for line in said if (found := re.search(r"(http://\S+)/v1;", line)))
        warnings: list[str] = []
        threading.Thread(target=warnings.extend, args=(said,), daemon=True).start()
        load = Load(base)
        line = "The storehouse on quay {} was painted in the spring of {}.\n"
        for number in range(3):
            text = "".join(line.format(n, 1800 + number * 40 + n) for n in range(40))
            load.files.append(load.send(f"{number}.txt", text))
        seen = measure(load, given.clients, given.minutes)
        peak = load.resident()["peak"]
        server.send_signal(signal.SIGTERM)
        status = server.wait(120)
    third = max(len(seen) // 3, 1)
    first, last = (
        mean(each["resident"] for each in part) for part in (seen[:third], seen[-third:])
    )
    figures = {
        "clients": given.clients,
        "minutes": given.minutes,
        "requests": dict(sorted(load.statuses.items())),
        "resident_first_third": round(first),
        "resident_last_third": round(last),
        "growth": round(last / first - 1, 4),
        "resident_mb": [round(each["resident"] / 1e6) for each in seen[:: max(len(seen) // 12, 1)]],
        "peak": round(peak),
        "memory": given.memory,
        "exit_status": status,
        "errors": [line for line in warnings if "error" in line or "cap" in line],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
