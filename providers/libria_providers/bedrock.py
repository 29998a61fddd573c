"""Where Bedrock is: one address a region and kind of API.

https://docs.aws.amazon.com/bedrock/latest/userguide/endpoints.html
"""

import re
from collections.abc import Mapping

from libria_providers.errors import CredentialMissing

VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
"""In the order of Amazon's SDKs."""

_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}")
_SOVEREIGN = "eusc-"  # its own partition: aws.amazon.com/compliance/europe-digital-sovereignty


def runtime(base: str, env: Mapping[str, str]) -> str:
    """The address of Converse: `base` where the user set one. Raises CredentialMissing where no region is
    set."""
    if base:
        return base
    region = _region(env)
    return f"https://bedrock-runtime.{region}.{'amazonaws.eu' if region.startswith(_SOVEREIGN) else 'amazonaws.com'}"


def control(runtime: str) -> str:
    """Where the models of the endpoint `runtime` are listed; beside Converse, at an address of one's own."""
    return runtime.replace("://bedrock-runtime.", "://bedrock.", 1)


def mantle(base: str, env: Mapping[str, str]) -> str:
    """The address of the OpenAI-compatible API; the prefix is in it."""
    base = base or f"https://bedrock-mantle.{_region(env)}.api.aws"
    return base if base.endswith("/v1") else f"{base}/v1"


def _region(env: Mapping[str, str]) -> str:
    region = next((value for name in VARIABLES if (value := env.get(name, "").strip())), "")
    if not _REGION.fullmatch(region):
        said = f"{region!r} is none" if region else "none is set"
        raise CredentialMissing(f"Bedrock needs a region and {said}: set AWS_REGION to one such as us-east-1.")
    return region
