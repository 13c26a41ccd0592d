"""How llama.cpp rotates keys, read from its graph and held against the keys of real models."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf_files import decoder
from numpy.typing import NDArray
from rope_models import BIASES, MODELS, NORMS, SIZES, SOME_WINDOWS, words_do_not_matter

from keydiff_cli.cache import KVCache
from keydiff_cli.cache.access import Access
from keydiff_cli.cache.quantized import dequantize
from keydiff_cli.cache.state import parse_state
from keydiff_cli.llama import KV_TYPES, Context, Model
from keydiff_cli.llama.library import library
from keydiff_cli.llama.rope_graph import _MIXER
from keydiff_cli.reading.reach import knows_rotations

SAME = 240  # tokens
TOLERANCE = {"f16": 0.003, "q8_0": 0.02}

__all__ = ["words_do_not_matter"]


@pytest.mark.usefixtures("words_do_not_matter")
@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])
@pytest.mark.parametrize("name", MODELS)
def test_all_kinds_of_models_are_turned_back(name: str, kv_type: str, tmp_path: Path) -> None:
    """The first keys of a token are the same wherever it is, once they are turned back."""
    path = tmp_path / "model.gguf"
    path.write_bytes(MODELS[name])
    with (
        closing(Model(path)) as model,
        closing(Context(model, cells=2048, batch=SAME, kv_type=kv_type, observe=True)) as context,
    ):
        rotations = context.rotations()
        assert sorted(rotations) == [0, 1, 2, 3]
        assert all(len(rotations[layer].frequencies) for layer in range(3))
        assert (len(rotations[3].frequencies) == 0) == (name == "none in layer 3")
        keys = [first_keys(context, start)[:, 0] for start in (0, 1500)]
    for start, rows in zip((0, 1500), keys, strict=True):
        back = rotations[0].undo(rows, np.arange(start, start + SAME, dtype=np.int32))[::4]
        size = np.linalg.norm(keys[0][0])
        assert np.linalg.norm(back - back[0], axis=1).max() / size < TOLERANCE[kv_type]
        assert np.linalg.norm(rows[::4] - rows[0], axis=1).max() / size > 0.2


@pytest.mark.usefixtures("words_do_not_matter")
@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("access", ["direct", "copy"])
def test_layers_of_a_copy_cannot_be_told_from_those_with_windows(
    access: Access, windows: bool, tmp_path: Path
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(SOME_WINDOWS if windows else MODELS["adjacent"])
    with (
        closing(Model(path)) as model,
        closing(Context(model, cells=512, batch=128)) as context,
    ):
        assert knows_rotations(model, "f16")
        cache = KVCache(context, access=access)
        assert cache.shows_rotations() == (access == "direct" or not windows)


@pytest.mark.usefixtures("words_do_not_matter")
@pytest.mark.parametrize(
    "model",
    [
        decoder("hunyuan-dense", SIZES, **NORMS),  # weighs keys after RoPE
        decoder("qwen2vl", {"rope.dimension_sections": [8, 12, 12, 0]}, **BIASES),
    ],
    ids=["weighed", "several positions"],
)
def test_what_is_not_understood_is_not_known(model: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(model)
    with (
        closing(Model(path, weights=False)) as sketch,
        closing(Context(sketch, cells=256, batch=32)) as context,
    ):
        assert context.cache_tensors()
        assert not context.rotations()


@pytest.mark.parametrize("name", ["attn_inp_k_rot", "RPC0#attn_inp_k_rot#0"])
def test_the_mixer_is_known_on_other_devices(name: str) -> None:
    assert _MIXER.fullmatch(name.encode())


def first_keys(context: Context, start: int) -> NDArray[np.float32]:
    """Keys of the first layer, of four tokens over and over: ``[tokens, heads, head_dim]``."""
    context.clear()
    context.decode(np.tile(np.array([1, 2, 3, 4], np.int32), SAME // 4), start)
    state = next(part for part in parse_state(context.state()) if part.keys)
    stored = state.keys[0].reshape(SAME, context.model.kv_heads(0), -1)
    if state.key_type == KV_TYPES["q8_0"]:
        return dequantize(stored)
    return stored.view(np.float16).astype(np.float32)


@pytest.fixture(params=["plain", "yarn"])
def scaling(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """RoPE as the model has it, or stretched by YaRN to four times its context."""
    if request.param == "yarn":
        defaults = library().llama_context_default_params

        def stretched() -> Any:
            params = defaults()
            params.rope_scaling_type = 2
            params.rope_freq_scale = 0.25
            params.yarn_orig_ctx = 64
            return params

        monkeypatch.setattr(library(), "llama_context_default_params", stretched)
    return str(request.param)


@pytest.mark.model
@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])
def test_real_keys_are_turned_back(kv_type: str, scaling: str, small_path: Path) -> None:
    """By a model of its own: llama.cpp notes the stretched context in the model."""
    with (
        closing(Model(small_path)) as model,
        closing(Context(model, cells=256, batch=SAME, kv_type=kv_type)) as context,
    ):
        rotations = context.rotations()
        assert rotations.keys() == set(range(model.layers))
        assert len(set(map(id, rotations.values()))) == 1  # and so is their table
        keys = first_keys(context, 0)
    places = np.arange(SAME, dtype=np.int32)
    for head in range(keys.shape[1]):
        back = rotations[0].undo(keys[:, head], places)[::4]
        size = np.linalg.norm(back[0])
        assert np.linalg.norm(back - back[0], axis=1).max() / size < TOLERANCE[kv_type]
        assert np.linalg.norm(keys[::4, head] - keys[0, head], axis=1).max() / size > 0.2


@pytest.mark.model
def test_without_weights_it_is_known_too(small_path: Path) -> None:
    with (
        closing(Model(small_path, weights=False)) as sketch,
        closing(Context(sketch, cells=32, batch=32)) as context,
    ):
        assert len(context.rotations()) == sketch.layers
