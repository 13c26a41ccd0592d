"""The programs of a build: what they are told, and why they failed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from keydiff_cli.build.programs import BuildError, fetching_pip, reason, run_program


def test_the_way_to_an_index_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = tmp_path / "pip.conf"
    configuration.write_text(
        "[global]\nindex-url = https://first\nproxy = http://gate\nquiet = 1\nuser = 1\n"
        "extra-index-url =\n    https://two\n    https://three\n[download]\ncert = /a.pem\n"
    )
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    monkeypatch.setenv("PIP_INDEX_URL", "https://wins")
    environment = fetching_pip()
    assert environment["PIP_INDEX_URL"] == "https://wins"
    assert environment["PIP_EXTRA_INDEX_URL"].split() == ["https://two", "https://three"]
    assert environment["PIP_PROXY"] == "http://gate"
    assert environment["PIP_CERT"] == "/a.pem"
    assert environment["PIP_CONFIG_FILE"] == os.devnull
    assert not {"PIP_USER", "PIP_QUIET"} & environment.keys()
    configuration.write_text("no section")
    with pytest.raises(BuildError, match="pip cannot read its configuration"):
        fetching_pip()
    configuration.write_text("")
    monkeypatch.setenv("PIP_TIMEOUT", "soon")
    with pytest.raises(BuildError, match=r"its configuration \(.*timeout: .*'soon'.*\); see"):
        fetching_pip()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("-- a\n  CMake Error: Unknown argument --nonsense\nCMake Error: Run 'cmake --help'", "CM"),
        ("CMake Error at a.txt:12 (message):\n  no CUDA\n\n\nCall Stack", "(message): no CUDA"),
        ("ERROR: Exception:\nTraceback (most recent call last):\n  File x\nKeyError: 'a'", "KeyE"),
        ("\nUsage:   \n  pip wheel [options] ...\n\nno such option: --x\n", "no such option: --x"),
        ("  Traceback (most recent call last):\n    File x\n  TypeError: b\n  error: c", "TypeE"),
        ("error: subprocess-exited-with-error\nERROR: Failed building wheel for x\nbad", "bad"),
        ("  c++: fatal error: Killed\nERROR: Failed building wheel for x", "c++: fatal"),
        ("a.cpp:404: x < 1e-6\nfirst: OK\nsecond: OK", "a.cpp:404: x < 1e-6"),
        ("ERROR: Could not find a version (from versions: none)\nERROR: No m", "index has none"),
        ("Hunk #1 FAILED at 1.\n1 out of 1 hunk FAILED\n", "1 out of 1"),
    ],
)
def test_the_reason_is_what_tells_most(said: str, expected: str) -> None:
    telling = reason(said)
    assert expected in telling
    assert "\n" not in telling
    assert not telling.startswith(("Usage", "ERROR: Exception", "Traceback", "ERROR: Failed"))


@pytest.mark.skipif(os.name != "posix", reason="signals and modes")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "it failed: signal 9 ended it"),
        ("raise SystemExit(3)", "it failed: it ended with status 3"),
    ],
)
def test_a_program_that_says_nothing(code: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=f"^{said}$"):
        run_program([sys.executable, "-c", code], tmp_path, tmp_path / "log", "it failed")


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_a_program_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    program = tmp_path / "git"
    program.write_bytes(b"\x7fnothing")
    program.chmod(0o755)
    with pytest.raises(BuildError, match=f"^{program} cannot be run: Exec format error"):
        run_program([str(program)], tmp_path, tmp_path / "log", "it failed")
    with pytest.raises(BuildError, match=f"^{tmp_path / 'gone'} cannot be written"):
        run_program([sys.executable, "-c", ""], tmp_path, tmp_path / "gone" / "log", "it failed")


def test_a_program_without_room_names_the_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('x.o: No space left on device')"]
    with pytest.raises(BuildError, match=f"^it failed: no space left in {tmp_path}; make room"):
        run_program(command, tmp_path, tmp_path / "log", "it failed")
