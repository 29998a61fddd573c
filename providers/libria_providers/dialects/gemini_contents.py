"""The turns of a conversation in Gemini's format: contents of parts, roles user and model.

Calls and their results are matched by name and order; ids only where the model itself gave them (AI
Studio knows them, older Vertex models answer 400): https://ai.google.dev/gemini-api/docs/function-calling
"""

import mimetypes
from dataclasses import dataclass, field

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.gemini_wire import NAME
from libria_providers.dialects.said import items, mapping
from libria_providers.errors import BadRequest
from libria_providers.types import Call, File, Image, Json, Message, Part, Text


@dataclass(frozen=True, slots=True)
class _Asked:
    """A function call as its result must name it. `place` is its number in its turn."""

    place: int
    name: str
    id: str | None


@dataclass(slots=True)
class _Results:
    """The results in a row, which make one content: (place of the call, part), and what belongs beside them."""

    parts: list[tuple[int, Json]] = field(default_factory=list[tuple[int, Json]])
    beside: list[Json] = field(default_factory=list[Json])

    def content(self) -> Json:
        ordered = [part for _, part in sorted(self.parts, key=lambda pair: pair[0])]
        return {"role": "user", "parts": ordered + self.beside}


def system(call: Call) -> str:
    """The system text is one place outside the contents, wherever it was said."""
    texts = [call.system or "", *(_text(message) for message in call.messages if message.role == "system")]
    return "\n\n".join(text for text in texts if text)


def contents(call: Call, quirks: Quirks) -> list[Json]:
    """Raises BadRequest for what a turn cannot hold."""
    said: list[Json] = []
    asked: dict[str, _Asked] = {}
    results: _Results | None = None
    for message in call.messages:
        if message.role == "tool":
            results = results or _Results()
            _add_result(results, message, asked, quirks)
            continue
        if results is not None:
            said.append(results.content())
            results = None
        if message.role == "user":
            said.append({"role": "user", "parts": _parts(message)})
        elif message.role == "assistant" and (parts := _model_parts(message, quirks)):
            said.append({"role": "model", "parts": parts})
            asked.update(_asked(message, parts))
    if results is not None:
        said.append(results.content())
    if not quirks.system_instruction and (text := system(call)):
        return [{"role": "user", "parts": [{"text": text}]}, *said]
    return said


def _model_parts(message: Message, quirks: Quirks) -> list[Json]:
    """As the model said them, where it did and they fit the message's calls; none for a turn that said
    nothing, which the API refuses."""
    opaque = message.opaque or {}
    parts = items(opaque.get("parts")) if opaque.get("dialect") == NAME else []
    if not parts or len(_calls(parts)) != len(message.tool_calls):
        text = _text(message)
        parts = [{"text": text}] if text else []
        parts += [
            {"functionCall": {"name": tool_call.name, "args": tool_call.arguments}} for tool_call in message.tool_calls
        ]
    if quirks.call_signature and not any(mapping(part).get("thoughtSignature") for part in parts):
        return _signed(parts, quirks.call_signature)
    return parts


def _signed(parts: list[Json], signature: str) -> list[Json]:
    """The first call of a turn that another model answered gets the signature that stands for none."""
    for at, part in enumerate(parts):
        if "functionCall" in mapping(part):
            return [*parts[:at], {**mapping(part), "thoughtSignature": signature}, *parts[at + 1 :]]
    return parts


def _calls(parts: list[Json]) -> list[dict[str, Json]]:
    return [mapping(part["functionCall"]) for part in map(mapping, parts) if "functionCall" in part]


def _asked(message: Message, parts: list[Json]) -> dict[str, _Asked]:
    asked: dict[str, _Asked] = {}
    for place, (tool_call, said) in enumerate(zip(message.tool_calls, _calls(parts), strict=False)):
        identity = said.get("id")
        asked[tool_call.id] = _Asked(place, tool_call.name, identity if isinstance(identity, str) else None)
    return asked


def _add_result(results: _Results, message: Message, asked: dict[str, _Asked], quirks: Quirks) -> None:
    if not message.tool_call_id:
        raise BadRequest("A message of the role tool needs toolCallId, the id of the call it answers.")
    call = asked.get(message.tool_call_id)
    if call is None:
        raise BadRequest(f"The toolCallId {message.tool_call_id} is of no call in an earlier message; correct it.")
    # "output" is what the API reads as the function's output, an object that it must be.
    result: dict[str, Json] = {"name": call.name, "response": {"output": _text(message, only=False)}}
    if call.id is not None:
        result["id"] = call.id
    media = [_part(part) for part in message.content if not isinstance(part, Text | str)]
    if media and quirks.media_in_results:
        result["parts"] = media
    else:
        results.beside += media
    results.parts.append((call.place, {"functionResponse": result}))


def _text(message: Message, *, only: bool = True) -> str:
    if isinstance(message.content, str):
        return message.content
    texts = [part.text for part in message.content if isinstance(part, Text)]
    if only and len(texts) < len(message.content):
        raise BadRequest(f"A message of the role {message.role} can only hold text here; change its content.")
    return "".join(texts)


def _parts(message: Message) -> list[Json]:
    if isinstance(message.content, str):
        return [{"text": message.content}]
    return [_part(part) for part in message.content]


def _part(part: Part) -> Json:
    if isinstance(part, Text):
        return {"text": part.text}
    if isinstance(part, File):
        return {"inlineData": {"mimeType": part.media_type, "data": part.data}}
    if part.url is None:
        return {"inlineData": {"mimeType": part.media_type or "image/png", "data": part.data or ""}}
    if part.url.startswith("data:"):
        return _inline(part.url)
    # The API reads public https addresses since January 2026, Vertex gs:// ones too and wants the type:
    # https://ai.google.dev/gemini-api/docs/file-input-methods
    return {"fileData": {"mimeType": part.media_type or _guessed(part), "fileUri": part.url}}


def _inline(url: str) -> Json:
    head, _, data = url.partition(",")
    media_type, *parameters = head.removeprefix("data:").split(";")
    if "base64" not in parameters:
        raise BadRequest("An image as a data URL must be base64; change the content.")
    return {"inlineData": {"mimeType": media_type or "image/png", "data": data}}


def _guessed(part: Image) -> str:
    guessed, _ = mimetypes.guess_type((part.url or "").partition("?")[0])
    return guessed or "image/jpeg"
