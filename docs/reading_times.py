"""The figures ``share`` and ``ratio`` of docs/measure.py: how long policies take to read."""

from __future__ import annotations

import time
from collections.abc import Sequence

from measuring import SAMPLE, machine, model_path, show

from keydiff_cli.bench.tokens import text_tokens
from keydiff_cli.cache import Access
from keydiff_cli.engine.ingest import ingest, read_head
from keydiff_cli.engine.setup import open_engine
from keydiff_cli.llama import API_VERSION, Model, Tokens, api_version
from keydiff_cli.policies import find_policy
from keydiff_cli.text.blocks import blocks
from keydiff_cli.text.prompts import build_prompt, prompt_tokens
from keydiff_cli.text.tokenizer import Tokenizer


class Reading:
    """One context that reads the repeated sample as ``keydiff`` does, a block at a time.

    Attributes
    ----------
    cache : KVCache
        What is read into; it counts the seconds of scoring and moving.
    seconds : float
        Time of all blocks so far.
    evicting : list of float
        Seconds of each block that evicted.
    """

    def __init__(
        self,
        model_name: str,
        policy: str,
        budget: int,
        block: int,
        tokens: int,
        question: str,
        access: Access | None = None,
    ) -> None:
        self.model = Model(model_path(model_name))
        self.policy = find_policy(policy)
        self.budget = tokens if self.policy.scorer is None else budget
        head, self.question = prompt_tokens(self.model, build_prompt(self.model), question)
        room = self.policy.largest(self.budget) + block + len(self.question.ids)
        self.cache = open_engine(
            self.model,
            cells=len(head) + room,
            block=block,
            observe=self.policy.observes,
            access=access,
        )
        read_head(self.cache, head, block)
        document = repeated_sample(self.model, tokens // block * block)
        self.blocks = blocks(document, block, len(head))
        self.seconds = 0.0
        self.evicting: list[float] = []

    def step(self) -> bool:
        """Read the next block; False at the end of the text."""
        block = next(self.blocks, None)
        if block is None:
            return False
        started, scored = time.perf_counter(), self.cache.times.score
        steps = ingest(
            self.cache, [block], policy=self.policy, budget=self.budget, question=self.question
        )
        list(steps)
        taken = time.perf_counter() - started
        self.seconds += taken
        if self.cache.times.score != scored:
            self.evicting.append(taken)
        return True

    def close(self) -> None:
        self.cache.context.close()
        self.model.close()


def repeated_sample(model: Model, tokens: int) -> Tokens:
    """The sample, repeated and cut to so many tokens of a model: int32 ``[tokens]``."""
    sample = SAMPLE.read_text(encoding="utf-8")
    times = tokens // len(model.tokenize(sample)) + 2
    return text_tokens(Tokenizer(model), sample * times)[:tokens]


def read_in_turns(readings: Sequence[Reading]) -> None:
    """Read to the end, block by block in turns, so that a drift of the machine meets all alike."""
    while all(reading.step() for reading in readings):
        pass


def share(
    name: str, policies: list[str], budgets: list[int], block: int, tokens: int, question: str
) -> None:
    """Only blocks that evict count: at the start there is nothing to score.

    Scored in NumPy, and with a patched llama.cpp natively, too. ``tokens`` are read beyond the
    budget.
    """
    show(figure="machine", **machine())
    accesses: list[Access] = ["direct"]
    if api_version() == API_VERSION:
        accesses.append("native")
    runs = [(policy, access) for access in accesses for policy in policies]
    for budget in budgets:
        length = budget + tokens // block * block + block
        readings = [
            Reading(name, policy, budget, block, length, question, access)
            for policy, access in runs
        ]
        read_in_turns(readings)
        for (policy, access), reading in zip(runs, readings, strict=True):
            evicted, total, times = (
                len(reading.evicting),
                sum(reading.evicting),
                reading.cache.times,
            )
            show(
                figure="share",
                model=name,
                policy=policy,
                access=access,
                budget=budget,
                block=block,
                blocks=evicted,
                seconds=round(total, 3),
                score_percent=round(100 * times.score / total, 3),
                move_percent=round(100 * times.move / total, 3),
                percent=round(100 * (times.score + times.move) / total, 3),
                tokens_per_s=round(evicted * block / total, 1),
            )
            reading.close()


def ratio(
    name: str, policies: list[str], budgets: list[int], block: int, tokens: int, question: str
) -> None:
    """The time of reading a text to a budget, and with the full cache."""
    show(figure="machine", **machine())
    full = Reading(name, "full", 0, block, tokens, question)
    runs = {"full": full} | {
        f"{policy}-{budget}": Reading(name, policy, budget, block, tokens, question)
        for policy in policies
        for budget in budgets
    }
    read_in_turns(list(runs.values()))
    for run_name, reading in runs.items():
        show(
            figure="ratio",
            model=name,
            tokens=tokens,
            run=run_name,
            seconds=round(reading.seconds, 1),
            ratio_to_full=round(reading.seconds / full.seconds, 3),
        )
        reading.close()
