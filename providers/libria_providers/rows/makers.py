"""Vendors that speak OpenAI's chat format and make their own models."""

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.completions import OpenAICompletions
from libria_providers.dialects.no_chat import NoChat
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.dialects.openai_embeddings import OpenAIEmbeddings
from libria_providers.row import Profile, Row

_CHAT = OpenAIChat()
_EMBEDDINGS = OpenAIEmbeddings()
_LOW_HIGH = (("minimal", "low"), ("medium", "high"))  # where there are low, high and max

ROWS = (
    Row(
        name="deepseek",
        title="DeepSeek",
        base_url="https://api.deepseek.com",
        dialect=_CHAT,
        docs="https://api-docs.deepseek.com/api/create-chat-completion",
        key_env=("DEEPSEEK_API_KEY",),
        base_url_env=("DEEPSEEK_BASE_URL",),
        # response_format is text or json_object; a turn with tool calls must come back with its
        # reasoning_content; it thinks unless told not to, and then ignores the temperature and answers 400 to
        # a forced tool: "Thinking mode does not support this tool_choice".
        # https://api-docs.deepseek.com/guides/thinking_mode
        quirks=Quirks(json_schema=False, file_part=None, echo=("reasoning_content",), forced_choice="unthinking"),
        profiles=(Profile.of("reasoner", forced_tools=False),),  # it cannot but think
        fill=OpenAICompletions("/beta/completions"),  # https://api-docs.deepseek.com/api/create-completion
        default_model="deepseek-flash",
    ),
    Row(
        name="xai",
        title="xAI",
        base_url="https://api.x.ai/v1",
        dialect=_CHAT,
        docs="https://docs.x.ai/docs/api-reference#chat-completions",
        key_env=("XAI_API_KEY",),
        base_url_env=("XAI_BASE_URL",),
        # total_tokens = prompt + completion + reasoning in 125 of 125 recorded replies. Files are a matter
        # of its Responses API.
        quirks=Quirks(
            max_tokens_name="max_completion_tokens",
            reasoning_outside_output=True,
            file_part=None,
            efforts=(("minimal", "low"),),
        ),
        profiles=(
            # "presencePenalty, frequencyPenalty and stop parameters are not supported by reasoning models";
            # an effort is known to grok-3-mini and from grok-4.3 on.
            # https://docs.x.ai/developers/model-capabilities/text/reasoning
            Profile.of("grok-(3-mini|[4-9]|build|latest|code)", refuses=("stop",), slow_start="thinks"),
            Profile.of(r"grok-(4\.20|build-0|code)", refuses=("stop", "reasoning")),
            Profile.of("non-reasoning", refuses=("reasoning",), slow_start=None),
        ),
        default_model="grok-4.3",
    ),
    Row(
        name="perplexity",
        title="Perplexity",
        base_url="https://api.perplexity.ai",
        dialect=OpenAIChat(models_path="/v1/models"),
        docs="https://docs.perplexity.ai/api-reference/sonar-post",
        key_env=("PERPLEXITY_API_KEY",),
        base_url_env=("PERPLEXITY_BASE_URL",),
        # "Tool calling is not supported for this model": pipecat-ai/pipecat#4862. response_format is text,
        # json_schema or regex, a file is base64 without "data:": perplexityai 0.46.1. Usage comes unasked
        # with every chunk. Vectors are whole numbers from -128 to 127, compared by their cosine.
        # https://docs.perplexity.ai/docs/embeddings/standard-embeddings
        quirks=Quirks(
            stream_usage=False,
            json_object=False,
            file_part="file_url",
            refuses=("tools", "toolChoice"),
            embed_encoding="base64_int8",
            embed_batch=512,
        ),
        profiles=(Profile.of("deep-research|reasoning", slow_start="thinks"),),
        embed=OpenAIEmbeddings(path="/v1/embeddings"),
        default_model="sonar",
    ),
    Row(
        name="moonshot",
        title="Moonshot AI",
        base_url="https://api.moonshot.ai/v1",  # in China api.moonshot.cn/v1, with keys of its own
        dialect=_CHAT,
        docs="https://platform.kimi.ai/docs/api/chat",
        key_env=("MOONSHOT_API_KEY",),
        base_url_env=("MOONSHOT_BASE_URL",),
        # temperature and top_p are fixed; an effort is low, high or max since kimi-k3, which takes "required"
        # but no tool by name; a turn with tool calls is refused without its reasoning, also when that is "".
        # https://platform.kimi.ai/docs/api/models-overview, earendil-works/pi#4178,
        # UKGovernmentBEIS/inspect_ai#5152
        quirks=Quirks(
            max_tokens_name="max_completion_tokens",
            file_part=None,
            efforts=_LOW_HIGH,
            forced_choice="required",
            refuses=("temperature", "topP"),
            echo=("reasoning_content",),
            echo_blank=" ",
        ),
        profiles=(
            # "tool_choice 'specified' is incompatible with thinking enabled": can1357/oh-my-pi#1077
            Profile.of(r"kimi-k2[.-][56]", reasoning="thinking", forced_choice="unthinking"),
            Profile.of(r"kimi-k2[.-]7|kimi-k2-thinking", reasoning="thinking", forced_tools=False),  # always thinks
            Profile.of("^moonshot-", refuses=("reasoning",), forced_choice="any", echo=()),
        ),
        default_model="kimi-k2.6",
    ),
    Row(
        name="zai",
        title="Z.ai",
        base_url="https://api.z.ai/api/paas/v4",  # of the coding plan api.z.ai/api/coding/paas/v4
        dialect=_CHAT,
        docs="https://docs.z.ai/api-reference/llm/chat-completion",
        key_env=("ZAI_API_KEY",),
        base_url_env=("ZAI_BASE_URL",),
        # response_format is text or json_object, tool_choice is auto; thinking "should be explicitly preserved
        # and returned together with the tool results".
        # https://docs.z.ai/guides/capabilities/thinking-mode
        quirks=Quirks(
            json_schema=False, file_part=None, forced_tools=False, reasoning="thinking", echo=("reasoning_content",)
        ),
        profiles=(
            # Else a tool call is silence until it is whole: https://docs.z.ai/guides/tools/stream-tool
            Profile.of(r"glm-(4\.[6-9]|[5-9])", sends=(("tool_stream", True),)),
            Profile.of(r"glm-(5\.[2-9]|[6-9])", reasoning="effort", efforts=_LOW_HIGH),
        ),
        default_model="glm-5.3-flash",
    ),
    Row(
        name="alibaba",
        title="Alibaba Model Studio",
        # In China dashscope.aliyuncs.com/compatible-mode/v1, with keys of its own.
        base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        dialect=_CHAT,
        docs="https://www.alibabacloud.com/help/en/model-studio/qwen-api-via-openai-chat-completions",
        key_env=("DASHSCOPE_API_KEY",),
        base_url_env=("DASHSCOPE_BASE_URL",),
        # https://www.alibabacloud.com/help/en/model-studio/deep-thinking,
        # https://www.alibabacloud.com/help/en/model-studio/embedding-interfaces-compatible-with-openai
        quirks=Quirks(reasoning="enable_thinking", json_schema=False, file_part=None, embed_batch=10),
        profiles=(
            # https://www.alibabacloud.com/help/en/model-studio/qwen-structured-output#supported-models
            Profile.of(r"^qwen(3\.[7-9]|[4-9])", json_schema=True),
            Profile.of(r"^qwen.*text-embedding", embed_batch=20),
        ),
        embed=_EMBEDDINGS,
        default_model="qwen3.8-flash",
    ),
    Row(
        name="voyage",
        title="Voyage AI",
        base_url="https://api.voyageai.com/v1",
        dialect=NoChat(),
        docs="https://docs.voyageai.com/reference/embeddings-api",
        key_env=("VOYAGE_API_KEY",),
        base_url_env=("VOYAGE_BASE_URL",),
        quirks=Quirks(embed_encoding="base64", dimensions_name="output_dimension", embed_batch=1000),
        embed=_EMBEDDINGS,
    ),
)
