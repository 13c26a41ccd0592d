"""The prompt: the model's chat template, cut once into head, document, question and tail."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from keydiff_cli.errors import ModelError
from keydiff_cli.llama import Model, Tokens
from keydiff_cli.text.templates import Message, render_first
from keydiff_cli.text.thinking import opened_by

TALK_SYSTEM = "Be brief and exact."  # where there is no document
DEFAULT_SYSTEM = (
    "You answer questions about the document that the user gives you. "
    "Use only what the document says, and be brief and exact."
)
_SWITCHES = ("enable_thinking", "thinking", "reasoning")  # of templates of models that think aloud
_DOCUMENT_MARK = "\x02document\x03"
_QUESTION_MARK = "\x02question\x03"
_USER_TURN = f"{_DOCUMENT_MARK}\n\n{_QUESTION_MARK}"
_ANSWER_MARK = "\x02answer\x03"
_NEXT_MARK = "\x02next\x03"
_NEXT_TURNS = (
    {"role": "assistant", "content": _ANSWER_MARK},
    {"role": "user", "content": _NEXT_MARK},
)


def system_prompt(given: str | None, *, documents: bool) -> str:
    """The system prompt that was given, or the built-in one, with or without documents."""
    if given is not None:
        return given
    return DEFAULT_SYSTEM if documents else TALK_SYSTEM


@dataclass(frozen=True)
class Prompt:
    """The fixed text around the document and the question.

    ``head`` and ``tail`` hold special tokens and come from the model; ``middle`` stands between
    document and question. The document and the question themselves are always plain text.
    """

    head: str
    middle: str
    tail: str


def build_prompt(model: Model, system: str = DEFAULT_SYSTEM, *, think: bool = False) -> Prompt:
    """Split the chat template of the model; a plain prompt for a model without one.

    The model is not to ``think`` aloud where the template has a switch for it, unless it is told.

    Raises
    ------
    ModelError
        If the template cannot be rendered, or does not pass the user's text on once, in order.
    """
    template = model.chat_template
    if template is None:
        lead = f"{system}\n\n" if system else ""
        return Prompt(lead, "\n\nQuestion: ", "\nAnswer:")
    rendered = _render_with_system(model, template, system, think=think)
    return split_prompt(rendered, model.path.name)


def build_glue(model: Model, system: str = DEFAULT_SYSTEM, *, think: bool = False) -> str:
    """What the chat template puts between an answer and the next question.

    Raises
    ------
    ModelError
        If the template has no room for a second question.
    """
    template = model.chat_template
    if template is None:
        return "\n\nQuestion: "
    rendered = _render_with_system(model, template, system, *_NEXT_TURNS, think=think)
    _, answer, rest = rendered.partition(_ANSWER_MARK)
    glue, question, _ = rest.partition(_NEXT_MARK)
    if not (answer and question):
        raise ModelError(f"the chat template of {model.path.name} has no second question")
    return glue


def split_prompt(rendered: str, name: str = "the model") -> Prompt:
    """Cut a rendered template at the marks that stand for document and question."""
    head, document, rest = rendered.partition(_DOCUMENT_MARK)
    middle, question, tail = rest.partition(_QUESTION_MARK)
    if not (document and question) or _DOCUMENT_MARK in rest or _QUESTION_MARK in head + tail:
        raise ModelError(f"the chat template of {name} does not pass the user's text on")
    return Prompt(head, f"{middle}Question: ", tail)


def _render_with_system(
    model: Model, template: str, system: str, *more: Message, think: bool
) -> str:
    """Render, with the system prompt at the start of the user's turn if it has no other place."""
    given: dict[str, str | bool] = {
        "bos_token": model.token_text(model.bos),
        "eos_token": model.token_text(model.eos),
        **dict.fromkeys(_SWITCHES, think),
    }
    user = {"role": "user", "content": _USER_TURN}
    if not system:
        return render_first(template, [user, *more], having="", **given)
    system = system.strip()
    first = {"role": "system", "content": system}
    merged = {"role": "user", "content": f"{system}\n\n{_USER_TURN}"}
    return render_first(template, [first, user, *more], [merged, *more], having=system, **given)


@dataclass(frozen=True)
class Asked:
    """The tokens after the document.

    Attributes
    ----------
    ids
        The question, and what the template puts around it.
    lead
        So many of them come before the question's own words, and are the same for all questions.
    passages
        From where to where (exclusive) passages of the document are among them.
    thought
        How the thought ends that the template has begun; empty if it has begun none.
    """

    ids: Tokens
    lead: int
    passages: tuple[int, int] = (0, 0)
    thought: str = ""

    def cut(self, most: int) -> Asked:
        """The lead and the end of the question, ``most`` tokens together."""
        if len(self.ids) <= most:
            return self
        lead = min(self.lead, most // 2)
        end = self.ids[len(self.ids) - most + lead :]
        return Asked(np.concatenate((self.ids[:lead], end)), lead, thought=self.thought)


def prompt_tokens(
    model: Model, prompt: Prompt, question: str, passages: str = ""
) -> tuple[Tokens, Asked]:
    """Tokens before the document and after it; only the template's own may be special ones.

    ``passages`` of the document are put between it and the question.
    """
    head = model.tokenize(prompt.head, special=True)
    if model.adds_bos and (len(head) == 0 or head[0] != model.bos):
        head = np.concatenate(([np.int32(model.bos)], head)).astype(np.int32)
    shown = model.tokenize(f"\n\n{passages}" if passages else "")
    words = model.tokenize(prompt.middle + question)
    tail = model.tokenize(prompt.tail, special=True)
    middle = model.tokenize(prompt.middle)[: len(words)]
    # Its last token may have become one with the first word.
    lead = int(np.cumprod(middle == words[: len(middle)]).sum())
    ids = np.concatenate((shown, words, tail))
    return head, Asked(ids, lead, (0, len(shown)), opened_by(prompt.tail))


def next_tokens(
    model: Model, prompt: Prompt, glue: str, question: str, passages: str = ""
) -> Asked:
    """Tokens of a question that follows an answer, with passages of the document before it."""
    before = model.tokenize(glue, special=True)
    shown = model.tokenize(f"{passages}\n\nQuestion: " if passages else "")
    words = model.tokenize(question)
    tail = model.tokenize(prompt.tail, special=True)
    lead = len(before)
    ids = np.concatenate((before, shown, words, tail))
    return Asked(ids, lead, (lead, lead + len(shown)), opened_by(prompt.tail))


def answer_tokens(model: Model, prompt: Prompt, answer: str) -> Tokens:
    """Tokens of an answer that was given before; a thought that the template begins is over."""
    ended = _end_of_thought(model, opened_by(prompt.tail))
    return np.concatenate((ended, model.tokenize(answer)))


def without_thought(model: Model, asked: Asked) -> Asked:
    """The question, with the thought that the template begins ended at once."""
    ids = np.concatenate((asked.ids, _end_of_thought(model, asked.thought)))
    return replace(asked, ids=ids, thought="")


def _end_of_thought(model: Model, end: str) -> Tokens:
    return model.tokenize(f"{end}\n\n" if end else "", special=True)
