"""What makes two questions the same one."""

from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from libria_providers.types import Call, CountTokens, Embed, Message, Text

FORMAT = 3
"""Of keys: raised when what was stored under one before must not be found."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What an answer depends on besides the question: the target, its dialect's version and address,
    whose key. `payer` is told apart where several share a partition: one's refusal is not another's."""

    target: str
    version: str
    partition: str
    payer: str = ""


def deterministic(call: Call) -> bool:
    """Asked twice, it is answered the same: what `auto` caches and coalesces."""
    return call.temperature == 0 or isinstance(call.ask, Embed | CountTokens)


_sorted = msgspec.json.Encoder(order="sorted").encode


def key_of(call: Call, identity: Identity) -> bytes | None:
    """The same for every spelling of the same question; None for what cannot be spelled out, which is
    then neither kept nor shared.

    No spelling: the order of JSON's keys, white space in it, text as a string or as one part, the order
    of stop sequences, what every vendor documents as its default (`toolChoice` auto beside tools,
    `responseFormat` text). Not so a temperature of 1: Mistral's default is 0.7, Ollama's 0.8
    (https://docs.ollama.com/modelfile#parameter)."""
    choice = call.tool_choice
    if call.tools and choice is not None and choice.kind == "auto":
        choice = None
    response = call.response_format
    if response is not None and response.kind == "text":
        response = None
    whose = {"target": identity.target, "version": identity.version, "partition": identity.partition}
    question = (
        FORMAT, whose, type(call.ask).__name__, call.ask,
        [_plain(message) for message in call.messages], call.system or None, call.max_tokens,
        _number(call.temperature), _number(call.top_p), sorted(set(call.stop)),
        call.seed, call.tools, choice, response, call.reasoning, call.provider_options,
    )  # fmt: skip
    try:
        return blake2b(_sorted(question), digest_size=24).digest()
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None  # half characters, objects of a caller within the process


def _plain(message: Message) -> object:
    content = message.content
    if isinstance(content, tuple) and len(content) == 1 and isinstance(content[0], Text):
        content = content[0].text
    return message.role, content, message.tool_calls, message.tool_call_id, message.opaque


def _number(value: float | None) -> float | None:
    return None if value is None else value + 0.0  # 0, 0.0 and -0.0 are one
