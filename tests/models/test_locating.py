"""Finding models: installed files, whether they are whole, and files given as a path."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from model_helpers import FILENAME, NAME, entry, gguf, sha256

from keydiff_cli import models
from keydiff_cli.errors import ModelError
from keydiff_cli.models import CatalogueEntry, installation, locating


def install(folder: Path, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILENAME
    path.write_bytes(data)
    return path


def test_import_stays_light() -> None:
    code = (
        "import sys, keydiff_cli.models; print(sorted(set(sys.modules) & {'huggingface_hub', "
        "'rich', 'filelock', 'platformdirs', 'zipfile', 'subprocess', 'asyncio'}))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


def test_models_dir(tmp_path: Path) -> None:
    assert models.models_dir(tmp_path) == models.models_dir(str(tmp_path)) == tmp_path
    assert models.models_dir(Path("~/m")) == models.models_dir("~/m") == Path.home() / "m"
    assert models.models_dir("~no such user/m") == Path("~no such user/m")
    assert models.models_dir().name == "models"
    assert "keydiff" in models.models_dir().parts
    assert models.models_dir("") == models.models_dir()


def test_known_model_that_is_not_installed(toy: CatalogueEntry, tmp_path: Path) -> None:
    assert models.find(NAME, tmp_path / "none") is None
    assert models.installed(tmp_path / "none") == {}


def test_installed_model(toy: CatalogueEntry, tmp_path: Path) -> None:
    path = install(tmp_path, gguf())
    model = models.find(NAME, tmp_path)
    assert model == models.LocatedModel(NAME, path, toy.size, toy.sha256, toy)
    assert models.installed(tmp_path) == {NAME: path}


def test_unknown_name_suggests_a_close_one() -> None:
    with pytest.raises(ModelError) as caught:
        models.find("qwen2.5-coder-1.5", Path("unused"))
    message = str(caught.value)
    assert "did you mean qwen2.5-coder-1.5b?" in message
    assert all(name in message for name in models.catalogue())
    assert "\n" not in message


def test_unknown_name_without_a_close_one() -> None:
    with pytest.raises(ModelError, match="unknown model 'zzz': known models are"):
        models.find("zzz", Path("unused"))


@pytest.mark.parametrize("form", ["file.gguf", "./file.gguf", "{folder}/file.gguf", "./file"])
def test_model_given_as_a_path(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = gguf(1000)
    (tmp_path / "file.gguf").write_bytes(data)
    (tmp_path / "file").write_bytes(data)
    model = models.find(form.format(folder=tmp_path), tmp_path / "models")
    assert model is not None
    assert (model.size, model.sha256, model.entry) == (1000, None, None)
    assert model.path.samefile(tmp_path / model.name)


def test_path_with_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "file.gguf").write_bytes(gguf(100))
    model = models.find("~/file.gguf", tmp_path)
    assert model is not None and model.path == tmp_path / "file.gguf"


def test_path_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no model file"):
        models.find(str(tmp_path / "none.gguf"), tmp_path)


def test_path_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a folder"):
        models.find(str(tmp_path), tmp_path)


@pytest.mark.parametrize("content", [b"", b"GGU", b"PK\3\4 a zip file"])
def test_path_that_is_no_gguf(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(content)
    with pytest.raises(ModelError, match="is not a GGUF file"):
        models.find(str(tmp_path / "x.gguf"), tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_path_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.gguf")
    with pytest.raises(ModelError, match="not a regular file"):
        models.find(str(tmp_path / "x.gguf"), tmp_path)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind root"
)
def test_path_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(gguf(100))
    (tmp_path / "x.gguf").chmod(0)
    with pytest.raises(ModelError, match="cannot read the model"):
        models.find(str(tmp_path / "x.gguf"), tmp_path)


def test_damaged_model_is_noticed_once_it_changed(toy: CatalogueEntry, tmp_path: Path) -> None:
    path = install(tmp_path, gguf())
    assert models.find(NAME, tmp_path) is not None
    data = bytearray(gguf())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(1, 1))
    with pytest.raises(ModelError) as caught:
        models.find(NAME, tmp_path)
    assert "damaged" in str(caught.value)
    assert f"keydiff models remove {NAME}" in str(caught.value)
    with pytest.raises(ModelError, match="damaged"):
        models.pull(toy, tmp_path, log=lambda line: None)
    assert models.remove(toy, tmp_path) == len(data)
    assert models.find(NAME, tmp_path) is None


def test_unchanged_model_is_not_read_again(
    toy: CatalogueEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, gguf())
    models.find(NAME, tmp_path)
    monkeypatch.setattr(installation, "sha256_of", lambda path: pytest.fail("it was hashed again"))
    assert models.find(NAME, tmp_path) is not None


def test_touched_model_is_verified_and_remembered(
    toy: CatalogueEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(tmp_path, gguf())
    models.find(NAME, tmp_path)
    os.utime(path, ns=(1, 1))
    assert models.find(NAME, tmp_path) is not None
    monkeypatch.setattr(installation, "sha256_of", lambda path: pytest.fail("it was hashed again"))
    assert models.find(NAME, tmp_path) is not None


def test_model_replaced_while_it_is_hashed_is_not_remembered(
    toy: CatalogueEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(tmp_path, gguf())

    def replace(path: Path) -> str:
        path.write_bytes(b"GGUF and something else")
        return sha256(gguf())

    with monkeypatch.context() as patch:
        patch.setattr(installation, "sha256_of", replace)
        models.find(NAME, tmp_path)
    assert path.read_bytes() != gguf()
    with pytest.raises(ModelError, match="damaged"):
        models.find(NAME, tmp_path)


def test_models_folder_that_cannot_be_looked_into(toy: CatalogueEntry, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for look in (models.installed, lambda folder: models.remove(toy, folder)):
        with pytest.raises(ModelError, match=r"cannot look at .*; check the models folder"):
            look(tmp_path / "file" / "models")


def test_model_without_a_known_checksum_is_compared_with_what_was_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locating, "catalogue", lambda: {NAME: entry(gguf(), sha=None)})
    path = install(tmp_path, gguf())
    model = models.find(NAME, tmp_path)
    assert model is not None and model.sha256 == sha256(gguf())
    path.write_bytes(gguf() + b"x")
    with pytest.raises(ModelError, match="damaged"):
        models.find(NAME, tmp_path)


def test_locate(toy: CatalogueEntry, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        models.locate(NAME, tmp_path)
    assert str(caught.value) == "the model toy is not here: run `keydiff models pull toy`"
    assert list(tmp_path.iterdir()) == []
    path = install(tmp_path, gguf())
    assert models.locate(NAME, tmp_path) == models.find(NAME, tmp_path)
    assert models.locate(str(path), tmp_path).entry is None
    with pytest.raises(ModelError, match="unknown model"):
        models.locate("zzz", tmp_path)
