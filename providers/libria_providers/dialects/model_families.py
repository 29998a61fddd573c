"""What families of models can do, for lists that say nothing but ids: only what is sure.

The first pattern that is found in an id (without its provider) counts. Where a family is not here, nothing is known.
"""

import re

from libria_providers.types import Capability

_NOTHING: tuple[Capability, ...] = ()
_TALKS: tuple[Capability, ...] = ("chat", "tools")
_SEES: tuple[Capability, ...] = ("chat", "tools", "vision")
_THINKS: tuple[Capability, ...] = ("chat", "tools", "reasoning")
_SEES_AND_THINKS: tuple[Capability, ...] = ("chat", "tools", "vision", "reasoning")

_FAMILIES: tuple[tuple[str, tuple[Capability, ...]], ...] = (
    (r"rerank|moderation|guard|safeguard|whisper|dall-e|sora|veo-|imagen|image|transcri|realtime|audio|speech|tts"
     r"|voxtral|ocr|deep-research", _NOTHING),
    (r"embed|(^|/)(voyage|bge|e5|gte|all-minilm)-|-(search|similarity)-", ("embed",)),
    (r"(davinci|babbage)-00\d|gpt-3\.5-turbo-instruct", ("complete",)),
    # https://platform.openai.com/docs/models
    (r"gpt-oss", _THINKS),
    (r"gpt-5.*-chat", ("chat", "vision")),
    (r"gpt-[5-9]", (*_SEES, "files", "reasoning", "json", "jsonSchema")),
    (r"gpt-4o|gpt-4\.1", (*_SEES, "files", "json", "jsonSchema")),
    (r"gpt-4-turbo", (*_SEES, "json")),
    (r"gpt-4|gpt-3\.5", _TALKS),
    (r"(^|/)o1-(mini|preview)", ("chat", "reasoning")),
    (r"(^|/)o3-mini", (*_THINKS, "json", "jsonSchema")),
    (r"(^|/)o[134](-|$)", (*_SEES_AND_THINKS, "json", "jsonSchema")),
    # https://platform.claude.com/docs/en/about-claude/models/overview
    (r"claude-(3-7|3\.7|(opus|sonnet|haiku|fable)-[4-9])", (*_SEES, "files", "reasoning")),
    (r"claude-3", _SEES),
    # https://ai.google.dev/gemini-api/docs/models
    (r"gemini-(2\.5|[3-9])", (*_SEES, "files", "reasoning", "json", "jsonSchema")),
    (r"gemini-", (*_SEES, "files", "json")),
    # https://docs.x.ai/docs/models
    (r"grok-.*non-reasoning", (*_SEES, "json", "jsonSchema")),
    (r"grok-[4-9]", (*_SEES_AND_THINKS, "json", "jsonSchema")),
    (r"grok-3", (*_TALKS, "json", "jsonSchema")),
    # https://api-docs.deepseek.com/quick_start/pricing
    (r"deepseek-(chat|v3)", (*_TALKS, "json")),
    (r"deepseek-(reasoner|flash|v[4-9])", (*_THINKS, "json")),
    (r"deepseek-r1", ("chat", "reasoning")),
    # https://platform.kimi.ai/docs/api/models-overview
    (r"kimi-k(2[.p][5-9]|[3-9])", (*_SEES_AND_THINKS, "json", "jsonSchema")),
    (r"kimi-k2-thinking", _THINKS),
    (r"kimi-k2", _TALKS),
    # https://docs.z.ai/guides/overview/pricing
    (r"glm-\d([.p]\d)?v", ("chat", "vision", "reasoning")),
    (r"glm-(4[.p][5-9]|[5-9])", (*_THINKS, "json")),
    # https://docs.mistral.ai/getting-started/models
    (r"codestral", ("chat", "complete", "tools")),
    (r"magistral", _THINKS),
    (r"pixtral", _SEES),
    (r"(ministral|devstral|mistral-(small|medium|large))", _TALKS),
    (r"sonar-(reasoning|deep)", ("chat", "reasoning", "jsonSchema")),
    (r"sonar", ("chat", "jsonSchema")),
    (r"qwen.*-vl|qwen.*vl-", ("chat", "vision")),
    (r"qwen-?3", _TALKS),
    (r"llama-?4", _SEES),
    (r"llama-?3\.2.*vision", ("chat", "vision")),
    (r"llama-?3\.[123]", _TALKS),
    (r"gemma-?3-(4b|12b|27b)", ("chat", "vision")),
    (r"command-[ar]", _TALKS),
)  # fmt: skip
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), abilities) for pattern, abilities in _FAMILIES)


def known(model: str) -> tuple[Capability, ...]:
    """Empty where nothing is."""
    return next((abilities for pattern, abilities in _PATTERNS if pattern.search(model)), _NOTHING)
