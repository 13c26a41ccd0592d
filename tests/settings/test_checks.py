"""What a setting may be: the bounds of each check, and what is said beyond them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from keydiff_cli.errors import UsageError
from keydiff_cli.llama import KV_TYPES
from keydiff_cli.settings import checks

LONGEST_NAME = "a" * 63


@pytest.mark.parametrize(
    ("check", "values"),
    [
        (checks.between(1, 4096), [1, 4096]),
        (checks.between(0, 10), [0.0, 0.5, 10]),
        (checks.none_or(checks.between(160, 512)), [0, 160, 512]),
        (checks.tokens, [1, 2**31]),
        (checks.memory, [1, 2**60]),
        (checks.seed, [0, 2**64]),
        (checks.one_of(("f16", "q8_0")), ["f16", "q8_0"]),
        (checks.one_of(checks.ARCHIVES), ["off", "keys", "full"]),
        (checks.layers, ["auto", "0", "12", "65535"]),
        (checks.devices, ["CUDA0", "A, B", "a device, another"]),
        (
            checks.servers,
            ["host:1", "host:65535", "10.0.0.7:50052", "a:1, a:2", f"{LONGEST_NAME}.x.:9"],
        ),
        (checks.policy, [*checks.POLICY_NAMES, "keydiff:window=8"]),
    ],
)
def test_values_up_to_the_bounds_come_back_as_they_are(
    check: Callable[[Any], Any], values: list[Any]
) -> None:
    assert [check(value) for value in values] == values


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (checks.between(1, 4096, " tokens"), 0, "0 must be from 1 to 4096 tokens"),
        (checks.between(1, 4096, " tokens"), 4097, "4097 must be from 1 to 4096 tokens"),
        (checks.between(0, 10), float("nan"), "nan must be from 0 to 10"),
        (
            checks.none_or(checks.between(160, 512, " tokens")),
            159,
            "159 must be from 160 to 512 tokens, or 0",
        ),
        (checks.tokens, 0, "0 must be at least 1"),
        (checks.tokens, 2**31 + 1, "so many tokens no model has; give less"),
        (checks.memory, 2**60 + 1, "so much memory no machine has"),
        (checks.seed, -1, "-1 must not be negative"),
        (checks.one_of(("f16", "q8_0")), "f32", "'f32' is not one of f16, q8_0"),
        (checks.layers, "65536", "'65536' is neither a number of layers nor auto"),
        (checks.layers, "-1", "'-1' is neither a number of layers nor auto"),
        (checks.layers, "", "'' is neither a number of layers nor auto"),
        (checks.layers, "\u0665", "'\u0665' is neither a number of layers nor auto"),
        (checks.devices, " , ", "' , ' names no device"),
        (checks.devices, "A,B, A", "'A' is there twice; name it once"),
        (checks.servers, "host", "'host' is no HOST:PORT of an RPC server"),
        (checks.servers, "host:0", "'host:0' is no HOST:PORT of an RPC server"),
        (checks.servers, "host:65536", "'host:65536' is no HOST:PORT of an RPC server"),
        (checks.servers, f"{LONGEST_NAME}a:1", "is no HOST:PORT of an RPC server"),
        (checks.servers, "a:1,a:1", "'a:1' is there twice; name it once"),
        (checks.policy, "best:window=8", "'best' is not one of full, focus, focus-token"),
    ],
)
def test_a_value_beyond_the_bounds_is_refused(
    check: Callable[[Any], Any], value: object, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check(value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_are_split_at_commas() -> None:
    assert checks.split_names(" one,two words , ,three") == ("one", "two words", "three")
    assert checks.split_names(None) == checks.split_names("") == ()


def test_the_types_of_a_cache_are_those_that_llama_has() -> None:
    assert tuple(KV_TYPES) == checks.KV_TYPE_NAMES
