"""The text of a slide of PowerPoint, or of the notes to it."""

from __future__ import annotations

from collections.abc import Iterable

from keydiff_cli.documents.draft import Draft, one_line
from keydiff_cli.documents.flow import Flow
from keydiff_cli.documents.xml_events import END, START, TEXT, Event

_TITLES = ("title", "ctrTitle")
_REPEATED = ("sldNum", "dt", "ftr", "hdr", "sldImg")  # what stands on each slide
_LEFT_OUT = {
    "p:pic": "pictures",
    "c:chart": "charts",
    "dgm:relIds": "diagrams",
    "p:oleObj": "embedded documents",
}


def write_slide(
    draft: Draft, events: Iterable[Event], footers: set[str], *, notes: bool = False
) -> bool:
    """Write a slide, or its notes.

    Parameters
    ----------
    footers
        Those that have been written, which are not written again.

    Returns
    -------
    bool
        Whether it is shown: a hidden slide is noted as left out.
    """
    slide = _Slide(draft, notes)
    for event in events:
        shown = event.attributes.get("show") if event.name == "p:sld" else None
        if shown in ("0", "false"):
            draft.leave_out("hidden slides")
            return False
        slide.take(event)
    slide.end()
    if (footer := one_line("".join(slide.footer))) and footer not in footers:
        footers.add(footer)
        draft.write(f"[Footer: {footer}]")
    return True


class _Slide:
    """Takes the elements of a slide one after the other, and writes it, but for its footer."""

    def __init__(self, draft: Draft, notes: bool) -> None:
        self.footer: list[str] = []
        self._draft, self._notes = draft, notes
        self._body = Draft()  # the title may come last, and is written first
        self._flow = Flow(self._body)
        self._title: list[str] = []
        self._shape = ""  # the kind of the place that the shape has in the layout
        self._description = ""
        self._in_text = self._bulleted = self._filled = self._raised = False
        self._skip = 0
        self._depth = 0

    def take(self, event: Event) -> None:
        """Take the next start, end or text."""
        if self._skip:
            self._skip += (1 if event.what == START else -1) * (event.what != TEXT)
        elif event.what == TEXT:
            if self._in_text and self._shape not in _REPEATED:
                self._text(event.text)
            elif self._in_text and self._shape == "ftr" and not self._notes:
                self.footer.append(event.text)
        elif event.what == START:
            self._start(event.name, event.attributes)
        elif event.what == END:
            self._end(event.name)

    def end(self) -> None:
        """Write the title and the rest."""
        self._flow.end_tables()
        body = "".join(text for _, text in self._body.take())
        if self._notes:
            if body.strip():
                self._draft.space()
                self._draft.write(f"Notes: {body.strip()}")
            return
        self._draft.heading(" ".join(self._title), 1)
        self._draft.write(body.rstrip("\n"))
        for item in self._body.left_out():
            self._draft.leave_out(item.what, item.count)

    def _start(self, name: str, values: dict[str, str]) -> None:
        if name == "mc:Fallback":
            self._skip = 1
        elif name in ("p:sp", "p:graphicFrame", "p:pic", "p:cxnSp"):
            self._shape = self._description = ""
        if name == "p:cNvPr":
            self._description = one_line(values.get("descr", ""))
        elif name == "p:ph":
            self._shape = values.get("type", "body")
        elif name == "a:t":
            self._in_text = True
        elif name == "a:rPr":
            baseline = values.get("baseline", "0").rstrip("%")
            self._raised = baseline.isdecimal() and int(baseline) > 0
        elif name == "a:r":
            self._raised = False
        elif name == "a:p":
            self._bulleted, self._depth, self._filled = self._shape == "body", 1, False
        elif name == "a:pPr" and values.get("lvl", "").isdecimal():
            self._depth = int(values["lvl"]) + 1
        elif name in ("a:buChar", "a:buAutoNum"):
            self._bulleted = True
        elif name == "a:buNone":
            self._bulleted = False
        elif name == "a:br":
            self._text("\n")
        elif name == "a:tbl":
            self._flow.begin_table()
        elif name == "a:tc":
            self._flow.begin_cell()
        elif name in _LEFT_OUT and not self._notes:
            self._body.leave_out(_LEFT_OUT[name])

    def _end(self, name: str) -> None:
        if name == "a:t":
            self._in_text = False
        elif name == "a:p":
            if self._filled and self._bulleted and not self._notes:
                self._flow.item("-", self._depth)
            self._flow.end_block()
            self._title += [" "] if self._shape in _TITLES else []
        elif name == "a:tr":
            self._flow.end_row()
        elif name == "a:tbl":
            self._flow.end_table()
        elif name == "p:pic" and self._description and not self._notes:
            self._flow.text(f"[Picture: {self._description}]")
            self._flow.end_block()

    def _text(self, text: str) -> None:
        if self._shape in _TITLES and not self._notes:
            self._title.append(text)
        else:
            self._filled = self._filled or bool(text.strip())
            self._flow.text(text, raised=self._raised)
