"""What an archive stores of the rows of a cache: kinds and types."""

from __future__ import annotations

import numpy as np
import pytest

from keydiff_cli.cache import quantize
from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots import ArchiveForm

WIDTHS = [128, 64]  # of the keys and values of a layer, as float16


def rows() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    every = [random.normal(size=(5, width // 2)).astype(np.float16) for width in WIDTHS]
    return [part.view(np.uint8) for part in every]


@pytest.mark.parametrize(
    ("archive", "archive_type", "kv_type", "expected"),
    [
        ("full", None, "f16", ArchiveForm("full", "f16", "f16")),
        ("full", None, "q8_0", ArchiveForm("full", "q8_0", "q8_0")),
        ("keys", "q8_0", "f16", ArchiveForm("keys", "q8_0", "f16")),
        ("full", "f16", "q8_0", ArchiveForm("full", "q8_0", "q8_0")),
        ("off", "q8_0", "f16", None),
    ],
)
def test_settings_choose_the_form(
    archive: str, archive_type: str | None, kv_type: str, expected: ArchiveForm | None
) -> None:
    settings = Settings(archive=archive, archive_type=archive_type, kv_type=kv_type)
    assert ArchiveForm.of(settings) == expected


@pytest.mark.parametrize("cached", ["f16", "q8_0"])
def test_rows_of_the_type_of_the_cache_stay_as_they_are(cached: str) -> None:
    form = ArchiveForm("full", cached, cached)
    assert form.widths(WIDTHS) == WIDTHS
    assert form.names == []
    assert form.token_bytes(100, 50) == 150
    for part, stored in zip(rows(), form.pack(rows()), strict=True):
        np.testing.assert_array_equal(stored, part)
        np.testing.assert_array_equal(form.unpack(stored), part)


def test_rows_are_packed_and_unpacked() -> None:
    form = ArchiveForm("full", "q8_0", "f16")
    assert form.widths(WIDTHS) == [68, 34]
    assert form.names == ["full", "q8_0"]
    assert form.token_bytes(128, 64) == 102
    for part, stored in zip(rows(), form.pack(rows()), strict=True):
        np.testing.assert_array_equal(stored, quantize(part))
        back = form.unpack(stored).view(np.float16)
        np.testing.assert_allclose(back, part.view(np.float16), atol=0.02)


def test_of_keys_there_are_no_values() -> None:
    form = ArchiveForm("keys")
    assert (form.whole, form.widths(WIDTHS), form.names) == (False, [128], ["keys", "f16"])
    assert form.token_bytes(100, 50) == 100
    (keys,) = form.pack(rows())
    np.testing.assert_array_equal(keys, rows()[0])
    assert ArchiveForm("keys", "q8_0").token_bytes(128, 64) == 68


def test_rows_of_no_whole_blocks_cannot_be_packed() -> None:
    with pytest.raises(UsageError) as raised:
        ArchiveForm(type="q8_0").widths([80, 80])
    assert str(raised.value) == (
        "archive_type=q8_0 does not go with this model, whose rows of "
        "40 numbers are no whole blocks of 32; leave it out"
    )
