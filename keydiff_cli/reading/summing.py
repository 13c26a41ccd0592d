"""A question about the whole, answered from the notes on all parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from keydiff_cli.engine.answer import Answer
from keydiff_cli.errors import setting
from keydiff_cli.reading.composed import Composed
from keydiff_cli.reading.lines import choose_lines, distinct_lines
from keydiff_cli.reading.places import name_places, write_place
from keydiff_cli.report import CheckedFacts
from keydiff_cli.settings.lengths import LENGTHS
from keydiff_cli.text.checking import Claim, claims_of
from keydiff_cli.text.facts import Facts
from keydiff_cli.text.names import has_name
from keydiff_cli.text.places import Note, Place, PlacedSentence
from keydiff_cli.text.sentences import Sentence, split_sentences
from keydiff_cli.text.stated import read_stated
from keydiff_cli.text.wish import Wish

_HOPELESS = 2  # sentences on the whole that are left out before any stays: then only parts speak


class Summary(Composed):
    """What a model says of the whole, checked, and then what the notes on the parts say.

    Parameters
    ----------
    prompt
        As of :class:`Composed`.
    sources
        What the model may state, by places: what notes do, or where it sees all, what parts do.
    notes
        The notes on all parts, in their order; none where the model sees the documents whole.
    wish
        How long it is to be.
    lead
        Begins the answer of the model, which has the notes before it.
    words
        What names may consist of beside those of the sources; as
        :func:`~keydiff_cli.text.names.words_of` gives it.
    """

    def __init__(
        self,
        prompt: int,
        sources: Iterable[tuple[Place, Facts]],
        notes: Sequence[Note],
        wish: Wish,
        lead: Callable[[], Answer],
        words: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(prompt)
        self._sources = list(sources)
        self._notes = [note for note in notes if note.text]
        self._wish = wish
        self._lead = lead
        self._words = words
        self._left_out: list[str] = []  # with what is missing of each
        self.uncovered = tuple(note.place for note in notes if not note.text)

    def _pieces(self) -> Iterator[str]:
        wish = self._wish
        if wish.lead != 0:
            yield from self._about_the_whole()
        if words := wish.parts or (0 if self.text else wish.lead or LENGTHS["short"]):
            yield from self._about_the_parts(words)
        if not self.text:  # nothing that could be said instead
            yield "\n".join(self._left_out)
        elif left_out := len(self._left_out):
            sentences = "a sentence is" if left_out == 1 else f"{left_out} sentences are"
            self.remarks.append(f"{sentences} left out, of which not all facts were found")

    def _about_the_whole(self) -> Iterator[str]:
        """The sentences of the model of which nothing is missing in the notes."""
        answer = self._lead()
        text, seen = "", 0
        for piece in answer:
            text += piece
            self.generated = len(answer.tokens)
            sentences = split_sentences(text)
            for sentence in sentences[seen:-1]:
                yield from self._checked(sentence)
            seen = max(len(sentences) - 1, 0)
            if self._wish.parts and not self.text and len(self._left_out) >= _HOPELESS:
                seen = len(sentences)  # the one that was begun is given up with the others
                break
        self.certainty, self.max_tokens = answer.certainty, answer.max_tokens
        is_cut = answer.stop_reason == "length"
        for sentence in split_sentences(text)[seen:]:
            if not is_cut or sentence.is_whole or not (self.text or self._notes):
                yield from self._checked(sentence)
        if is_cut and (not self._wish.lead or answer.max_tokens < self._wish.most_tokens):
            self._ending = "length"

    def _checked(self, sentence: Sentence) -> Iterator[str]:
        """The sentence, unless something that it states is nowhere in the sources."""
        stated = read_stated(sentence.text)
        found = [(place, claims_of(stated, facts)) for place, facts in self._sources]
        claims = found[0][1] if found else []
        lacking = {
            number
            for number, claim in enumerate(claims)
            if not any(some[number].is_found for _, some in found)
            and (claim.is_figure or not has_name(self._words, claim.written))
        }
        figures = {number for number, claim in enumerate(claims) if claim.is_figure}
        self.checked = CheckedFacts(
            self.checked.figures + len(figures),
            self.checked.found + len(figures - lacking),
            self.checked.left_out + ((sentence.text,) if lacking else ()),
        )
        if lacking:
            missing = ", ".join(claims[number].written for number in sorted(lacking))
            self._left_out.append(f"{sentence.text} [not in the document: {missing}]")
        else:
            self.sentences.append(PlacedSentence(sentence.text, tuple(_places(found))))
            yield (sentence.lead if self.text else sentence.lead.lstrip()) + sentence.text

    def _about_the_parts(self, words: int) -> Iterator[str]:
        """What the notes say, a paragraph for each part, with its place."""
        lines = distinct_lines(self._notes)
        chosen = choose_lines(lines, words)
        if not chosen and not self.text:  # too few words for any
            chosen = sorted(lines, key=lambda line: line.words)[:1]
        said: dict[Note, list[str]] = {}
        for line in chosen:
            said.setdefault(self._notes[line.number], []).append(line.text)
        several = len({note.document for note in self._notes}) > 1
        for note, sentences in said.items():
            self.sentences += [PlacedSentence(each, (note.place,)) for each in sentences]
            where = write_place(note.place, named=several)
            if self._wish.outline:
                paragraph = "\n".join([where, *(f"- {each}" for each in sentences)])
                between = "\n\n"
            else:
                paragraph = f"- {_joined(sentences)} [{where}]"
                between = "\n\n" if note is next(iter(said)) else "\n"
            yield (between if self.text else "") + paragraph
        passed_over = [note for note in self._notes if note not in said]
        self.uncovered += tuple(note.place for note in passed_over)
        telling = {self._notes[line.number] for line in lines}
        if lacking := [note.place for note in passed_over if note in telling]:
            is_long = words + (self._wish.lead or 0) >= LENGTHS["long"]
            longer = "" if is_long else f"; {setting('length', 'long')} has room for more"
            self.remarks.append(f"nothing is said of {name_places(lacking, named=several)}{longer}")
        if repeating := [note.place for note in passed_over if note not in telling]:
            self.remarks.append(
                f"the notes on {name_places(repeating, named=several)} say what others do"
            )


def _places(found: Sequence[tuple[Place, Sequence[Claim]]]) -> Iterator[Place]:
    """Where all claims of a sentence are that are anywhere, in as few places as may be."""
    sets = [(place, {claim.start for claim in some if claim.is_found}) for place, some in found]
    lacking = set().union(*(starts for _, starts in sets))
    while lacking:
        place, starts = max(sets, key=lambda pair: len(pair[1] & lacking))
        lacking -= starts
        yield place


def _joined(sentences: Sequence[str]) -> str:
    """Sentences, and items of a list without an end, in one line."""
    return " ".join(
        each if each.endswith((".", "!", "?")) or number == len(sentences) else f"{each};"
        for number, each in enumerate(sentences, 1)
    )
