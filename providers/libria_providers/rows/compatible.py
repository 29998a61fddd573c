"""Vendors that speak OpenAI's chat format: those who serve the models of others. Makers of their own are in
makers.py."""

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.dialects.openai_embeddings import OpenAIEmbeddings
from libria_providers.row import Profile, Row
from libria_providers.rows import makers

_CHAT = OpenAIChat()
_EMBEDDINGS = OpenAIEmbeddings()
_NO_MINIMAL = (("minimal", "low"),)

_HOSTS = (
    Row(
        name="groq",
        title="Groq",
        base_url="https://api.groq.com",
        prefix="/openai/v1",
        dialect=_CHAT,
        docs="https://console.groq.com/docs/api-reference#chat",
        key_env=("GROQ_API_KEY",),
        base_url_env=("GROQ_BASE_URL",),
        # reasoning_effort is none, default, low, medium or high: groq-sdk 1.7.0.
        # Its headers tell of the requests of a day and the tokens of a minute: https://console.groq.com/docs/rate-limits
        quirks=Quirks(
            max_tokens_name="max_completion_tokens",
            file_part=None,
            efforts=_NO_MINIMAL,
            limit_windows=(("requests", 86400.0), ("tokens", 60.0)),
        ),
        profiles=(
            # They think aloud within the answer, and have no levels: https://console.groq.com/docs/reasoning
            Profile.of(
                "qwen/qwen3|qwq",
                sends=(("reasoning_format", "parsed"),),
                efforts=(("minimal", "default"), ("low", "default"), ("medium", "default"), ("high", "default")),
            ),
        ),
        default_model="openai/gpt-oss-20b",
    ),
    Row(
        name="cerebras",
        title="Cerebras",
        base_url="https://api.cerebras.ai",
        prefix="/v1",
        dialect=_CHAT,
        docs="https://inference-docs.cerebras.ai/api-reference/chat-completions",
        key_env=("CEREBRAS_API_KEY",),
        base_url_env=("CEREBRAS_BASE_URL",),
        # reasoning_effort is none, low, medium or high: cerebras-cloud-sdk 1.91.0.
        quirks=Quirks(max_tokens_name="max_completion_tokens", file_part=None, efforts=_NO_MINIMAL),
        profiles=(
            # https://inference-docs.cerebras.ai/capabilities/reasoning
            Profile.of("^qwen-?3", sends=(("reasoning_format", "parsed"),)),
            Profile.of(r"^(kimi-k3|zai-glm-5\.3)", efforts=(*_NO_MINIMAL, ("medium", "high"))),  # low, high, max
        ),
        default_model="gpt-oss-120b",
    ),
    Row(
        name="together",
        title="Together AI",
        base_url="https://api.together.ai",  # as its SDK says since 3.0; api.together.xyz/v1 is the same
        prefix="/v1",
        dialect=_CHAT,
        docs="https://docs.together.ai/reference/chat-completions-1",
        key_env=("TOGETHER_API_KEY",),
        base_url_env=("TOGETHER_BASE_URL",),
        # reasoning_effort is low, medium or high, no part is a file, embeddings have no dimensions:
        # together 3.1.1.
        # Its headers count a second: 10 requests and 3000 tokens where the tier has 600 and 180 000 a minute.
        # https://support.together.ai/en/articles/8988956-rate-limits
        quirks=Quirks(
            file_part=None,
            efforts=_NO_MINIMAL,
            refuses=("dimensions",),
            limit_windows=(("requests", 1.0), ("tokens", 1.0)),
        ),
        embed=_EMBEDDINGS,
        default_model="openai/gpt-oss-120b",
    ),
    Row(
        name="fireworks",
        title="Fireworks AI",
        base_url="https://api.fireworks.ai",
        prefix="/inference/v1",
        dialect=_CHAT,
        docs="https://docs.fireworks.ai/api-reference/post-chatcompletions",
        key_env=("FIREWORKS_API_KEY",),
        base_url_env=("FIREWORKS_BASE_URL",),
        # reasoning_effort is none, low, medium or high: fireworks-ai 1.2.30.
        quirks=Quirks(file_part=None, efforts=_NO_MINIMAL, embed_batch=256),
        embed=_EMBEDDINGS,
        default_model="accounts/fireworks/models/gpt-oss-120b",
    ),
    Row(
        name="openrouter",
        title="OpenRouter",
        base_url="https://openrouter.ai/api/v1",
        dialect=_CHAT,
        docs="https://openrouter.ai/docs/api/reference/overview",
        key_env=("OPENROUTER_API_KEY",),
        base_url_env=("OPENROUTER_BASE_URL",),
        # https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks
        quirks=Quirks(reasoning="object", echo=("reasoning_details",)),
        embed=_EMBEDDINGS,  # https://openrouter.ai/docs/api/reference/embeddings
        default_model="openrouter/auto",
    ),
    Row(
        name="vercel-gateway",
        title="Vercel AI Gateway",
        base_url="https://ai-gateway.vercel.sh/v1",
        dialect=_CHAT,
        docs="https://vercel.com/docs/ai-gateway/sdks-and-apis/openai-chat-completions",
        key_env=("AI_GATEWAY_API_KEY", "VERCEL_OIDC_TOKEN"),
        base_url_env=("AI_GATEWAY_BASE_URL",),
        # https://vercel.com/docs/ai-gateway/sdks-and-apis/openai-chat-completions/reasoning; a recorded
        # conversation carries the reasoning_details back.
        quirks=Quirks(reasoning="object", echo=("reasoning_details",), file_part="data"),
        embed=_EMBEDDINGS,
        default_model="anthropic/claude-haiku-4.5",
    ),
    Row(
        name="nvidia",
        title="NVIDIA NIM",
        base_url="https://integrate.api.nvidia.com/v1",
        dialect=_CHAT,
        docs="https://docs.api.nvidia.com/nim/reference/llm-apis",
        key_env=("NVIDIA_API_KEY",),
        base_url_env=("NVIDIA_BASE_URL",),
        # Its models for retrieval want to know which side a text is on. "passage" is the one that is searched;
        # {"input_type": "query"} in providerOptions says the other.
        # https://docs.nvidia.com/nim/nemo-retriever/text-embedding/latest/reference.html
        quirks=Quirks(file_part=None, efforts=_NO_MINIMAL, embed_input_type="passage", embed_batch=50),
        embed=_EMBEDDINGS,
        default_model="openai/gpt-oss-120b",
    ),
    Row(
        name="sambanova",
        title="SambaNova",
        base_url="https://api.sambanova.ai/v1",
        dialect=_CHAT,
        docs="https://docs.sambanova.ai/docs/en/api-reference/overview",
        key_env=("SAMBANOVA_API_KEY",),
        base_url_env=("SAMBA_NOVA_BASE_URL", "SAMBANOVA_BASE_URL"),  # the first is its SDK's
        # reasoning_effort is low, medium or high, embeddings have no dimensions: sambanova 1.13.0.
        quirks=Quirks(
            file_part=None, efforts=_NO_MINIMAL, embed_encoding="base64", embed_batch=32, refuses=("dimensions",)
        ),
        embed=_EMBEDDINGS,
        default_model="gpt-oss-120b",
    ),
    Row(
        name="huggingface",
        title="Hugging Face",
        base_url="https://router.huggingface.co/v1",
        dialect=_CHAT,
        docs="https://huggingface.co/docs/inference-providers/tasks/chat-completion",
        key_env=("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"),
        # What is understood depends on who serves the model ("model:provider" chooses), so little is refused
        # here. Its router has embeddings at other addresses, each in a form of its own.
        quirks=Quirks(file_part=None, efforts=_NO_MINIMAL),
        default_model=None,  # HF_TOKEN is on many machines for downloads alone: whoever wants this names it
    ),
)

ROWS = (*_HOSTS, *makers.ROWS)
