"""Which models can be run here: those whose cache has rows that can be removed and moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keydiff_cli.errors import ModelError
from keydiff_cli.llama.library import library
from keydiff_cli.models.header import WITHOUT_ROTATION

if TYPE_CHECKING:
    from keydiff_cli.llama.model import Model

_NO_VOCABULARY = 0  # of enum llama_vocab_type


def require_supported(model: Model) -> None:
    """Refuse a model that cannot be run.

    Raises
    ------
    ModelError
        If it is recurrent, has no rotary positions, or does not generate text.
    """
    lib, arch = library(), model.architecture
    if lib.llama_model_is_recurrent(model._model) or lib.llama_model_is_hybrid(model._model):
        raise ModelError(
            f"{model.path.name} is a recurrent or hybrid model ({arch}): part of its memory "
            "cannot be removed; use a transformer such as qwen2.5-coder-1.5b"
        )
    generative = (
        lib.llama_model_has_decoder(model._model)
        and not lib.llama_model_has_encoder(model._model)
        and not lib.llama_model_is_diffusion(model._model)
        and model.metadata(f"{arch}.attention.causal") != "false"
        and model.metadata(f"{arch}.pooling_type") in (None, "0")
        and model.vocabulary_size > 0
        and lib.llama_vocab_type(model._vocab) != _NO_VOCABULARY
    )
    bias = model.metadata(f"{arch}.attention.max_alibi_bias") or "0"
    alibi = bias.strip("0.") != ""
    if arch in WITHOUT_ROTATION or alibi or (arch == "baichuan" and model.layers == 40):
        raise ModelError(
            f"{model.path.name} ({arch}) has no rotary positions, which keys carry with them "
            "when they move; use a model that has, such as qwen2.5-coder-1.5b"
        )
    if not generative:
        raise ModelError(
            f"{model.path.name} is not a generative model ({arch}): use a decoder-only model "
            "such as qwen2.5-coder-1.5b"
        )


def advice_for(reason: str) -> str:
    """What to do about a model that llama.cpp cannot load, by what it says."""
    if "unknown model architecture" in reason:
        return "update llama-cpp-python, or use another model"
    if "allocate" in reason or "out of memory" in reason:
        return "close other programs, allow more memory (ulimit -v), or use a smaller model"
    return "fetch the model again"
