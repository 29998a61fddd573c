"""Azure's OpenAI: an address of the user's own, in one of two forms, and a header of its own for the key.

https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle
"""

from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.dialects.openai_responses import OpenAIResponses
from libria_providers.errors import CredentialMissing
from libria_providers.row import Env

_V1 = "/openai/v1"
# Versions of the v1 form; "preview" alone must be said in the query there.
_V1_VERSIONS = {"": "", "v1": "", "latest": "", "preview": "?api-version=preview"}
# What the portal's "Target URI" has behind the address.
_PATHS = ("/chat/completions", "/responses", "/embeddings", "/completions")


class AzureChat(OpenAIChat):
    def auth(self, key: str) -> dict[str, str]:
        return {"api-key": key}


class AzureResponses(OpenAIResponses):
    def auth(self, key: str) -> dict[str, str]:
        return {"api-key": key}


def locate(base: str, env: Env) -> str:
    """With a dated OPENAI_API_VERSION the model is a deployment in the path, without one it is in the
    body. An address that has its form already stays as it is. Raises CredentialMissing for none at all."""
    where, query = _parts(base)
    version = env.get("OPENAI_API_VERSION", "").strip()
    if "/deployments/" in where or where.endswith(("/v1", "/models")):
        dated = version not in _V1_VERSIONS and not where.endswith("/v1")
        return where + (f"?{query}" if query else f"?api-version={version}" if dated else "")
    where = where.removesuffix("/openai")
    if version in _V1_VERSIONS and not query:
        return where + _V1 + _V1_VERSIONS[version]
    return f"{where}/openai/deployments/{{model}}?{query or f'api-version={version}'}"


def locate_v1(base: str, env: Env) -> str:
    """The form that has every model's Responses. Raises CredentialMissing for no address at all."""
    where, _ = _parts(base)
    where = where.partition("/openai/deployments/")[0].removesuffix(_V1).removesuffix("/openai")
    return where + _V1 + _V1_VERSIONS.get(env.get("OPENAI_API_VERSION", "").strip(), "")


def _parts(base: str) -> tuple[str, str]:
    """The address without a slash or an endpoint's path at its end, and its query."""
    if not base:
        raise CredentialMissing(
            "Azure has no address of its own: set AZURE_OPENAI_ENDPOINT, such as https://NAME.openai.azure.com."
        )
    where, _, query = (base if "://" in base else f"https://{base}").partition("?")
    where = where.rstrip("/")
    for path in _PATHS:
        where = where.removesuffix(path)
    return where.rstrip("/"), query
