"""What the tests of the engine share: a prompt as tokens, and a plain decode loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from keydiff_cli.bench.tokens import text_tokens
from keydiff_cli.cache import Access, KVCache
from keydiff_cli.engine.answer import Answer
from keydiff_cli.engine.ingest import ingest, read_head
from keydiff_cli.engine.sampling import Sampler
from keydiff_cli.engine.setup import open_engine
from keydiff_cli.llama import API_VERSION, Context, Model, Tokens, api_version
from keydiff_cli.policies import POLICIES
from keydiff_cli.text.blocks import blocks
from keydiff_cli.text.prompts import Asked, build_prompt, prompt_tokens
from keydiff_cli.text.tokenizer import Tokenizer

# The ways to the cache that this llama.cpp has, and a test for each of all the ways.
PRESENT = [*(["native"] if api_version() == API_VERSION else []), "direct", "copy"]
PATCHED = pytest.mark.skipif("native" not in PRESENT, reason="llama.cpp is not patched")
ACCESSES = [pytest.param("native", marks=PATCHED), "direct", "copy"]
SAMPLE = Path(__file__).parents[2] / "docs" / "sample" / "harbour-report.txt"


Choose = Callable[[NDArray[np.float32]], Any]


@dataclass(frozen=True)
class Task:
    """A document and a question, as tokens."""

    head: Tokens
    document: Tokens
    question: Asked


def make_task(model: Model, text: str, question: str) -> Task:
    head, asked = prompt_tokens(model, build_prompt(model), question)
    return Task(head, text_tokens(Tokenizer(model), text), asked)


def batches(task: Task, size: int) -> list[Tokens]:
    """The prompt in the batches that reading and asking use."""
    parts = []
    for tokens in (task.head, task.document, task.question.ids):
        parts += [tokens[start : start + size] for start in range(0, len(tokens), size)]
    return parts


def plain_answer(
    model: Model, task: Task, *, block: int, max_tokens: int, choose: Choose = np.argmax
) -> list[int]:
    """A plain decode loop with the full cache, nothing of keydiff but the binding.

    The next token is chosen by the logits; without ``choose`` it is the likeliest.
    """
    total = len(task.head) + len(task.document) + len(task.question.ids)
    context = Context(model, cells=total + max_tokens, batch=block, threads=2)
    position = 0
    for part in batches(task, block):
        context.decode(part, position, logits=True)
        position += len(part)
    answer: list[int] = []
    while len(answer) < max_tokens:
        token = int(choose(context.logits()))
        if model.ends_answer(token):
            break
        answer.append(token)
        context.decode(np.array([token], np.int32), position, logits=True)
        position += 1
    context.close()
    return answer


@dataclass
class Engine:
    """A cache that has read a document under a policy."""

    cache: KVCache
    task: Task
    policy: str
    block: int

    def answer(self, max_tokens: int) -> tuple[list[int], str]:
        answer = Answer(
            self.cache,
            self.task.question,
            max_tokens=max_tokens,
            sampler=Sampler(),
        )
        text = "".join(answer)
        return answer.tokens, text

    def close(self) -> None:
        self.cache.context.close()


def start(
    model: Model,
    task: Task,
    *,
    budget: int,
    policy: str,
    block: int,
    room: int = 128,
    access: Access | None = None,
    kv_type: str = "f16",
    threads: int = 2,
) -> Engine:
    """An engine with the pinned head in its cache, the document not read yet."""
    cells = (
        len(task.head) + POLICIES[policy].largest(budget) + block + len(task.question.ids) + room
    )
    cache = open_engine(
        model,
        cells=cells,
        block=block,
        kv_type=kv_type,
        threads=threads,
        observe=POLICIES[policy].observes,
        access=access,
    )
    read_head(cache, task.head, block)
    return Engine(cache, task, policy, block)


def read(engine: Engine, budget: int) -> None:
    steps = ingest(
        engine.cache,
        blocks(engine.task.document, engine.block),
        policy=POLICIES[engine.policy],
        budget=budget,
        question=engine.task.question,
    )
    list(steps)
