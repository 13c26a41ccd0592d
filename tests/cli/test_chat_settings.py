"""The settings that can change while a chat goes on."""

from __future__ import annotations

import pytest

from keydiff_cli.cli.chat_settings import CHANGEABLE, changed, listed
from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import Settings


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("max_tokens 9", "max_tokens", 9),
        ("Max-Tokens  9", "max_tokens", 9),
        ("temperature 0.5", "temperature", 0.5),
        ("cite on", "cite", True),
        ("plain no", "plain", False),
        ("format outline", "format", "outline"),
    ],
)
def test_a_setting_changes(text: str, name: str, value: object) -> None:
    assert getattr(changed(Settings(), text), name) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_tokens 0", "^max_tokens: 0 must be at least 1$"),
        ("max_token 9", "^there is no setting 'max_token'; did you mean max_tokens?"),
        ("temp 0.5", "^there is no setting 'temp'; did you mean temperature?"),
        ("nonsense 1", "^there is no setting 'nonsense'; /set lists those that can change"),
        ("xyz 9", "^there is no setting 'xyz'; /set lists those that can change$"),
        ("budget 9", "^budget needs a new reading; write: /budget N$"),
        ("kv_type q8_0", "^kv_type needs a new reading; leave, and begin a chat with it$"),
        ("seed", "^seed is 0; write: /set seed VALUE$"),
    ],
)
def test_what_cannot_change_says_so(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        changed(Settings(), text)


def test_all_that_can_change_are_listed() -> None:
    rows = dict(listed(Settings(cite=True)))
    assert tuple(rows) == CHANGEABLE
    assert (rows["cite"], rows["plain"], rows["threads"]) == ("on", "off", "-")
