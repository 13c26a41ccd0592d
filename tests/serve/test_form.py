"""A document that is sent as a form, in pieces of any size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keydiff_cli.serve.files import KnownFile
from keydiff_cli.serve.refusals import Refusal
from keydiff_cli.serve.uploads import Uploads

pytest.importorskip("python_multipart")
pytestmark = pytest.mark.serve

KIND = "multipart/form-data; boundary=line"


@pytest.fixture
def uploads(tmp_path: Path) -> Iterator[Uploads]:
    uploads = Uploads(tmp_path, each=1000, all_together=2000)
    yield uploads
    uploads.close()


def part(name: str, content: bytes, more: str = "") -> bytes:
    head = f'--line\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + content + b"\r\n"


FILE = part("file", b"The door\r\n--lin is green.", '; filename="däs.txt"')
END = b"--line--\r\n"


def taken(uploads: Uploads, body: bytes, size: int = 10**6) -> KnownFile:
    from keydiff_cli.serve.form import Form

    form = Form(KIND, uploads)
    try:
        for start in range(0, len(body), size):
            form.feed(body[start : start + size])
        return form.finish()
    finally:
        form.close()


@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_a_file_comes_in_pieces(uploads: Uploads, size: int) -> None:
    file = taken(uploads, part("purpose", b"assistants") + FILE + END, size)
    assert (file.name, file.purpose) == ("däs.txt", "assistants")
    assert file.path.read_bytes() == b"The door\r\n--lin is green."
    assert uploads.list() == [file]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (FILE, "not whole"),
        (b"", "not whole"),
        (part("purpose", b"x") + END, "file: is missing"),
        (part("file", b"", '; filename="a"') + END, "file: is empty"),
        (FILE + FILE + END, "file: is there twice"),
        (part("purpose", b"x" * 300) + FILE + END, "purpose: is too long"),
        (b"no form at all", "cannot be read"),
        (part("file", b"x" * 1001) + END, "a file may have 1.00 kB"),
    ],
)
def test_what_is_no_whole_file_leaves_nothing(uploads: Uploads, body: bytes, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        taken(uploads, body)
    assert uploads.list() == []
    assert not [path for path in uploads._folder.iterdir() if path.name != ".lock"]


@pytest.mark.parametrize("kind", ["", "application/json", "multipart/form-data", KIND + "x" * 300])
def test_what_is_no_form_is_refused(uploads: Uploads, kind: str) -> None:
    from keydiff_cli.serve.form import Form

    with pytest.raises(Refusal) as refused:
        Form(kind, uploads)
    assert refused.value.status == 400
