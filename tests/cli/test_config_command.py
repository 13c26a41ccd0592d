"""``keydiff config``: every setting, and where its value comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cli_helpers import fails, run


def shown(**more: str) -> dict[str, Any]:
    result = run("config", "show", "--json", **more)
    assert (result.status, result.err) == (0, "")
    return json.loads(result.out)


def test_show_gives_every_setting_with_its_source() -> None:
    settings = shown(KEYDIFF_POLICY="window")
    assert settings["policy"] == {"value": "window", "source": "KEYDIFF_POLICY"}
    assert settings["block"] == {"value": 128, "source": "default"}
    assert settings["memory"] == {"value": None, "source": "default"}
    table = run("config", "show", KEYDIFF_POLICY="window")
    assert (table.status, table.err) == (0, "")
    rows = [line.split() for line in table.out.splitlines()[1:]]
    assert [row[0] for row in rows] == list(settings)
    assert ["policy", "window", "KEYDIFF_POLICY"] in rows


def test_precedence(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("budget = 1000\nblock = 64\nmemory = '2GB'\noffline = true\n")
    settings = shown(KEYDIFF_CONFIG=str(path), KEYDIFF_BUDGET="2000", KEYDIFF_OFFLINE="")
    assert settings["budget"] == {"value": 2000, "source": "KEYDIFF_BUDGET"}
    assert settings["block"] == {"value": 64, "source": str(path)}
    assert settings["memory"] == {"value": 2_000_000_000, "source": str(path)}
    assert settings["offline"] == {"value": True, "source": str(path)}
    assert settings["max_tokens"] == {"value": 512, "source": "default"}


def test_flag_wins_over_the_environment(tmp_path: Path) -> None:
    document = tmp_path / "text.txt"
    document.write_text("Text.")
    message = fails(run("ask", "--policy", "best", document, "What?", KEYDIFF_POLICY="worst"), 2)
    assert message.startswith("--policy: 'best'")
    message = fails(run("ask", document, "What?", KEYDIFF_POLICY="worst"), 2)
    assert message.startswith("KEYDIFF_POLICY: 'worst'")


def test_path_of_the_configuration(tmp_path: Path) -> None:
    chosen = run("config", "path", KEYDIFF_CONFIG=str(tmp_path / "chosen.toml"))
    assert (chosen.status, chosen.out, chosen.err) == (0, f"{tmp_path / 'chosen.toml'}\n", "")


def test_empty_variables_are_as_if_not_set(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    settings = shown(KEYDIFF_CONFIG="", KEYDIFF_BUDGET="", **home)
    assert settings["budget"]["source"] == "default"
    assert run("config", "path", KEYDIFF_CONFIG="", **home).out.strip().endswith("config.toml")


def test_unknown_variables_are_named() -> None:
    result = run("config", "show", "--json", KEYDIFF_MEMROY="1GB")
    assert result.status == 0
    (warning,) = result.warnings
    assert warning == "KEYDIFF_MEMROY is no setting; did you mean memory?"


def test_show_some_settings() -> None:
    result = run("config", "show", "--json", "seed", "block", KEYDIFF_SEED="7")
    assert json.loads(result.out) == {
        "seed": {"value": 7, "source": "KEYDIFF_SEED"},
        "block": {"value": 128, "source": "default"},
    }
    message = fails(run("config", "show", "sead"), 2)
    assert message == "'sead' is no setting; did you mean seed?"
