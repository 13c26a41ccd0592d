"""The elements of HTML, by what they are for the text of a page."""

from __future__ import annotations

_NO_TEXT = (
    "script style template svg canvas iframe audio video object noscript datalist map ix:header rp "
    "rt annotation annotation-xml"
)
_EMPTY = "area base br col embed hr img input link meta param source track wbr"
_LINES = (
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p "
    "pre section summary table tbody tfoot thead ul title"
)
_BELOW = "p ul ol dl li table td th pre hr"
_INPUTS = "text search email tel url number date time month week datetime-local"

SKIPPED = frozenset(_NO_TEXT.split())  # what is in them is not shown, or is no text
VOID = frozenset(_EMPTY.split())  # nothing is in them, and they have no end
BLOCKS = frozenset(_LINES.split())  # they begin and end a line
NOT_IN_HEADINGS = frozenset(_BELOW.split())
HEADINGS = {f"h{level}": level for level in range(1, 7)}
FIELDS = frozenset(_INPUTS.split())  # types of fields whose value is shown
