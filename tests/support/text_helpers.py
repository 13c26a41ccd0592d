"""What several test files share: the sample document, texts cut in pieces, decoded tokens."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.documents import Document
from keydiff_cli.documents.byte_stream import ByteStream
from keydiff_cli.documents.document import Piece
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.sources import Sources
from keydiff_cli.text.tokenizer import Vocabulary

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "sample"
END = 10**9  # tokens that no document of the tests has


class PlainBytes:
    """A model whose tokens are the bytes of the text, so that every token's text is exact."""

    def tokenize(self, text: str) -> NDArray[np.int32]:
        return np.frombuffer(text.encode(), np.uint8).astype(np.int32)

    def piece(self, token: int) -> bytes:
        return bytes([token])


class SpaceFirst:
    """A model of bytes that puts a space before every text, as SentencePiece vocabularies do."""

    def tokenize(self, text: str) -> NDArray[np.int32]:
        return np.frombuffer(b" " + text.encode(), np.uint8).astype(np.int32)

    def piece(self, token: int) -> bytes:
        return bytes([token])


class MadeDocument(Document):
    """A document that gives the pieces it is made of, each a text and the page it comes from."""

    def __init__(
        self, pieces: Sequence[tuple[str, int | None]], *, pages: int | None = None, name: str = "a"
    ) -> None:
        super().__init__(ByteStream(name, io.BytesIO(), owned=False))
        self.kind = "text" if pages is None else "pdf"
        self.unit = "bytes" if pages is None else "pages"
        self.pages = pages
        self.page_kind = None if pages is None else "page"
        self.total = len(pieces) if pages is None else pages
        self._made = list(pieces)

    def _read(self) -> Iterator[Piece]:
        for number, (text, page) in enumerate(self._made, 1):
            yield Piece(text, page, number if page is None else page)
        self.sha256 = f"of {self.name}"

    def _blank(self) -> str:
        return f"{self.name} is empty"


def open_corpus(vocabulary: Vocabulary, *paths: str | Path, stdin: bytes = b"") -> Corpus:
    """A corpus of files, ``-`` for standard input, of which nothing has been read yet."""
    sources = Sources([str(path) for path in paths], io.BytesIO(stdin))
    return Corpus(sources.documents(), vocabulary)


def read_corpus(vocabulary: Vocabulary, *paths: str | Path, stdin: bytes = b"") -> Corpus:
    """A corpus of files, ``-`` for standard input, read to the end."""
    corpus = open_corpus(vocabulary, *paths, stdin=stdin)
    corpus.read_to(END)
    return corpus


def whole_text(corpus: Corpus) -> str:
    """The text of all tokens that were read."""
    return corpus.text(0, corpus.tokens)


def split_at(text: str, cuts: Iterable[int]) -> list[str]:
    """Cut ``text`` at places that may lie anywhere, also behind its end or twice at one."""
    places = sorted(min(cut, len(text)) for cut in cuts)
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


def decode(model: Vocabulary, tokens: Iterable[int]) -> bytes:
    """The text the tokens stand for; nothing for special tokens."""
    return b"".join(model.piece(int(token)) for token in tokens)


def joined(parts: Iterable[NDArray[np.int32]]) -> list[int]:
    """Token arrays as one list."""
    return [int(token) for part in parts for token in part]
