"""`-t NAME`: a template, and what the command line says besides, as a call."""

from typing import Any

from libria.cli.templates import find, load

Json = Any


def templated(
    name: str, given: dict[str, str], input: str, system: str | None
) -> tuple[str, str | None, dict[str, Json]]:
    """The prompt, the system prompt, and what else the template says, as params of `libria/chat`, which what is said
    on the command line goes before; and `schema`, as `--schema` takes it. Raises Wrong."""
    template = load(find(name))
    prompt, told = template.filled(input, given, name)
    effort = template.reasoning_effort
    said = {
        "model": template.model,
        "fallbacks": template.fallbacks or None,
        "maxTokens": template.max_tokens,
        "temperature": template.temperature,
        "reasoning": {"effort": effort} if effort else None,
        "schema": template.schema,
    }
    return prompt, told if system is None else system, {key: value for key, value in said.items() if value is not None}
