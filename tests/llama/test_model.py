"""A model file: what is none is refused, and how long a text a model can read."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from keydiff_cli import llama
from keydiff_cli.errors import ExitStatus, ModelError


def test_a_file_that_is_no_model_is_a_model_error(tmp_path: Path) -> None:
    path = tmp_path / "odd.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelError) as caught:
        llama.Model(path)
    assert caught.value.status == ExitStatus.MODEL
    assert "odd.gguf" in str(caught.value)


@pytest.mark.parametrize(
    ("scaling", "cells", "longest"),
    [
        ({}, 1024, 131072),
        ({"original_context_length": "4096"}, 1024, 4096),
        ({"original_context_length": "4096"}, 4096, 4096),
        ({"original_context_length": "4096"}, 4352, 131072),
        ({"original_context_length": "4096", "type": "longrope"}, 1024, 4096),
        ({"original_context_length": "32768", "type": "yarn"}, 1024, 131072),
    ],
)
def test_longrope_models_read_long_texts_with_many_cells_only(
    scaling: dict[str, str], cells: int, longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {f"phi3.rope.scaling.{name}": value for name, value in scaling.items()}
    monkeypatch.setattr(llama.Model, "architecture", "phi3")
    monkeypatch.setattr(llama.Model, "trained_context", 131072)
    monkeypatch.setattr(llama.Model, "metadata", lambda _, key: values.get(key))
    assert object.__new__(llama.Model).longest_text(cells) == longest


@pytest.mark.model
def test_the_longest_text_of_a_plain_model_is_what_it_was_trained_for(small_path: Path) -> None:
    with closing(llama.Model(small_path, weights=False)) as model:
        assert model.longest_text(256) == model.trained_context == 8192


@pytest.mark.model
def test_of_a_closed_model_nothing_is_read(small_path: Path) -> None:
    """Its memory is freed, and a corpus may still have it."""
    model = llama.Model(small_path, weights=False)
    token = int(model.tokenize("harbour")[0])
    model.close()
    for use in (lambda: model.piece(token), lambda: model.tokenize("harbour")):
        with pytest.raises(ModelError, match="is closed"):
            use()
