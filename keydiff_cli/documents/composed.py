"""What documents have in common whose text their reader composes from parts of a file."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import IO

from keydiff_cli.documents.byte_stream import ByteStream
from keydiff_cli.documents.document import PIECE, Document, Piece, pieces_of
from keydiff_cli.documents.draft import Draft
from keydiff_cli.documents.worker import TOO_LARGE
from keydiff_cli.errors import DocumentError
from keydiff_cli.system.terminal import printable


class ComposedDocument(Document):
    """A document that is written to a draft, a little at a time, and given from there.

    Its bytes are read from the file, or from a temporary copy of a pipe.

    Parameters
    ----------
    opened
        What the stream gave as ``seekable_file``, where that was called before.

    Attributes
    ----------
    what : str
        What it is called in messages, such as "a Word document".
    depth : int
        How many documents it is attached to, one in the other.
    """

    what: str
    depth = 0
    unit = "bytes"

    def __init__(
        self, stream: ByteStream, opened: tuple[IO[bytes], str | None] | None = None
    ) -> None:
        super().__init__(stream)
        self._file, self._sha256 = opened or stream.seekable_file()
        self._size = self._file.seek(0, 2)
        self._file.seek(0)
        self._draft = Draft()
        self.total = self._size
        self.pages = None

    def page_name(self, number: int) -> str:
        return self._draft.names.get(number, "")

    @abstractmethod
    def _compose(self) -> Iterator[None]:
        """Write the draft, and yield now and then; what goes wrong may be raised as it is."""

    def _done(self) -> int:
        """How much has been read, in the document's unit."""
        return self._file.tell()

    def _read(self) -> Iterator[Piece]:
        done = 0
        steps = self._compose()
        while self._step(steps):
            if self._draft.size >= PIECE or self.unit != "bytes":
                done = max(done, self._done())
                yield from self._pieces(done)
        yield from self._pieces(self.total or done)
        self.outline = self._draft.outline
        self.left_out = self._draft.left_out()
        self._warn()
        self.sha256 = self._sha256 or self._stream.hash_file()
        self._stream.check_unchanged()

    def _pieces(self, done: int) -> Iterator[Piece]:
        for page, text in self._draft.take():
            at = done if self.unit == "bytes" or page is None else page
            yield from pieces_of(text, page, at)

    def _step(self, steps: Iterator[None]) -> bool:
        """Let the reader go on; whether it has more to read."""
        try:
            next(steps)
        except StopIteration:
            return False
        except DocumentError:
            raise
        except Exception as error:
            raise self._damaged(error) from error
        return True

    def _damaged(self, error: Exception) -> DocumentError:
        """The error for a document that cannot be read on."""
        if isinstance(error, (MemoryError, RecursionError)):
            why = TOO_LARGE
        else:
            why = printable(str(error))[:100] or type(error).__name__
        return DocumentError(
            f"{self.name} is damaged and cannot be read as {self.what} ({why}); "
            "open it in its program, and save it again or as PDF"
        )

    def _warn_of(self, what: str, one: str, verb: str = "read") -> None:
        """Add a warning if things of that kind were left out, with where they are."""
        if not (count := self._draft.count_left_out(what)):
            return
        noun = one if count == 1 else what
        was = "was" if count == 1 else "were"
        self.warnings.append(f"{count:,} {noun} of {self.name} {was} not {verb}")

    def _warn(self) -> None:
        """Add a warning for what was left out and may change an answer."""

    def _blank(self) -> str:
        return f"{self.name} has no text: it is {self.what} without any"
