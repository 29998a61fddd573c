"""One form for the many shapes in which vendors say an error, and their words made fit to be shown."""

import json
import re
import string
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeGuard, cast

import msgspec

from libria_providers.types import Json

LONGEST = 300  # characters of a vendor's words that are passed on
LOOKED_AT = 4000
"""Characters of a vendor's words that are looked at: what is beyond is never shown, and a body may
have megabytes of them. Every expression below takes time in proportion to what it reads."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding JSON raises."""

_KEYS = re.compile(
    r"\bBearer\s+\S+"
    r"|\b(?:sk|pk|rk|gsk|xai|csk|tgp|hf|pplx|nvapi)[-_][\w.*-]+"
    r"|\bAIza[\w-]{8,}"
    r"|\beyJ[\w.-]{16,}"
    r"|\b(?=[A-Za-z0-9]*[0-9])(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{28,}\b"
    r"|(?<![\w-])[\w-]*\*{3,}[\w-]*",
    re.IGNORECASE,
)
_OF_KEYS = string.ascii_letters + string.digits + "-_.*+/="
_HTML = re.compile(r"<!doctype|<html|<head|<body", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]*)</title>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_THREE_DIGITS = re.compile(r"[0-9]{3}")
_SECONDS = re.compile(r"([0-9]{1,9}(?:\.[0-9]+)?)s")  # protobuf's form of a duration
_RETRY_IN = re.compile(r"please retry in ([0-9.]+s)")  # Google's words, where it has no RetryInfo


@dataclass(frozen=True, slots=True)
class Said:
    """What a vendor says about its error. Words are lower case, empty when it says none."""

    code: str = ""
    type: str = ""
    inner: str = ""  # Azure: error.innererror.code; Google: error.details[].reason
    upstream: str = ""  # OpenRouter: the code or type within error.metadata.raw
    flagged: bool = False  # OpenRouter: the prompt was moderated, error.metadata.reasons
    message: str = ""  # cleaned
    words: str = ""  # all that is looked at of the message, in lower case: for phrases.py
    said_code: str | None = None  # code, else type, as the vendor spelled it
    status: int | None = None  # an HTTP status within the body
    request_id: str | None = None
    exhausted: bool = False  # Google: the quota is one of a day, or none at all
    retry_after: float | None = None  # Google: seconds, error.details[].retryDelay
    structured: bool = False  # it names an error, a code or a type


def said(value: Json) -> Said:
    """Reads any of: {error: {…}} (OpenAI, Anthropic), {error: "text", code} (xAI, Ollama), {object:
    "error", …} and {message, type, code} (vLLM, Mistral, Cerebras), {detail: "text" | […]} (Mistral,
    FastAPI), [{error: …}] (Gemini), "text"."""
    if listed := items(value):
        value = listed[0]
    if isinstance(value, str):
        return spoken(value)
    outer = mapping(value)
    nested: Json = outer.get("error")
    error = mapping(nested) or ({"message": nested, **outer} if isinstance(nested, str) else outer)
    metadata = mapping(error.get("metadata"))
    upstream = _upstream(metadata.get("raw"))
    code, kind = _word(error.get("code")), _word(error.get("type"))
    if mapping(nested):
        kind = kind or _word(error.get("status"))  # Google: "RESOURCE_EXHAUSTED"
    google = _Google(error.get("details"))
    if kind == "error":  # the envelope's type, not the error's
        kind = ""
    message = _text(error.get("message")) or _detail(error.get("detail"))
    if upstream and upstream.message and upstream.message not in message:
        message = f"{message}: {upstream.message}" if message else upstream.message
    request = outer.get("request_id") or error.get("request_id")
    return Said(
        code=code.lower(),
        type=kind.lower(),
        inner=(_word(mapping(error.get("innererror")).get("code")) or google.reason).lower(),
        upstream=(upstream.code or upstream.type) if upstream else "",
        flagged=bool(metadata.get("reasons") or metadata.get("flagged_input")),
        message=clean(message),
        words=message[:LOOKED_AT].lower(),
        said_code=code or kind or None,
        status=_status(error.get("status_code"), error.get("status"), error.get("code")),
        request_id=request if isinstance(request, str) and request else None,
        exhausted=google.exhausted,
        retry_after=google.retry_after or _seconds(next(iter(_RETRY_IN.findall(message[:LOOKED_AT].lower())), None)),
        structured=bool("error" in outer or code or kind or error.get("code") or outer.get("object") == "error"),
    )


def spoken(words: str) -> Said:
    """An error that is nothing but words."""
    return Said(message=clean(words), words=words[:LOOKED_AT].lower())


def clean(words: str) -> str:
    """One line of at most `LONGEST` characters, without anything that looks like a key."""
    if len(words) > LOOKED_AT:
        words = words[:LOOKED_AT]
        words = words.rstrip(_OF_KEYS) or words  # half a key may not look like one
    if _HTML.search(words[:1000]):
        title = _TITLE.search(words)
        words = _TAG.sub(" ", title.group(1) if title else words)
    words = _KEYS.sub("[key]", " ".join(words.split()))
    words = "".join(c if c.isprintable() else " " for c in words)
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def any_json(data: bytes) -> Json:
    """`data` as JSON in any encoding that is met (a BOM, UTF-16, Latin 1), as text where it is none."""
    try:
        return msgspec.json.decode(data)
    except UNREADABLE:
        pass
    try:
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    try:
        return msgspec.json.decode(text)
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


class _Google:
    """What Google's error details say: https://google.aip.dev/193"""

    def __init__(self, details: Json) -> None:
        self.reason = ""
        self.retry_after: float | None = None
        self.exhausted = False
        for detail in map(mapping, items(details)):
            self.reason = self.reason or _word(detail.get("reason"))
            self.retry_after = self.retry_after or _seconds(detail.get("retryDelay"))
            for violation in map(mapping, items(detail.get("violations"))):
                # These come with a retryDelay of seconds too: continuedev/continue#9570
                of_a_day = "perday" in str(violation.get("quotaId", "")).lower()
                self.exhausted = self.exhausted or of_a_day or violation.get("quotaValue") in ("0", 0)


def _seconds(value: Json) -> float | None:
    found = _SECONDS.fullmatch(value) if isinstance(value, str) else None
    return float(found[1]) or None if found else None


def _upstream(raw: Json) -> Said | None:
    if not isinstance(raw, str | dict):
        return None
    if isinstance(raw, str):
        with suppress(*UNREADABLE):
            raw = msgspec.json.decode(raw)
    return said(cast(Json, raw))


def _word(value: Json) -> str:
    """A code or type. A number that is no HTTP status is one too: Mistral's "3051"."""
    if isinstance(value, str):
        word = value.strip()
        return "" if _status(word) is not None or len(word) > LONGEST else word
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1000:
        return str(value)
    return ""


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
