"""The binding: conversions, and what happens when a file is not a model."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest

from keydiff_cli import llama
from keydiff_cli.cache import KVCache
from keydiff_cli.cache.access import dequantize
from keydiff_cli.cache.state import parse_state
from keydiff_cli.errors import ExitStatus, ModelError
from keydiff_cli.llama import tensors


@pytest.mark.parametrize("with_library", [True, False])
def test_halves_become_floats_exactly(with_library: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not with_library:
        monkeypatch.setattr(tensors, "_half_converter", lambda: None)
    elif tensors._half_converter() is None:
        pytest.skip("this build does not export the conversion")
    half = np.arange(2**16, dtype=np.uint16).view(np.float16)
    half = np.ascontiguousarray(half[np.isfinite(half)])
    floats = np.empty(half.shape, np.float32)
    llama.half_to_float(half, floats)
    np.testing.assert_array_equal(floats.view(np.int32), half.astype(np.float32).view(np.int32))


def test_quantised_keys_become_numbers() -> None:
    """Block by block: a float16 scale, then 32 int8 values (ggml's q8_0)."""
    random = np.random.default_rng(0)
    scales = random.normal(size=(5, 3, 2)).astype(np.float16)
    values = random.integers(-127, 128, size=(5, 3, 2, 32), dtype=np.int8)
    stored = np.concatenate((scales[..., None].view(np.uint8), values.view(np.uint8)), axis=-1)
    numbers = dequantize(stored.reshape(5, 3, 68))
    expected = (values * scales[..., None].astype(np.float32)).reshape(5, 3, 64)
    np.testing.assert_array_equal(numbers, expected)


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
def test_the_longest_text_of_a_plain_model_is_what_it_was_trained_for(
    small_model: llama.Model,
) -> None:
    assert small_model.longest_text(256) == small_model.trained_context == 8192


@pytest.mark.model
def test_ctrl_c_stops_a_decode_and_leaves_the_cache_as_it_was(small_model: llama.Model) -> None:
    text = "The cat of the harbour master is black, and its name is Pepper. " * 4
    tokens = small_model.tokenize(text)[:48]
    states = []
    for stop in (False, True):
        context = llama.Context(small_model, cells=256, batch=24, threads=2)
        cache = KVCache(context)
        cache.append(tokens[:24])
        if stop:
            with pytest.raises(KeyboardInterrupt), llama.hold_interrupt():
                signal.raise_signal(signal.SIGINT)
                cache.append(tokens[24:])
            assert cache.position == 24
        cache.append(tokens[24:], logits=True)
        state = parse_state(context.state())[0]
        np.testing.assert_array_equal(cache.positions[:48], state.positions)
        states.append((state, context.logits().copy()))
        context.close()
    (whole, logits), (resumed, after) = states
    np.testing.assert_array_equal(whole.positions, resumed.positions)
    np.testing.assert_array_equal(logits, after)


def test_ctrl_c_comes_after_what_must_not_be_interrupted() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), llama.hold_interrupt():
        with llama.hold_interrupt():
            signal.raise_signal(signal.SIGINT)
            done.append("inner")
        done.append("outer")
    assert done == ["inner", "outer"]
    with pytest.raises(KeyboardInterrupt), llama.hold_interrupt():
        signal.raise_signal(signal.SIGINT)
        raise llama.LlamaError("stopped")  # which Ctrl-C caused
    with llama.hold_interrupt():
        pass
