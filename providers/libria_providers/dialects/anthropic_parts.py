"""The content of one message in Anthropic's format: text, images and documents.

https://platform.claude.com/docs/en/build-with-claude/working-with-messages
"""

import base64
import binascii

from libria_providers.errors import BadRequest
from libria_providers.types import File, Image, Json, Message, Part, Text


def content(message: Message) -> str | list[Json]:
    """Without text that is empty or white: "messages: text content blocks must contain non-whitespace
    text", anthropics/claude-code#23440."""
    if isinstance(message.content, str):
        return message.content if message.content.strip() else ""
    return [_part(part) for part in message.content if not (isinstance(part, Text) and not part.text.strip())]


def text(message: Message) -> str:
    """Raises BadRequest for what can only be text and is not."""
    if isinstance(message.content, str):
        return message.content
    texts = [part.text for part in message.content if isinstance(part, Text)]
    if len(texts) < len(message.content):
        # Version 2026-10-21 refuses documents there too: platform.claude.com/docs/en/api/versioning
        raise BadRequest(f"A message of the role {message.role} can only hold text; change its content.")
    return "".join(texts)


def _part(part: Part) -> Json:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Image):
        return {"type": "image", "source": _image_source(part)}
    document: dict[str, Json] = {"type": "document", "source": _document_source(part)}
    if part.name:
        document["title"] = part.name
    return document


def _image_source(part: Image) -> Json:
    if part.url is None or not part.url.startswith("data:"):
        if part.url is not None:
            return {"type": "url", "url": part.url}
        return {"type": "base64", "media_type": part.media_type or "image/png", "data": part.data or ""}
    head, _, data = part.url.partition(",")
    media_type, _, encoding = head.removeprefix("data:").partition(";")
    if encoding != "base64":
        raise BadRequest("An image as a data URL must be base64; change the content.")
    return {"type": "base64", "media_type": media_type or "image/png", "data": data}


def _document_source(part: File) -> Json:
    if part.media_type == "application/pdf":
        return {"type": "base64", "media_type": part.media_type, "data": part.data}
    if not part.media_type.startswith("text/"):
        raise BadRequest(f"Anthropic reads PDF and text, not {part.media_type}; change the content.")
    try:
        words = base64.b64decode(part.data, validate=True).decode()
    except (binascii.Error, ValueError):
        raise BadRequest("A text file's data must be base64 of UTF-8; change the content.") from None
    return {"type": "text", "media_type": "text/plain", "data": words}
