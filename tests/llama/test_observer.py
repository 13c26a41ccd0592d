"""Captured queries give llama.cpp's own attention, and hidden cells are not attended to."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

from keydiff_cli.cache.state import parse_state
from keydiff_cli.llama import Context, Model
from keydiff_cli.llama.observer import Observer
from keydiff_cli.scores import Queries, Rows
from keydiff_cli.scores.base import attention

pytestmark = pytest.mark.model

TEXT = "The cat of the harbour master is black. Its name is Pepper, and it sleeps on the quay."
LAST = 6


def record_output(self: Observer, node: Any, layer: int) -> None:
    """Record what the attention gives instead of the queries it gets."""
    width, heads, tokens, _ = node.ne
    numbers = np.ctypeslib.as_array(
        (ctypes.c_float * (width * heads * tokens)).from_address(node.data)
    )
    self.queries[layer] = numbers.copy().reshape(tokens, heads, width)


@pytest.fixture(scope="module", params=["small_path", "gemma_path"])
def model(request: pytest.FixtureRequest) -> Model:
    return Model(request.getfixturevalue(request.param))


def test_they_reproduce_the_attention(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = model.tokenize(TEXT)
    first, last = tokens[:-LAST], tokens[-LAST:]

    def decode() -> Context:
        context = Context(model, cells=256, batch=len(first), threads=1, observe=True)
        context.decode(first, 0)
        context.decode(last, len(first), queries=True)
        return context

    context = decode()
    state = parse_state(context.state())[0]
    monkeypatch.setattr(Observer, "_record", record_output)
    other = decode()
    assert other.observer is not None
    outputs = other.observer.queries
    layers = [layer for layer in range(model.layers) if layer in outputs]
    assert layers
    full = layers if len(state.keys) == model.layers else layers[5::6]  # Gemma: every sixth
    asked = np.arange(len(first), len(tokens), dtype=np.int32)
    for number, layer in enumerate(full):
        heads = model.kv_heads(layer)
        keys, values = (
            rows[number].view(np.float16).reshape(len(tokens), heads, -1).astype(np.float32)
            for rows in (state.keys, state.values)
        )
        vectors = context.queries(layer)
        assert vectors.dtype == np.float32
        group = vectors.shape[1] // heads
        expected = outputs[layer]
        for t in range(LAST):
            for q in range(heads * group):
                seen = len(first) + t + 1
                logits = keys[:seen, q // group] @ vectors[t, q]
                weights = np.exp(logits - logits.max())
                mixed = weights / weights.sum() @ values[:seen, q // group]
                np.testing.assert_allclose(mixed, expected[t, q], rtol=0.02, atol=0.004)
        origin = np.tile(np.arange(len(tokens), dtype=np.int32), (heads, 1))
        paid = attention(Rows(keys, origin, origin, Queries(vectors, asked)))
        np.testing.assert_allclose(paid.sum(axis=1), LAST, rtol=1e-4)
    context.close()
    other.close()


def test_a_layer_does_not_see_what_is_hidden_from_it(
    small_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = small_model.tokenize(TEXT)
    first, last = tokens[:-LAST], tokens[-LAST:]
    hidden = np.array([3, 4, 9])
    layer = 7
    monkeypatch.setattr(Observer, "_record", record_output)
    outputs = []
    for cells in ({}, {layer: hidden}, {}):
        context = Context(small_model, cells=256, batch=len(first), threads=1, observe=True)
        context.decode(first, 0)
        context.hide(cells)
        context.decode(last, len(first), queries=True)
        assert context.observer is not None
        outputs.append(dict(context.observer.queries))
        state = parse_state(context.state())[0]
        context.close()
    without, with_hidden, again = outputs
    for number in range(small_model.layers):
        assert np.array_equal(without[number], again[number])
        same = np.array_equal(without[number], with_hidden[number])
        assert same == (number < layer), number

    monkeypatch.undo()
    context = Context(small_model, cells=256, batch=len(first), threads=1, observe=True)
    context.decode(first, 0)
    context.decode(last, len(first), queries=True)
    heads = small_model.kv_heads(layer)
    keys, values = (
        rows[layer].view(np.float16).reshape(len(tokens), heads, -1).astype(np.float32)
        for rows in (state.keys, state.values)
    )
    vectors = context.queries(layer)  # those of the layers below are untouched
    context.close()
    expected = with_hidden[layer]
    group = vectors.shape[1] // heads
    for t in range(LAST):
        seen = np.setdiff1d(np.arange(len(first) + t + 1), hidden)
        for q in range(vectors.shape[1]):
            logits = keys[seen, q // group] @ vectors[t, q]
            weights = np.exp(logits - logits.max())
            mixed = weights / weights.sum() @ values[seen, q // group]
            np.testing.assert_allclose(mixed, expected[t, q], rtol=0.02, atol=0.004)


def test_only_what_was_asked_for_is_kept(small_model: Model) -> None:
    from keydiff_cli.errors import ModelError

    context = Context(small_model, cells=256, batch=8, threads=1, observe=True)
    context.decode(small_model.tokenize("One two three"), 0)
    with pytest.raises(ModelError, match="no queries of layer 0"):
        context.queries(0)
    context.close()
