"""Servers on this machine, and the simulator."""

from libria_providers.dialects.anthropic_count import AnthropicCount
from libria_providers.dialects.base import Quirks
from libria_providers.dialects.completions import OpenAICompletions
from libria_providers.dialects.llamacpp_infill import LlamaCppFill
from libria_providers.dialects.ollama import Ollama
from libria_providers.dialects.ollama_embed import OllamaEmbed
from libria_providers.dialects.ollama_fill import OllamaFill
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.dialects.openai_embeddings import OpenAIEmbeddings
from libria_providers.row import Profile, Row

_CHAT = OpenAIChat()
_EMBED = OpenAIEmbeddings()
_FILL = OpenAICompletions(suffix=False)
_FILL_MARKS = (
    # https://github.com/QwenLM/Qwen3-Coder#fill-in-the-middle-with-qwen3-coder
    Profile.of("qwen.*coder", fill_marks=("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")),
    # https://ai.google.dev/gemma/docs/codegemma
    Profile.of("codegemma", fill_marks=("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")),
    # https://huggingface.co/bigcode/starcoder2-15b, https://huggingface.co/ibm-granite/granite-8b-code-base-4k
    Profile.of("starcoder|granite.*code", fill_marks=("<fim_prefix>", "<fim_suffix>", "<fim_middle>")),
    # https://github.com/deepseek-ai/DeepSeek-Coder#2-code-insertion, https://github.com/vllm-project/vllm/issues/44228
    Profile.of("deepseek-(coder|v4)", fill_marks=("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>")),
    # Those of 7 and 13 billion: https://huggingface.co/docs/transformers/model_doc/code_llama
    Profile.of(r"code-?llama\D*(7|13)b", fill_marks=("<PRE> ", " <SUF>", " <MID>")),
)
"""For servers that cannot be told a suffix: vLLM refuses it ("suffix is not currently supported",
https://github.com/vllm-project/vllm/issues/9976), of the others nothing is documented."""

ROWS = (
    Row(
        name="ollama",
        title="Ollama",
        base_url="http://127.0.0.1:11434",
        prefix="/api",
        dialect=Ollama(),
        docs="https://docs.ollama.com/api/chat",
        key_env=("OLLAMA_API_KEY",),
        base_url_env=("OLLAMA_HOST",),
        quirks=Quirks(slow_start="loads"),  # a model is loaded with its first call
        fill=OllamaFill(),
        embed=OllamaEmbed(),
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
        fill=LlamaCppFill(),
        embed=_EMBED,
        count=AnthropicCount(),
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
        quirks=Quirks(slow_start="loads"),  # loads a model with its first call, too
        profiles=_FILL_MARKS,
        fill=_FILL,
        embed=_EMBED,
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
        profiles=_FILL_MARKS,
        fill=_FILL,
        embed=_EMBED,
        local=True,
    ),
    Row(
        name="gpustack",
        title="GPUStack",
        base_url="http://127.0.0.1",
        prefix="/v1",
        dialect=_CHAT,
        docs="https://docs.gpustack.ai/latest/user-guide/openai-compatible-apis/",
        key_env=("GPUSTACK_API_KEY",),
        base_url_env=("GPUSTACK_BASE_URL",),
        profiles=_FILL_MARKS,
        fill=_FILL,
        embed=_EMBED,
        local=True,
    ),
    Row(
        name="simulate",
        title="Simulator",
        base_url="",  # given when it is started
        prefix="/v1",
        dialect=_CHAT,
        docs="https://platform.openai.com/docs/api-reference/chat",
        embed=_EMBED,
        local=True,
        default_model="story",
    ),
)
