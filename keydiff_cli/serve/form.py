"""A document that is sent as a form, written to its place as it comes."""

from __future__ import annotations

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from keydiff_cli.serve.files import KnownFile
from keydiff_cli.serve.refusals import Refusal, invalid
from keydiff_cli.serve.uploads import Upload, Uploads

_FILE, _PURPOSE = "file", "purpose"
_MOST = 256  # bytes of a field that is no file


class Form:
    """Takes the body of a form, piece by piece, and keeps the one file of it.

    Parameters
    ----------
    content_type
        The header of the request.

    Raises
    ------
    Refusal
        If that is none of a form.
    """

    def __init__(self, content_type: str, uploads: Uploads) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise Refusal(400, "send the file as multipart/form-data", code="invalid_form")
        self._uploads = uploads
        self._upload: Upload | None = None
        self._fields: dict[str, bytearray] = {}
        self._part = ""  # the name of the part that comes
        self._header, self._value = bytearray(), bytearray()
        self._disposition = b""
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_header_field": lambda data, start, end: self._header.extend(
                        data[start:end]
                    ),
                    "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                    "on_header_end": self._on_header,
                    "on_headers_finished": self._on_headers,
                    "on_part_begin": self._on_part,
                    "on_part_data": self._on_data,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise _broken(error) from None

    def feed(self, data: bytes) -> None:
        """Take the next piece of the body.

        Raises
        ------
        Refusal
            If it is no form, or the file is too large.
        OSError
            If the file cannot be written.
        """
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _broken(error) from None

    def finish(self) -> KnownFile:
        """The file, which is on the disk now.

        Raises
        ------
        Refusal
            If the form is not whole, or has no file.
        OSError
            If the file cannot be written to its end.
        """
        if not self._ended:
            raise Refusal(400, "the form is not whole", code="invalid_form")
        if self._upload is None:
            raise invalid(_FILE, "is missing from the form")
        if not self._upload.size:
            raise invalid(_FILE, "is empty")
        purpose = self._fields.get(_PURPOSE, bytearray()).decode("utf-8", "replace")
        return self._uploads.finish(self._upload, purpose or "user_data")

    def close(self) -> None:
        """Leave nothing of a file that did not come to its end."""
        if self._upload is not None:
            self._uploads.give_up(self._upload)

    def _on_part(self) -> None:
        self._part = ""
        self._disposition = b""

    def _on_header(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _on_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._part = _text(options.get(b"name"))
        if self._part == _FILE:
            if self._upload is not None:
                raise invalid(_FILE, "is there twice; send one file at a time")
            self._upload = self._uploads.begin(_text(options.get(b"filename")))

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._part == _FILE and self._upload is not None:
            self._uploads.add(self._upload, data[start:end])
            return
        field = self._fields.setdefault(self._part[:_MOST], bytearray())
        field.extend(data[start:end])
        if len(field) > _MOST or len(self._fields) > _MOST:
            raise invalid(self._part[:40] or "form", "is too long")

    def _on_end(self) -> None:
        self._ended = True


def _text(value: bytes | None) -> str:
    """The text of an option of a header."""
    return (value or b"").decode("utf-8", "replace")


def _broken(error: Exception) -> Refusal:
    return Refusal(400, f"the form cannot be read: {error}", code="invalid_form")
