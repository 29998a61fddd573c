"""Vectors that come as base64: half the bytes of decimal numbers. Each raises ValueError for what is none.

https://platform.openai.com/docs/api-reference/embeddings/create#embeddings-create-encoding_format
"""

import base64
import math
import sys
from array import array

_LARGEST = 1e4  # of a number in a vector; those of models are below 100


def floats(text: str) -> list[float]:
    """Little-endian 32-bit floats. Older vLLM sent 64-bit ones (recorded): as 32-bit numbers these are
    no vector, for every other one is 0 or of any size."""
    data = base64.b64decode(text, validate=True)
    vector = _ordered(array("f"), data)
    if len(data) % 8 == 0 and not _plausible(vector) and _plausible(wide := _ordered(array("d"), data)):
        return wide
    return vector


def int8s(text: str) -> list[float]:
    """Perplexity's: https://docs.perplexity.ai/api-reference/embeddings-post"""
    return [float(number) for number in array("b", base64.b64decode(text, validate=True))]


def _ordered(numbers: "array[float]", data: bytes) -> list[float]:
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


def _plausible(vector: list[float]) -> bool:
    if not vector or not math.isfinite(sum(vector)) or not any(vector[::2]):
        return False
    return max(vector) < _LARGEST and min(vector) > -_LARGEST
