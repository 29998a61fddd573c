"""OpenAI's embeddings, as the server's side says them: the same text always gets the same vector.

https://platform.openai.com/docs/api-reference/embeddings
"""

import base64
import hashlib
import math
import struct
from typing import Any, Literal

import msgspec

from libria_providers.simulator.models import Ask
from libria_providers.simulator.vendor import BadRequest
from libria_providers.simulator.wire import Request

Json = Any

DIMENSIONS = 8  # where the request says none
MOST_INPUTS = 2048


class Asked(msgspec.Struct):
    model: str
    input: str | list[str]
    dimensions: int | None = None
    encoding_format: Literal["float", "base64"] = "float"

    @property
    def texts(self) -> list[str]:
        return [self.input] if isinstance(self.input, str) else self.input

    def ask(self) -> Ask:
        """As far as faults look at it."""
        return Ask(self.model, stream=False, user_text="", input_tokens=_tokens(self))


def read(body: bytes) -> Asked:
    """Raises BadRequest."""
    try:
        asked = _decode(body)
    except msgspec.MsgspecError as error:
        raise BadRequest(f"We could not parse the body of your request: {error}") from None
    if not asked.texts or "" in asked.texts:
        raise BadRequest("Invalid 'input': the input cannot be empty.")
    if len(asked.texts) > MOST_INPUTS:
        raise BadRequest(f"Invalid 'input': array too long. Expected an array with maximum length {MOST_INPUTS}.")
    return asked


def answered(request: Request) -> tuple[Ask, bytes]:
    """What is asked, and the reply. Raises BadRequest."""
    asked = read(request.body)
    return asked.ask(), whole(asked)


def whole(asked: Asked) -> bytes:
    rows: list[Json] = [
        {"object": "embedding", "index": index, "embedding": _said(vector(text, asked.dimensions or DIMENSIONS), asked)}
        for index, text in enumerate(asked.texts)
    ]
    usage = {"prompt_tokens": _tokens(asked), "total_tokens": _tokens(asked)}
    return msgspec.json.encode({"object": "list", "data": rows, "model": asked.model, "usage": usage})


def tokens(texts: list[str]) -> int:
    return sum(1 + len(text) // 4 for text in texts)


def vector(text: str, dimensions: int) -> list[float]:
    """Of length 1; in single precision, as the vendors' are."""
    numbers: list[float] = []
    block = 0
    while len(numbers) < dimensions:
        digest = hashlib.sha256(f"{block}\n{text}".encode("utf-8", "replace")).digest()
        numbers += [byte - 127.5 for byte in digest]
        block += 1
    length = math.sqrt(sum(number * number for number in numbers[:dimensions]))
    return list(struct.unpack(f"<{dimensions}f", _packed([number / length for number in numbers[:dimensions]])))


def _said(numbers: list[float], asked: Asked) -> Json:
    return base64.b64encode(_packed(numbers)).decode() if asked.encoding_format == "base64" else numbers


def _packed(numbers: list[float]) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


def _tokens(asked: Asked) -> int:
    return tokens(asked.texts)


_decode = msgspec.json.Decoder(Asked).decode
