"""The tasks of RULER (arXiv 2404.06654, section 3) that need no data from elsewhere.

The tasks are the paper's; texts, templates and words are our own, and where that makes sense
several questions are asked about a text, so that policies that do not know the question answer
them after one reading. Every answer is scored by the share of the references that it contains.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from keydiff_cli.bench.haystack import cut, hide
from keydiff_cli.bench.samples import Count, Question, Text
from keydiff_cli.bench.words import distinct_numbers, distinct_words, word
from keydiff_cli.errors import UsageError, setting

_NOISE = [
    "The tide came in and went out again.",
    "Nobody counted the gulls on the wall.",
    "The rope was coiled and hung on its hook.",
    "It was a quiet morning like the one before.",
]
_CHAINS, _HOPS = 4, 4
_COMMON, _OFTEN, _RARELY = 10, 30, 3
_FREQUENT, _ALPHA = 3, 2.0

Asked = tuple[str, tuple[str, ...]]  # a question and the references of its answer
Made = tuple[str, list[Asked]]  # a document and what is asked about it
Make = Callable[[list[str], int, Count, random.Random], Made]


def _niah(
    sentences: list[str],
    tokens: int,
    count: Count,
    draw: random.Random,
    *,
    keys: int,
    values: int = 1,
    groups: Sequence[Sequence[int]] | None = None,
) -> Made:
    """Needles at random depths; each group of keys is asked for, by default each key alone."""
    names = distinct_words(draw, keys)
    numbers = distinct_numbers(draw, keys * values)
    facts = [(names[i % keys], number) for i, number in enumerate(numbers)]
    needles = [f"One of the special numbers of {key} is {value}." for key, value in facts]
    room = tokens - sum(count(f" {needle}") for needle in needles)
    depths = sorted(draw.random() for _ in needles)
    order = draw.sample(range(len(needles)), len(needles))
    document = hide(cut(sentences, room, count, draw), [needles[i] for i in order], depths)
    asked = []
    for group in groups or [[i] for i in range(keys)]:
        chosen = [names[i] for i in group]
        question = (
            f"What are all the special numbers of {', '.join(chosen)}? "
            "Answer with the numbers only."
        )
        asked.append((question, tuple(value for key, value in facts if key in chosen)))
    return document, asked


def niah_single(sentences: list[str], tokens: int, count: Count, draw: random.Random) -> Made:
    """One fact among sentences that say nothing."""
    return _niah(_NOISE, tokens, count, draw, keys=1)


def niah_multikey(sentences: list[str], tokens: int, count: Count, draw: random.Random) -> Made:
    """One fact among others like it, in prose."""
    return _niah(sentences, tokens, count, draw, keys=4)


def niah_multivalue(sentences: list[str], tokens: int, count: Count, draw: random.Random) -> Made:
    """Four facts about the same key, and four about another, in prose."""
    return _niah(sentences, tokens, count, draw, keys=2, values=4)


def niah_multiquery(sentences: list[str], tokens: int, count: Count, draw: random.Random) -> Made:
    """Four facts about four of eight keys, in prose, all asked for at once."""
    groups = ((0, 1, 2, 3), (4, 5, 6, 7))
    return _niah(sentences, tokens, count, draw, keys=8, groups=groups)


def variable_tracking(sentences: list[str], tokens: int, count: Count, draw: random.Random) -> Made:
    """Chains of assignments; asked are all variables that have a value."""
    names = [name.upper() for name in distinct_words(draw, _CHAINS * (_HOPS + 1))]
    values = distinct_numbers(draw, _CHAINS, digits=5)
    chains = [names[i::_CHAINS] for i in range(_CHAINS)]
    lines: list[tuple[float, str]] = []
    for chain, value in zip(chains, values, strict=True):
        places = sorted(draw.random() for _ in chain)
        said = [f"VAR {chain[0]} = {value}."]
        said += [f"VAR {later} = VAR {earlier}." for earlier, later in pairwise(chain)]
        lines += list(zip(places, said, strict=True))
    lines.sort()
    room = tokens - sum(count(f" {line}") for _, line in lines)
    document = hide(
        cut(_NOISE, room, count, draw), [line for _, line in lines], [place for place, _ in lines]
    )
    asked = [
        (
            f"Which variables have the value {value}? Name all {_HOPS + 1} of them.",
            tuple(chain),
        )
        for chain, value in zip(chains, values, strict=True)
    ]
    return document, asked


def common_words(sentences: list[str], tokens: int, count: Count, draw: random.Random) -> Made:
    """A list of words, of which ten come thirty times and the others three times."""
    pool = distinct_words(draw, _COMMON, syllables=2)
    listed = pool * _OFTEN
    size = count(" " + ", ".join(listed))
    if size > tokens:
        raise UsageError(f"{setting('length')}: cwe takes at least {size} tokens")
    taken = set(pool)
    while size < tokens:
        new = word(draw, 3)
        if not any(new in old or old in new for old in pool) and new not in taken:
            taken.add(new)
            listed += [new] * _RARELY
            size += count(f" {new},") * _RARELY
    draw.shuffle(listed)
    asked = f"What are the {_COMMON} most common words in the list? Answer with the words only."
    return ", ".join(listed), [(asked, tuple(pool))]


def frequent_words(sentences: list[str], tokens: int, count: Count, draw: random.Random) -> Made:
    """Coded words with frequencies that fall by a power law; the three most frequent are asked."""
    pool = distinct_words(draw, 200, syllables=2)
    weights = [rank**-_ALPHA for rank in range(1, len(pool) + 1)]
    listed: list[str] = []
    size = 0
    times: Counter[str] = Counter()

    def tied() -> bool:
        *_, last, following = times.most_common(_FREQUENT + 1)
        return last[1] == following[1]

    while size < tokens or tied():
        drawn = draw.choices(pool, weights, k=10)
        listed += drawn
        times.update(drawn)
        size += count(" " + " ".join(drawn))
    wanted = [name for name, _ in times.most_common(_FREQUENT)]
    asked = f"What are the {_FREQUENT} most frequent words in the text? Answer with the words only."
    return " ".join(listed), [(asked, tuple(wanted))]


TASKS: dict[str, Make] = {
    "niah_single": niah_single,
    "niah_multikey": niah_multikey,
    "niah_multivalue": niah_multivalue,
    "niah_multiquery": niah_multiquery,
    "vt": variable_tracking,
    "cwe": common_words,
    "fwe": frequent_words,
}


def texts(
    sentences: list[str],
    tasks: Sequence[str],
    lengths: Sequence[int],
    samples: int,
    count: Count,
    seed: int = 0,
) -> Iterator[Text]:
    """``samples`` texts of every task and length, each with one to four questions."""
    for task in tasks:
        for length in lengths:
            for number in range(samples):
                draw = random.Random(f"{seed} {task} {length} {number}")
                name = f"{task}-{length}-{number}"
                document, asked = TASKS[task](sentences, length, count, draw)
                questions = tuple(
                    Question(f"{name}-{i}", question, references)
                    for i, (question, references) in enumerate(asked)
                )
                yield Text(name, task, length, document, questions)
