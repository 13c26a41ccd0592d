"""The settings that can change while a chat goes on."""

from __future__ import annotations

import pytest

from keydiff_cli.cli.chat_settings import CHANGEABLE, as_command, changed, in_force, listed, parted
from keydiff_cli.errors import UsageError
from keydiff_cli.report import CacheSetup, Report
from keydiff_cli.settings.config import Settings
from keydiff_cli.text.prompts import TALK_SYSTEM


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
    assert getattr(changed(Settings(), *parted(text)), name) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_tokens 0", "^max_tokens: 0 must be at least 1$"),
        ("max_token 9", "^there is no setting 'max_token'; did you mean max_tokens?"),
        ("temp 0.5", "^there is no setting 'temp'; did you mean temperature?"),
        ("nonsense 1", "^there is no setting 'nonsense'; /set lists those that can change"),
        ("xyz 9", "^there is no setting 'xyz'; /set lists those that can change$"),
        ("kv_type q8_0", "^kv_type needs a new reading; leave, and begin a chat with it$"),
    ],
)
def test_what_cannot_change_says_so(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        changed(Settings(), *parted(text))


def test_a_message_names_what_changes_a_setting_in_a_chat() -> None:
    assert as_command("max_tokens", "8") == "/set max_tokens 8"
    assert as_command("budget", None) == "/budget N"
    assert as_command("kv_type", "q8_0") == "--kv-type q8_0"


def test_the_value_in_force_is_the_one_that_keydiff_chose() -> None:
    cache = CacheSetup("keydiff", 640, 128, 1024, 10**6, "f16", "native")
    report = Report(cache=cache)
    assert in_force(Settings(), report, "budget") == "640"
    assert in_force(Settings(budget=300), report, "budget") == "300"
    assert in_force(Settings(), report, "policy") == "keydiff"
    assert in_force(Settings(), Report(), "system") == TALK_SYSTEM
    assert in_force(Settings(), report, "threads") == "not set"


def test_all_that_can_change_are_listed() -> None:
    rows = dict(listed(Settings(cite=True)))
    assert tuple(rows) == CHANGEABLE
    assert (rows["cite"], rows["plain"], rows["threads"]) == ("on", "off", "-")
