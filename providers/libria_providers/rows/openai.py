"""OpenAI, and Azure, which serves OpenAI's models in OpenAI's own formats."""

import re

from libria_providers import azure
from libria_providers.dialects.base import Quirks
from libria_providers.dialects.completions import OpenAICompletions
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.dialects.openai_embeddings import OpenAIEmbeddings
from libria_providers.dialects.openai_responses import OpenAIResponses
from libria_providers.dialects.openai_responses_count import ResponsesCount
from libria_providers.dialects.tool_ids import IdRule
from libria_providers.row import Profile, Route, Row

_CHAT = OpenAIChat()
_RESPONSES = OpenAIResponses()
_COUNT = ResponsesCount()
_EMBED = OpenAIEmbeddings()

# Snapshots and fine-tuned models ("ft:o4-mini-2025-04-16:…") are called after their family.
_FAMILY = r"^(?:ft:)?"
_SAMPLING = ("temperature", "topP")

# Which model refuses what with the effort that it has when none is asked for; later facts come before
# earlier ones. Of gpt-5.1 to gpt-5.4 that effort is "none", with which they take a temperature; what they
# refuse once an effort is asked for, they say themselves.
# https://platform.openai.com/docs/guides/latest-model, https://platform.openai.com/docs/guides/reasoning
_REFUSALS = (
    # "Unrecognized request argument supplied: reasoning_effort"; "Encrypted content is not supported with
    # this model."
    Profile.of(
        _FAMILY + r"(?:gpt-[34]|chatgpt-|gpt-5-chat)",
        refuses=("reasoning",),
        encrypted_reasoning=False,
    ),
    # "Model incompatible request arguments supplied: …, temperature, top_p": vercel/ai#5647
    Profile.of(_FAMILY + r"gpt-4o.*-search-preview", refuses=("reasoning", *_SAMPLING)),
    Profile.of(_FAMILY + r"o[1-9](?!\d)", refuses=_SAMPLING, efforts=(("minimal", "low"),)),
    # `stop`: "Not supported with latest reasoning models o3 and o4-mini", OpenAI's OpenAPI.
    Profile.of(_FAMILY + r"(?:o3(?!-mini)|o4)", refuses=(*_SAMPLING, "stop")),
    Profile.of(_FAMILY + r"gpt-5(?![.\d]|-chat)", refuses=(*_SAMPLING, "stop")),
    # "Unsupported value: 'minimal' is not supported with the 'gpt-5.1' model"; `stop`:
    # huggingface/smolagents#1868 and #1893
    Profile.of(_FAMILY + r"gpt-5\.[1-4](?!\d|.*-chat)", refuses=("stop",), efforts=(("minimal", "low"),)),
    # Their effort is never "none" unless that is asked for, so only the default temperature is taken.
    Profile.of(
        _FAMILY + r"gpt-(?:5\.(?:[5-9]|\d\d)|[6-9]|\d\d)(?!.*-chat)",
        refuses=(*_SAMPLING, "stop"),
        efforts=(("minimal", "low"),),
    ),
    Profile.of(_FAMILY + r"(?:gpt-[5-9].*)?codex", refuses=(*_SAMPLING, "stop"), efforts=(("minimal", "low"),)),
    Profile.of(
        _FAMILY + r"gpt-[5-9].*-pro(?!\w)",
        refuses=(*_SAMPLING, "stop"),
        efforts=(("minimal", "medium"), ("low", "medium")),
    ),
    # "The gpt-5-pro model defaults to (and only supports) high reasoning effort."
    Profile.of(_FAMILY + r"gpt-5-pro(?!\w)", efforts=(("minimal", "high"), ("low", "high"), ("medium", "high"))),
    # "Supported values are: 'medium'."
    Profile.of(
        r"deep-research|gpt-5\.\d+-chat", efforts=(("minimal", "medium"), ("low", "medium"), ("high", "medium"))
    ),
)

# With the effort that they have when none is asked for they think in silence before the first delta.
_SLOW = Profile.of(
    _FAMILY + r"(?:o[1-9](?!\d)|gpt-5(?![.\d])|gpt-5\.(?:[5-9]|\d\d)|gpt-(?:[6-9]|\d\d)|.*codex|.*-pro|.*deep-research)"
    r"(?!.*-chat)",
    slow_start="thinks",
)
PROFILES = (_SLOW, *_REFUSALS)

ROUTES = (
    # Models that have no chat: https://platform.openai.com/docs/deprecations
    Route(
        re.compile(_FAMILY + r"(?:gpt-3\.5-turbo-instruct|davinci-002|babbage-002)"),
        OpenAICompletions(),
        fill=OpenAICompletions(),
    ),
    # 404 "This model is only supported in v1/responses and not in v1/chat/completions.": ModelIdsResponses
    # of OpenAI's OpenAPI, and every codex and pro since.
    Route(
        re.compile(
            _FAMILY + r"(?:(?:o\d|gpt-).*-pro(?!\w)|.*codex|.*deep-research|computer-use|gpt-daybreak|gpt-.*-cyber)",
            re.IGNORECASE,
        ),
        _RESPONSES,
    ),
    # 400 "Function tools with reasoning_effort are not supported for … in /v1/chat/completions. To use
    # function tools, use /v1/responses or set reasoning_effort to 'none'.", from gpt-5.4 on; later ones
    # have another effort by default: https://developers.openai.com/api/docs/guides/deployment-checklist
    Route(
        re.compile(_FAMILY + r"gpt-(?:5\.(?:[4-9]|\d\d)|[6-9]|\d\d)(?!.*-chat)", re.IGNORECASE), _RESPONSES, tools=True
    ),
)

_HEADERS = (("OPENAI_ORG_ID", "openai-organization"), ("OPENAI_PROJECT_ID", "openai-project"))

ROWS = (
    Row(
        name="openai",
        title="OpenAI",
        base_url="https://api.openai.com/v1",
        dialect=_CHAT,
        docs="https://platform.openai.com/docs/api-reference/chat",
        key_env=("OPENAI_API_KEY",),
        base_url_env=("OPENAI_BASE_URL",),
        env_headers=_HEADERS,
        # Reasoning models answer 400 to max_tokens; the others take both. "Invalid
        # 'messages[10].tool_calls[0].id': string too long. Expected a string with maximum length 40".
        quirks=Quirks(max_tokens_name="max_completion_tokens", tool_id=IdRule(".{1,40}", 24), embed_encoding="base64"),
        profiles=PROFILES,
        routes=ROUTES,
        embed=_EMBED,
        count=_COUNT,
        default_model="gpt-6-luna",
    ),
)

OTHERS = (
    Row(
        name="openai-responses",
        variant=True,
        title="OpenAI (Responses)",
        base_url="https://api.openai.com/v1",
        dialect=_RESPONSES,
        docs="https://platform.openai.com/docs/api-reference/responses",
        key_env=("OPENAI_API_KEY",),
        base_url_env=("OPENAI_BASE_URL",),
        env_headers=_HEADERS,
        quirks=Quirks(tool_id=IdRule(".{1,64}", 24)),  # maxLength of call_id in OpenAI's OpenAPI
        profiles=PROFILES,
        embed=_EMBED,
        count=_COUNT,
        default_model="gpt-6-luna",
    ),
    Row(
        name="azure",
        title="Azure OpenAI",
        base_url="",  # each resource has its own
        locate=azure.locate,
        locate_env=("OPENAI_API_VERSION",),
        dialect=azure.AzureChat(),
        docs="https://learn.microsoft.com/azure/foundry/openai/reference",
        key_env=("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"),
        base_url_env=("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL"),
        bearer_env=("AZURE_OPENAI_AD_TOKEN",),
        # What a deployment is called says nothing of its model.
        quirks=Quirks(max_tokens_name="max_completion_tokens", tool_id=IdRule(".{1,40}", 24), embed_encoding="base64"),
        embed=_EMBED,
    ),
    Row(
        name="azure-responses",
        variant=True,
        title="Azure OpenAI (Responses)",
        base_url="",
        locate=azure.locate_v1,
        locate_env=("OPENAI_API_VERSION",),
        dialect=azure.AzureResponses(),
        docs="https://learn.microsoft.com/azure/foundry/openai/how-to/responses",
        key_env=("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"),
        base_url_env=("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL"),
        bearer_env=("AZURE_OPENAI_AD_TOKEN",),
        quirks=Quirks(tool_id=IdRule(".{1,64}", 24)),
    ),
)
