"""A model of bytes whose answers are scripted.

It takes the place of llama.cpp, for tests of what is asked of it in which order. What an answer
says depends on what the cache holds, and on nothing else, so that a test can tell from an answer
what was still known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripted_cache import FakeCache

from keydiff_cli import models
from keydiff_cli.llama import HERE, Placement, Tokens
from keydiff_cli.planning.footprint import Footprint
from keydiff_cli.system.files import identity_of

NAMES = ("<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>")  # from token 256 on
_TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "<|assistant|>"
)
_QUESTION = re.compile(
    r"(?:<\|user\|>|Question: )((?:(?!Question: )[^<])*)<\|end\|><\|assistant\|>"
)


def questions(text: str) -> list[str]:
    """All the questions in what a cache holds."""
    return _QUESTION.findall(text)


def echo(text: str) -> str:
    """An answer that says all the questions that are still known."""
    return " ".join(questions(text))


class FakeModel:
    """A model that reads and writes bytes.

    Attributes
    ----------
    reply
        From the text that the cache holds to the bytes of the answer; set on the class by tests.
    """

    architecture = "fake"
    trained_context = 4096
    layers = 1
    elsewhere = 0
    size_here = 1_000_000
    window = 0
    vocabulary_size = 256 + len(NAMES)
    chat_template: str | None = _TEMPLATE
    bos, eos, adds_bos = 256, 257, True
    assistant, end = (256 + NAMES.index(name) for name in ("<|assistant|>", "<|end|>"))
    reply: Callable[[str], str | bytes] = staticmethod(echo)
    opened = 0  # of all models, those that are not closed

    def __init__(self, path: Path = Path("fake.gguf"), **_: Any) -> None:
        self.path = path
        self.identity: object = None
        FakeModel.opened += 1

    def close(self) -> None:
        FakeModel.opened -= 1

    def longest_text(self, cells: int) -> int:
        return self.trained_context

    def tokenize(self, text: str, *, special: bool = False) -> Tokens:
        parts = re.split(f"({'|'.join(map(re.escape, NAMES))})", text) if special else [text]
        ids: list[int] = []
        for part in parts:
            known = special and part in NAMES
            ids += [256 + NAMES.index(part)] if known else part.encode("utf-8", "replace")
        return np.array(ids, np.int32)

    def piece(self, token: int) -> bytes:
        return bytes([token]) if token < 256 else b""

    def token_text(self, token: int) -> str:
        return NAMES[token - 256] if token >= 256 else chr(token)

    def ends_answer(self, token: int) -> bool:
        return token in (self.eos, self.end)


class FakeLlama:
    """What a test knows of the models and caches that were opened in the place of llama.cpp.

    Attributes
    ----------
    located
        The model file that is not there.
    footprint
        What the model is planned to need.
    caches
        Each cache, the latest one last.
    sketches, loads
        How many models were opened without weights and with them.
    change
        Called with each cache that is opened.
    """

    def __init__(self, located: models.LocatedModel) -> None:
        self.located = located
        self.footprint = Footprint(10**6, 10**6, 0, 10_000.0, 0, 1.0, 1)
        self.caches: list[FakeCache] = []
        self.sketches = self.loads = 0
        self.change: Callable[[FakeCache], None] = lambda cache: None

    @property
    def cache(self) -> FakeCache:
        """The latest cache."""
        return self.caches[-1]

    def model(self, path: Path, *, weights: bool = True, placement: Placement = HERE) -> FakeModel:
        self.loads += weights
        self.sketches += not weights
        model = FakeModel(path)
        model.identity = identity_of(path), placement
        return model

    def open(self, model: FakeModel, *, cells: int, block: int, **_: Any) -> FakeCache:
        self.caches.append(FakeCache(model, cells=-(-cells // 256) * 256, batch=block))
        self.change(self.cache)
        return self.cache


def install(monkeypatch: pytest.MonkeyPatch, folder: Path) -> FakeLlama:
    """Have documents read by a fake model, whatever the settings name."""
    fake = FakeLlama(models.LocatedModel("fake", folder / "fake.gguf", 1, "0" * 64, None))
    for place, value in {
        "reading.reader.locate_model": lambda settings, events: fake.located,
        "reading.preparation.Model": fake.model,
        "reading.keeping.Model": fake.model,
        "reading.preparation.open_engine": fake.open,
        "reading.preparation.knows_rotations": lambda model, kv_type: True,
        "reading.reading.can_observe": lambda: True,
        "planning.planner.measure": lambda model, **_: fake.footprint,
        "ask.locate_model": lambda settings, events: fake.located,
    }.items():
        monkeypatch.setattr(f"keydiff_cli.{place}", value)
    monkeypatch.setattr(FakeModel, "opened", 0)
    return fake
