"""Random calls, and what the whole of their answers would be: nobody may call a part of it a success."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.workloads.soak_models import (
    ALIASES,
    ANSWERING,
    EMBEDDING,
    FAILING,
    FORMATS,
    PAUSED,
    PAUSING,
    QUICK,
    RATED,
    RATED_FORMATS,
    REPEATED,
    REPEATED_TIMEOUTS,
    STREAMING,
    Format,
)  # fmt: skip

from libria_providers.fill_prompt import Stripper
from libria_providers.simulator import embeddings
from libria_providers.simulator.grammar import parse
from libria_providers.simulator.models import Answer, Ask, Tool, answer
from libria_providers.types import Fill

Json = Any

CANCELLED = 0.38
"""Of all calls are to be cancelled; some are answered first."""

TOOLS = (
    Tool("look_up", {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}),
    Tool(
        "add", {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "number"}}, "required": ["a"]}
    ),
)
SCHEMA: Json = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "count": {"type": "integer"}},
    "required": ["title"],
}
FALLBACKS = ("fast:40", "fast:400", "fast:60+think", "story+rate:60+count:180", *FAILING)
MANY_TEXTS = 2100  # more than OpenAI takes in one request
LARGE = 150_000  # characters of a large prompt
STOP_REASONS = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tools": "toolUse",
    "filter": "contentFilter",
}


@dataclass(frozen=True, slots=True)
class Cancel:
    """How a call is cancelled: "request" or "workDone"; after seconds, or after so many progress values."""

    by: str
    seconds: float | None = None
    values: int | None = None


@dataclass(slots=True)
class Question:
    """`ask` is what the simulator will make of it; None where its answer is no text. `number` is in the prompt
    of calls that are not cached, -1 otherwise."""

    method: str
    params: dict[str, Json]
    ask: Ask | None = None
    fill: Fill | None = None
    number: int = -1
    cancel: Cancel | None = None
    fails: bool = False  # it is wrong, and is told so


@dataclass(frozen=True, slots=True)
class Whole:
    """All that a model says to a question. `stop_reason` is None where vendors say it differently, or not at all;
    `refused` where they may say nothing else."""

    text: str
    stop_reason: str | None
    reasoning: str = ""
    tools: Sequence[tuple[str, str]] = field(default_factory=tuple)  # name, JSON text
    refused: bool = False


def whole(question: Question, target: str) -> Whole:
    """Of the answer of `target` (`provider/model`) to `question`."""
    assert question.ask is not None
    made: Answer = answer(parse(target.partition("/")[2]).without_faults(), question.ask)
    text = "".join(made.text)
    if question.fill is not None:
        stripper = Stripper(question.fill)
        text = stripper.feed(text) + stripper.end()
    tools = [(use.name, "".join(use.arguments)) for use in made.uses]
    told = not any(word in target for word in ("no-finish", "filter", "refusal"))
    reason = STOP_REASONS[made.finish] if told else None
    refused = "prompt-filter" in target or made.refused
    return Whole(text, reason, "".join(made.reasoning), tools, refused)


class Questions:
    """An endless source; the same chance gives the same questions."""

    def __init__(self, chance: random.Random, first: int) -> None:
        self._random = chance
        self._number = first

    def next(self, model: str | None = None) -> Question:
        """`model` where a certain one is to be asked."""
        r = self._random
        self._number += 1
        draw = r.random()
        if model is not None or draw < 0.78:
            question = self._chat(model)
        elif draw < 0.84:
            question = self._complete()
        elif draw < 0.90:
            question = self._embed()
        elif draw < 0.96:
            question = self._count()
        elif draw < 0.965:
            question = Question("libria/status", {})
        elif draw < 0.97:
            question = Question("libria/models", {"provider": self._format().provider, "refresh": r.random() < 0.5})
        else:
            question = self._wrong()
        if "partialResultToken" in question.params or question.method in ("libria/embed", "libria/countTokens"):
            question.cancel = self._cancel(question)
        return question

    def names(self) -> list[str]:
        """Every model that can be asked by its own name, in a random order, then every alias."""
        names = [f"{one.provider}/{name}" for one in FORMATS for name in (*ANSWERING, *FAILING)]
        names += [f"{one.provider}/{name}" for one in RATED_FORMATS for name in RATED]
        self._random.shuffle(names)
        return [f"{PAUSED.provider}/{PAUSING}", *names, *ALIASES]

    def _format(self) -> Format:
        return self._random.choice(FORMATS)

    def _model(self) -> str:
        r = self._random
        draw = r.random()
        if draw < 0.12:
            return r.choice(list(ALIASES))
        if draw < 0.16:
            return f"{r.choice(RATED_FORMATS).provider}/{r.choice(RATED)}"
        if draw < 0.165:
            return f"{PAUSED.provider}/{PAUSING}"
        kind = r.choices((STREAMING, QUICK, FAILING), (7, 0.6, 2.4))[0]
        return f"{self._format().provider}/{r.choice(kind)}"

    def _common(self) -> dict[str, Json]:
        """Of every call for text."""
        r = self._random
        params: dict[str, Json] = {"partialResultToken": f"p{self._number}"}
        if r.random() < 0.3:
            params["workDoneToken"] = f"w{self._number}"
        if r.random() < 0.3:
            params["fallbacks"] = [f"{self._format().provider}/{r.choice(FALLBACKS)}" for _ in range(r.randint(1, 2))]
        params["timeouts"] = {"firstToken": r.uniform(0.5, 4), "idle": r.uniform(0.5, 4), "total": r.uniform(4, 20)}
        if r.random() < 0.1:
            params["priority"] = "batch"
        if r.random() < 0.1:
            params["onDisconnect"] = "finish"
        if r.random() < 0.12:
            params["maxTokens"] = r.choice((1, 7, 30, 5000))
        if r.random() < 0.06:
            params["stop"] = r.choice(("library", ["telephone", "nobody says this"]))
        return params

    def _chat(self, model: str | None) -> Question:
        r = self._random
        if model is None and r.random() < 0.15:
            return self._again()
        params = {"model": model or self._model(), **self._common()}
        name, number = params["model"].partition("/")[2], self._number
        prompt = f"(soak {number}) What did the telephones say?" + "?" * (LARGE if r.random() < 0.01 else 0)
        params |= {"temperature": 0} if r.random() < 0.1 else {}
        params |= {"cache": {"mode": "off"}} if r.random() < 0.1 else {}
        if "maxTokens" not in params and "temperature" not in params and r.random() < 0.03:
            params["reasoning"] = {"effort": "low"}
        messages: list[Json] = [{"role": "user", "content": prompt}]
        if r.random() < 0.2:
            messages = [{"role": "user", "content": "Who is there?"}, {"role": "assistant", "content": "I."}, *messages]
        if r.random() < 0.2:
            params["system"] = "Be brief."
        tools, forced, tool_result, schema, prefill = self._extras(name, messages, params)
        params["messages"] = messages
        ask = Ask(
            params["model"], True, prompt, 0, tool_result=tool_result, prefill=prefill, tools=tools, forced=forced,
            schema=schema, max_tokens=params.get("maxTokens"), stop=_stops(params),
        )  # fmt: skip
        return Question("libria/chat", params, ask, number=number)

    def _again(self) -> Question:
        """What others ask too, now or soon."""
        r = self._random
        params = {**self._common(), "model": r.choice(REPEATED), "timeouts": REPEATED_TIMEOUTS}
        for name in ("fallbacks", "maxTokens", "stop"):
            params.pop(name, None)
        prompt = f"What did telephone {r.randrange(12)} say?"
        params["cache"] = {"mode": r.choice(("use", "use", "use", "use", "refresh", "only"))}
        params["messages"] = [{"role": "user", "content": prompt}]
        return Question("libria/chat", params, Ask(params["model"], True, prompt, 0))

    def _extras(self, name: str, messages: list[Json], params: dict[str, Json]) -> tuple[
        tuple[Tool, ...], str | None, str | None, Json, str | None
    ]:  # fmt: skip
        """Tools, the one that must be called, its result, a schema, the beginning of an answer."""
        r = self._random
        tools: tuple[Tool, ...] = ()
        forced = tool_result = schema = prefill = None
        if "tools" in name or r.random() < 0.03:
            tools = TOOLS[: r.randint(1, 2)]
            params["tools"] = [{"name": tool.name, "parameters": tool.schema} for tool in tools]
            if r.random() < 0.3:
                forced = tools[0].name
                params["toolChoice"] = {"name": forced}
            elif r.random() < 0.5 and not name.startswith(("echo", "json")):  # formats differ in whose text this is
                tool_result = "a telephone is a line"
                used = {"id": "call_1", "name": tools[0].name, "arguments": {"word": "telephone", "a": 1}}
                messages.append({"role": "assistant", "content": "", "toolCalls": [used]})
                messages.append({"role": "tool", "toolCallId": "call_1", "content": tool_result})
        elif name == "json":
            schema = SCHEMA
            params["responseFormat"] = {"type": "jsonSchema", "name": "answer", "schema": schema}
        elif "no-prefill" in name and r.random() < 0.5:
            prefill = "They said:"
            messages.append({"role": "assistant", "content": prefill})
        return tools, forced, tool_result, schema, prefill

    def _complete(self) -> Question:
        r = self._random
        model = self._model() if r.random() < 0.4 else f"{self._format().provider}/code+rate:18"
        while any(word in model for word in ("echo", "tools", "json")):
            model = self._model()  # what these say to a question in our words is ours
        params = {"model": model, **self._common()}
        fill = Fill(f"# (soak {self._number})\ndef words(text):\n    return ", "\n\n\nprint(words)\n", "python")
        params.setdefault("maxTokens", 5000)  # some providers have a small limit for this
        params |= {"prefix": fill.prefix, "suffix": fill.suffix, "languageId": fill.language}
        ask = Ask(model, True, "", 0, max_tokens=params.get("maxTokens"), stop=_stops(params))
        return Question("libria/complete", params, ask, fill, number=self._number)

    def _embed(self) -> Question:
        r = self._random
        provider = r.choice([one.provider for one in FORMATS if one.embeds])
        many = r.random() < 0.03
        texts = [f"(soak {self._number}) {i}" for i in range(MANY_TEXTS if many else r.randint(1, 5))]
        params: dict[str, Json] = {"model": f"{provider}/{r.choice(EMBEDDING)}", "input": texts}
        params["timeouts"] = {"firstToken": r.uniform(0.5, 4), "total": 6}
        return Question("libria/embed", params, number=self._number)

    def _count(self) -> Question:
        messages = [{"role": "user", "content": f"(soak {self._number}) How many words?"}]
        return Question(
            "libria/countTokens", {"model": self._model_of_one(), "messages": messages}, number=self._number
        )

    def _model_of_one(self) -> str:
        return f"{self._format().provider}/{self._random.choice(ANSWERING)}"

    def _wrong(self) -> Question:
        """Refused at once, or by the first provider that is asked."""
        messages = [{"role": "user", "content": "Hello?"}]
        model = f"{self._format().provider}/fast:5"
        return self._random.choice((
            Question("libria/chat", {"model": model, "messages": [], "partialResultToken": "never"}, fails=True),
            Question("libria/chat", {"model": model, "messages": messages, "tempreature": 1}, fails=True),
            Question("libria/chat", {"model": f"{model}+nonsense", "messages": messages}, fails=True),
            Question("libria/chat", {"model": "nobody/fast:5", "messages": messages}, fails=True),
            Question("libria/nonsense", {}, fails=True),
        ))  # fmt: skip

    def _cancel(self, question: Question) -> Cancel | None:
        r = self._random
        if r.random() >= CANCELLED:
            return None
        by = "workDone" if "workDoneToken" in question.params and r.random() < 0.7 else "request"
        draw = r.random()
        if draw < 0.15:
            return Cancel(by, seconds=0.0)
        if draw < 0.6 or "partialResultToken" not in question.params:
            return Cancel(by, seconds=r.uniform(0, 0.1) if r.random() < 0.3 else r.uniform(0, 6))
        return Cancel(by, values=r.choice((1, 2, 3, 10, 40)))


def _stops(params: dict[str, Json]) -> tuple[str, ...]:
    stop = params.get("stop", ())
    return (stop,) if isinstance(stop, str) else tuple(stop)


def vectors(question: Question) -> list[list[float]]:
    return [embeddings.vector(text, embeddings.DIMENSIONS) for text in question.params["input"]]
