"""The header of a GGUF file: impossible ones are refused, sizes of tensors are those written."""

from __future__ import annotations

from pathlib import Path

import pytest
from gguf_files import gguf, mamba

from keydiff_cli.errors import ModelError
from keydiff_cli.llama.header import check_header, tensor_sizes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "toy.gguf"


@pytest.mark.parametrize("layers", [1, 512])
def test_a_possible_number_of_layers_passes(layers: int, path: Path) -> None:
    path.write_bytes(mamba(layers))
    check_header(path)


@pytest.mark.parametrize("layers", [0, 513, 2**32 - 1])
def test_an_impossible_number_of_layers_is_refused(layers: int, path: Path) -> None:
    path.write_bytes(mamba(layers))
    with pytest.raises(ModelError, match=rf"toy\.gguf is damaged: it names {layers} layers; fetch"):
        check_header(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GGUF" + bytes(100),
        b"no GGUF at all",
        gguf({}, {}),
        gguf({"general.architecture": "mamba", "mamba.block_count": "many"}, {}),
    ],
)
def test_what_else_is_wrong_is_left_to_llama(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    check_header(path)


def test_tensors_have_the_sizes_that_were_written(path: Path) -> None:
    shapes = {"token_embd.weight": (32, 8), "blk.0.attn_norm.weight": (5,), "größe": (2, 3, 4)}
    path.write_bytes(gguf({"general.architecture": "toy"}, shapes))
    assert tensor_sizes(path) == {
        "token_embd.weight": 4 * 32 * 8,
        "blk.0.attn_norm.weight": 4 * 5,
        "größe": 4 * 2 * 3 * 4,
    }


def test_a_file_that_is_no_model_has_no_tensors(path: Path) -> None:
    path.write_bytes(b"no GGUF at all")
    assert tensor_sizes(path) == {}
