"""Servers on this machine, and the simulator."""

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.row import Row

_CHAT = OpenAIChat()

ROWS = (
    Row(
        name="ollama",
        title="Ollama",
        base_url="http://127.0.0.1:11434",
        prefix="/v1",
        dialect=_CHAT,
        docs="https://docs.ollama.com/api/openai-compatibility",
        key_env=("OLLAMA_API_KEY",),
        base_url_env=("OLLAMA_HOST",),
        quirks=Quirks(file_part=None),
        local=True,
        default_port=11434,
    ),
    Row(
        name="llamacpp",
        title="llama.cpp",
        base_url="http://127.0.0.1:8080",
        prefix="/v1",
        dialect=_CHAT,
        docs="https://github.com/ggml-org/llama.cpp/tree/master/tools/server",
        key_env=("LLAMA_API_KEY",),
        base_url_env=("LLAMACPP_BASE_URL",),
        local=True,
    ),
    Row(
        name="lmstudio",
        title="LM Studio",
        base_url="http://127.0.0.1:1234",
        prefix="/v1",
        dialect=_CHAT,
        docs="https://lmstudio.ai/docs/developer/openai-compat",
        key_env=("LM_API_TOKEN",),
        base_url_env=("LMSTUDIO_BASE_URL",),
        local=True,
    ),
    Row(
        name="vllm",
        title="vLLM",
        base_url="http://127.0.0.1:8000",
        prefix="/v1",
        dialect=_CHAT,
        docs="https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
        key_env=("VLLM_API_KEY",),
        base_url_env=("VLLM_BASE_URL",),
        local=True,
    ),
    Row(
        name="simulate",
        title="Simulator",
        base_url="",  # given when it is started
        prefix="/v1",
        dialect=_CHAT,
        docs="https://platform.openai.com/docs/api-reference/chat",
        local=True,
        default_model="story",
    ),
)
