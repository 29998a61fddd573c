"""A reply in OpenAI's Responses format as one object: its items and all that is around them."""

from collections.abc import Mapping
from typing import Any

from libria_providers.simulator.models import Answer, Ask
from libria_providers.simulator.responses_read import ENCRYPTED, encrypted
from libria_providers.simulator.vendor import Tag

Json = Any
Item = dict[str, Json]


def items(answer: Answer, ask: Ask, tag: Tag) -> list[Item]:
    """The reply's items: reasoning, then text unless there is nothing but calls, then the calls."""
    made: list[Item] = []
    if answer.reasoning:
        made.append(_reasoning(answer, ask, tag))
    if answer.text or not answer.uses:
        cut = answer.finish in ("length", "filter")
        message = {"id": f"msg_{tag.hex(50)}", "type": "message", "status": "incomplete" if cut else "completed"}
        made.append({**message, "content": [part(answer, "".join(answer.text))], "role": "assistant"})
    for index, use in enumerate(answer.uses):
        call = {"id": f"fc_{tag.hex(46)}{index:04d}", "type": "function_call", "status": "completed"}
        call_id = f"call_{tag.hex(20)}{index:04d}"
        made.append({**call, "arguments": "".join(use.arguments), "call_id": call_id, "name": use.name})
    return made


def part(answer: Answer, text: str) -> Item:
    if answer.refused:
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def response(answer: Answer, ask: Ask, tag: Tag, output: list[Item]) -> Item:
    """The finished reply."""
    reason = {"length": "max_output_tokens", "filter": "content_filter"}.get(answer.finish)
    return {
        **begun(ask, tag),
        "status": "incomplete" if reason else "completed",
        "completed_at": None if reason else int(tag.now),
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "service_tier": "default",
        "usage": _usage(answer, ask),
    }


def failed(ask: Ask, tag: Tag, error: Mapping[str, Json]) -> Item:
    return {**begun(ask, tag), "status": "failed", "error": {"code": error["code"], "message": error["message"]}}


def begun(ask: Ask, tag: Tag) -> Item:
    """As the first events of a stream say it."""
    said = {name: value for name, value in ask.said.items() if name != "include"}
    return {
        "id": f"resp_{tag.hex(50)}",
        "object": "response",
        "created_at": int(tag.now),
        "status": "in_progress",
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "model": ask.model,
        "output": [],
        "service_tier": "auto",
        "usage": None,
        **said,
    }


def _reasoning(answer: Answer, ask: Ask, tag: Tag) -> Item:
    item: Item = {"id": f"rs_{tag.hex(50)}", "type": "reasoning"}
    if ENCRYPTED in ask.said.get("include", ()):
        item["encrypted_content"] = encrypted(item["id"])
    return {**item, "summary": [{"type": "summary_text", "text": "".join(answer.reasoning)}]}


def _usage(answer: Answer, ask: Ask) -> Item:
    return {
        "input_tokens": ask.input_tokens,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": answer.cached},
        "output_tokens": answer.tokens,
        "output_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
        "total_tokens": ask.input_tokens + answer.tokens,
    }
