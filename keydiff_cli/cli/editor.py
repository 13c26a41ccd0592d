"""The user's editor, for a question of many lines."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from keydiff_cli.errors import UsageError
from keydiff_cli.system.as_found import come_back, undo_all
from keydiff_cli.system.files import told_by


def edited(text: str) -> str:
    """A text as the user has saved it in ``$VISUAL`` or ``$EDITOR``.

    Raises
    ------
    UsageError
        If there is no editor, or it fails.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise UsageError("no editor is known; set EDITOR, as in: export EDITOR=nano")
    with tempfile.TemporaryDirectory(prefix="keydiff-") as folder:
        path = Path(folder, "question.md")
        try:
            path.write_text(text, encoding="utf-8", errors="replace")
            undo_all()  # the terminal is the editor's
            try:
                status = subprocess.run([*_words(editor), str(path)], check=False).returncode
            finally:
                come_back()
            if status:
                raise UsageError(f"the editor '{editor}' has ended with status {status}")
            return path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise UsageError(f"the editor '{editor}' cannot be used: {told_by(error)}") from None


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command, posix=os.name == "posix") or [command]
    except ValueError:  # a quotation mark that is not closed
        return [command]
