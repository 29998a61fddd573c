"""What a model cannot do is said before anything is sent, unless providerOptions force it."""

from dataclasses import replace

import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.errors import BadRequest
from libria_providers.refusals import refuse
from libria_providers.types import (
    Call,
    Embed,
    File,
    Fill,
    Image,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Tool,
    ToolChoice,
)

PLAIN = Call("p/m", (Message("user", "Hi"),))
TOOL = Tool("t", {})
ASKS = {
    "maxTokens": replace(PLAIN, max_tokens=5),
    "temperature": replace(PLAIN, temperature=0.0),
    "topP": replace(PLAIN, top_p=0.5),
    "stop": replace(PLAIN, stop=("x",)),
    "seed": replace(PLAIN, seed=0),
    "tools": replace(PLAIN, tools=(TOOL,)),
    "toolChoice": replace(PLAIN, tools=(TOOL,), tool_choice=ToolChoice("none")),
    "responseFormat": replace(PLAIN, response_format=ResponseFormat("json")),
    "reasoning": replace(PLAIN, reasoning=ReasoningOptions("low")),
    "dimensions": replace(PLAIN, ask=Embed(("x",), 3)),
    "suffix": replace(PLAIN, ask=Fill("a", "b")),
    "image": replace(PLAIN, messages=(Message("user", (Image(url="https://h/a.png"),)),)),
    "file": replace(PLAIN, messages=(Message("user", (File("AA==", "application/pdf"),)),)),
}


@pytest.mark.parametrize(("name", "call"), ASKS.items(), ids=ASKS)
def test_refused_by_name(name: str, call: Call) -> None:
    refuse(call, "m", Quirks())
    with pytest.raises(BadRequest, match=f"^m (takes|reads) no {name}"):
        refuse(call, "m", Quirks(refuses=(name,)))  # type: ignore[arg-type]


EVERYTHING = Quirks(refuses=tuple(ASKS))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "call",
    [
        PLAIN,
        replace(PLAIN, temperature=1.0, top_p=1.0),  # the defaults of all
        replace(PLAIN, response_format=ResponseFormat("text"), tool_choice=ToolChoice("none")),
        replace(PLAIN, ask=Fill("a")),
        replace(PLAIN, ask=Embed(("x",))),
    ],
)
def test_what_asks_nothing_passes(call: Call) -> None:
    refuse(call, "m", EVERYTHING)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("temperature", {"temperature": 0.5}),
        ("temperature", {"generationConfig": {"temperature": 0.5}}),
        ("maxTokens", {"max_completion_tokens": 5}),
        ("maxTokens", {"options": {"num_predict": 5}}),
        ("stop", {"stopSequences": ["x"]}),
        ("image", {"messages": []}),
    ],
)
def test_forced(name: str, options: dict[str, object]) -> None:
    refuse(replace(ASKS[name], provider_options=options), "m", EVERYTHING)
    with pytest.raises(BadRequest):
        refuse(replace(ASKS[name], provider_options={"other": 1}), "m", EVERYTHING)
