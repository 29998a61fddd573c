"""What makes two requests share a pool: provider, address, proxy, certificates, protocol."""

import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Wiring:
    """What makes a pool: two requests with equal wiring may share a connection."""

    provider: str
    address: str
    proxy: str | None = None
    ca_file: str | None = None
    ca_dir: str | None = None
    http2: bool = False

    @property
    def encrypted(self) -> bool:
        """All but plain http, in whichever case it is written: what is doubtful is verified."""
        return self.address.partition(":")[0].strip().lower() != "http"


def wiring(provider: str, address: str, env: Mapping[str, str], *, http2: bool = False) -> Wiring:
    """The wiring that `env` asks for: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY (either case),
    SSL_CERT_FILE and SSL_CERT_DIR, with the meaning that curl and the vendors' SDKs give them."""
    return Wiring(
        provider=provider,
        address=address,
        proxy=proxy_for(address, env),
        ca_file=env.get("SSL_CERT_FILE") or None,
        ca_dir=env.get("SSL_CERT_DIR") or None,
        http2=http2,
    )


def proxy_for(address: str, env: Mapping[str, str]) -> str | None:
    """The proxy for `address`, or None. Loopback never goes through a proxy: a model server on
    this machine is not the proxy's to reach."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return None  # no URL at all: sending says so
    if host in ("localhost", "::1") or host.startswith("127."):
        return None
    named = {scheme: _either_case(env, f"{scheme}_proxy") for scheme in (parts.scheme, "all", "no")}
    bypass = {"no": named["no"]} if named["no"] else {}
    if bypass and urllib.request.proxy_bypass_environment(parts.netloc, bypass):  # type: ignore[attr-defined]  # not in typeshed
        return None
    proxy = named[parts.scheme] or named["all"]
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    if proxy and proxy.lower().startswith("socks://"):  # as GNOME writes it
        proxy = f"socks5{proxy[5:]}"
    return proxy


def _either_case(env: Mapping[str, str], name: str) -> str | None:
    return env.get(name) or env.get(name.upper()) or None
