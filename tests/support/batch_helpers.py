"""What tests of workers share: documents, jobs, and what has come of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
from cli_helpers import story

from keydiff_cli.batch.messages import Far, Job, Message, Outcome

QUESTIONS = ("What is the password?", "What was painted?")


def write_stories(folder: Path, count: int, lines: int) -> list[str]:
    """So many long documents, each another one."""
    paths = [folder / f"{number}.txt" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_text(story(lines=lines, tail=f"This is story {number}.\n"))
    return list(map(str, paths))


def jobs(paths: list[str]) -> Iterator[Job]:
    return (Job(number, path, QUESTIONS) for number, path in enumerate(paths))


def answers(messages: list[Message]) -> list[tuple[int, str, str]]:
    """What was answered, of which nothing may have failed."""
    found = [each for each in messages if isinstance(each, Outcome)]
    assert [each.error for each in found] == [None] * len(found)
    return sorted((each.number, each.question, each.answer) for each in found)


def steps(messages: list[Message]) -> int:
    """In how many steps the first document was read."""
    return sum(isinstance(each, Far) and each.number == 0 for each in messages)


def running(words: str, of: int | None = None, *, directly: bool = False) -> list[psutil.Process]:
    """The processes below one, this one if none is named, whose command line has such words.

    ``directly`` leaves those out that these have begun: one has the command line of its parent
    until it has its own.
    """
    children = psutil.Process(of).children(recursive=not directly)
    return [child for child in children if words in _command(child)]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
