"""The source distribution: verified, unpacked, patched; and the patches themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_build import PATCH, Seen

from keydiff_cli.build.building import build_llama
from keydiff_cli.build.programs import BuildError
from keydiff_cli.build.release import Release, apply, patch_files, verify
from keydiff_cli.llama import API_VERSION


def test_what_does_not_fit_is_refused(toy: tuple[Release, Path], tmp_path: Path) -> None:
    release, file = toy
    other = tmp_path / "other.tar.gz"
    other.write_bytes(b"something else")
    with pytest.raises(BuildError, match=r"is not keydiff_toy-1\.0\.tar\.gz"):
        build_llama(tmp_path / "cache", Seen(), source=other, release=release)
    with pytest.raises(BuildError, match="cannot be read: No such file"):
        verify(release, tmp_path / "none.tar.gz")
    (tmp_path / "0001-answer.patch").write_text(PATCH.format(answer=42).replace("-41", "-40"))
    with pytest.raises(BuildError, match=r"0001-answer\.patch does not apply: error: patch failed"):
        build_llama(tmp_path / "cache", Seen(), source=file, release=release)


def test_patch_serves_where_git_is_missing(
    toy: tuple[Release, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "keydiff_toy-1.0" / "vendor" / "llama.cpp"
    here = {"git": None, "patch": "/usr/bin/patch"}
    if not Path("/usr/bin/patch").exists():
        pytest.skip("there is no patch")
    monkeypatch.setattr("keydiff_cli.build.programs.shutil.which", here.get)
    apply([tmp_path / "0001-answer.patch"], folder)
    assert (folder / "answer.txt").read_text() == "42\n"
    here["patch"] = None
    with pytest.raises(BuildError, match="neither git nor patch"):
        apply([tmp_path / "0001-answer.patch"], folder)


def test_the_patches_come_in_order_with_messages() -> None:
    files = patch_files()
    assert [file.name[:4] for file in files] == ["0001", "0002", "0003"]
    for number, file in enumerate(files, start=1):
        text = file.read_text(encoding="utf-8")
        assert f"Subject: [PATCH {number}/{len(files)}] " in text
        assert f"+#define LLAMA_KV_API_VERSION {API_VERSION}" in text or number != 2
