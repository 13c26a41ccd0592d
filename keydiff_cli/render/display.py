"""What the user sees while a command runs: progress and notes on stderr, answers on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from keydiff_cli.batch.progress import BatchEvents
from keydiff_cli.bench.bench_events import BenchEvents
from keydiff_cli.build.build_events import BuildEvents
from keydiff_cli.errors import SettingWriter
from keydiff_cli.render.citations import link_to
from keydiff_cli.render.coverage import weakest_parts
from keydiff_cli.render.flags import as_flag
from keydiff_cli.render.how_far import HowFar
from keydiff_cli.render.progress_line import ProgressLine
from keydiff_cli.render.shown_answer import ShownAnswer
from keydiff_cli.render.stats import format_duration, print_stats
from keydiff_cli.render.thoughts import Thoughts
from keydiff_cli.report import CacheSetup, Events, MemoryUse, ModelIdentity, Progress, Report
from keydiff_cli.system.as_found import begin, end
from keydiff_cli.system.sizes import format_size
from keydiff_cli.system.terminal import complain, printable
from keydiff_cli.system.wrapping import columns_of, wrapped
from keydiff_cli.text.citation_marks import citation_mark
from keydiff_cli.text.places import Citation


class Display(Events):
    """Progress and notes on stderr, the answer on stdout as it comes.

    Parameters
    ----------
    quiet
        Show warnings only.
    answer
        Print the answer; off when it goes into a JSON object.
    files
        Gives the paths of the documents, for links to them.
    plain
        Says whether the Markdown of an answer is left as it is on a terminal, too.
    write
        How settings are named in messages.
    """

    def __init__(
        self,
        *,
        quiet: bool,
        answer: bool,
        files: Callable[[], Sequence[str]] = tuple,
        plain: Callable[[], bool] = bool,
        write: SettingWriter = as_flag,
    ) -> None:
        self.thoughts = Thoughts()  # shows what the model thinks aloud: nothing of it at first
        self._quiet = quiet
        self._answer = answer
        self._files = files
        self._plain = plain
        self._write_setting = write
        self._shown: ShownAnswer | None = None  # on a terminal, as soon as there is an answer
        self._line: ProgressLine | None = None
        self._at_line_start = True
        self._unsaid: list[str] | None = None  # while the user types
        self._began = False  # whether a reading has begun before
        self._progress: Progress | None = None
        self._noting: str | None = None  # how far it is, while notes are made

    @contextmanager
    def typing(self) -> Iterator[None]:
        """Say nothing while the user types, but all of it then."""
        self._unsaid = []
        try:
            yield
        finally:
            self.say_all()
            self._unsaid = None

    def say_all(self) -> None:
        """Say what was not said so far while the user types."""
        unsaid, self._unsaid = self._unsaid, []
        for text in unsaid or ():
            complain(text)

    def _say(self, text: str) -> None:
        if self._unsaid is None:
            complain(text)
        else:
            self._unsaid.append(text)

    def write_setting(self, name: str, value: str | None) -> str:
        return self._write_setting(name, value)

    def note(self, text: str) -> None:
        if not self._quiet:
            self._say(text)

    def warning(self, text: str) -> None:
        self.end_line()
        self._say(f"warning: {text}")

    def fetching(self, done: int, total: int) -> None:
        if self._show_progress("fetching the model"):
            status = f"{format_size(done)} of {format_size(total)}"
            self._update(done, total, status)
            if done >= total:
                self.reading_over()

    def recognising(self, name: str, done: int, total: int) -> None:
        if done == total:
            self.reading_over()
        elif self._unsaid is None and self._show_progress(title := f"reading {name}"):
            self._update(done, total, f"OCR: page {done + 1} of {total}", title)

    def started(self, model: ModelIdentity, cache: CacheSetup, memory: MemoryUse) -> None:
        self._progress = None
        if self._quiet or self._began:
            return  # what changes is said, and all of it is in the statistics
        self._began = True
        under = f" of {format_size(memory.cap)}" if memory.cap else ""
        self._say(
            f"{model.name}, {cache.policy} with a budget of {cache.budget} tokens, "
            f"{format_size(memory.planned or 0)} planned{under}"
        )

    def reading(self, progress: Progress) -> None:
        self._progress, place = progress, progress.place
        if self._unsaid is not None or place is None:
            return
        title = f"reading {place.name}"
        if self._show_progress(title):
            self._update(place.done, place.total, HowFar(progress, place), title)

    @property
    def progress(self) -> list[str]:
        """What is read, and how far, how fast and into how many cells; empty if it is not known."""
        progress = self._progress
        if progress is None or progress.place is None:
            return []
        return [f"reading {progress.place.name}", *HowFar(progress, progress.place).parts]

    @property
    def noting_progress(self) -> list[str]:
        """Which note is being made; empty if none is."""
        return [] if self._noting is None else [self._noting]

    def reading_over(self) -> None:
        self._noting = None
        line, self._line = self._line, None
        if line is not None:
            end(line)

    def noting(self, done: int, total: int) -> None:
        self._noting = f"noting {done + 1}/{total}"
        self._going_through("noting", done, total)

    def asking(self, done: int, total: int) -> None:
        self._going_through("asking", done, total)

    def _going_through(self, what: str, done: int, total: int) -> None:
        if self._unsaid is None and self._show_progress(what):
            self._update(done, total, f"part {done + 1} of {total}", what)

    def text(self, text: str) -> None:
        """Print a piece of the answer."""
        if not self._answer:
            return
        shown = self._shown_answer()
        self._write(shown.text(text) if shown else text)

    def question(self, text: str) -> None:
        """Show a question that was not typed at the prompt, as if it was."""
        if self._answer:
            self.end_line()
            lines = (wrapped(printable(line), columns_of(sys.stdout)) for line in text.split("\n"))
            print("> " + "\n  ".join(lines), flush=True)

    def thought(self, text: str) -> None:
        self.thoughts.show(text)

    def cited(self, citations: Sequence[Citation], *, several: bool) -> None:
        if not self._answer:
            return
        mark, shown = citation_mark(citations[0], several=several), self._shown_answer()
        self._write(shown.mark(mark, link_to(citations[0], self._files())) if shown else mark)

    def _write(self, text: str) -> None:
        if text:
            self.thoughts.end()
            self.reading_over()  # notes come in between
            self._at_line_start = text.endswith("\n")  # first: Ctrl-C may come while writing
            sys.stdout.write(text)
            sys.stdout.flush()

    def end_line(self) -> None:
        """End the line of the answer that was begun, and an escape sequence that it left open."""
        self.thoughts.end()
        if self._shown is not None:
            shown, self._shown = self._shown, None
            self._write(shown.end())
        elif not self._at_line_start:
            self._write("\n")

    def _shown_answer(self) -> ShownAnswer | None:
        """How the answer is shown; None where it is not for a terminal."""
        if self._shown is None and sys.stdout.isatty():
            self._shown = ShownAnswer(sys.stdout, plain=self._plain())
        return self._shown

    def finished(self, report: Report, *, stats: bool) -> None:
        """Print the last line, and the table of statistics if it is wanted."""
        self.reading_over()
        self.end_line()
        tokens, seconds = report.tokens, report.timing_s.total
        if not self._quiet:
            stopped = " (interrupted)" if report.stop_reason == "interrupted" else ""
            read = f"read {tokens.document} tokens, kept {tokens.kept}, "
            if report.quick:
                read = f"searched {tokens.document} tokens, "
            notes = len(report.notes)
            noted = f"{notes} note{'s' if notes > 1 else ''}, " if notes else ""
            recalled = f"recalled {report.recall.tokens}, " if report.recall.tokens else ""
            passages = len(report.second_look)
            looked = f"{passages} passage{'s' if passages > 1 else ''} again, " if passages else ""
            weakest = "" if report.quick else weakest_parts(report.coverage)
            support = "" if report.supported in (None, "yes") else f", support: {report.supported}"
            complain(
                f"{read}{noted}{recalled}{looked}"
                f"generated {tokens.generated} in {format_duration(seconds)}{stopped}, "
                f"peak memory {format_size(report.memory_bytes.peak or 0)}"
                f"{support}{weakest and f', weakest: {weakest}'}"
            )
        if stats:
            print_stats(report, sys.stderr)

    def _show_progress(self, title: str) -> bool:
        """Begin to show progress, if it is wanted; return whether it is shown."""
        if self._quiet or not sys.stderr.isatty():
            return False
        if self._line is None:
            line = ProgressLine(title)
            begin(line)
            self._line = line
        return True

    def _update(
        self, done: float, total: int | None, status: str | HowFar, title: str | None = None
    ) -> None:
        """Show how far it is, if progress is shown; without a title the old one stays."""
        if self._line is not None:
            self._line.update(done, total, status, title)


class BenchDisplay(Display, BenchEvents):
    """The progress of a benchmark, on stderr."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__(quiet=quiet, answer=False)

    def working(self, what: str, done: int, total: int) -> None:
        if self._show_progress("benchmark"):
            self._update(done, total, f"{done}/{total}, {what}")

    def finished_sample(self, what: str, done: int, total: int) -> None:
        self.working(what, done, total)
        self.note(f"{done}/{total} {what}")


class BatchDisplay(Display, BatchEvents):
    """How far many documents are, on stderr."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__(quiet=quiet, answer=False)

    def working(self, what: str, done: float, total: int) -> None:
        if self._show_progress("asking"):
            self._update(done, total, what)


class BuildDisplay(Display, BuildEvents):
    """The progress of a build, on stderr."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__(quiet=quiet, answer=False)
        self._step = ""

    def step(self, what: str, done: int = 0, total: int = 0) -> None:
        if self._show_progress(what):
            self._update(done, total or None, f"{done} of {total}" if total else "", what)
        elif what != self._step:
            self.note(what)
        self._step = what
