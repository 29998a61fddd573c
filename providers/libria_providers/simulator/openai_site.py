"""What all of OpenAI's endpoints share, and Groq's."""

from typing import Any

import msgspec

from libria_providers.simulator import problems
from libria_providers.simulator.problems import Problem
from libria_providers.simulator.vendor import Tag, Whole

Json = Any


class OpenAISite:
    def __init__(self, *, groq: bool = False) -> None:
        self._groq = groq
        self.name = "groq" if groq else "openai"

    def problem(self, problem: Problem, tag: Tag) -> Whole:
        return Whole(problem.at(), problems.groq(problem) if self._groq else problems.openai(problem))

    def headers(self, tag: Tag) -> dict[str, str]:
        if self._groq:
            return {"x-request-id": f"req_01{tag.hex(24)}", "x-groq-region": "sim"}
        return {
            "x-request-id": f"req_{tag.hex(32)}",
            "openai-version": "2020-10-01",
            "openai-processing-ms": "12",
        }

    def limits(self, tag: Tag) -> dict[str, str]:
        """Go durations; Groq's requests are per day, its tokens per minute."""
        requests, reset = ("14400", "6s") if self._groq else ("500", "120ms")
        return {
            "x-ratelimit-limit-requests": requests,
            "x-ratelimit-limit-tokens": "200000",
            "x-ratelimit-remaining-requests": str(int(requests) - 1),
            "x-ratelimit-remaining-tokens": "199996",
            "x-ratelimit-reset-requests": reset,
            "x-ratelimit-reset-tokens": "1ms",
        }

    def models(self, names: list[str], tag: Tag) -> bytes:
        rows = [{"id": name, "object": "model", "created": 1767225600, "owned_by": "libria"} for name in names]
        return msgspec.json.encode({"object": "list", "data": rows})


def usage(into: int, out: int, cached: int, reasoning: int) -> dict[str, Json]:
    """As chat and completions say it."""
    return {
        "prompt_tokens": into,
        "completion_tokens": out,
        "total_tokens": into + out,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
