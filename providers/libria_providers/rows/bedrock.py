"""Amazon Bedrock, with an API key of its own: what the access keys of an AWS account want, a signature of
each request, is not done here."""

import re

from libria_providers import bedrock
from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.anthropic_wire import VERSION
from libria_providers.dialects.base import Quirks
from libria_providers.dialects.bedrock_converse import BedrockConverse
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.dialects.openai_responses import OpenAIResponses
from libria_providers.row import Profile, Route, Row
from libria_providers.rows.anthropic import CLAUDE

_KEY = ("AWS_BEARER_TOKEN_BEDROCK",)  # https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html

# https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html
_NOT_CLAUDE = (
    r"\b(?:ai21|amazon|cohere|deepseek|google|luma|meta|minimax|mistral|moonshot(?:ai)?|nvidia|openai|qwen|"
    r"stability|twelvelabs|writer|xai|zai)\."
)

_GPT = r"^openai\.(?!gpt-oss)"

ROWS = (
    Row(
        name="bedrock",
        title="Amazon Bedrock",
        base_url="",
        locate=bedrock.runtime,
        locate_env=bedrock.VARIABLES,
        models_at=bedrock.control,
        dialect=BedrockConverse(),
        # No `count`: CountTokens refuses inference profiles and all models but some of Claude's,
        # https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html
        docs="https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference.html",
        key_env=_KEY,
        base_url_env=("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"),
        # Claude's signed reasoning goes back, also to a name that does not show whose model it is (an
        # application's inference profile); no other model reads it.
        quirks=Quirks(echo=("reasoningContent",)),
        profiles=(
            *CLAUDE,
            Profile.of(r"claude", converse_reasoning="thinking"),
            Profile.of(_NOT_CLAUDE, echo=()),
            Profile.of(r"\bnova-2", converse_reasoning="reasoningConfig"),
            Profile.of(r"\bopenai\.", converse_reasoning="reasoning_effort"),
        ),
        default_model="global.anthropic.claude-haiku-4-5-20251001-v1:0",
    ),
    Row(
        name="bedrock-mantle",
        variant=True,
        title="Amazon Bedrock (OpenAI-compatible)",
        base_url="",
        prefix="/v1",
        locate=bedrock.mantle,
        locate_env=bedrock.VARIABLES,
        dialect=OpenAIChat(),
        docs="https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html",
        key_env=_KEY,
        base_url_env=("AWS_ENDPOINT_URL_BEDROCK_MANTLE",),
        headers=(("anthropic-version", VERSION),),  # for Claude; the others do not look at it
        quirks=Quirks(file_part=None),
        profiles=(*CLAUDE, Profile.of(_GPT, file_part="file")),
        # "model … isn't supported on this route", bedrock-mantle.html: OpenAI's own models answer Responses,
        # Claude its own format. Recorded of the former.
        routes=(
            Route(re.compile(_GPT), OpenAIResponses(), prefix="/openai/v1"),
            Route(re.compile(r"^anthropic\."), AnthropicMessages(), prefix="/anthropic/v1"),
        ),
        default_model="openai.gpt-oss-120b",
    ),
)
