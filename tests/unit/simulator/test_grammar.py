"""Names of models: what they mean, and which are refused."""

from pathlib import Path

import pytest

import libria_providers.simulator
from libria_providers.simulator.grammar import MODELS, WORDS, UnknownModel, parse


@pytest.mark.parametrize(
    ("name", "model", "deltas", "options"),
    [
        ("story", "story", 200, {}),
        ("simulate/code", "code", 200, {}),
        ("a/b/fast:2000", "fast", 2000, {}),
        ("status:429+retry-after:2", "story", 200, {"status": "429", "retry-after": "2"}),
        ("story+cut:0.66", "story", 200, {"cut": "0.66"}),
        ("echo+cut", "echo", 200, {"cut": ""}),
        ("echo+header:x-url=https://a/b", "echo", 200, {"header": "x-url=https://a/b"}),
        ("json", "json", 200, {}),
        ("fast:5+json-body", "fast", 5, {"json-body": ""}),
    ],
)
def test_names(name: str, model: str, deltas: int, options: dict[str, str]) -> None:
    spec = parse(name)
    assert (spec.model, spec.deltas, spec.options) == (model, deltas, options)


@pytest.mark.parametrize(
    "name",
    [
        "", "gpt-5-mini", "story+", "story+nonsense", "story:3", "fast:0", "fast:1.5", "fast:nan",
        "status", "status:200", "status:abc", "story+cut:1.1", "story+cut:-1", "rate:inf", "reset:1",
        "story+story", "status:429+retry-after:", "header:a=b\r\nc: d",
    ],
)  # fmt: skip
def test_unknown_names(name: str) -> None:
    with pytest.raises(UnknownModel):
        parse(name)


def test_defaults_and_numbers() -> None:
    assert parse("story+cut").number("cut") == 0.5
    assert parse("story+cut:0").number("cut") == 0


def test_without_faults_keeps_pace_and_answer() -> None:
    spec = parse("echo+rate:9+think+status:500+retry-after:1+once").without_faults()
    assert spec.options == {"rate": "9", "think": ""}


def test_readme_names_every_word() -> None:
    readme = (Path(libria_providers.simulator.__file__).parent / "README.md").read_text()
    missing = [word for word in (*MODELS, *WORDS) if f"`{word}`" not in readme and f"`{word}:" not in readme]
    assert missing == []
