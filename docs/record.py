"""Makes docs/run.svg from a real run in a pseudo-terminal: command, one progress frame, answer."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
COLUMNS = 112
ARGUMENTS = [
    "docs/sample/harbour-report.pdf",
    "What was the purchase price of the new crane, in pounds?",
]


def run(arguments: list[str]) -> str:
    """Everything the command writes to a terminal of ``COLUMNS`` columns."""
    parent, child = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "keydiff_cli", "ask", "--no-cache", *arguments]
    process = subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, cwd=ROOT, env=environment
    )
    os.close(child)
    output = b""
    while True:
        try:
            data = os.read(parent, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        output += data
    if process.wait():
        sys.exit(output.decode())
    return output.decode()


def main() -> None:
    pieces = re.split(r"\r\n|\r|\x1b\[2K|\x1b\[1A", run(ARGUMENTS))
    plain = [(Text.from_ansi(piece), piece) for piece in pieces]
    frames = [text for text, _ in plain if text.plain.startswith("reading ")]
    lines = [
        text for text, _ in plain if text.plain.strip() and not text.plain.startswith("reading ")
    ]
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), highlight=False)  # noqa: SIM115
    shown = " ".join(f'"{part}"' if " " in part else part for part in ARGUMENTS)
    console.print(f"$ keydiff ask {shown}", markup=False)
    console.print(lines[0])
    console.print(frames[2 * len(frames) // 3])
    for line in lines[1:]:
        console.print(line)
    # No web fonts: whoever opens the picture fetches nothing.
    picture = re.sub(
        r"@font-face \{.*?\}", "", console.export_svg(title="keydiff"), flags=re.DOTALL
    )
    (ROOT / "docs" / "run.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
