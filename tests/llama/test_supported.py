"""Which models can be run, by what llama.cpp and the metadata say of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from keydiff_cli.errors import ModelError
from keydiff_cli.llama import supported
from keydiff_cli.llama.supported import advice_for, require_supported

Metadata = dict[str, str]


@pytest.fixture
def llama(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What llama.cpp says of a decoder; each answer can be replaced."""
    library = SimpleNamespace(
        llama_model_is_recurrent=lambda _: False,
        llama_model_is_hybrid=lambda _: False,
        llama_model_has_decoder=lambda _: True,
        llama_model_has_encoder=lambda _: False,
        llama_model_is_diffusion=lambda _: False,
        llama_vocab_type=lambda _: 2,
    )
    monkeypatch.setattr(supported, "library", lambda: library)
    return library


def model(architecture: str = "toy", metadata: Metadata | None = None, **more: int) -> Any:
    values = {f"{architecture}.{key}": value for key, value in (metadata or {}).items()}
    properties = {"layers": 32, "vocabulary_size": 512} | more
    return SimpleNamespace(
        path=Path("folder") / "toy.gguf",
        architecture=architecture,
        metadata=values.get,
        _model=None,
        _vocab=None,
        **properties,
    )


@pytest.mark.parametrize(
    ("architecture", "metadata"),
    [
        ("llama", {}),
        ("toy", {"attention.causal": "true", "pooling_type": "0"}),
        ("toy", {"attention.max_alibi_bias": "0.000000"}),
        ("baichuan", {}),
    ],
)
def test_decoders_with_rotary_positions_are_taken(
    architecture: str, metadata: Metadata, llama: SimpleNamespace
) -> None:
    require_supported(model(architecture, metadata))


@pytest.mark.parametrize("kind", ["recurrent", "hybrid"])
def test_a_model_whose_memory_cannot_be_removed_is_refused(
    kind: str, llama: SimpleNamespace
) -> None:
    setattr(llama, f"llama_model_is_{kind}", lambda _: True)
    with pytest.raises(
        ModelError, match=r"^toy\.gguf is a recurrent or hybrid model \(toy\): .* use"
    ):
        require_supported(model())


@pytest.mark.parametrize(
    ("function", "says"),
    [
        ("llama_model_has_decoder", False),
        ("llama_model_has_encoder", True),
        ("llama_model_is_diffusion", True),
        ("llama_vocab_type", 0),
    ],
)
def test_what_does_not_generate_is_refused(
    function: str, says: int, llama: SimpleNamespace
) -> None:
    setattr(llama, function, lambda _: says)
    with pytest.raises(ModelError, match=r"^toy\.gguf is not a generative model \(toy\): use a"):
        require_supported(model())


@pytest.mark.parametrize(
    ("metadata", "more"),
    [
        ({"attention.causal": "false"}, {}),
        ({"pooling_type": "1"}, {}),
        ({}, {"vocabulary_size": 0}),
    ],
)
def test_a_model_of_embeddings_is_refused(
    metadata: Metadata, more: dict[str, int], llama: SimpleNamespace
) -> None:
    with pytest.raises(ModelError, match="is not a generative model"):
        require_supported(model(metadata=metadata, **more))


@pytest.mark.parametrize(
    ("architecture", "metadata", "layers"),
    [
        ("gpt2", {}, 12),
        ("toy", {"attention.max_alibi_bias": "8.000000"}, 32),
        ("baichuan", {}, 40),
    ],
)
def test_keys_that_do_not_carry_their_position_are_refused(
    architecture: str, metadata: Metadata, layers: int, llama: SimpleNamespace
) -> None:
    match = rf"^toy\.gguf \({architecture}\) has no rotary positions, .*; use"
    with pytest.raises(ModelError, match=match):
        require_supported(model(architecture, metadata, layers=layers))


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("unknown model architecture: 'odd'", "update llama-cpp-python"),
        ("mmap failed: Cannot allocate memory", "allow more memory (ulimit -v)"),
        ("unable to allocate CPU buffer", "allow more memory (ulimit -v)"),
        ("tensor 'a' is not within the file bounds", "fetch the model again"),
    ],
)
def test_what_to_do_about_a_model_that_cannot_be_loaded(reason: str, advice: str) -> None:
    assert advice in advice_for(reason)
