"""What of a conversation goes before a question while documents are still being read."""

from __future__ import annotations

from collections.abc import Sequence

from keydiff_cli.engine.answer import require_room, step_of
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Turn
from keydiff_cli.text.prompts import next_tokens, prompt_tokens


def latest_turns(reader: Reader, glue: str, turns: Sequence[Turn], question: str) -> Sequence[Turn]:
    """The last of some turns, as many as need no room of what was read, nor of an answer.

    Parameters
    ----------
    reader
        Has the cache, of which the free cells are shared out.
    glue
        What comes between an answer and the next question.
    turns
        What was said.
    question
        What is asked now.

    Raises
    ------
    UsageError
        If there is no room for the question when all is read: it has to go through the model then.
    """
    cache, settings = reader.held.cache, reader.settings
    model, prompt = cache.context.model, reader.held.prompt

    def size(asked: str) -> int:
        """Tokens of a question, the first one or a later one."""
        first = prompt_tokens(model, prompt, asked)[1]
        return max(len(first.ids), len(next_tokens(model, prompt, glue, asked).ids))

    asked_before = sum(size(turn.question) for turn in turns)
    kept = min(asked_before, settings.conversation // 2)  # of the questions, at most
    require_room(cache, size(question), reader.most_rows + kept)
    answer = max(min(settings.max_tokens, cache.free // 2), 2 * step_of(cache))
    room = cache.free - answer - settings.second_look - size(question)
    for number, turn in reversed(list(enumerate(turns))):
        room -= size(turn.question) + len(model.tokenize(turn.answer))
        if room < 0:
            return turns[number + 1 :]
    return turns
