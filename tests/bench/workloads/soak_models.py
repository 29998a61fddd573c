"""What the soak asks for: formats, models that answer, models that fail, and the config with their aliases."""

import random
from dataclasses import dataclass

SECONDS, QUICK_SECONDS = 600, 60


def seeded(*parts: object) -> random.Random:
    """Chance that can be repeated: one stream for whoever has the same parts."""
    return random.Random("/".join(map(str, parts)))  # noqa: S311  # no secret is made of it


@dataclass(frozen=True, slots=True)
class Format:
    """A provider whose wire format the simulator speaks, and the variables that lead to it. `path` is what
    its SDK expects behind the simulator's address."""

    provider: str
    address: str
    path: str = ""
    key: str = ""
    embeds: bool = False


FORMATS = (
    Format("openai", "OPENAI_BASE_URL", "/v1", "OPENAI_API_KEY", embeds=True),
    Format("responses", "OPENAI_BASE_URL", "/v1", "OPENAI_API_KEY"),
    Format("websocket", "OPENAI_BASE_URL", "/v1", "OPENAI_API_KEY"),
    Format("groq", "GROQ_BASE_URL", "", "GROQ_API_KEY"),
    Format("anthropic", "ANTHROPIC_BASE_URL", "", "ANTHROPIC_API_KEY"),
    Format("gemini", "GOOGLE_GEMINI_BASE_URL", "", "GEMINI_API_KEY", embeds=True),
    Format("cohere", "CO_API_URL", "", "CO_API_KEY", embeds=True),
    Format("mistral", "MISTRAL_BASE_URL", "/v1", "MISTRAL_API_KEY", embeds=True),
    Format("ollama", "OLLAMA_HOST", embeds=True),
)

RATED_FORMATS = (
    Format("rated", "OPENAI_BASE_URL", "/v1", "RATED_OPENAI_API_KEY"),
    Format("rated-too", "ANTHROPIC_BASE_URL", "", "RATED_ANTHROPIC_API_KEY"),
)
"""Keys of their own for what limits the rate: all calls of a key wait then."""

STREAMING = (
    "story+rate:8+count:60",
    "story+rate:15+count:120",
    "story+rate:40+count:240",
    "story+rate:6+count:40+comments:3",
    "code+rate:18",
    "reason+rate:9",
    "tools+rate:2",
)
"""As fast as models are: they take some seconds."""

QUICK = (
    "fast:40",
    "fast:400",
    "fast:2000",
    "echo",
    "echo+say:It%20was%20said%20so.",
    "tools",
    "parallel-tools",
    "json",
    "fast:60+think",
    "fast:30+cached:16",
    "fast:80+length:0.5",
    "fast:80+filter:0.5",
    "story+rate:0+refusal",
    "fast:100+crlf",
    "fast:50+split:7",
    "fast:20+drop",
    "fast:20+stale",
    "fast:30+no-done",
    "fast:30+json-body",
    "fast:60+headers:200",
    "fast:60+first:200",
    "fast:12+trickle:2",
    "echo+no-prefill",
    "fast:25+header:x-soaked=yes",
)
"""They may do something odd, but their answers come whole."""

ANSWERING = (*STREAMING, *QUICK)

FAILING = (
    "story+status:400",
    "story+status:401",
    "story+status:403",
    "story+status:404",
    "story+status:409",
    "story+status:413",
    "story+status:500",
    "story+status:500+x-should-retry:false",
    "story+status:502",
    "story+status:503",
    "story+status:529",
    "story+quota",
    "story+context-length",
    "story+prompt-filter",
    "reset",
    "close",
    "silent",
    "fast:40+headers:30000",
    "fast:40+first:30000",
    "fast:300+cut:0.6",
    "fast:300+cut-fin:0.6",
    "fast:300+stall:0.3",
    "fast:300+end:0.6",
    "fast:300+error:0.5",
    "fast:100+malformed:10",
    "fast:100+no-finish",
    "story+html",
    "story+error-200",
    "fast:40+status:500+once",
    "fast:40+status:503+times:20",
    "story+rate:4",
    "fast:2000+trickle:20",
)
"""Most of them never answer; which do is theirs to know: no success may hold less than the whole."""

RATED = (
    "fast:30+limits",
    "story+rate:15+count:60",
    "story+status:429",
    "story+status:429+retry-after:1",
    "story+status:429+retry-after-ms:80",
    "fast:40+status:429+retry-after-ms:40+times:20",
)

PAUSED = Format("paused", "GROQ_BASE_URL", "", "PAUSED_GROQ_API_KEY")
PAUSING = "story+status:429+retry-after:3600"
"""Once it was asked, its key is not asked again for an hour."""

ALL_FORMATS = (*FORMATS, *RATED_FORMATS, PAUSED)

EMBEDDING = ("fast", "fast+headers:100", "fast+status:503", "fast+reset", "fast+cut:0.5", "fast+silent", "fast+drop")

REPEATED = (
    "openai/story+rate:15+count:60",
    "anthropic/story+rate:15+count:60",
    "gemini/fast:40+headers:200",
    "openai/fast:300+cut:0.6",
    "broken",
    "groq/silent",
)
"""Of the questions that are asked again and again, often by several at once: who is first asks for all of them."""

REPEATED_TIMEOUTS = {"firstToken": 3, "idle": 3, "total": 12}

PASSING = (
    "+status:503",
    "+status:429+retry-after-ms:60",
    "+reset",
    "+close",
    "+cut:0.5",
    "+status:500",
    "+headers:300",
)
"""Added by the simulator to any call, now and then: gone when it is asked again."""

ALIASES = {
    "steady": ("openai/fast:40", "anthropic/fast:60+think"),
    "broken": ("openai/fast:300+cut:0.6", "groq/story+status:503", "anthropic/fast:60+think"),
    "deaf": ("groq/silent", "openai/fast:300+stall:0.3", "openai/fast:400"),
    "hedged": ("groq/fast:60+headers:200", "openai/fast:60+first:200"),
    "hedged-failing": ("anthropic/fast:40+headers:30000", "groq/story+status:500", "openai/fast:40"),
    "long": ("anthropic/story+context-length", "openai/story+rate:60+count:180"),
    "hopeless": ("openai/silent", "groq/reset", "anthropic/fast:300+end:0.6"),
}


def _rated(one: Format, kind: str) -> list[str]:
    return [f"[providers.{one.provider}]", f'kind = "{kind}"', f'api_key_env = "{one.key}"']


CONFIG = "\n".join([
    "[providers.responses]",  # OpenAI's other format, at the same address
    'kind = "openai"',
    'dialect = "openai-responses"',
    "[providers.websocket]",
    'kind = "openai"',
    'dialect = "openai-responses"',
    "websocket = true",
    *_rated(RATED_FORMATS[0], "openai"),
    *_rated(RATED_FORMATS[1], "anthropic"),
    *_rated(PAUSED, "groq"),
    "[limits.mistral]",
    "concurrency = 12",  # some wait for a place, and are cancelled while they do
    "[aliases]",
    *(f"{name} = {list(models)}" for name, models in ALIASES.items()),
    "[hedge_after]",
    "hedged = 0.1",
    "hedged-failing = 0.1",
    "[retry]",  # soon, so that the calls are many
    "base_delay = 0.05",
    "max_delay = 0.4",
    "max_retry_after = 2.0",
    "[cache]",  # full before memory is first looked at: what it may take is no growth
    "max_bytes = 400_000",
    "[daemon]",
    'log_level = "warning"',
    "resume_bytes = 400_000",
])  # fmt: skip
