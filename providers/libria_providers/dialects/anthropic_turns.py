"""A call's messages as the turns of Anthropic's format, and the system text that stands outside them.

Turns of one role in a row are one turn to the API:
https://platform.claude.com/docs/en/api/messages
"""

from libria_providers.dialects import anthropic_parts
from libria_providers.dialects.anthropic_wire import NAME
from libria_providers.dialects.base import Quirks
from libria_providers.dialects.said import items, mapping
from libria_providers.dialects.tool_ids import IdRule, ToolIds
from libria_providers.errors import BadRequest
from libria_providers.types import Call, Json, Message

# 400 "tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'": maximhq/bifrost#5097.
_TOOL_ID = IdRule("[a-zA-Z0-9_-]{1,64}", 24)


class Turns:
    """`said` are the turns, `system` the texts that belong before them. Raises BadRequest that names
    what cannot be said."""

    def __init__(self, call: Call, model: str, quirks: Quirks) -> None:
        self.said: list[dict[str, Json]] = []
        self.system: list[str] = [call.system] if call.system and call.system.strip() else []
        self._quirks = quirks
        self._ids = ToolIds(_TOOL_ID, call.messages)
        self._results: list[Json] | None = None  # for the calls of the last assistant's turn
        self._after = 0  # where those results belong
        self._instructions: list[str] = []  # system messages within the conversation, not yet placed
        for message in call.messages:
            self._add(message)
        self._place()
        self.system += self._instructions
        self._end(call, model)

    def _add(self, message: Message) -> None:
        if message.role == "system":
            if (text := anthropic_parts.text(message)).strip():
                within = self._quirks.system_turns and self.said
                (self._instructions if within else self.system).append(text)
        elif message.role == "tool":
            self._add_result(message)
        elif message.role == "user":
            if content := anthropic_parts.content(message):
                self.said.append({"role": "user", "content": content})
        elif content := self._assistant(message):
            self._place()
            self.said.append({"role": "assistant", "content": content})
            self._results, self._after = None, len(self.said)

    def _add_result(self, message: Message) -> None:
        """All results of one turn's calls are in one message, and the first that follows it:
        https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls"""
        if not message.tool_call_id:
            raise BadRequest("A message of the role tool needs toolCallId, the id of the call it answers.")
        if self._results is None:
            self._results = []
            self.said.insert(self._after, {"role": "user", "content": self._results})
        content = anthropic_parts.content(message) or ""
        self._results.append(
            {"type": "tool_result", "tool_use_id": self._ids[message.tool_call_id], "content": content}
        )

    def _place(self) -> None:
        """A system message may only stand between a user's turn and the assistant's, or last:
        https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages"""
        if self._instructions and self.said and self.said[-1]["role"] == "user":
            self.said.append({"role": "system", "content": "\n\n".join(self._instructions)})
            self._instructions.clear()

    def _assistant(self, message: Message) -> str | list[Json]:
        """Nothing for a turn that said nothing: the API refuses empty text."""
        opaque = message.opaque
        if opaque is not None and opaque.get("dialect") == NAME:
            return [_renamed(block, self._ids) for block in items(opaque.get("content"))]
        text = anthropic_parts.text(message)
        if not message.tool_calls:
            return text if text.strip() else ""
        blocks: list[Json] = [{"type": "text", "text": text}] if text.strip() else []
        for tool_call in message.tool_calls:
            call: Json = {"type": "tool_use", "id": tool_call.id, "name": tool_call.name, "input": tool_call.arguments}
            blocks.append(_renamed(call, self._ids))
        return blocks

    def _end(self, call: Call, model: str) -> None:
        if not self.said:
            raise BadRequest("The messages hold nothing that is said by the user: add a message.")
        last = self.said[-1]
        opaque = call.messages[-1].opaque if call.messages[-1].role == "assistant" else None
        if last["role"] != "assistant" or (opaque and opaque.get("paused")):
            return
        if not self._quirks.prefill:
            # https://platform.claude.com/docs/en/api/errors#prefill-not-supported
            raise BadRequest(
                f"{model} does not go on with the assistant's own words: end the messages with the user's."
            )
        last["content"] = _without_end(last["content"])


def _renamed(block: Json, ids: ToolIds) -> Json:
    """Servers that copy this format give ids that Anthropic itself would refuse."""
    fields = mapping(block)
    old = fields.get("id")
    if fields.get("type") != "tool_use" or not isinstance(old, str) or ids[old] == old:
        return block
    return {**fields, "id": ids[old]}


def _without_end(content: Json) -> Json:
    """ "messages: final assistant content cannot end with trailing whitespace", vercel/ai#2124."""
    if isinstance(content, str):
        return content.rstrip()
    blocks = items(content)
    last = mapping(blocks[-1])
    text = last.get("text")
    return [*blocks[:-1], {**last, "text": text.rstrip()}] if isinstance(text, str) else content
