"""A request for a chat completion: its parameters, as far as they can be honoured."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from keydiff_cli.errors import UsageError
from keydiff_cli.report import Turn
from keydiff_cli.serve.messages import read_messages
from keydiff_cli.serve.refusals import Refusal, invalid
from keydiff_cli.settings.config import Settings
from keydiff_cli.settings.resolving import check_settings
from keydiff_cli.shapes import Schema, Shape
from keydiff_cli.talk.inquiries import ANSWERED_BY, Inquiry

_MOST_STOPS = 4
_MOST_FILES = 256
# What changes nothing of an answer, whatever it says.
_HARMLESS = (
    *("user", "metadata", "service_tier", "parallel_tool_calls", "safety_identifier"),
    *("prompt_cache_key", "prompt_cache_retention", "prediction", "top_logprobs"),
)
# What would change an answer, and what it may say, as that changes nothing.
_FIXED: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "top_p": (1,),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "modalities": (["text"],),
    "reasoning_effort": ("none",),
    "store": (False,),
}
_READ = (
    *("model", "messages", "stream", "stream_options", "stop", "response_format", "file_ids"),
    *("max_tokens", "max_completion_tokens", "temperature", "seed", "keydiff"),
)


@dataclass(frozen=True)
class ChatRequest:
    """What is asked for.

    Attributes
    ----------
    question, turns, settings, shape
        As of :class:`~keydiff_cli.talk.inquiries.Inquiry`.
    file_ids
        The documents, by the ids of their files.
    stop
        Texts that the answer ends before.
    stream
        Whether the answer is to come piece by piece.
    usage
        Whether its pieces end with the tokens that it took.
    """

    question: str
    turns: tuple[Turn, ...]
    settings: Settings
    shape: Shape | None
    file_ids: tuple[str, ...]
    stop: tuple[str, ...]
    stream: bool
    usage: bool

    def inquiry(self, files: Sequence[str]) -> Inquiry:
        """The same for the desk, with the paths of the files."""
        return Inquiry(self.question, files, self.turns, self.settings, self.shape)


def parse_json(body: bytes) -> Any:
    """What the body of a request says.

    Raises
    ------
    Refusal
        If it is no JSON, or has what is no text in UTF-8.
    """
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()  # lone halves of characters
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is no JSON: {error}", code="invalid_json") from None
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def read_chat_request(data: Any, model: str, settings: Settings) -> ChatRequest:
    """What a request asks for.

    Parameters
    ----------
    data
        The body, as plain data.
    model
        The name of the model that is served.
    settings
        How it is asked where the request says nothing; no answer is longer.

    Raises
    ------
    Refusal
        If it is not as OpenAI's API has it, or wants what is not supported.
    """
    if not isinstance(data, dict):
        raise Refusal(400, "the body is no object", code="invalid_json")
    data = {name: value for name, value in data.items() if value is not None}
    _check_names(data)
    if data.get("model") != model:
        _refuse_model(data.get("model"), model)
    said = read_messages(data.get("messages"))
    stop, shape = _stops(data.get("stop", [])), _shape(data.get("response_format"))
    if stop and shape is not None:
        raise invalid("stop", "would cut the JSON off: leave it or response_format out")
    ids = _texts(data.get("file_ids", []), "file_ids", _MOST_FILES)
    stream = _truth(data.get("stream", False), "stream")
    options = data.get("stream_options", {})
    if not isinstance(options, dict):
        raise invalid("stream_options", "is no object")
    if options and not stream:
        raise invalid("stream_options", "is for an answer with stream")
    changed = _changed(data, settings)
    return ChatRequest(
        said.question,
        said.turns,
        changed if said.system is None else replace(changed, system=said.system),
        shape,
        tuple(dict.fromkeys((*ids, *said.file_ids))),
        stop,
        stream,
        _truth(options.get("include_usage") or False, "stream_options.include_usage"),
    )


def _check_names(data: Mapping[str, Any]) -> None:
    """Refuse parameters that are not known, or cannot be honoured."""
    for name, value in data.items():
        if name in _FIXED and not any(_same(value, allowed) for allowed in _FIXED[name]):
            shown = " or ".join(json.dumps(allowed) for allowed in _FIXED[name])
            raise invalid(name, f"only {shown} is supported", code="unsupported_parameter")
        if name not in (*_FIXED, *_HARMLESS, *_READ):
            raise invalid(name[:60], "this parameter is not supported", code="unknown_parameter")


def _same(value: Any, allowed: Any) -> bool:
    return isinstance(value, bool) is isinstance(allowed, bool) and bool(value == allowed)


def _refuse_model(wanted: Any, model: str) -> None:
    if not isinstance(wanted, str):
        raise invalid("model", f"is missing, or no text; the one that is served is '{model}'")
    problem = f"there is no model '{wanted[:80]}' here; the one that is served is '{model}'"
    raise Refusal(404, problem, code="model_not_found", param="model")


def _changed(data: Mapping[str, Any], settings: Settings) -> Settings:
    """The settings with what the request says of them."""
    own = data.get("keydiff", {})
    if not isinstance(own, dict):
        raise invalid("keydiff", "is no object")
    if unknown := own.keys() - set(ANSWERED_BY):
        known = ", ".join(ANSWERED_BY)
        raise invalid("keydiff", f"'{min(unknown)[:40]}' is none of {known}")
    given = dict(own) | {name: data[name] for name in ("temperature", "seed") if name in data}
    for name in ("max_tokens", "max_completion_tokens"):
        if name in data:
            given["max_tokens"] = data[name]
    try:
        changed = replace(settings, **given)
        check_settings(changed)
    except UsageError as error:
        raise Refusal(400, str(error), code="invalid_value") from None
    changed = replace(changed, temperature=float(changed.temperature))
    return replace(changed, max_tokens=min(changed.max_tokens, settings.max_tokens))


def _stops(stop: Any) -> tuple[str, ...]:
    stops = [stop] if isinstance(stop, str) else stop
    return _texts(stops, "stop", _MOST_STOPS)


def _texts(value: Any, name: str, most: int) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise invalid(name, "is no list of texts that are not empty")
    if len(value) > most:
        raise invalid(name, f"there are more than {most}")
    return tuple(value)


def _truth(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise invalid(name, "is neither true nor false")
    return value


def _shape(wanted: Any) -> Shape | None:
    """The shape that ``response_format`` asks for."""
    if wanted is None:
        return None
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    makers: dict[Any, Callable[[], Shape | None]] = {
        "text": lambda: None,
        "json_object": lambda: Schema.of({"type": "object"}),
        "json_schema": lambda: Schema.of(_schema(wanted)),
    }
    if not isinstance(kind, str) or kind not in makers:
        raise invalid("response_format", f"its type is none of {', '.join(makers)}")
    try:
        return makers[kind]()
    except UsageError as error:
        raise invalid("response_format", str(error)) from None


def _schema(wanted: Mapping[str, Any]) -> Any:
    inner = wanted.get("json_schema")
    if not isinstance(inner, dict) or "schema" not in inner:
        raise invalid("response_format", "has no json_schema with a schema")
    return inner["schema"]
