"""Dates and times as Excel shows them."""

from __future__ import annotations

import re
from datetime import datetime

_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[(?P<elapsed>h+|m+|s+)\]|\[[^\]]*\]'
    r"|(?P<noon>AM/PM|A/P)|(?P<fraction>\.0+)|(?P<part>y+|m+|d+|h+|s+)|(?P<other>.)",
    re.IGNORECASE,
)
_MONTHS = "January February March April May June July August September October November December"
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"


def is_date(section: str) -> bool:
    """Tell whether a format is one of dates or times."""
    plain = _LITERAL.sub("", section)
    if plain.lower() == "general":
        return False
    return re.search(r"[ymdhs]", plain, re.IGNORECASE) is not None and "#" not in plain


def shown_date(section: str, days: float, moment: datetime) -> str:
    """A moment in a format; ``days`` is its number, of which elapsed hours are counted."""
    tokens = list(_TOKEN.finditer(section))
    twelve = any(token["noon"] for token in tokens)
    kinds = [(token["part"] or "").lower() for token in tokens]
    shown = []
    for index, token in enumerate(tokens):
        if token["part"]:
            part = kinds[index]
            if part[0] == "m" and len(part) < 3 and _is_minutes(kinds, tokens, index):
                part = "n" * len(part)
            shown.append(_part(part, moment, twelve))
        elif token["elapsed"]:
            unit = {"h": 24, "m": 1440, "s": 86400}[token["elapsed"][0].lower()]
            shown.append(str(int(days * unit + 1e-6)))
        elif token["noon"]:
            shown.append("AM" if moment.hour < 12 else "PM")
        elif token["fraction"]:
            shown.append("." + f"{moment.microsecond:06}"[: len(token["fraction"]) - 1])
        else:
            shown.append(token["quoted"] or token["escaped"] or token["other"] or "")
    return " ".join("".join(shown).replace("@", "").split())


def _is_minutes(kinds: list[str], tokens: list[re.Match[str]], index: int) -> bool:
    """Whether an m stands for minutes: behind hours, or before seconds."""
    before = [kind or (token["elapsed"] or "") for kind, token in zip(kinds, tokens, strict=True)]
    last = next((kind for kind in reversed(before[:index]) if kind), "")
    following = next((kind for kind in before[index + 1 :] if kind), "")
    return last[:1].lower() == "h" or following[:1].lower() == "s"


def _part(part: str, moment: datetime, twelve: bool) -> str:
    size = len(part)
    if part[0] == "y":
        return f"{moment.year:04}" if size > 2 else f"{moment.year % 100:02}"
    if part[0] in "md" and size > 2:
        names = (_MONTHS if part[0] == "m" else _DAYS).split()
        name = names[moment.month - 1 if part[0] == "m" else moment.weekday()]
        return name[:1] if size == 5 else name if size > 3 else name[:3]
    hour = (moment.hour % 12 or 12) if twelve else moment.hour
    value = {"m": moment.month, "d": moment.day, "h": hour, "n": moment.minute, "s": moment.second}[
        part[0]
    ]
    return f"{value:02}" if size > 1 else str(value)
