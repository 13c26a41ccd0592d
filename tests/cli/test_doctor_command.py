"""``keydiff doctor``: a table or JSON, and a warning and a status for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_helpers import run


def test_it_is_a_table_of_what_json_has(tmp_path: Path) -> None:
    done = run("doctor", "--json", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    examined = json.loads(done.out)
    assert examined["problems"] == []
    table = run("doctor", cwd=tmp_path)
    assert (table.status, table.err) == (0, "")
    assert f"access to the cache  {examined['library']['access']}" in table.out
    assert "problems             none" in table.out


def test_a_problem_is_a_warning_and_a_status(tmp_path: Path) -> None:
    """A models folder that is a file is a single one."""
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    for folder in (blocked, blocked / "models"):
        done = run("doctor", "--json", cwd=tmp_path, models=folder)
        assert (done.status, done.warnings) == (1, [f"{blocked} is no folder"])
        examined = json.loads(done.out)
        assert examined["problems"] == done.warnings
        assert examined["models"]["free"] is None
        assert examined["models"]["installed"] == []


def test_settings_are_named_as_flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keydiff_cli.llama.installation.can_observe", lambda: False)
    done = run("doctor", cwd=tmp_path)
    assert done.status == 1
    assert any("--policy focus" in warning for warning in done.warnings), done.warnings


def test_wrong_settings_are_problems_and_the_others_count(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('bugdet = 5\nblock = "many"\nmodel = "smollm2-135m"\n')
    done = run("doctor", "--json", cwd=tmp_path, KEYDIFF_CONFIG=str(config), KEYDIFF_MEMROY="1GB")
    examined = json.loads(done.out)
    assert (done.status, done.warnings) == (1, examined["problems"])
    unknown, variable, value = examined["problems"]
    assert unknown == f"{config}: unknown setting 'bugdet'; did you mean budget?"
    assert variable == "KEYDIFF_MEMROY is no setting; did you mean memory?"
    assert value.startswith(f"{config}: block: 'many'")
    assert examined["models"]["default"] == "smollm2-135m"
    config.write_text("[")
    done = run("doctor", cwd=tmp_path, KEYDIFF_CONFIG=str(config))
    assert done.status == 1
    (problem,) = done.warnings
    assert problem.startswith(f"{config}: cannot be read")
    assert "problems             1" in done.out
