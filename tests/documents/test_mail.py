"""Mail: headers and bodies in any encoding, what is attached, folders, saved pages."""

from __future__ import annotations

import gzip
from email.message import EmailMessage

from document_helpers import Save, peak_of, piped, read, refusal, text_of
from kind_files import docx, paragraph, pptx, shape

from keydiff_cli.documents import LeftOut


def _mail(
    subject: str = "Vertrag für die Fähre", body: str = "On 4 May – 4,711 €."
) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Ada <ada@example.org>", "Bø <bo@example.org>"
    mail["Subject"], mail["Message-ID"] = subject, "<1@example.org>"
    mail.set_content(body, cte="base64")
    return mail


_HEAD = "From: Ada <ada@example.org>\nTo: Bø <bo@example.org>\nSubject: Vertrag für die Fähre\n\n"


def test_headers_and_a_body_in_base64() -> None:
    document = piped(_mail().as_bytes())
    assert read(document) == _HEAD + "On 4 May – 4,711 €.\n"
    assert (document.kind, document.unit, document.warnings) == ("eml", "bytes", [])


def test_the_best_form_of_the_body() -> None:
    mail = _mail("A")
    mail.add_alternative("<p>The <b>page</b></p><table><tr><td>a<td>b</table>", subtype="html")
    text = text_of(mail.as_bytes())
    assert text.endswith("Subject: A\n\nThe page\n\na | b\n") and "4,711" not in text
    empty = _mail("A")
    empty.add_alternative("<html><script>x</script></html>", subtype="html")
    assert text_of(empty.as_bytes()).endswith("Subject: A\n\nOn 4 May – 4,711 €.\n")


def test_what_is_attached_is_read_or_named() -> None:
    mail = _mail()
    binary = {"maintype": "application", "subtype": "octet-stream"}
    mail.add_attachment(docx(paragraph("Signed.")), **binary, filename="x.bin")
    mail.add_attachment(pptx(shape("one"), shape("two")), **binary, filename="s.pptx")
    mail.add_attachment(b"\x89PNG\r\n\x1a\n\0", maintype="image", subtype="png", filename="p.png")
    inner = _mail("inner", "Inner text")
    mail.add_attachment(inner)
    document = piped(mail.as_bytes())
    assert read(document) == (
        _HEAD + "On 4 May – 4,711 €.\n\n[Attachment: x.bin]\nSigned.\n\n[Attachment: s.pptx]\n\n"
        "[slide 1]\n- one\n\n[slide 2]\n- two\n\n[Attachment: p.png, not read]\n\n"
        "[Attached message]\nFrom: Ada <ada@example.org>\nTo: Bø <bo@example.org>\n"
        "Subject: inner\n\nInner text\n"
    )
    assert document.left_out == [LeftOut(None, "attachments", 1)]
    assert len(document.warnings) == 1 and "p.png was not read: looks like" in document.warnings[0]


def test_what_is_attached_takes_no_memory(save: Save) -> None:
    lines = b"".join(b"%d" % number + b" words" * 200 + b"\n" for number in range(40_000))
    paths = []
    for name, data in (("small", b"words"), ("lines", lines), ("line", lines.replace(b"\n", b" "))):
        mail = _mail()
        packed = gzip.compress(data, 1)
        mail.add_attachment(packed, maintype="application", subtype="gzip", filename="a.gz")
        paths.append(save(name, mail.as_bytes()))
    small, *large = map(peak_of, paths)
    assert max(large) < small + (30 << 20)


def test_mail_within_mail_has_an_end() -> None:
    mail = _mail("0", "x")
    for number in range(1, 40):
        outer = _mail(str(number), "x")
        outer.add_attachment(mail)
        mail = outer
    document = piped(mail.as_bytes())
    assert "Subject: 25" in read(document)
    assert document.left_out == [LeftOut(None, "attachments", 1)]


def test_headers_that_break_the_rules() -> None:
    head = b"From: J\xc3\xb6rg\nMessage-ID: <1>\nSubject: =?x-none?Q?caf=E9?= =?utf-8?B?w7w\n"
    text = text_of(head + b"Content-Type: text/plain; charset=nonsense\n\nf\xc3\xbcr\n")
    assert text.startswith("From: Jörg\nSubject: café") and text.endswith("\n\nfür\n")


def test_headers_without_a_value() -> None:
    headers = b"From: a@b.org\nTo: c@d.org\nX-Has-Attach:\nMessage-ID: <1@b.org>\n"
    data = headers + b"Content-Transfer-Encoding: quoted-printable\n\nf=C3=BCr\n"
    assert text_of(data) == "From: a@b.org\nTo: c@d.org\n\nf\u00fcr\n"


def test_a_folder() -> None:
    first, second = _mail("one", "x\n\nFrom here on"), _mail("two", "z")
    first.replace_header("Content-Transfer-Encoding", "7bit")
    first.set_payload("x\n\n>From here on\n\nFrom time to time")
    data = b"".join(
        b"From ada@example.org Mon Jan  1 10:00:00 2024\n" + mail.as_bytes() + b"\n\n"
        for mail in (first, second)
    )
    document = piped(data)
    pieces = list(document.pieces())
    assert [(piece.page, document.page_name(piece.page or 0)) for piece in pieces] == [
        (1, "one"),
        (2, "two"),
    ]
    assert "From here on\n\nFrom time to time" in pieces[0].text
    assert (document.kind, document.page_kind, document.pages) == ("mbox", "message", 2)


def test_a_folder_with_much_that_is_not_read() -> None:
    mail = _mail()
    mail.add_attachment(b"\0", maintype="video", subtype="mp4", filename="v.mp4")
    one = b"From ada@example.org Mon Jan  1 10:00:00 2024\n" + mail.as_bytes() + b"\n\n"
    document = piped(one * 9)
    read(document)
    assert len(document.warnings) == 6
    assert document.warnings[0].startswith("standard input: the attachment v.mp4 was not read: ")
    assert document.warnings[-1] == "standard input: 4 more warnings of what is attached to it"


def test_a_saved_page() -> None:
    data = (
        b"From: <Saved by Browser>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<h1>Prices</h1><p>=C2=A34</p>\r\n"
        b"--b\r\nContent-Type: image/png\r\n\r\nxxx\r\n--b--\r\n"
    )
    document = piped(data)
    assert read(document) == "# Prices\n\n£4\n"
    assert document.kind == "mht"
    assert document.left_out == [LeftOut(None, "pictures", 1)]
    without = data.replace(b"text/html", b"text/xhtml").replace(
        b"Prices", b"content-type: text/html"
    )
    assert "without a page" in refusal(lambda: text_of(without))


def test_texts_that_are_no_mail() -> None:
    for text in (
        "From: Ada\nTo: Bo\nSubject: x\n\nA note.\n",
        "From here: on\nwe go\n",
        "Q: who?\nA: me\n",
        f"From {'0a' * 20} Mon Sep 17 00:00:00 2001\nFrom: Ada <a@b.org>\n\n \n \n+x = 1\n",
    ):
        assert piped(text.encode()).kind == "text"
        assert text_of(text.encode()) == text
