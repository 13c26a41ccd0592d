"""What ``keydiff serve`` says without its extra."""

from __future__ import annotations

import pytest
from cli_helpers import fails, run

from keydiff_cli.cli import serve_command


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = {"uvicorn"}
    monkeypatch.setattr(serve_command, "find_spec", lambda name: name not in missing)
    said = fails(run("serve"), 2)
    assert said == 'the server needs the extra serve: pip install "keydiff-cli[serve]"'
