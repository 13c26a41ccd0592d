"""Messages in the format of internet mail (RFC 5322, MIME)."""

from __future__ import annotations

from collections.abc import Iterable
from email.header import decode_header
from email.message import Message
from email.parser import BytesFeedParser

from keydiff_cli.documents.draft import one_line
from keydiff_cli.documents.mail.letter import HEADERS, Attachment, Body, Letter, decoded
from keydiff_cli.errors import DocumentError
from keydiff_cli.system.sizes import format_size

MOST_BYTES = 256 << 20  # of a message, which is held as a whole
_LONGEST = 4000  # characters of a header that are read
_SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature")
_DEEPEST = 20  # messages that are attached to each other


def parse(chunks: Iterable[bytes], name: str) -> Message:
    """Parse a message; DocumentError if it is too large."""
    parser = BytesFeedParser()
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MOST_BYTES:
            raise DocumentError(
                f"{name} has a message of more than {format_size(MOST_BYTES)}; "
                "save what matters in it as PDF or text"
            )
        parser.feed(chunk)
    return parser.close()


def letter_of(message: Message, depth: int = 0) -> Letter:
    """What is to be read of a message."""
    letter = Letter()
    for key, value in message.raw_items():
        name = next((name for name in HEADERS if name.lower() == key.lower()), "")
        if name and name not in letter.headers:
            letter.headers[name] = header_text(str(value))
    _take(message, letter, depth)
    return letter


def _take(part: Message, letter: Letter, depth: int) -> None:
    """Sort a part, and those in it, into bodies and what is attached."""
    kind = part.get_content_type()
    parts = part.get_payload() if part.is_multipart() else []
    if kind == "message/rfc822" and isinstance(parts, list) and parts:
        if depth < _DEEPEST:
            letter.attached.append(letter_of(_message(parts[0]), depth + 1))
        else:
            letter.attached.append(Attachment("a message", None))
    elif kind == "multipart/alternative" and isinstance(parts, list):
        _take_best(parts, letter, depth)
    elif isinstance(parts, list) and parts:
        for inner in parts:
            _take(_message(inner), letter, depth)
    else:
        _take_leaf(part, letter)


def _take_best(parts: list[Message | str], letter: Letter, depth: int) -> None:
    """Take the forms of a body: the last one that can be read is the best (RFC 2046, 5.1.4)."""
    forms: list[Body] = []
    for part in reversed(parts):
        inner = Letter()
        _take(_message(part), inner, depth)
        forms += [body for bodies in inner.bodies for body in bodies]
        letter.attached += inner.attached
        letter.pictures += inner.pictures
    pages = [body for body in forms if body.is_page]
    letter.bodies.append(pages + [body for body in forms if not body.is_page])


def _take_leaf(part: Message, letter: Letter) -> None:
    kind, name = part.get_content_type(), part.get_filename()
    attached = part.get_content_disposition() == "attachment" or name is not None
    data = part.get_payload(decode=True)
    data = data if isinstance(data, bytes) else b""
    if kind.startswith("image/") and part.get_content_disposition() != "attachment":
        letter.pictures += 1
    elif kind in ("text/plain", "text/html") and not attached:
        charset = part.get_content_charset() or ""
        letter.bodies.append([Body(data, kind == "text/html", charset)])
    elif kind == "application/pgp-encrypted" or kind == "application/pkcs7-mime":
        letter.attached.append(Attachment("an encrypted message", None))
    elif (data or attached) and kind not in _SIGNATURES:
        letter.attached.append(Attachment(header_text(name or kind), data or None))


def _message(part: Message | str) -> Message:
    if isinstance(part, Message):
        return part
    message = Message()
    message.set_payload(part)
    return message


def header_text(value: str) -> str:
    """A header as it is shown: its words decoded, whatever is wrong with them."""
    value = value[:_LONGEST]
    if not value.isascii():  # bytes as they are, against the rules
        value = decoded(value.encode("utf-8", "surrogateescape"), "utf-8")
    try:
        words = decode_header(value)
    except Exception:
        return one_line(value)
    text = ""
    for word, charset in words:
        text += word if isinstance(word, str) else decoded(word, charset or "utf-8")
    return one_line(text)
