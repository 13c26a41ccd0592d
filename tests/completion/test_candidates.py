"""What words of a command line go on with: commands, options, values, and what is kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from other_programs import ollama_model, own_home
from process_helpers import run_process

from keydiff_cli.completion.candidates import candidates, table
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots.writer import SUFFIX
from keydiff_cli.talk.sessions import Session, open_sessions

IDS = ["0123456789ab", "fedcba987654"]


def found(line: str) -> list[str]:
    *words, begun = line.split(" ")
    return list(candidates(words, begun))


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two saved chats, two snapshots, and the settings that say where they are."""
    chats, snapshots = tmp_path / "chats", tmp_path / "snapshots"
    config = tmp_path / "config.toml"
    config.write_text(f'sessions_dir = "{chats.as_posix()}"\nnonsense = 1\n')
    monkeypatch.setenv("KEYDIFF_CONFIG", str(config))
    monkeypatch.setenv("KEYDIFF_CACHE_DIR", str(snapshots))
    sessions = open_sessions(Settings(sessions_dir=str(chats)))
    for name in ("work", "walk"):
        sessions.save(name, Session({}, [], []))
    snapshots.mkdir()
    for name in IDS:
        (snapshots / f"{name}{SUFFIX}").touch()
    (snapshots / f"{IDS[0]}.notes").touch()


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("mo", ["models"]),
        ("models p", ["pull", "path"]),
        ("ask --mod", ["--model"]),
        ("ask --no-c", ["--no-cache", "--no-cite"]),
        ("ask --model smol", ["smollm2-135m", "smollm2-1.7b", "smollm3-3b"]),
        ("ask -m gem", ["gemma3-270m"]),
        ("ask --model = gem", ["gemma3-270m"]),  # as bash cuts it
        ("ask --model=gem", ["--model=gemma3-270m"]),
        ("models remove gem", ["gemma3-270m"]),
        ("chat --budget 300 --policy keydiff-", ["keydiff-prerope", "keydiff-token"]),
        ("ask --ocr ", ["auto", "off", "all"]),
        ("ask --json --ocr a", ["auto", "all"]),
        ("ask --length ", ["short", "medium", "long"]),
        ("config show max", ["max_tokens"]),
        ("ask --system ", []),
        ("ask ", []),
        ("ask report", []),
        ("nonsense ", list(table()["commands"][""]["commands"])),
    ],
)
def test_what_could_follow(line: str, wanted: list[str]) -> None:
    assert found(line) == wanted


@pytest.mark.usefixtures("kept")
def test_what_is_kept() -> None:
    """Also where a setting is wrong, of which a shell must not hear."""
    assert found("chat --resume ") == ["walk", "work"]
    assert found("sessions remove walk wo") == ["work"]
    assert found("cache remove ") == IDS
    assert found("cache show f") == IDS[1:]


def test_models_of_other_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = own_home(monkeypatch, tmp_path)
    ollama_model(home / ".ollama" / "models", "registry.ollama.ai/library/qwen3/4b", b"GGUF")
    assert "ollama:qwen3:4b" in found("ask --model ")
    assert found("chat -m=oll") == ["-m=ollama:qwen3:4b"]
    assert found("models remove oll") == []  # they are not removed
    assert found("ask --model ollama:qwen3:") == ["ollama:qwen3:4b"]


def test_nothing_kept_is_nothing_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYDIFF_CONFIG", os.devnull)
    monkeypatch.setenv("KEYDIFF_SESSIONS_DIR", str(tmp_path / "none"))
    assert found("chat --resume ") == []


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from keydiff_cli.completion.candidates import candidates\n"
        "candidates(['chat', '--resume'], ''); candidates(['ask', '--model'], '')\n"
        "print({name.partition('.')[0] for name in sys.modules} & "
        "{'llama_cpp', 'numpy', 'typer', 'rich', 'prompt_toolkit'})"
    )
    assert run_process(command=[sys.executable, "-c", code]).out == "set()\n"
