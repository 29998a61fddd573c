"""Parts of a message as Converse's content blocks.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html
"""

import re

from libria_providers.errors import BadRequest
from libria_providers.types import File, Image, Json, Message, Text

_IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_OFFICE = "application/vnd.openxmlformats-officedocument"
_DOCUMENTS = {
    "application/pdf": "pdf",
    "application/msword": "doc",
    f"{_OFFICE}.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    f"{_OFFICE}.spreadsheetml.sheet": "xlsx",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
}
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9()\[\]-]+")
_LONGEST_NAME = 190  # of 200, with room for a number


class Parts:
    """The blocks of one conversation's messages: "duplicate document names" are a 400, so the second
    document of a name gets a number."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}

    def blocks(self, message: Message) -> list[Json]:
        """Without blank text: "The text field in the ContentBlock object … is blank"."""
        content = (Text(message.content),) if isinstance(message.content, str) else message.content
        said: list[Json] = []
        for part in content:
            if isinstance(part, Image):
                said.append({"image": _image(part)})
            elif isinstance(part, File):
                said.append({"document": self._document(part)})
            elif part.text.strip():
                said.append({"text": part.text})
        return said

    def _document(self, part: File) -> Json:
        kind = part.media_type.partition(";")[0].strip().lower()
        form = _DOCUMENTS.get(kind) or ("txt" if kind.startswith("text/") else None)
        if form is None:
            raise BadRequest(f"Bedrock reads no {part.media_type}; take the file out of the content.")
        # "alphanumeric characters, whitespace (no more than one in a row), hyphens, parentheses, and
        # square brackets", API_runtime_DocumentBlock.html
        name = _NOT_IN_NAMES.sub(" ", part.name or "document").strip()[:_LONGEST_NAME].strip() or "document"
        self._names[name] = count = self._names.get(name, 0) + 1
        if count > 1:
            name = f"{name} ({count})"
        return {"format": form, "name": name, "source": {"bytes": part.data}}


def text(message: Message) -> str:
    """Raises BadRequest for what can only be text and is not."""
    if isinstance(message.content, str):
        return message.content
    texts = [part.text for part in message.content if isinstance(part, Text)]
    if len(texts) < len(message.content):
        raise BadRequest(f"A message of the role {message.role} can only hold text here; change its content.")
    return "".join(texts)


def _image(part: Image) -> Json:
    media_type, data = part.media_type or "image/png", part.data or ""
    if part.url is not None:
        if part.url.startswith("s3://"):
            return {"format": _format(part.url.rpartition(".")[2]), "source": {"s3Location": {"uri": part.url}}}
        head, _, data = part.url.partition(",")
        if not head.startswith("data:") or not head.endswith(";base64"):
            raise BadRequest("Bedrock fetches no image: give its data instead of the URL.")
        media_type = head.removeprefix("data:").partition(";")[0]
    return {"format": _format(media_type), "source": {"bytes": data}}


def _format(said: str) -> str:
    form = _IMAGES.get(said.lower()) or _IMAGES.get(f"image/{said.lower()}")
    if form is None:
        raise BadRequest(f"Bedrock reads images of the types png, jpeg, gif and webp, not {said}; change the content.")
    return form
