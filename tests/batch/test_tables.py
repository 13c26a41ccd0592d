"""The columns of tables, and what is in a row."""

from __future__ import annotations

import pytest

from keydiff_cli.batch.messages import Outcome
from keydiff_cli.batch.tables import Answers, Data
from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import Settings
from keydiff_cli.shapes import Choices, Schema
from keydiff_cli.text.places import Citation


def test_fields_are_columns_and_data_without_any_one_column() -> None:
    schema = Schema.of({"properties": {"name": {"type": "string"}}, "required": ["name"]})
    assert Data(schema).columns == ["document", "error", "made_of", "name"]
    listed = Data(Schema.of({"type": "array"}))
    assert listed.columns == ["document", "error", "made_of", "data"]
    assert listed.cells(Outcome(0, "?", data=[1])) == {"data": [1]}
    with pytest.raises(UsageError, match="a field 'error'"):
        Data(Schema.of({"properties": {"error": {}}}))


def test_an_answer_has_the_places_it_rests_on_and_data_have_none() -> None:
    cited = Citation(0, 8, "a.pdf", 3, "iii", (4, 5), "It fell.", 1.0, None)
    outcome = Outcome(0, "?", answer="It fell. So.", support=0.98765, citations=(cited,))
    cells = Answers(None).cells(outcome)
    assert cells["citations"] == [{"sentence": "It fell.", "place": "page 3"}]
    assert (cells["answer"], cells["support"]) == ("It fell. So.", 0.9877)
    assert set(cells) <= set(Answers(None).columns)
    choices = Answers(Choices.of(["yes", "no"]))
    assert choices.cells(Outcome(0, "?", data="yes"))["data"] == "yes"
    assert {"answer", "citations"}.isdisjoint(choices.columns)


def test_rows_depend_on_the_shape_and_on_settings_that_change_answers() -> None:
    usual = Answers(None).made_of(Settings())
    assert Answers(Choices.of(["a", "b"])).made_of(Settings()) != usual
    assert Answers(None).made_of(Settings(cite=True)) != usual
    assert Answers(None).made_of(Settings(threads=3, cache=False)) == usual
