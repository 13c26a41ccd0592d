"""What headers of GGUF files say, and which models cannot be used."""

from __future__ import annotations

from pathlib import Path

import gguf_files
import pytest

from keydiff_cli.models.header import Header, HeaderError, read_header


def write(folder: Path, data: bytes) -> Path:
    path = folder / "x.gguf"
    path.write_bytes(data)
    return path


def test_usable_model(tmp_path: Path) -> None:
    path = write(tmp_path, gguf_files.decoder("llama"))
    assert read_header(path) == Header("llama", 8192, None, None)


@pytest.mark.parametrize(
    "data, problem",
    [
        (gguf_files.mamba(), "recurrent or hybrid (mamba): it has no ordinary cache"),
        (gguf_files.bert(), "an embedding or encoder model (bert)"),
        (gguf_files.decoder("qwen3", {"pooling_type": 3}), "an embedding model (qwen3)"),
        (gguf_files.decoder("gpt2"), "without rotary positions (gpt2)"),
        (gguf_files.unknown("clip"), "no language model (clip)"),
        (gguf_files.decoder("lfm2", {"shortconv.l_cache": 3}), "recurrent or hybrid (lfm2)"),
    ],
)
def test_model_that_cannot_be_used(tmp_path: Path, data: bytes, problem: str) -> None:
    assert (read_header(write(tmp_path, data)).problem or "").startswith(problem)


def test_quantisation_behind_the_vocabulary(tmp_path: Path) -> None:
    metadata: dict[str, gguf_files.Value] = {
        "general.architecture": "llama",
        "llama.context_length": 4096,
        "llama.rope.freq_base": 10000.0,
        "tokenizer.ggml.tokens": ["a", "bc", "def"],
        "tokenizer.ggml.token_type": [1, 1, 1],
        "general.file_type": 15,
    }
    path = write(tmp_path, gguf_files.gguf(metadata, {}))
    assert read_header(path) == Header("llama", 4096, None, None)
    assert read_header(path, whole=True) == Header("llama", 4096, "Q4_K_M", None)


def test_every_cut_of_a_header_is_noticed(tmp_path: Path) -> None:
    whole = gguf_files.gguf({"general.architecture": "llama", "a.b": [1, 2]}, {})
    for end in range(len(whole) - 32):
        with pytest.raises(HeaderError):
            read_header(write(tmp_path, whole[:end]), whole=True)


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(HeaderError, match="No such file"):
        read_header(tmp_path / "none.gguf")
    with pytest.raises(HeaderError, match="names no architecture"):
        read_header(write(tmp_path, gguf_files.gguf({"general.name": "x"}, {})))
