"""What a summary is worth, by cases that are worked out by hand."""

from __future__ import annotations

import pytest

from keydiff_cli.bench.summaries import (
    Drawn,
    Share,
    SummarisedText,
    facts_overlap,
    rouge,
    without_places,
)

REPORT = """
# Results (dollars in millions, except per share data)
| Revenue | 10,918 | 8,203 | 33% |
| Operating lease liabilities | 2,400 | 1,950 | 23% |
| Deferred taxes | 118 | 94 | 25.5 |
Margins came to 40.4 percent.

Anna Berger became chief financial officer on March 31, 2024. The warehouse in Bremen was sold
for $4.2 million. Research spending was 417 and the dividend rose to 12.5 cents a share.
"""
FAR = " ".join(["Nothing of note was said here."] * 40)


@pytest.mark.parametrize(
    ("summary", "supported", "figures"),
    [
        # The number beside its words, in the unit of the table or another scale, rounded or not.
        ("Revenue was $10,918 million.", 1, 1),
        ("Revenue rose to $10.9 billion.", 1, 1),
        ("Lease liabilities are $2.4 billion, up 23 %.", 2, 2),
        ("The Bremen warehouse was sold for $4,200,000.", 1, 1),
        ("Research spending: $417 million.", 1, 1),
        # A percentage may be rounded, and stand without its sign.
        ("Margins were 40.4%, deferred taxes up 25.5%.", 2, 2),
        ("Margins of pharmacies rose by 41%.", 0, 1),
        ("Margins: 40.44%.", 0, 1),
        ("Margins: 40%.", 0, 1),
        ("Revenue went up by 33 %, deferred taxes by 25.5 million.", 2, 2),
        # The same number beside other words, or another number, scale or percentage.
        ("Berger's warehouse lawsuit settlement insurance cost 8,203.", 0, 1),
        ("Revenue was $10,981 million.", 0, 1),
        ("Lease liabilities are $24 billion.", 0, 1),
        ("Revenue rose by 23.4%.", 0, 1),
        # Years, dates, single digits and numbers of a list are no figures.
        ("1. On March 31, 2024 and in 2023 there were 3 officers.", 0, 0),
        ("", 0, 0),
        # Without words that say what it is of, the number is enough.
        ("It was 417.", 1, 1),
        ("It was 418.", 0, 1),
    ],
)
def test_a_figure_is_supported_beside_its_words(summary: str, supported: int, figures: int) -> None:
    assert SummarisedText(REPORT).figures(summary) == Share(supported, figures)


def test_a_figure_far_from_its_words_is_not_supported() -> None:
    near = "The ferry to Kiel carried 51,300 passengers."
    apart = f"The ferry to Kiel carried passengers. {FAR} The toll came to 51,300."
    said = "The Kiel ferry had 51,300 passengers."
    assert SummarisedText(f"{FAR} {near} {FAR}").figures(said) == Share(1, 1)
    assert SummarisedText(apart).figures(said) == Share(0, 1)


def test_half_of_the_words_around_a_figure_have_to_be_there() -> None:
    text = SummarisedText("Pilots waited, and cargo of 51,300 tonnes came by rail.")
    assert text.figures("Rail cargo: 51,300 barrels shipped.") == Share(1, 1)  # 2 of 4
    assert text.figures("Truck cargo: 51,300 barrels shipped.") == Share(0, 1)  # 1 of 4
    listed = "No trucks, barrels or ships; cargo of 51,300; no trucks, barrels or ships"
    assert text.figures(listed) == Share(1, 1)  # the one between the semicolons


def test_names_and_dates_are_looked_up_in_the_whole_document() -> None:
    text = SummarisedText(REPORT)
    summary = "On March 31, 2024 Anna Berger left Bremen for Hamburg. In April 2024 it was sold."
    assert text.names(summary) == Share(3, 4)  # Anna, Berger, Bremen; not Hamburg
    assert text.dates(summary) == Share(1, 2)


def chapters(words: int) -> str:
    """Ten chapters of so many words, of which each has words of its own."""
    return " ".join(
        " ".join(f"chapter{chapter}word{n % 25}x" for n in range(words)) for chapter in "abcdefghij"
    )


def own(chapter: str, *numbers: int) -> str:
    words = " ".join(f"chapter{chapter}word{n}x" for n in numbers)
    return f"{words.capitalize()}."


def test_a_summary_draws_on_the_parts_that_its_sentences_are_from() -> None:
    text = SummarisedText(chapters(400))
    summary = " ".join(
        (
            own("a", 1, 2, 3, 4),
            own("a", 5, 6, 7, 8),  # the same part
            own("e", 1, 2, 3, 4) + " " + own("j", 1, 2, 3, 4),
            "Entirely invented sentences about something else are from nowhere.",
            "Four words only: " + own("b", 1),  # less than half of it is there
            "In short.",  # too short to say
        )
    )
    assert text.drawn_on(summary) == Drawn(Share(3, 10), Share(4, 5), (2, 1, 1))


def test_a_part_has_four_hundred_words_at_least() -> None:
    assert SummarisedText(chapters(100)).drawn_on(own("a", 1, 2, 3, 4)).parts == Share(1, 2)
    assert SummarisedText("One, two.").drawn_on("").parts == Share(0, 1)
    assert SummarisedText(chapters(1000)).drawn_on("").parts == Share(0, 10)


def test_places_of_what_it_says_are_no_part_of_a_summary() -> None:
    composed = (
        "The crane cost 51,300 dollars [see page 3].\n\n"
        "- It was paid in May [lines 12-88]\n- and oiled. [long, name.pdf, page 7]"
    )
    assert without_places(composed) == (
        "The crane cost 51,300 dollars [see page 3].\n\n- It was paid in May\n- and oiled."
    )
    outline = "pages 1-2\n- A crane.\n\na.txt, line 12\n- A rope.\nOf pages 3-4 nothing."
    assert without_places(outline) == "- A crane.\n\n- A rope.\nOf pages 3-4 nothing."


def test_summaries_are_compared_word_by_word() -> None:
    # In common, in order: "harbour sold cranes"; 4 and 5 words without the article.
    assert rouge("The harbour sold cranes, twice.", "Harbour authority sold three cranes") == (
        pytest.approx(2 * 3 / (4 + 5))
    )
    assert rouge("", "Harbour") == 0.0
    # Of harbour, sold, 24, cranes and harbour, bought, 24: two of four and two of three.
    assert facts_overlap("The harbour sold 24 cranes and cranes.", "Harbour bought 2.4") == (
        pytest.approx(2 * 2 / (4 + 3))
    )
