"""Anthropic, and what is true of Claude's families wherever they are served."""

from libria_providers.dialects.anthropic_count import AnthropicCount
from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.anthropic_wire import VERSION, VERSION_2026
from libria_providers.dialects.base import Parameter, Quirks
from libria_providers.row import Profile, Row

_MESSAGES = AnthropicMessages()
_SAMPLING: tuple[Parameter, ...] = ("temperature", "topP")

# claude-opus-4-8, claude-haiku-4-5-20251001, claude-opus-4@20250514, anthropic.claude-sonnet-4.6-v1:0: what
# follows a version as a date is no minor version.
_LINE = "claude-[a-z]+-"
_4_0_TO_1 = rf"{_LINE}4(?:[-.][01])?(?!\d|[-.]\d{{1,2}}(?!\d))"
_4_1_TO_6 = rf"{_LINE}4[-.][156](?!\d)"
_SINCE_4_5 = rf"{_LINE}(?:4[-.](?:[5-9]|[1-9]\d)|[5-9]|[1-9]\d)(?!\d)|claude-mythos-preview"
_SINCE_4_6 = rf"{_LINE}(?:4[-.](?:[6-9]|[1-9]\d)|[5-9]|[1-9]\d)(?!\d)|claude-mythos-preview"
_SINCE_4_7 = rf"{_LINE}(?:4[-.](?:[7-9]|[1-9]\d)|[5-9]|[1-9]\d)(?!\d)|claude-mythos-preview"
_SINCE_5 = rf"{_LINE}(?:[5-9]|[1-9]\d)(?!\d)"
_SYSTEM_TURNS = rf"claude-opus-4[-.]8(?!\d)|(?!claude-sonnet-5(?![-.]\d{{1,2}}(?!\d))){_SINCE_5}"
_PRESERVING = rf"claude-(?:fable|mythos)-5[-.][1-9](?!\d)|{_LINE}5[-.][5-9](?!\d)|{_LINE}(?:[6-9]|[1-9]\d)(?!\d)"

CLAUDE = (
    # Thinking came with 3.7, structured outputs with 4.5. The API demands max_tokens and refuses more than
    # the model's own limit: 4096 (3), 8192 (3.5), 32000 (Opus 4 and 4.1), 64000 (4.5), 128000 (since 4.6).
    # https://platform.claude.com/docs/en/about-claude/models/overview
    # https://platform.claude.com/docs/en/build-with-claude/structured-outputs
    Profile.of(r"claude-3(?![-.]7)", json_schema=False, refuses=("reasoning",)),
    Profile.of(r"claude-3[-.][57]", json_schema=False, answer_tokens=8192),
    Profile.of(_4_0_TO_1, json_schema=False, answer_tokens=8192),
    Profile.of(_SINCE_4_5, answer_tokens=16_000),
    Profile.of(_SINCE_5, answer_tokens=32_000),  # these think unless told not to, and it counts
    # "`temperature` and `top_p` cannot both be specified for this model": of Opus 4.1, Sonnet and Haiku 4.5,
    # Sonnet 4.6, cloud-apim/otoroshi-llm-extension#140, skydiscover-ai/skydiscover#15
    Profile.of(_4_1_TO_6, one_sampler=True),
    # Effort instead of budgets, no prefill: https://platform.claude.com/docs/en/about-claude/models/migration-guide
    Profile.of(_SINCE_4_6, adaptive_thinking=True, prefill=False),
    Profile.of(_SINCE_4_7, refuses=_SAMPLING),
    # https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages; of Sonnet 5 the
    # vendor's pages disagree
    Profile.of(_SYSTEM_TURNS, system_turns=True),
    # https://platform.claude.com/docs/en/build-with-claude/preserved-thinking/prefix-checks
    Profile.of(_PRESERVING, binds_thinking=True, forced_tools=False),
    # What's new in Haiku 5.5 has everything else of 5.5, but not this.
    Profile.of(r"claude-haiku-5[-.]5", forced_tools=True),
)
"""Families of Claude, older ones first. For rows of other clouds too, whose names for these models hold
the same words."""

ROWS = (
    Row(
        name="anthropic",
        title="Anthropic",
        base_url="https://api.anthropic.com",
        prefix="/v1",
        dialect=_MESSAGES,
        docs="https://platform.claude.com/docs/en/api/messages",
        key_env=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
        base_url_env=("ANTHROPIC_BASE_URL",),
        bearer_env=("ANTHROPIC_AUTH_TOKEN",),
        # The config's own header says the other version: [providers.anthropic]
        # headers = {"anthropic-version" = "2026-10-21"}
        headers=(("anthropic-version", VERSION),),
        quirks=Quirks(cache_marks=True),
        profiles=(*CLAUDE, Profile.of("", header=("anthropic-version", VERSION_2026), refuses=_SAMPLING)),
        count=AnthropicCount(),
        default_model="claude-haiku-4-5",
    ),
)
