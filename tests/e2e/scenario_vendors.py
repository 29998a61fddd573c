"""The formats in which the simulator speaks, each with the variables that lead a tool to it: a new one is a row."""

from collections.abc import Mapping
from dataclasses import dataclass

from libria_providers.simulator import Simulator


@dataclass(frozen=True)
class Vendor:
    """`address` and `key` are variables of the vendor's own SDK, `path` where in the simulator its address begins."""

    name: str
    address: str
    path: str = ""
    key: str = ""

    def env(self, sim: Simulator) -> Mapping[str, str]:
        found = {self.address: sim.url + self.path}
        return {**found, self.key: f"fake-{self.name}-key-of-the-tests"} if self.key else found


VENDORS = (
    Vendor("openai", "OPENAI_BASE_URL", "/v1", "OPENAI_API_KEY"),
    Vendor("openai-responses", "OPENAI_BASE_URL", "/v1", "OPENAI_API_KEY"),
    Vendor("groq", "GROQ_BASE_URL", "", "GROQ_API_KEY"),
    Vendor("anthropic", "ANTHROPIC_BASE_URL", "", "ANTHROPIC_API_KEY"),
    Vendor("gemini", "GOOGLE_GEMINI_BASE_URL", "", "GEMINI_API_KEY"),
    Vendor("cohere", "CO_API_URL", "", "CO_API_KEY"),
    Vendor("mistral", "MISTRAL_BASE_URL", "/v1", "MISTRAL_API_KEY"),
    Vendor("ollama", "OLLAMA_HOST"),
)
