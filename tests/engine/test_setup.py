"""Setting up the engine: what the context is asked for, and that it never outlives a failure."""

from __future__ import annotations

from typing import Any, cast

import pytest

from keydiff_cli.engine import setup
from keydiff_cli.engine.setup import open_engine
from keydiff_cli.errors import ModelError
from keydiff_cli.llama import Model


class FakeContext:
    """Remembers what it was asked for, and whether it was closed."""

    made: FakeContext

    def __init__(self, model: object, **asked: Any) -> None:
        self.asked = asked
        self.closed = False
        FakeContext.made = self

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def no_llama(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "Context", FakeContext)
    monkeypatch.setattr(setup, "KVCache", lambda context, access, compaction: (context, access))
    monkeypatch.setattr(setup, "physical_cores", lambda: 7)


def open_fake(**asked: Any) -> Any:
    return open_engine(cast(Model, object()), cells=512, block=64, **asked)


def test_the_context_is_asked_for_what_the_engine_is(no_llama: None) -> None:
    context, access = open_fake(kv_type="q8_0", threads=3, observe=True, access="copy")
    assert context.asked == {
        "cells": 512,
        "batch": 64,
        "kv_type": "q8_0",
        "threads": 3,
        "observe": True,
        "stretch": 1.0,
    }
    assert access == "copy"
    assert not context.closed


def test_every_physical_core_computes_unless_told_otherwise(no_llama: None) -> None:
    context, access = open_fake()
    assert context.asked["threads"] == 7
    assert context.asked["kv_type"] == "f16"
    assert not context.asked["observe"]
    assert access is None


@pytest.mark.parametrize("error", [ModelError("unknown cache"), KeyboardInterrupt()])
def test_a_context_whose_cache_is_out_of_reach_is_closed(
    no_llama: None, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def out_of_reach(context: object, **_: object) -> None:
        raise error

    monkeypatch.setattr(setup, "KVCache", out_of_reach)
    with pytest.raises(type(error)):
        open_fake()
    assert FakeContext.made.closed
