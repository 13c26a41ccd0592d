"""A message as it is read: its headers, its body, and what is attached."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from keydiff_cli.documents.composed import ComposedDocument
from keydiff_cli.documents.decoder import Decoder
from keydiff_cli.documents.document import PIECE, Document
from keydiff_cli.documents.draft import Draft, one_line
from keydiff_cli.documents.web.charset import any_encoding, known_codec, page_encoding
from keydiff_cli.documents.web.page_text import PageText
from keydiff_cli.errors import DocumentError

HEADERS = ("From", "To", "Cc", "Date", "Subject")
_MOST_WARNINGS = 5
_DEEPEST = 3  # documents that are attached to what is attached
_LONGEST = 1 << 20  # characters of a line that is attached; a longer one is written in parts
_Written = Generator[None, None, list[str]]  # gives the warnings in the end


@dataclass(frozen=True)
class Body:
    """A form of the body: the bytes of a text or a page, and the encoding if it was said."""

    data: bytes
    is_page: bool = False
    charset: str = ""


@dataclass(frozen=True)
class Attachment:
    """Something attached; without its bytes where they cannot be had."""

    name: str
    data: bytes | None


@dataclass
class Letter:
    """A message.

    Attributes
    ----------
    headers
        Those of ``HEADERS`` that it has, decoded.
    bodies
        The parts of the body in order, each in the forms that it has, the best one first.
    attached
        What is attached: other messages as such.
    pictures
        How many pictures it shows.
    """

    headers: dict[str, str] = field(default_factory=dict)
    bodies: list[list[Body]] = field(default_factory=list)
    attached: list[Attachment | Letter] = field(default_factory=list)
    pictures: int = 0

    @property
    def subject(self) -> str:
        return self.headers.get("Subject", "")


def write_letter(draft: Draft, letter: Letter, depth: int) -> _Written:
    """Write a message with what is attached, with a pause now and then.

    Parameters
    ----------
    depth
        How many documents the message is attached to, one in the other.

    Returns
    -------
    list of str
        The warnings of what is attached, a line each.
    """
    for name in HEADERS:
        if value := one_line(letter.headers.get(name, "")):
            draft.write(f"{name}: {value}")
    for forms in letter.bodies:
        draft.space()
        for body in forms:
            before = draft.size
            _write_body(draft, body)
            if draft.size > before:
                break
    if letter.pictures:
        draft.leave_out("pictures", letter.pictures)
    warnings: list[str] = []
    for item in letter.attached:
        draft.space()
        if isinstance(item, Letter):
            draft.write("[Attached message]")
            warnings += yield from write_letter(draft, item, depth)
        else:
            warnings += yield from _write_attachment(draft, item, depth)
    return warnings


def told(name: str, warnings: list[str]) -> list[str]:
    """The warnings of what is attached, with the name of the mail, and not too many."""
    lines = [f"{name}: {warning}" for warning in warnings[:_MOST_WARNINGS]]
    if (more := len(warnings) - len(lines)) > 0:
        lines.append(f"{name}: {more:,} more warnings of what is attached to it")
    return lines


def _write_body(draft: Draft, body: Body) -> None:
    if body.is_page:
        decoder = Decoder(page_encoding(body.data, body.charset))
        page = PageText(draft, title=False)
        page.add(decoder.decode(body.data, final=True))
        page.finish()
    else:
        text = decoded(body.data, body.charset)
        draft.write(text.replace("\r\n", "\n").replace("\r", "\n"))


def decoded(data: bytes, charset: str) -> str:
    """Bytes as text, by the encoding that was said or else a guess."""
    if codec := known_codec(charset):
        try:
            return data.decode(codec)
        except UnicodeError:
            pass
    guess = any_encoding(data)
    return Decoder(guess).decode(data[guess.mark :], final=True)


def _write_attachment(draft: Draft, item: Attachment, depth: int) -> _Written:
    """Write what is attached, if it can be read; else name it."""
    from keydiff_cli.documents.opening import open_bytes

    name = one_line(item.name) or "without a name"
    if item.data is None or depth >= _DEEPEST:
        return _not_read(draft, name, "it is not read")
    try:
        with open_bytes(item.data, name) as document:
            if isinstance(document, ComposedDocument):
                document.depth = depth + 1
            document.require_text()
            draft.write(f"[Attachment: {name}]")
            yield from _copy(draft, document)
            for left in document.left_out:
                draft.leave_out(left.what, left.count)
            return list(document.warnings)
    except DocumentError as error:
        return _not_read(draft, name, str(error).removeprefix(name).strip())


def _copy(draft: Draft, document: Document) -> Iterator[None]:
    page, rest = None, ""
    for piece in document.pieces():
        if piece.page != page:
            draft.write(rest)
            page, rest = piece.page, ""
            title = document.page_name(page) if page else ""
            draft.write(f"[{document.page_kind} {page}{title and f': {title}'}]".capitalize())
        text, line_end, rest = (rest + piece.text).rpartition("\n")
        if not line_end and len(rest) > _LONGEST:
            text, rest = rest, ""
        if text or line_end:
            draft.write(text)
        if draft.size >= PIECE:
            yield
    draft.write(rest)


def _not_read(draft: Draft, name: str, why: str) -> list[str]:
    draft.write(f"[Attachment: {name}, not read]")
    draft.leave_out("attachments")
    return [f"the attachment {name} was not read: {why}"]
