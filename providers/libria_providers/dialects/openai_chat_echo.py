"""What vendors of OpenAI's chat format want back in the next turn, kept as they said it.

- `reasoning_details`: OpenRouter, https://openrouter.ai/docs/use-cases/reasoning-tokens
- `reasoning_content`: DeepSeek, of turns with tool calls, 400 without it:
  https://api-docs.deepseek.com/guides/thinking_mode; Moonshot, where "" counts as missing:
  https://platform.kimi.ai/docs/guide/use-kimi-k2-thinking-model; z.ai: better answers with it,
  https://docs.z.ai/guides/capabilities/thinking-mode
- `extra_content`: Gemini's thought signatures, on the message or on a tool call:
  https://ai.google.dev/gemini-api/docs/thought-signatures

Only a row whose quirks ask for a field gets it back: others refuse fields that they do not know.
"""

from typing import cast

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_chat_wire import Said
from libria_providers.types import Json, Message

NAME = "openai-chat"
ECHOES = ("reasoning_details", "reasoning_content", "extra_content")

# Fields of a reasoning detail that come in pieces to be joined.
_TEXTS = ("text", "summary", "data")


class Echo:
    """Collects one reply's fields to be echoed."""

    def __init__(self, quirks: Quirks) -> None:
        self._wanted = quirks.echo
        self._reasoning: list[str] = []
        self._details: list[dict[str, Json]] = []
        self._extra: Json = None

    def add(self, said: Said) -> None:
        if not self._wanted:
            return
        if said.reasoning_content and "reasoning_content" in self._wanted:
            self._reasoning.append(said.reasoning_content)
        if said.reasoning_details and "reasoning_details" in self._wanted:
            for detail in said.reasoning_details:
                if isinstance(detail, dict):
                    self._detail(cast(dict[str, Json], detail))
        if said.extra_content is not None and "extra_content" in self._wanted:
            self._extra = said.extra_content

    def opaque(self, extras: dict[int, Json]) -> dict[str, Json] | None:
        """`extras`: the extra_content of tool calls by their place."""
        kept: dict[str, Json] = {}
        if self._reasoning:
            kept["reasoning_content"] = "".join(self._reasoning)
        if self._details:
            kept["reasoning_details"] = self._details
        if self._extra is not None:
            kept["extra_content"] = self._extra
        if extras and "extra_content" in self._wanted:
            kept["tool_calls"] = {str(index): extra for index, extra in extras.items()}
        return {"dialect": NAME, **kept} if kept else None

    @staticmethod
    def texts(details: list[Json]) -> list[str]:
        """The words of reasoning details that can be read (not the encrypted ones)."""
        found: list[str] = []
        for detail in details:
            if isinstance(detail, dict):
                fields = cast(dict[str, Json], detail)
                text = fields.get("text") or fields.get("summary")
                if isinstance(text, str):
                    found.append(text)
        return found

    def _detail(self, piece: dict[str, Json]) -> None:
        """Pieces of the same type and index in a row are one detail: its texts are joined, all else
        (signature, id, format) is the last that was said."""
        last = self._details[-1] if self._details else None
        same = last is not None and all(last.get(key) == piece.get(key) for key in ("type", "index"))
        if last is None or not same or (piece.get("id") and last.get("id") not in (None, piece["id"])):
            self._details.append(dict(piece))
            return
        for key, value in piece.items():
            if key in _TEXTS and isinstance(value, str) and isinstance(last.get(key), str):
                last[key] += value
            elif value is not None:
                last[key] = value


def echoed(message: Message, quirks: Quirks) -> dict[str, Json]:
    """The fields to add to the assistant's message on the wire."""
    opaque = message.opaque or {}
    wanted = quirks.echo if opaque.get("dialect") == NAME else ()
    fields = {name: opaque[name] for name in ECHOES if name in wanted and name in opaque}
    if not message.tool_calls:
        fields.pop("reasoning_content", None)  # only turns with tool calls need it
    elif "reasoning_content" in quirks.echo:
        # And those need it even when nothing was thought, or when another provider answered.
        fields["reasoning_content"] = fields.get("reasoning_content") or quirks.echo_blank
    return fields


def echoed_call(message: Message, index: int, quirks: Quirks) -> dict[str, Json]:
    """The fields to add to the tool call at `index`."""
    opaque = message.opaque
    if "extra_content" not in quirks.echo or opaque is None or opaque.get("dialect") != NAME:
        return {}
    calls = opaque.get("tool_calls")
    if isinstance(calls, dict) and str(index) in calls:
        return {"extra_content": cast(dict[str, Json], calls)[str(index)]}
    return {}
