"""keydiff as a model of the command ``llm``: ``llm -m keydiff "question" -a report.pdf``.

It needs no server: the documents are read by this process, and kept as ``keydiff ask`` keeps them.
"""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import llm
from pydantic import Field, create_model

from keydiff_cli.errors import KeydiffError, UsageError
from keydiff_cli.render.display import Display
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.settings.resolving import resolve
from keydiff_cli.shapes import Schema
from keydiff_cli.talk.inquiries import ANSWERED_BY, Inquiry, InquiryDesk

# The settings that are options, with what they say; the others are those of keydiff itself.
_OPTIONS = {
    "model": "Model name, hf:OWNER/REPO[:QUANT], ollama:NAME, or GGUF file",
    "memory": "Cap for the whole process: 2GB, 900MiB, ...",
    "budget": "Tokens kept per head",
    "max_tokens": "Longest answer, in tokens",
    "temperature": "Sampling temperature; 0 is greedy",
    "seed": "Seed of the sampling",
    "think": "Let a model think aloud",
    "notes": "Answer a question about the whole from notes: auto, on, off",
    "each": "Put the question to every part: auto, on, off",
    "length": "How long a summary is: short, medium, long, or so many words",
    "absent": "Where the documents have no answer: say, note, off",
}
_KINDS: dict[str, Any] = {item.name: item.metadata["kind"] for item in fields(Settings)}
_KINDS["memory"] = str  # as people write sizes
_FIELDS: dict[str, Any] = {
    name: (_KINDS[name] | None, Field(default=None, description=said))
    for name, said in _OPTIONS.items()
}


class _AnyKind(frozenset[str]):
    """Kinds of attachments: all, as what a document is shows in its content; some are listed."""

    def __contains__(self, kind: object) -> bool:
        return True


class _Shown(Display):
    """Progress and warnings on stderr, where settings are options of ``llm``."""

    def write_setting(self, name: str, value: str | None) -> str:
        return f"-o {name} {value or ''}".rstrip()


class KeydiffModel(llm.Model):
    """Answers questions about attachments, which are documents of any kind that keydiff reads."""

    model_id = "keydiff"
    can_stream = True
    supports_schema = True
    attachment_types = _AnyKind(("application/pdf", "text/plain", "text/html", "text/markdown"))
    Options = create_model("Options", __base__=llm.Options, **_FIELDS)  # type: ignore[arg-type]

    def __init__(self) -> None:
        self._desk: InquiryDesk | None = None
        self._read_by: Settings | None = None
        self._shown = _Shown(quiet=not sys.stderr.isatty(), answer=False)

    def execute(
        self,
        prompt: Any,
        stream: bool,
        response: Any,
        conversation: Any,
    ) -> Iterator[str]:
        """Answer the last message, after those before it, piece by piece."""
        try:
            with ExitStack() as stack:
                inquiry = self._inquiry(prompt, stack)
                desk = self._opened(inquiry.settings)
                try:
                    yield from desk.answer(inquiry)
                finally:
                    self._shown.reading_over()
                    response.response_json = desk.report.as_json()
                spent = desk.spent
                response.set_usage(input=spent.prompt, output=spent.generated)
        except KeydiffError as error:
            raise llm.ModelError(error.told(self._shown.write_setting)) from None

    def _inquiry(self, prompt: Any, stack: ExitStack) -> Inquiry:
        """The last message of a prompt, with all that it depends on."""
        given = prompt.options.model_dump(exclude_none=True)
        settings = resolve(given).settings
        system, files = settings.system, list[str]()
        said: list[tuple[str, str]] = []  # role and text, roles in turn
        for message in prompt.messages:
            text = "\n".join(part.text for part in message.parts if hasattr(part, "text"))
            for part in message.parts:
                if attachment := getattr(part, "attachment", None):
                    files.append(_path_of(attachment, stack))
            if message.role == "system":
                system = text
            elif said and said[-1][0] == message.role:
                said[-1] = message.role, f"{said[-1][1]}\n\n{text}".strip()
            else:
                said.append((message.role, text))
        roles = [role for role, _ in said]
        if roles != [("user", "assistant")[number % 2] for number in range(len(said))] or not said:
            raise UsageError("only texts of the user and answers to them can go before a question")
        *before, (role, question) = said
        if role != "user" or not question.strip():
            raise UsageError("there is no question")
        texts = [text for _, text in before]
        turns = [Turn(*turn, "eos") for turn in zip(texts[::2], texts[1::2], strict=True)]
        shape = Schema.of(prompt.schema) if prompt.schema else None
        files = list(dict.fromkeys(files))
        return Inquiry(question, files, turns, replace(settings, system=system), shape)

    def _opened(self, settings: Settings) -> InquiryDesk:
        """The desk by some settings, which goes on from one prompt to the next."""
        usual = Settings()
        changed = {name: getattr(usual, name) for name in (*ANSWERED_BY, "system")}
        read_by = replace(settings, **changed)
        if self._desk is None or self._read_by != read_by:
            if self._desk is not None:
                self._desk.close()
            self._desk, self._read_by = InquiryDesk(settings, self._shown), read_by
            atexit.register(self._desk.close)
        return self._desk


def _path_of(attachment: Any, stack: ExitStack) -> str:
    """Where an attachment is on this machine; what came by a pipe is put there."""
    if attachment.path:
        return os.path.abspath(attachment.path)
    if attachment.url:
        raise UsageError(f"{attachment.url} is not on this machine; fetch it first")
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="keydiff-"))
    path = Path(folder, f"attachment-{attachment.id()[:12]}")
    path.write_bytes(attachment.content)
    return str(path)


@llm.hookimpl
def register_models(register: Callable[[Any], Any]) -> None:
    """Let ``llm`` know the model."""
    register(KeydiffModel())
