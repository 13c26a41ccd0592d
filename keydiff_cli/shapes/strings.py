"""Strings of a JSON Schema, as a grammar."""

from __future__ import annotations

from keydiff_cli.shapes.gbnf import CHARACTER, Rules
from keydiff_cli.shapes.merged import Merged
from keydiff_cli.shapes.patterns import PatternError, pattern_grammar
from keydiff_cli.shapes.refusal import ImpossibleError, RefusedError

_QUOTE = '"\\""'
_DATE = '[0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | "1" [0-9] | "2" [0-8])'
_DATE_MORE = (  # the last days of the months
    '[0-9]{4} "-" ("0" [13-9] | "1" [0-2]) "-" ("29" | "30") | '
    '[0-9]{4} "-" ("0" [13578] | "1" [02]) "-31"'
)
_CLOCK = '("0" [0-9] | "1" [0-9] | "2" [0-3]) ":" [0-5] [0-9]'
_TIME = f'{_CLOCK} ":" [0-5] [0-9] ("." [0-9]{{1,6}})? ("Z" | [+-] {_CLOCK})'
_HEX = "[0-9a-f]"
# Formats say what a string means, and are no more than that in a schema; these are kept to.
FORMATS = {
    "date": f"({_DATE} | {_DATE_MORE})",
    "time": f"{_TIME}",
    "date-time": f'({_DATE} | {_DATE_MORE}) "T" {_TIME}',
    "uuid": f'{_HEX}{{8}} "-" {_HEX}{{4}} "-" {_HEX}{{4}} "-" {_HEX}{{4}} "-" {_HEX}{{12}}',
}


def string_body(merged: Merged, rules: Rules) -> str:
    """The body of the rule of strings.

    Raises
    ------
    RefusedError
        If a pattern has no grammar, or one is beside another one or beside a length.
    """
    least, most = merged.least("minLength"), merged.most("maxLength")
    patterned = merged.first("pattern")
    if patterned is not None:
        at = f"{patterned.at}/pattern"
        if len(set(merged.all("pattern"))) > 1:
            raise RefusedError(at, "two patterns of one string have no grammar")
        if least > 0 or most is not None:
            raise RefusedError(at, "a pattern beside minLength or maxLength has no grammar")
        try:
            within = pattern_grammar(patterned.schema["pattern"], rules)
        except PatternError as error:
            raise RefusedError(at, str(error)) from None
        return f"{_QUOTE} {within} {_QUOTE}"
    if most is not None and most < least:
        raise ImpossibleError(merged.at)
    formats = [FORMATS[each] for each in merged.all("format") if each in FORMATS]
    if formats and least == 0 and most is None:
        return f"{_QUOTE} {formats[0]} {_QUOTE}"
    return f"{_QUOTE} {rules.repeat(CHARACTER, least, most)} {_QUOTE}"
