"""One form for the many shapes in which vendors say an error, and their words made fit to be shown."""

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeGuard, cast

import msgspec

from libria_providers.types import Json

LONGEST = 300  # characters of a vendor's words that are passed on

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding JSON raises."""

_KEYS = re.compile(
    r"\bBearer\s+\S+"
    r"|\b(?:sk|pk|rk|gsk|xai|csk|tgp|hf|pplx|nvapi)[-_][\w.*-]+"
    r"|\bAIza[\w-]{8,}"
    r"|\beyJ[\w.-]{16,}"
    r"|\b(?=[A-Za-z0-9]*[0-9])(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{28,}\b"
    r"|[\w-]*\*{3,}[\w-]*",
    re.IGNORECASE,
)
_HTML = re.compile(r"<!doctype|<html|<head|<body", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_THREE_DIGITS = re.compile(r"[0-9]{3}")


@dataclass(frozen=True, slots=True)
class Said:
    """What a vendor says about its error. Words are lower case, empty when it says none."""

    code: str = ""
    type: str = ""
    inner: str = ""  # Azure: error.innererror.code
    upstream: str = ""  # OpenRouter: the code or type within error.metadata.raw
    flagged: bool = False  # OpenRouter: the prompt was moderated, error.metadata.reasons
    message: str = ""  # cleaned
    said_code: str | None = None  # code, else type, as the vendor spelled it
    status: int | None = None  # an HTTP status within the body
    request_id: str | None = None
    structured: bool = False  # it names an error, a code or a type


def said(value: Json) -> Said:
    """Reads any of: {error: {…}} (OpenAI, Anthropic), {error: "text", code} (xAI, Ollama), {object:
    "error", …} and {message, type, code} (vLLM, Mistral, Cerebras), {detail: "text" | […]} (Mistral,
    FastAPI), [{error: …}] (Gemini), "text"."""
    if listed := items(value):
        value = listed[0]
    if isinstance(value, str):
        return Said(message=clean(value))
    outer = mapping(value)
    nested: Json = outer.get("error")
    error = mapping(nested) or ({"message": nested, **outer} if isinstance(nested, str) else outer)
    metadata = mapping(error.get("metadata"))
    upstream = _upstream(metadata.get("raw"))
    code, kind = _word(error.get("code")), _word(error.get("type"))
    if kind == "error":  # the envelope's type, not the error's
        kind = ""
    message = _text(error.get("message")) or _detail(error.get("detail"))
    if upstream and upstream.message and upstream.message not in message:
        message = f"{message}: {upstream.message}" if message else upstream.message
    request = outer.get("request_id") or error.get("request_id")
    return Said(
        code=code.lower(),
        type=kind.lower(),
        inner=_word(mapping(error.get("innererror")).get("code")).lower(),
        upstream=(upstream.code or upstream.type) if upstream else "",
        flagged=bool(metadata.get("reasons") or metadata.get("flagged_input")),
        message=clean(message),
        said_code=code or kind or None,
        status=_status(error.get("status_code"), error.get("status"), error.get("code")),
        request_id=request if isinstance(request, str) and request else None,
        structured=bool("error" in outer or code or kind or error.get("code") or outer.get("object") == "error"),
    )


def clean(words: str) -> str:
    """One line of at most `LONGEST` characters, without anything that looks like a key."""
    if _HTML.search(words[:1000]):
        title = _TITLE.search(words)
        words = _TAG.sub(" ", title.group(1) if title else words)
    words = _KEYS.sub("[key]", " ".join(words.split()))
    words = "".join(c if c.isprintable() else " " for c in words)
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def any_json(data: bytes) -> Json:
    """`data` as JSON, as text where it is none."""
    try:
        return msgspec.json.decode(data)
    except UNREADABLE:
        return data.decode("utf-8", "replace")


def mapping(value: Json) -> dict[str, Json]:
    """`value` when it is an object, else an empty one."""
    return cast(dict[str, Json], value) if isinstance(value, dict) else {}


def items(value: Json) -> list[Json]:
    """`value` when it is an array, else an empty one."""
    return value if _is_array(value) else []


def _is_array(value: Json) -> TypeGuard[list[Json]]:
    return isinstance(value, list)


def _upstream(raw: Json) -> Said | None:
    if not isinstance(raw, str | dict):
        return None
    if isinstance(raw, str):
        with suppress(*UNREADABLE):
            raw = msgspec.json.decode(raw)
    return said(cast(Json, raw))


def _word(value: Json) -> str:
    return value.strip() if isinstance(value, str) and not value.strip().isdigit() else ""


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):  # Mistral 422: {"message": {"detail": […]}}
        return _detail(mapping(cast(Json, value)).get("detail"))
    return ""


def _detail(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _text(mapping(cast(Json, value)).get("message"))
    found: list[str] = []
    for item in items(value):
        fields = mapping(item)
        place = ".".join(str(part) for part in items(fields.get("loc")))
        found.append(f"{place}: {_text(fields.get('msg'))}".strip(": "))
    return "; ".join(found)


def _status(*values: Json) -> int | None:
    for value in values:
        number = int(value) if isinstance(value, str) and _THREE_DIGITS.fullmatch(value) else value
        if isinstance(number, int) and not isinstance(number, bool) and 400 <= number < 600:
            return number
    return None
