"""A running model: what an interrupted decode leaves behind."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from keydiff_cli import llama
from keydiff_cli.cache import KVCache
from keydiff_cli.cache.state import parse_state


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
