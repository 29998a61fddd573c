"""The proxy and the certificates in force, as the environment says."""

import os
import re
from collections.abc import Mapping

PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
OTHERS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def proxies(env: Mapping[str, str]) -> dict[str, str]:
    """The variables that are set, by their upper-case names; passwords are left out."""
    found = {name: env.get(name.lower()) or env.get(name) for name in PROXIES}
    return {name: without_password(value) for name, value in found.items() if value}


def unread(env: Mapping[str, str]) -> list[str]:
    """Variables of other programs for certificates, where ours are not set: whoever set them may count on them."""
    return [] if any(env.get(name) for name in CERTIFICATES) else [name for name in OTHERS if env.get(name)]


def without_password(url: str) -> str:
    """`url` with "…" for the user's name and password, also where its "http://" was left out."""
    return re.sub(r"(?<=//)[^/]*@|^[^/]*@", "…@", url)


def certificates(env: Mapping[str, str]) -> dict[str, str]:
    """The variables that are set; a path that is not there is said to be so."""
    found = {name: path for name in CERTIFICATES if (path := env.get(name))}
    return {name: path if os.path.exists(path) else f"{path} (missing!)" for name, path in found.items()}
