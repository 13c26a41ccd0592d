"""Questions that a document may not answer, and answers that say that it does not."""

from __future__ import annotations

import re

from keydiff_cli.text.question import gives_choices

_NOT = r"(?:not|n['\u2019]t)"
_BETWEEN = r"(?:\s+\w+){0,2}?\s+"
_TELLS = (
    "mention|provide|specify|state|say|contain|include|disclose|give|indicate|discuss|address"
    "|outline|tell|detail"
)
_TOLD = (
    "mentioned|provided|specified|stated|said|contained|included|disclosed|given|indicated"
    "|discussed|addressed|outlined|detailed|available|known|found|described|listed"
)
_ABSENT = re.compile(
    "|".join(
        (
            rf"\b(?:does|do|did)\s*{_NOT}{_BETWEEN}(?:{_TELLS})\b",
            rf"\b(?:is|are|was|were|has|have|been|be)\s*{_NOT}{_BETWEEN}(?:{_TOLD})\b",
            rf"\bnot\s+(?:(?:explicitly|specifically|directly|clearly)\s+)?(?:{_TOLD})\b",
            r"\bno(?:\s+\w+){0,3}?\s+(?:information|mention|details?|indication|reference)\b",
            r"\b(?:cannot|can\s?not|can['\u2019]t|could\s+not|couldn['\u2019]t)\s+be\s+(?:\w+\s+)?"
            r"(?:determined|found|answered|inferred|calculated|derived)\b",
            r"\bunable\s+to\s+(?:determine|find|answer|provide)\b",
            rf"\b(?:cannot|can['\u2019]t|(?:do|does|did|could)\s*{_NOT})"
            r"\s+(?:find|know|determine|answer|have\s+(?:any\s+|enough\s+)?information)\b",
            r"\b(?:not\s+enough|insufficient)\s+(?:information|details?|data)\b",
            r"\bnot(?:\s+[\w']+){0,6}\s+in\s+(?:the|this)\s+(?:\w+\s+)?"
            r"(?:documents?|texts?|reports?|filings?|statements?|passages?|excerpts?)\b",
        )
    ),
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"[?\uff1f\u061f\u037e]\W*\Z"
    r"|(?:\A|[.!:;,\n]\s*)(?:(?:and|but|so|in|on|at|to|for|from|by|of|with|under|about)\s+)?"
    r"(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|does|did|has|have|had)\b",
    re.IGNORECASE,
)
# What is to be done with the text, or told of one's own: nothing that could be in it.
_REQUESTS = re.compile(
    r"\b(?:can|could|would|will)\s+(?:you|we|i)\b|\byou\b|\byour\b"
    r"|\bplease\b(?!\W+(?:who|whose|what|which|when|where|how)\b)"
    r"|\b(?:translate|rewrite|rephrase|write|explain|suggest|imagine|should)\b",
    re.IGNORECASE,
)


def asks_for_facts(question: str) -> bool:
    """Whether a question is one that a document answers or does not.

    What asks for something to be done, or gives choices, is none.
    """
    if gives_choices(question) or _REQUESTS.search(question):
        return False
    return _ASKS.search(question) is not None


def says_absent(answer: str) -> bool:
    """Whether an answer says that the document does not tell."""
    return _ABSENT.search(answer) is not None
