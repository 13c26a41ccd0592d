"""Whether a question is about the document as a whole."""

from __future__ import annotations

import re

from keydiff_cli.text.number_words import digits_of_length
from keydiff_cli.text.ordinary import OPENERS

_PRODUCT = r"(?:summary|overview|outline|abstract|synopsis|recap|digest)"
_KIND = (
    r"(?:an?|the|very|short|brief|quick|concise|simple|detailed|executive|please|[\d,]+[\s-]words?)"
)
_DOCUMENT = (
    r"(?:the|this|that|these|those|my)\s(?:\w+\s)?"
    r"(?:documents?|reports?|texts?|filings?|books?|papers?|files?|articles?|contracts?|pdfs?)"
)
_IT = rf"(?:it|this|that|these|they|{_DOCUMENT})"
_WHAT_IS = r"\bwhat(?:\s(?:is|are)|['\u2019]s)\s"
_WHOLE = re.compile(
    rf"""
    \bsummari[sz](?:ed?|ing)\b | \bsum\b[^.?!]{{0,60}}\bup\b | \btl;?\s?dr\b
    | \A\W*(?:{_KIND}\W+)*{_PRODUCT}\b
    | \b(?:give|write|make|need|want|like|provide|create|draft|prepare|show|get|have)\b
      [^.?!]{{0,60}}\b{_PRODUCT}\b
    | \b(?:gist|highlights|takeaways?)\b
    | \b(?:main|key|major|most\simportant|essential|central)\s
      (?:points?|topics?|themes?|facts|figures|findings|results|messages?|ideas?|takeaways?|issues
        |arguments?|conclusions?|risks?)\b(?!\sof\sit\b)
    | {_WHAT_IS}the\s(?:purpose\sof\s{_IT}|plot|conclusions?)\b
    | {_WHAT_IS}{_IT}\s(?:all\s)?about\s*(?:\Z|[?.,!;]|in\b)
    | {_WHAT_IS}(?:this|these)\s(?:\w+\s)?(?:document|report|text|filing|book|paper|file)s?\b
    | \bwhat\sdo(?:es)?\s{_IT}\s(?:say|cover|contain|discuss)\s*\??\s*\Z
    | \A\W*(?:please\s)?compare\b | \bin\scommon\b | \b(?:differences?|similarit(?:y|ies))\b
    | \b(?:how|where|what)\sdo\s{_IT}\s(?:(?:dis)?agree|differ|compare|share)\b
    | \b(?:describe|explain|tell\s(?:me|us)\sabout)\s{_DOCUMENT}\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ABOUT_A_THING = re.compile(  # where the summary is, not for one
    rf"""
    \b(?:whom?|whose|when|why|whether)\b | \bwhere\b(?!\sdo\s{_IT}\b)
    | \bhow\b(?!\s(?:would|can|could|should|do\s{_IT})\b)
    | \b(?:is|are|was|were)\sthere\b | \A\W*(?:is|are|was|were|do|does|did|has|have|had)\b
    | \b(?:summari[sz]e|of|in|from)\s(?:the|this|its)\s{_PRODUCT}\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MANNER = re.compile(  # how long the answer is to be, and in what language
    r"""
    (?<!first\s)(?<!last\s)(?<!next\s)
    \b(?:\d[\d,]*(?:\s?(?:-|\u2013|to)\s?\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten)
    [\s-](?:(?:short|single|simple|full|bullet|main|key|major|most|important)[\s-]){0,2}
    (?:words?|sentences?|bullets?|points?|paragraphs?|pages?|lines?|facts|topics|ideas|findings
      |risks)\b
    | \bin\s(?:(?:simple|plain|easy)\s)?(?:terms|words|language|english|german|french|spanish
      |italian|dutch|portuguese|polish|russian|turkish|arabic|hindi|chinese|japanese|korean)\b
    | \btl;?\s?dr\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Words of three letters and more that do not say what a question is about, beside those that join.
_NOTHING = """
abstract agree annual arguments article attached book brief briefly bullet bullets case central
clear common compare compared comparison complete concise conclusion conclusions content contents
contract contracts cover covering create dates describe detail detailed details differ difference
differences digest disagree discuss document documents draft entire essential everything executive
explain fact facts figures file files filing findings following full general get gist give goal
highlights hundred idea ideas important issues just keep key length let letter like list long main
major make may message messages must names need notes numbers outline overview paper papers pdf
piece please plot point points prepare provide purpose quarterly quick quickly read recap report
reports results risks say says sections sentences share shared short show similarities similarity
simple story sum summaries summarise summarised summarising summarize summarized summarizing
summary synopsis takeaway takeaways tell text texts thanks theme themes thing things too topic
topics very want way well whole words write
"""
_SAYING_NOTHING = OPENERS.union(_NOTHING.split())
_LETTERS = re.compile(r"[^\W_]+")
_ALSO_NAMES = {"IT", "US", "WHO"}  # in capitals, where other words of the question are not


def asks_for_the_whole(question: str) -> bool:
    """Whether a question is about the document as a whole: "summarize", "the main points?".

    By its words, which are English ones. One that names something ("a summary of section 2") is
    not, unless that is the document; nor is one about a summary ("Where is the summary?").
    """
    question = digits_of_length(question)
    if _WHOLE.search(question) is None or _ABOUT_A_THING.search(question) is not None:
        return False
    words = _LETTERS.findall(_MANNER.sub(" ", question))
    return not any(_names_something(word, question.isupper()) for word in words)


def _names_something(word: str, in_capitals: bool) -> bool:
    """Whether a word says what a question is about, which may be ``in_capitals`` as a whole."""
    if word.lower() in _SAYING_NOTHING:
        return word in _ALSO_NAMES and not in_capitals
    is_acronym = len(word) > 1 and word.isupper() and not in_capitals
    return len(word) > 2 or is_acronym or not word.isalpha()
