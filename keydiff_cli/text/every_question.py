"""Whether a question asks for everything of a kind that a document has."""

from __future__ import annotations

import re

from keydiff_cli.text.whole_question import asks_for_the_whole

_ALL = r"(?:all|every|each|any\sand\sall)"
_POLITE = r"(?:(?:please|kindly|now|also|and|then|ok|okay|so|just)\W{1,3}){0,3}"
_CAN_YOU = r"(?:(?:can|could|will|would)\syou\s(?:please\s)?)?"
_WANT = (
    r"(?:i\s(?:want|need|would\slike)|i['\u2019]d\slike)(?:\syou)?(?:\sto)?"
    r"(?:\s(?:see|know|have|get))?"
)
_VERB = (
    r"(?:list|enumerate|name|give|show|tell|find|extract|identify|collect|gather|provide|print"
    r"|write(?:\s(?:down|out))?|make|create|compile|get|return|output|note(?:\sdown)?)"
)
_TO_WHOM = r"(?:\s(?:out|up|down))?(?:\s(?:me|us))?"
_LIST = (
    r"(?:an?|the)\s(?:(?:full|complete|comprehensive|exhaustive|entire|whole|bulleted|bullet)\s)*"
    r"(?:list|listing|enumeration|table)\s(?:of|with)"
)
_FULL_LIST = r"(?:(?:an?|the)\s)?(?:full|complete|comprehensive|exhaustive)\s(?:list|listing)\sof\s"
_BEGINS = rf"\A\W*{_POLITE}{_CAN_YOU}(?:{_WANT}\s|{_POLITE}{_VERB}{_TO_WHOM}\s)"
_SAID = r"(?:mentioned|named|listed|stated|given|described|set\sout|specified|cited|contained)"
_PLURAL = r"(?:[a-z'\u2019-]+\s){0,4}(?:[a-z-]+s|people|persons|men|women|children|criteria)"
_EVERY = re.compile(
    rf"""
    {_BEGINS}(?:{_LIST}\s)?{_ALL}\s(?!in\sall\b|about\b|at\sonce\b|this\b|that\b|right\b)
    | {_BEGINS}(?:{_LIST}\s)?(?:the\s)?(?:[a-z-]+\s){{1,6}}?(?:in|of)\sall\s
      (?:the\s)?(?:parts|chapters|sections|documents|files|pages)\b
    | {_BEGINS}{_FULL_LIST}
    | \A\W*{_POLITE}(?:{_FULL_LIST}|{_LIST}\s{_ALL}\s)
    | \A\W*{_POLITE}(?:all(?:\sof)?(?:\sthe)?\s{_PLURAL}|(?:every|each)\s(?:[\w-]+\s){{0,3}}?[\w-]+)
      (?:\s(?:that\sare\s|which\sare\s)?{_SAID})?
      (?:\sin\s(?:the|this|these)\s(?:\w+\s)?\w+)?\s*[.!?]*\s*\Z
    | \A\W*{_POLITE}(?:what|which|who)\s(?:are|were)\s(?:all\s(?:of\s)?(?:the|those|its)|all)\s
    | \A\W*{_POLITE}(?:what|which)\s{_PLURAL}\s(?:are|were)\s(?:there|{_SAID})
      (?:\sin\s(?:the|this|these)\s(?:\w+\s)?\w+)?\s*\?*\s*\Z
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ASKS = re.compile(
    rf"{_BEGINS}(?:{_FULL_LIST}|{_LIST}\s)?(?:{_ALL}\s(?:of\s)?)?(?:the\s)?", re.IGNORECASE
)
_NOT = re.compile(  # what is asked is a part, a count, a comparison or a judgement of them
    r"""
    \b(?:how\s(?:many|much)|sum|total|average|count|number\sof|compare|comparison|differ\w*
      |summary|summari[sz]\w*|overview|outline|explain|why|whether|translate)\b
    | \b(?:first|last|top|next|other|remaining|main|key|major|most\simportant)\b
      (?=\s(?:\d+|two|three|four|five|six|seven|eight|nine|ten|points?|facts|ideas|things|topics
        |findings|arguments|themes|figures))
    | \b(?:section|chapter|page|table|clause|paragraph|article|item|note|annex|appendix|part)s?\s
      (?:\d|[ivxlc]+\b|[a-h]\b|one\b|two\b|three\b)
    | \ball\sof\s(?:it|this|that|them|these|those|the\sabove)\b | \ball\s(?:the\s)?above\b
    | \bthe\s(?:first|last)\s(?:section|chapter|page|paragraph|part|table)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def asks_for_every(question: str) -> bool:
    """Whether a question asks for everything of a kind: "list all payment deadlines".

    By its words, which are English ones, and with care: one that asks for a count ("how many"), for
    a part ("in section 2", "the first three") or for a text ("summarize all ...") does not.
    """
    return (
        _EVERY.search(question) is not None
        and _NOT.search(question) is None
        and not asks_for_the_whole(question)
    )


def everything_of(question: str) -> str:
    """What a question asks for all of: "payment deadlines" of "list all payment deadlines".

    The question itself where its words do not tell.
    """
    bare = question.strip().rstrip(".?!:")
    return _ASKS.sub("", bare) or bare
