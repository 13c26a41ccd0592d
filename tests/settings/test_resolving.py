"""Settings: the four layers, and what is said about a wrong value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from keydiff_cli.errors import UsageError
from keydiff_cli.render.flags import as_flag
from keydiff_cli.settings.config import Settings
from keydiff_cli.settings.resolving import change, check_settings, config_path, resolve


class Layers:
    """A configuration file and an environment that names it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environment = {"KEYDIFF_CONFIG": str(path)}

    def resolve(self, toml: str = "", **flags: Any) -> tuple[Settings, dict[str, str]]:
        self.path.write_text(toml, encoding="utf-8")
        resolved = resolve(flags, self.environment)
        return resolved.settings, resolved.sources


@pytest.fixture
def layers(tmp_path: Path) -> Layers:
    return Layers(tmp_path / "my.toml")


def test_defaults_are_those_of_the_class(layers: Layers) -> None:
    settings, sources = layers.resolve()
    assert settings == Settings()
    assert set(sources.values()) == {"default"}
    assert set(sources) == set(vars(settings))


def test_each_layer_outranks_the_next(layers: Layers) -> None:
    toml = 'budget = 1\nseed = 1\nblock = 1\npolicy = "window"'
    layers.environment |= {"KEYDIFF_BUDGET": "2", "KEYDIFF_SEED": "2", "KEYDIFF_THREADS": "2"}
    settings, sources = layers.resolve(toml, budget=3, max_tokens=3, block=None)
    assert (settings.budget, sources["budget"]) == (3, "flag")
    assert (settings.max_tokens, sources["max_tokens"]) == (3, "flag")
    assert (settings.seed, sources["seed"]) == (2, "KEYDIFF_SEED")
    assert (settings.threads, sources["threads"]) == (2, "KEYDIFF_THREADS")
    assert (settings.block, sources["block"]) == (1, str(layers.path))
    assert (settings.policy, sources["policy"]) == ("window", str(layers.path))
    assert (settings.temperature, sources["temperature"]) == (0.0, "default")


def test_a_flag_may_say_zero_or_no(layers: Layers) -> None:
    settings, _ = layers.resolve("seed = 5\noffline = true", seed=0, offline=False)
    assert (settings.seed, settings.offline) == (0, False)


def test_an_empty_variable_is_as_none(layers: Layers) -> None:
    layers.environment["KEYDIFF_SEED"] = ""
    assert layers.resolve("seed = 4")[0].seed == 4


@pytest.mark.parametrize("written", ["2000000000", '"2GB"', '" 2000 mb "', "2_000_000_000"])
def test_memory_in_the_file_is_a_number_or_a_text(layers: Layers, written: str) -> None:
    assert layers.resolve(f"memory = {written}")[0].memory == 2 * 10**9


@pytest.mark.parametrize(("texts", "meant"), [("1 true True YES", True), ("0 false NO", False)])
def test_yes_and_no_in_a_variable(layers: Layers, texts: str, meant: bool) -> None:
    for text in texts.split():
        layers.environment["KEYDIFF_OFFLINE"] = text
        assert layers.resolve(f"offline = {str(not meant).lower()}")[0].offline is meant


def test_a_whole_temperature_is_a_number(layers: Layers) -> None:
    assert layers.resolve("temperature = 1")[0].temperature == 1.0


@pytest.mark.parametrize(
    "line",
    ["budget = 'x'", "budget = 0", "budget = -5", "budget = 1.5", "budget = true", "budget = []",
     "memory = -1", "memory = 0", "memory = 1.5", "memory = 'much'", "memory = true",
     "block = 4097", "block = 0", "policy = 'best'", "policy = 1", "max_tokens = 0",
     "temperature = -0.1", "temperature = 11", "temperature = nan", "temperature = true",
     "seed = -1", "threads = 0", "kv_type = 'f32'", "offline = 1", "offline = 'maybe'",
     "model = 7", "system = ['a']", "models_dir = {}"],
)  # fmt: skip
def test_a_wrong_value_in_the_file_is_refused_by_place_and_name(layers: Layers, line: str) -> None:
    with pytest.raises(UsageError) as error:
        layers.resolve(line)
    assert str(error.value).startswith(f"{layers.path}: {line.split()[0]}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("BUDGET", "many", "'many' is not a whole number"),
        ("BUDGET", "-1", "-1 must be at least 1"),
        ("SEED", "-1", "-1 must not be negative"),
        ("TEMPERATURE", "warm", "'warm' is not a number"),
        ("TEMPERATURE", "nan", "nan must be from 0 to 10"),
        ("OFFLINE", "perhaps", "'perhaps' is not on or off"),
        ("MEMORY", "-2GB", "'-2GB' is not a size"),
        ("POLICY", "best", "'best' is not one of full, focus, focus-token, "),
    ],
)
def test_a_wrong_variable_is_named(layers: Layers, name: str, text: str, why: str) -> None:
    layers.environment[f"KEYDIFF_{name}"] = text
    with pytest.raises(UsageError) as error:
        layers.resolve()
    assert str(error.value).startswith(f"KEYDIFF_{name}: {why}")


def test_a_wrong_flag_is_named_as_it_is_written(layers: Layers) -> None:
    with pytest.raises(UsageError) as error:
        layers.resolve("max_tokens = 7", max_tokens=0)
    assert error.value.told(as_flag) == "--max-tokens: 0 must be at least 1"


def test_an_unknown_setting_is_named_with_what_it_may_mean(layers: Layers) -> None:
    with pytest.raises(UsageError, match=r"unknown setting 'bugdet'; did you mean budget\?$"):
        layers.resolve("bugdet = 5")
    with pytest.raises(UsageError, match="unknown setting 'keydiff'; known: model, memory, budget"):
        layers.resolve("[keydiff]\nbudget = 5")


def test_an_unknown_variable_is_nobodys_business(layers: Layers) -> None:
    layers.environment["KEYDIFF_TEST_LARGE"] = "1"
    assert layers.resolve()[0] == Settings()


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as error:
        resolve({}, {"KEYDIFF_CONFIG": str(path)})
    assert str(path) in str(error.value)
    return str(error.value)


def test_a_file_that_was_named_must_exist(tmp_path: Path) -> None:
    assert "no such configuration file (KEYDIFF_CONFIG)" in refusal(tmp_path / "none.toml")
    assert "cannot be read" in refusal(tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"budget =",
        b"budget = 1\nbudget = 2",
        b"just words",
        b'system = "caf\xe9"',
        b"\xff\xfe",
        b"a\0",
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(data)
    assert "cannot be read" in refusal(path)


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    """As some editors write it."""
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfblock = 64\n")
    assert resolve({}, {"KEYDIFF_CONFIG": str(path)}).settings.block == 64


@pytest.mark.parametrize(
    "data", [b"budget = " + b"9" * 5000, b"system = " + b"[" * 5000], ids=["number", "nesting"]
)
def test_an_outsized_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "outsized.toml"
    path.write_bytes(data)
    refusal(path)


def test_the_file_is_where_the_variable_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert config_path({"KEYDIFF_CONFIG": "~/k.toml"}) == Path("/somewhere/k.toml")
    usual = config_path({})
    assert (usual.parent.name, usual.name) == ("keydiff", "config.toml")


@pytest.mark.parametrize("environment", [{}, {"KEYDIFF_CONFIG": ""}], ids=["unset", "empty"])
def test_without_the_variable_no_file_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: dict[str, str]
) -> None:
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: tmp_path / "none")
    assert resolve({}, environment).settings == Settings()


def test_the_real_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYDIFF_BUDGET", "77")
    assert resolve({}).sources["budget"] == "KEYDIFF_BUDGET"


def test_one_value_is_changed_as_a_user_writes_it() -> None:
    before = Settings(budget=512)
    after = change(before, "memory", "2GB")
    assert (after.memory, after.budget, before.memory) == (2 * 10**9, 512, None)
    assert change(before, "offline", "yes").offline is True
    with pytest.raises(UsageError, match=r"^budget: 'many' is not a whole number$"):
        change(before, "budget", "many")


def test_values_from_elsewhere_are_checked_by_kind_and_range() -> None:
    check_settings(Settings())
    check_settings(Settings(memory=2 * 10**9, policy="window", temperature=0.5))
    for wrong, message in (
        (Settings(memory="2GB"), "memory: '2GB' is a text"),  # type: ignore[arg-type]
        (Settings(block=0), "block: 0 must be from 1 to 4096 tokens"),
        (Settings(offline=1), "offline: 1 is not true or false"),  # type: ignore[arg-type]
        (Settings(model=None), "model: None is not a text"),  # type: ignore[arg-type]
    ):
        with pytest.raises(UsageError) as caught:
            check_settings(wrong)
        assert str(caught.value) == message


def test_what_the_command_line_chose_is_known(layers: Layers) -> None:
    layers.path.write_text('each = "off"\n', encoding="utf-8")
    resolved = resolve({"length": "short", "format": "text"}, layers.environment)
    assert resolved.chosen("length")
    assert not resolved.chosen("format"), "it is the default"
    assert not resolved.chosen("each"), "the file did"
