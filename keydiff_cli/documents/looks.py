"""What text files and others are by their beginning: pages, mail, notebooks and the like."""

from __future__ import annotations

import re

from keydiff_cli.documents.markdown_headings import is_markdown
from keydiff_cli.documents.web.elements import BLOCKS

_LEAD = re.compile(r"(?:\s|\ufeff|<!--.{0,20000}?-->|<\?[^>]{0,500}>)*", re.DOTALL)
_BEGINNING = re.compile(r"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_FRAGMENT = re.compile(
    r"<(title|meta|div|p|table|h[1-6]|ul|ol|article|section|center|font)(?:\s[^<>]*)?>",
    re.IGNORECASE,
)
_END = re.compile(r"</([a-zA-Z][\w:-]*)\s*>")
_INLINE = (
    "a abbr b big button cite code del em font i ins kbd label mark option pre q s samp script "
    "select small span strike strong style sub sup svg td textarea th tr tt u var"
)
_OF_HTML = BLOCKS | frozenset(_INLINE.split())
_PROGRAM = ("<?php", "<?=")  # what makes a page, and is none yet
_HEADER = re.compile(r"([!-9;-~]+):")
_MAIL = (
    "from to cc date subject received message-id return-path mime-version content-type sender "
    "delivered-to reply-to content-transfer-encoding in-reply-to references"
)
_OF_MAIL = frozenset(_MAIL.split())
_SURE = frozenset(("received", "message-id", "return-path", "mime-version", "delivered-to"))
_OF_LETTERS = {"to", "received", "message-id", "delivered-to", "return-path", "cc"}
_WINDOW = 20_000  # characters in which signs are looked for
FROM_LINE = re.compile(rb"From \S.*\d\d:\d\d.*\d{4}")
_PATCH = re.compile(rb"From [0-9a-f]{40} Mon Sep 17 00:00:00 2001")  # as git writes all of them
_NOTEBOOK = re.compile(
    r'\s*\{\s*"(?:cells|metadata|nbformat|nbformat_minor|worksheets)"\s*:', re.ASCII
)


def is_html(text: str) -> bool:
    """Tell whether a text is a web page, or a part of one, by its beginning.

    A part of one is no XML with elements of its own, and no Markdown, which may begin like one.
    """
    if any(sign in text[:_WINDOW] for sign in _PROGRAM):
        return False
    start = _LEAD.match(text)
    at = start.end() if start else 0
    if _BEGINNING.match(text, at):
        return True
    first = _FRAGMENT.match(text, at)
    if first is None or ("<?xml" in text[:at] and "xhtml" not in first[0]) or is_markdown(text):
        return False
    ends = [name.lower() for name in _END.findall(text, 0, _WINDOW)]
    return len(ends) > 2 and 2 * sum(name in _OF_HTML for name in ends) > len(ends)


def is_rtf(head: bytes) -> bool:
    """Tell whether a file is rich text."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{\\rtf")


def is_compound(head: bytes) -> bool:
    """Tell whether a file is a compound file."""
    return head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


def is_notebook(text: str) -> bool:
    """Tell whether a text is a notebook, by its beginning."""
    return _NOTEBOOK.match(text) is not None and '"cell_type"' in text


def header_names(text: str) -> list[str]:
    """The names of the headers that a text begins with, in small letters; none if it is no mail."""
    names: list[str] = []
    for line in text[:_WINDOW].splitlines():
        if not line.strip():
            break
        if line[0] in " \t" and names:
            continue
        match = _HEADER.match(line)
        if match is None:
            return []
        names.append(match[1].lower())
    return names


def is_mail(text: str) -> bool:
    """Tell whether a text is a message by its headers."""
    names = set(header_names(text.lstrip("\r\n")))
    return len(names & _OF_MAIL) > 2 and bool(names & _SURE) and "from" in names


def is_mbox(head: bytes, text: str) -> bool:
    """Tell whether a file is a folder of mail: by its first line, and headers behind it.

    A patch of git's is none, though it is written like one: it stays as it stands.
    """
    if _PATCH.match(head):
        return False
    rest = text.partition("\n")[2]
    return FROM_LINE.match(head) is not None and "from" in header_names(rest)


def is_saved_page(text: str) -> bool:
    """Tell whether a text is a web page that was saved with its pictures in one file."""
    names = header_names(text.lstrip("\r\n"))
    if not {"mime-version", "content-type"} <= set(names) or _OF_LETTERS & set(names):
        return False
    head = text[:_WINDOW].lower()
    return "multipart/related" in head or "content-type: text/html" in head
