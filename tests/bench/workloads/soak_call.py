"""One call of the soak from its question to its answer, both checked against what the contract says."""

import asyncio
import json
import math
import time
from dataclasses import replace
from typing import Any

from tests.bench.workloads.soak_questions import Question, vectors, whole
from tests.bench.workloads.soak_record import Record

Json = Any

CANCELLED = -32800
FAILED = -32803
REFUSED = (-32601, -32602, FAILED)


class WaitedFor:
    """`answer` is done with True once the response has come, with False when the connection went first."""

    def __init__(self, question: Question, record: Record) -> None:
        self.question = question
        self.answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.cancelled_at: float | None = None
        self.values = 0
        self._record = record
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._tools: dict[int, list[str]] = {}
        self._work: list[str] = []

    def progressed(self, value: Json) -> None:
        """Of its partialResultToken."""
        kind = value["kind"]
        if value["seq"] != self.values or (kind == "start") != (self.values == 0):
            self._wrong(f"progress {self.values} is {json.dumps(value)[:200]}")
        self.values = value["seq"] + 1
        if kind == "delta":
            self._text.append(value["text"])
        elif kind == "reasoning":
            self._reasoning.append(value["text"])
        elif kind == "toolCall":
            self._tools.setdefault(value["index"], []).append(value["arguments"])
        elif kind == "reset":
            for said in (self._text, self._reasoning, self._tools):
                said.clear()

    def worked(self, value: Json) -> None:
        """Of its workDoneToken."""
        self._work.append(value["kind"])

    def late(self, value: Json) -> None:
        """Progress has come after the answer."""
        self._wrong(f"has progress after its answer: {json.dumps(value)[:200]} (cancelled: {self.question.cancel})")

    def answered(self, message: Json, *, reads: bool) -> None:
        """`reads` is whether the client has taken all bytes since the cancel."""
        if self.cancelled_at is not None and reads:
            self._record.answered.append(time.monotonic() - self.cancelled_at)
        if self._work and (self._work[0], self._work.count("begin"), self._work[-1], self._work.count("end")) != (
            "begin", 1, "end", 1,
        ):  # fmt: skip
            self._wrong(f"its work-done progress was {self._work}")
        if "error" in message:
            self._failed(message["error"])
        else:
            self._succeeded(message["result"])
        self.answer.set_result(True)

    def _failed(self, error: Json) -> None:
        code, data = error["code"], error.get("data") or {}
        if code == CANCELLED:
            self._outcome("cancelled")
            if self.cancelled_at is None:
                self._wrong("was answered as cancelled, and nobody had cancelled it")
            return
        self._outcome(data.get("kind", "invalidParams" if code in REFUSED else f"code {code}"))
        if code not in REFUSED or (code != FAILED and not self.question.fails):
            self._wrong(f"failed with {json.dumps(error)[:300]}")
        partial = data.get("partialText")
        if self._shown and partial is not None and partial != "".join(self._text):
            self._wrong("its partialText is not what its deltas said")

    def _succeeded(self, result: Json) -> None:
        question = self.question
        self._outcome("answered from the cache" if _hit(result) else "answered")
        if question.fails:
            self._wrong("succeeded, and could not")
        elif question.ask is not None:
            self._whole(result)
        elif question.method == "libria/embed":
            if not _alike(result["embeddings"], vectors(question)):
                self._wrong("has other vectors than the provider gave")
        elif question.method == "libria/countTokens" and result["inputTokens"] < 1:
            self._wrong("counted no tokens")

    def _whole(self, result: Json) -> None:
        expected = whole(self.question, result["model"])
        content, reasoning, tools = result["content"], result.get("reasoning", ""), result["toolCalls"]
        if self.question.fill is not None:  # a model with an endpoint for it only writes its text there
            expected = replace(expected, reasoning=reasoning)
        if content != expected.text and not (expected.refused and not content):
            self._wrong(f"is a success with {len(content)} of {len(expected.text)} characters: {content[-60:]!r}")
        if expected.stop_reason is not None and result["stopReason"] != expected.stop_reason:
            self._wrong(f"stopped for {result['stopReason']}, not for {expected.stop_reason}")
        if reasoning != expected.reasoning:
            self._wrong(f"reasoned with {len(reasoning)} of {len(expected.reasoning)} characters")
        called = [(one["name"], one["arguments"]) for one in tools]
        if called != [(n, json.loads(text)) for n, text in expected.tools] and not (expected.refused and not called):
            self._wrong(f"has the tool calls {tools}, not {expected.tools}")
        if not self._shown:
            return
        if "".join(self._text) != content or "".join(self._reasoning) != reasoning:
            self._wrong("its deltas are not its content")
        streamed = [json.loads("".join(pieces) or "{}") for _, pieces in sorted(self._tools.items())]
        if streamed != [one["arguments"] for one in tools]:
            self._wrong("its streamed tool calls are not those of its result")

    @property
    def _shown(self) -> bool:
        return "partialResultToken" in self.question.params

    def _outcome(self, name: str) -> None:
        self._record.outcomes[name] += 1

    def _wrong(self, what: str) -> None:
        params = {k: v for k, v in self.question.params.items() if k not in ("messages", "input", "prefix", "suffix")}
        self._record.went_wrong(f"{self.question.method} {json.dumps(params)[:500]} {what}")


def _hit(result: Json) -> bool:
    return bool(isinstance(result, dict) and result.get("cache", {}).get("hit"))


def _alike(ours: list[list[float]], theirs: list[list[float]]) -> bool:
    return len(ours) == len(theirs) and all(
        len(a) == len(b) and all(math.isclose(x, y, abs_tol=1e-6) for x, y in zip(a, b, strict=True))
        for a, b in zip(ours, theirs, strict=True)
    )
