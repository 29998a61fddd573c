"""A conversation as Converse's messages.

Roles must take turns and no message may be empty, so what stands in a row is one message:
https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-call.html
"""

from libria_providers.dialects import bedrock_parts
from libria_providers.dialects.base import Quirks
from libria_providers.dialects.bedrock_parts import Parts
from libria_providers.dialects.bedrock_wire import NAME
from libria_providers.dialects.said import items, mapping
from libria_providers.dialects.tool_ids import IdRule, ToolIds
from libria_providers.errors import BadRequest
from libria_providers.types import Call, Json, Message

# API_runtime_ToolUseBlock.html allows more characters, Claude behind it does not.
_TOOL_ID = IdRule("[a-zA-Z0-9_-]{1,64}", 24)


class Turns:
    """`system` are the system texts, wherever they were said; `said` the messages; `uses_tools` whether a
    tool was called in them."""

    def __init__(self, call: Call, quirks: Quirks) -> None:
        self._ids = ToolIds(_TOOL_ID, call.messages)
        self._parts = Parts()
        self._reasoning = "reasoningContent" in quirks.echo
        self.system = [call.system] if call.system and call.system.strip() else []
        self.said: list[dict[str, Json]] = []
        for message in call.messages:
            self._add(message)
        self.uses_tools = any(
            "toolUse" in mapping(block) or "toolResult" in mapping(block)
            for turn in self.said
            for block in items(turn["content"])
        )

    def begun_without_reasoning(self) -> bool:
        """The turn at hand, whose calls are answered now, was begun by another provider or when nobody
        asked for reasoning. "Expected `thinking` or `redacted_thinking`, but found `tool_use`" is what
        Claude says if it is to reason in the middle of such a one."""
        last = next((turn for turn in reversed(self.said) if turn["role"] == "assistant"), None)
        blocks = [mapping(block) for block in items(last["content"])] if last else []
        return any("toolUse" in block for block in blocks) and "reasoningContent" not in blocks[0]

    def _add(self, message: Message) -> None:
        if message.role == "system":
            words = bedrock_parts.text(message)
            self.system += [words] if words.strip() else []
        elif message.role == "assistant":
            self._append("assistant", self._assistant(message))
        elif message.role == "tool":
            self._append("user", [self._tool_result(message)])
        else:
            self._append("user", self._parts.blocks(message))

    def _append(self, role: str, blocks: list[Json]) -> None:
        if not blocks:
            return
        if self.said and self.said[-1]["role"] == role:
            self.said[-1]["content"].extend(blocks)
        else:
            self.said.append({"role": role, "content": blocks})

    def _assistant(self, message: Message) -> list[Json]:
        """Nothing for a turn that was reasoning alone: Claude takes it for words to be gone on with,
        NousResearch/hermes-agent#105780."""
        opaque = mapping(message.opaque)
        if opaque.get("dialect") == NAME:
            blocks = [self._renamed(block) for block in items(opaque.get("content")) if self._goes_back(block)]
            return blocks if any("reasoningContent" not in mapping(block) for block in blocks) else []
        words = bedrock_parts.text(message)
        said: list[Json] = [{"text": words}] if words.strip() else []
        for call in message.tool_calls:
            use: Json = {"toolUseId": call.id, "name": call.name, "input": call.arguments}
            said.append(self._renamed({"toolUse": use}))
        return said

    def _goes_back(self, block: Json) -> bool:
        """Reasoning that nobody signed is a 400: "User messages cannot contain reasoning content",
        langchain-ai/langchain-aws#401 of DeepSeek."""
        if "reasoningContent" not in mapping(block):
            return True
        reasoning = mapping(mapping(block)["reasoningContent"])
        signed = "redactedContent" in reasoning or bool(mapping(reasoning.get("reasoningText")).get("signature"))
        return self._reasoning and signed

    def _renamed(self, block: Json) -> Json:
        use = mapping(mapping(block).get("toolUse"))
        old = use.get("toolUseId")
        if not isinstance(old, str) or self._ids[old] == old:
            return block
        return {"toolUse": {**use, "toolUseId": self._ids[old]}}

    def _tool_result(self, message: Message) -> Json:
        if not message.tool_call_id:
            raise BadRequest("A message of the role tool needs toolCallId, the id of the call it answers.")
        identity = self._ids[message.tool_call_id]
        return {"toolResult": {"toolUseId": identity, "content": self._parts.blocks(message)}}
