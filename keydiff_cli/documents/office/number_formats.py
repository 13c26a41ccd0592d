"""Numbers as Excel shows them: by the format of their cell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from keydiff_cli.documents.office.date_formats import is_date, shown_date
from keydiff_cli.documents.xml_events import END, START
from keydiff_cli.documents.zipped import Archive

_BUILT_IN = {
    **{1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00"},
    **{14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM"},
    **{19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm"},
    **{37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)"},
    **{40: "#,##0.00;(#,##0.00)", 41: "#,##0;(#,##0)", 42: "$#,##0;($#,##0)"},
    **{43: "#,##0.00;(#,##0.00)", 44: "$#,##0.00;($#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss"},
    **{47: "mm:ss.0", 49: "@"},
}
_QUOTED = re.compile(r'"([^"]*)"|\\(.)|_.|\*.')
_BRACKETED = re.compile(r"\[\$([^\]-]*)(?:-[0-9A-Fa-f]+)?\]|\[(?!h+\]|m+\]|s+\])[^\]]*\]")
_DIGITS = re.compile(r"[#0?][#0?,]*(?:\.[#0?]*)?(,*)|\.[#0?]+")
_MOST_DECIMALS = 15
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)


class Formats:
    """The formats of the cells of a workbook."""

    def __init__(self, archive: Archive, part: str, from_1904: bool) -> None:
        self._epoch = _EPOCH_1904 if from_1904 else _EPOCH
        codes = dict(_BUILT_IN)
        self._codes: list[str] = []  # by the number of a cell's style
        in_cells = False
        for event in archive.events(part):
            values = event.attributes
            if event.name == "x:cellXfs":
                in_cells = event.what == START
            elif event.what == END:
                continue
            elif event.name == "x:numFmt" and values.get("numFmtId", "").isdecimal():
                codes[int(values["numFmtId"])] = values.get("formatCode", "")[:200]
            elif event.name == "x:xf" and in_cells:
                number = values.get("numFmtId", "0")
                self._codes.append(codes.get(int(number) if number.isdecimal() else 0, ""))

    def shown(self, value: str, style: str) -> str:
        """A number as its cell shows it; as it is where the format is not understood."""
        index = int(style) if style.isdecimal() else 0
        code = self._codes[index] if index < len(self._codes) else ""
        try:
            number = Decimal(value.strip())
            if not number.is_finite() or number.adjusted() > 300:
                return value.strip()
            return self._as(code, number)
        except (InvalidOperation, ValueError, OverflowError):
            return " ".join(value.split())

    def _as(self, code: str, number: Decimal) -> str:
        if not code or code.lower() == "general" or code == "@":
            return general(number)
        sections = _sections(code)
        negative = number < 0 and len(sections) > 1
        section = sections[1 if negative else 2 if number == 0 and len(sections) > 2 else 0]
        if is_date(section):
            return shown_date(section, float(number), self._date(number))
        return _formatted(section, abs(number) if negative else number)

    def _date(self, number: Decimal) -> datetime:
        """A moment by its number of days."""
        if number < 0 or number > 2_958_466:
            raise ValueError("no date")
        days = float(number)
        if self._epoch is _EPOCH and days < 60:  # Excel has a 29 February 1900
            days += 1
        moment = self._epoch + timedelta(days=days)
        return (moment + timedelta(microseconds=500)).replace(
            microsecond=moment.microsecond // 1000 * 1000
        )


def general(number: Decimal) -> str:
    """A number in the format that cells have by default: up to 11 digits or so."""
    if number == number.to_integral_value() and abs(number) < 10**15:
        return f"{number:.0f}"
    rounded = float(f"{float(number):.11g}")
    if rounded and not 1e-9 < abs(rounded) < 1e15:
        return f"{rounded:.6g}".upper()
    text = f"{rounded:.15f}".rstrip("0").rstrip(".") if rounded % 1 else f"{rounded:.0f}"
    return text if len(text) < 20 else f"{rounded:.10g}"


@lru_cache(maxsize=512)
def _sections(code: str) -> list[str]:
    """The parts of a format, for positive and negative numbers and for zero."""
    parts, quoted, current = [], False, ""
    for char in code:
        quoted ^= char == '"'
        if char == ";" and not quoted:
            parts.append(current)
            current = ""
        else:
            current += char
    return [*parts, current]


@lru_cache(maxsize=512)
def _plain(section: str) -> str:
    """A format with its literal characters behind a mark, and without colours and the like."""
    section = _BRACKETED.sub(lambda match: f'"{match[1] or ""}"', section)
    return _QUOTED.sub(lambda match: _literal(match[1] or match[2] or ""), section)


def _literal(text: str) -> str:
    """Keep the characters of a literal from being taken for those of a format."""
    return "".join(chr(0xF0000 + ord(char)) if ord(char) < 0x10000 else char for char in text)


@dataclass(frozen=True)
class _Pattern:
    """The part of a format for numbers of a kind: what stands around the digits, and these."""

    before: str
    after: str
    zeros: int  # digits before the point at least
    decimals: int
    optional: int  # of the decimals, those that are left out where they are zero
    grouped: bool
    scale: int  # powers of ten to multiply with


@lru_cache(maxsize=512)
def _pattern(section: str) -> _Pattern | None:
    """A format as a pattern; None where it is text alone."""
    plain = _plain(section)
    match = _DIGITS.search(plain)
    if match is None:
        return None
    digits = match[0].rstrip(",")
    whole, _, part = digits.partition(".")
    return _Pattern(
        before=plain[: match.start()],
        after=plain[match.end() :],
        zeros=whole.count("0"),
        decimals=min(len(part), _MOST_DECIMALS),
        optional=len(part) - len(part.rstrip("#?")),
        grouped="," in whole,
        scale=2 * ("%" in plain) - 3 * len(match[1] or ""),
    )


def _formatted(section: str, number: Decimal) -> str:
    pattern = _pattern(section)
    if pattern is None:
        return _written(_plain(section).replace("General", general(number)))
    if "/" in pattern.after:
        return general(number)
    if pattern.after.startswith(("E+", "E-")):
        return f"{float(number):.{pattern.decimals}E}"
    number = number.scaleb(pattern.scale)
    number = number.quantize(Decimal(1).scaleb(-pattern.decimals), rounding=ROUND_HALF_UP)
    whole, _, part = f"{abs(number):f}".partition(".")
    optional = pattern.optional
    while optional and part.endswith("0"):
        part, optional = part[:-1], optional - 1
    whole = whole.lstrip("0").zfill(pattern.zeros)
    if pattern.grouped and whole:
        whole = f"{int(whole):,}"
    digits = whole + ("." + part if part else "")
    sign = "-" if number < 0 else ""
    return _written(f"{sign}{pattern.before}{digits}{pattern.after}") or "0"


def _written(text: str) -> str:
    """A formatted number with its literal characters as such."""
    return " ".join(
        "".join(chr(ord(char) - 0xF0000) if ord(char) >= 0xF0000 else char for char in text).split()
    )
