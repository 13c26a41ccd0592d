"""Citations: what place of the documents each sentence of an answer rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from text_helpers import END, MadeDocument, PlainBytes

from keydiff_cli.reading.citing import Citing
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.reading.second_look import Passages, SecondLook
from keydiff_cli.report import Events
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.places import Citation

PAGES = [
    "The harbour was founded in 1821 by two merchants from the north with one ship.",
    "The storehouses on quay nine were painted in the spring, and then again in the late autumn.",
    "The lighthouse burns whale oil, of which the keeper has to buy forty barrels in every winter.",
    "Pilots rest near the dock until 7 May 1902. They are paid 4,711 crowns by the town each year.",
]


def looking_at(*documents: MadeDocument) -> SecondLook:
    corpus = Corpus(documents, PlainBytes())
    corpus.read_to(END)
    return SecondLook(corpus, Recorder(Events()))


@pytest.fixture
def looking() -> Iterator[SecondLook]:
    """A second look at a document of four pages, each of which is a passage."""
    pages = [(text + "\n", number) for number, text in enumerate(PAGES, 1)]
    looking = looking_at(MadeDocument(pages, pages=4, name="a.pdf"))
    yield looking
    looking.close()


def cited(
    looking: SecondLook,
    answer: str | Sequence[str],
    question: str = "?",
    looked: Passages | None = None,
) -> tuple[str, list[str | tuple[Citation, ...]]]:
    """The text of an answer, and its pieces with the citations."""
    texts = [answer] if isinstance(answer, str) else answer
    given = list(Citing(looking, question, looked or Passages(), Recorder(Events())).follow(texts))
    return "".join(piece for piece in given if isinstance(piece, str)), given


def test_each_sentence_has_the_place_it_comes_from(looking: SecondLook) -> None:
    answer = (
        "Two merchants founded it. The keeper buys forty barrels of oil.\n\n"
        "- Quay nine was painted in spring."
    )
    text, given = cited(looking, answer)
    assert text == answer
    places = [piece for piece in given if not isinstance(piece, str)]
    assert [place[0].page for place in places] == [1, 3, 2]
    for place, sentence in zip(
        places,
        (
            "Two merchants founded it.",
            "The keeper buys forty barrels of oil.",
            "Quay nine was painted in spring.",
        ),
        strict=True,
    ):
        assert answer[place[0].start : place[0].stop] == sentence
        assert place[0].text == PAGES[(place[0].page or 0) - 1]
        assert sum(each.weight for each in place) == pytest.approx(1, abs=0.001)
        assert len({each.page for each in place}) == len(place) <= 3


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_citations_come_where_sentences_end(looking: SecondLook, size: int) -> None:
    answer = "Two merchants founded it.  Quay nine was painted in spring!\n\nThe keeper buys oil.\n"
    _, given = cited(looking, [answer[at : at + size] for at in range(0, len(answer), size)])
    marked = "".join(piece if isinstance(piece, str) else f"[{piece[0].page}]" for piece in given)
    assert marked == (
        "Two merchants founded it.[1]  Quay nine was painted in spring![2]\n\n"
        "The keeper buys oil.[3]\n"
    )


@pytest.mark.parametrize("other", ["```\nbuys = oil\n```", "[not in the document: oil]"])
def test_code_and_remarks_have_no_mark(looking: SecondLook, other: str) -> None:
    answer = f"Two merchants founded it.\n\n{other}\n\nQuay nine was painted."
    places = [piece for piece in cited(looking, answer)[1] if not isinstance(piece, str)]
    assert [place[0].page for place in places] == [1, 2]


@pytest.mark.parametrize(
    "sentence, checked, missing",
    [
        ("Pilots are paid 4711 crowns.", True, ()),
        ("Pilots are paid 4,712 crowns until 7 May 1902.", False, ("4,712",)),
        ("Pilots rest near the dock until 8 May 1902.", False, ("8 May 1902",)),
        ("The pilots Ada and Berta rest near the dock.", False, ("Ada", "Berta")),
        ("Pilots rest near the dock.", None, ()),
    ],
)
def test_what_a_sentence_states_is_looked_up(
    looking: SecondLook, sentence: str, checked: bool | None, missing: tuple[str, ...]
) -> None:
    _, given = cited(looking, sentence)
    places = next(piece for piece in given if not isinstance(piece, str))
    assert places[0].page == 4
    assert {(place.checked, place.missing) for place in places} == {(checked, missing)}


def test_a_figure_may_be_far_from_the_other_words() -> None:
    oil = [f"Oil and lamp {number} burn on the quay.\n\n" * 2 for number in range(20)]
    text = "".join([*oil, "Nothing else was as dear: they cost 4,711 crowns.\n\n" * 2])
    looking = looking_at(MadeDocument([(text, None)]))
    _, given = cited(looking, "Oil and lamp burn on the quay, and cost 4711 crowns or 4712.")
    assert isinstance(given[1], tuple)
    assert given[1][0].missing == ("4712",)
    looking.close()


def test_rows_of_a_table_are_not_marked(looking: SecondLook) -> None:
    answer = "| Who | What |\n|---|---|\n| Pilots | 4,711 crowns |"
    text, given = cited(looking, answer)
    assert text == answer
    assert all(isinstance(piece, str) for piece in given)


def test_a_figure_says_more_than_words(looking: SecondLook) -> None:
    _, given = cited(looking, "The merchants who founded the harbour paid 4,711 crowns.")
    assert isinstance(given[1], tuple)
    assert {place.page for place in given[1][:2]} == {1, 4}


def test_a_short_answer_leans_on_its_question(looking: SecondLook) -> None:
    assert [given for given in cited(looking, "Yes.")[1] if not isinstance(given, str)] == []
    _, given = cited(looking, "Yes.", "Does the lighthouse burn whale oil?")
    assert isinstance(given[1], tuple)
    assert given[1][0].page == 3


def test_what_was_looked_at_counts(looking: SecondLook) -> None:
    (number, *_) = looking.ranked("Pilots")
    _, given = cited(looking, "Yes.", looked=Passages("", (), (number,)))
    assert isinstance(given[1], tuple)
    assert [(place.page, place.weight) for place in given[1]] == [(4, 1.0)]


def test_a_page_has_its_label_and_a_text_its_lines() -> None:
    labelled = MadeDocument([("one ship\n", 1), ("two quays\n", 2)], pages=2, name="a.pdf")
    labelled.page_name = lambda number: "ii" if number == 2 else ""  # type: ignore[method-assign]
    plain = MadeDocument([("a pilot\nand a lamp\nand a bell\n", None)], name="b.txt")
    looking = looking_at(labelled, plain)
    _, given = cited(looking, "There are two quays. The bell and the lamp.")
    quays, bell = [piece[0] for piece in given if not isinstance(piece, str)]
    assert (quays.document, quays.page, quays.label) == ("a.pdf", 2, "ii")
    assert (bell.document, bell.page, bell.label) == ("b.txt", None, "")
    looking.close()


def test_a_text_that_cannot_be_searched_is_said_once(
    looking: SecondLook, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(Events())
    citing = Citing(looking, "Who?", Passages(), recorder)
    cited(looking, "One.")
    looking.close()
    given = list(citing.follow(["Two merchants. And a ship."]))
    assert "".join(map(str, given)) == "Two merchants. And a ship."
    assert len(recorder.report.warnings) == 1
    assert "nothing is cited" in recorder.report.warnings[0]
