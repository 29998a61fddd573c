"""Google: Gemini on AI Studio, and Vertex AI with the models of others beside it."""

import re

from libria_providers import vertex
from libria_providers.dialects.base import Quirks
from libria_providers.dialects.gemini import Gemini
from libria_providers.dialects.gemini_count import GeminiCount
from libria_providers.dialects.gemini_embed import GeminiEmbed
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.row import Profile, Route, Row
from libria_providers.rows import anthropic

# The facts of the newest models; the profiles have the others'.
# "Thinking level MINIMAL is not supported for this model": 3.7 and 3.8 Flash, and every Pro. The word
# that stands for a missing signature is Google's own, for calls that another model made:
# https://ai.google.dev/gemini-api/docs/thought-signatures#faqs
# batchEmbedContents takes 100 requests: lancedb/lancedb#3618.
_QUIRKS = Quirks(
    efforts=(("minimal", "low"),),
    call_signature="skip_thought_signature_validator",
    embed_batch=100,
)

_PROFILES = (
    # They think unasked, in silence: https://ai.google.dev/gemini-api/docs/thinking
    Profile.of(r"gemini-(2\.5-(pro|flash(?!-lite))|[3-9])", slow_start="thinks"),
    # https://ai.google.dev/gemini-api/docs/generate-content/thinking#thinking-levels
    Profile.of(r"gemini-(3-flash|3\.[156]-flash)", efforts=()),
    # "thinking_level MEDIUM is not supported by this model": jenslys/opencode-gemini-auth#14
    Profile.of(r"gemini-3-pro", efforts=(("minimal", "low"), ("medium", "high"))),
    # Budgets, no media within results, and no check of signatures, up to 2.5.
    Profile.of(r"gemini-(1|2)\.|robotics-er-1", thinking="budget", call_signature=None, media_in_results=False),
    # 2.5 is the first that thinks: https://ai.google.dev/gemini-api/docs/thinking
    Profile.of(r"gemini-(1\.|2\.0)", refuses=("reasoning",)),
    # "Thinking budget is not supported for this model": aduermael/herm#23; of levels it has two:
    # earendil-works/pi#2812
    Profile.of(
        r"gemma-",
        thinking="level_only",
        efforts=(("low", "minimal"), ("medium", "high")),
        call_signature=None,
        media_in_results=False,
    ),
    # "Developer instruction is not enabled for models/gemma-3-27b-it", nor is function calling or the JSON
    # mode: 0xPlaygrounds/rig#788, BerriAI/litellm#10313. Gemma 4 has all three.
    Profile.of(
        r"gemma-(3|2|1\.)", system_instruction=False, refuses=("tools", "toolChoice", "responseFormat", "reasoning")
    ),
)

ROWS = (
    Row(
        name="gemini",
        title="Gemini",
        base_url="https://generativelanguage.googleapis.com",
        prefix="/v1beta",
        dialect=Gemini(),
        embed=GeminiEmbed(),
        count=GeminiCount(),
        docs="https://ai.google.dev/api/generate-content",
        key_env=("GOOGLE_API_KEY", "GEMINI_API_KEY"),  # in the order of Google's own SDK
        base_url_env=("GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL"),
        quirks=_QUIRKS,
        profiles=_PROFILES,
        default_model="gemini-3.8-flash",
    ),
    Row(
        name="vertex",
        title="Vertex AI",
        base_url="https://aiplatform.googleapis.com",
        prefix=vertex.PREFIX,
        locate=vertex.locate,
        locate_env=vertex.LOCATE_ENV,
        dialect=vertex.Vertex(),
        embed=vertex.VertexEmbed(),
        count=vertex.VertexCount(),
        docs="https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
        key_env=(*vertex.BEARER_ENV, *vertex.KEY_ENV),
        base_url_env=("GOOGLE_VERTEX_BASE_URL",),
        bearer_env=vertex.BEARER_ENV,
        quirks=_QUIRKS,
        profiles=(*_PROFILES, Profile.of(vertex.CLAUDE.pattern, cache_marks=True), *anthropic.CLAUDE),
        routes=(
            Route(vertex.CLAUDE, vertex.VertexClaude(), prefix=vertex.ANTHROPIC),
            # publisher/model, as in meta/llama-4-maverick-17b-128e-instruct-maas:
            # https://docs.cloud.google.com/vertex-ai/generative-ai/docs/maas/call-open-model-apis
            Route(re.compile(r"^(?!models/|tunedModels/)[^/]+/"), OpenAIChat(), prefix="/endpoints/openapi"),
        ),
        default_model="gemini-3.8-flash",
    ),
)
