"""The addresses of Redis that are understood, and what of them may be shown.

    redis://[[user]:password@]host[:6379][/db]                     rediss:// is the same over TLS
    unix:///path/to/socket[?db=0&password=…]
    redis+sentinel://[[user]:password@]host[:26379][,host…]/SERVICE[/db]      rediss+sentinel:// over TLS
    redis+cluster://[[user]:password@]host[:6379][,host…]                     rediss+cluster:// over TLS

The first two lines are redis-py's own; for Sentinel and Cluster it has none. redis-py's options may follow
as a query: `?ssl_ca_certs=/etc/ca.pem`, `?ssl_check_hostname=no`; `sentinel_username` and
`sentinel_password` are those of the Sentinels themselves. Without `ssl_ca_certs` it is the CA of
SSL_CERT_FILE in the daemon's environment, else the system's, that counts. Valkey takes the same.
(https://redis.readthedocs.io/en/stable/connections.html)
"""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

Form = Literal["plain", "sentinel", "cluster"]

SCHEMES = frozenset({"redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"})
PORTS: dict[Form, int] = {"plain": 6379, "sentinel": 26379, "cluster": 6379}


@dataclass(frozen=True, slots=True)
class Address:
    """`plain` is the URL that redis-py understands: with a host of no meaning where `hosts` are named."""

    form: Form
    plain: str = field(repr=False)
    shown: str
    hosts: tuple[tuple[str, int], ...] = ()
    service: str = ""
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)


def address(url: str) -> Address:
    """Raises ValueError with a sentence that names no password."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError(f"A Redis URL begins with one of {', '.join(f'{s}://' for s in sorted(SCHEMES))}.")
    base, _, kind = parts.scheme.partition("+")
    user, at, hosts = parts.netloc.rpartition("@")
    shown = f"{parts.scheme}://{hosts}{parts.path}"
    if not kind:
        return Address("plain", url, shown)
    form: Form = "sentinel" if kind == "sentinel" else "cluster"
    path = [unquote(piece) for piece in parts.path.split("/") if piece]
    service = path.pop(0) if form == "sentinel" and path else ""
    if form == "sentinel" and not service:
        raise ValueError("A Sentinel URL names the service after the hosts: redis+sentinel://host:26379/mymaster.")
    query = dict(parse_qsl(parts.query))
    own = {name: query.pop(name, None) for name in ("sentinel_username", "sentinel_password")}
    db = f"/{path[0]}" if path else ""
    return Address(
        form,
        f"{base}://{user}{at}localhost{db}" + (f"?{urlencode(query)}" if query else ""),
        shown,
        tuple(_host(one, PORTS[form]) for one in hosts.split(",")),
        service,
        own["sentinel_username"],
        own["sentinel_password"],
    )


def _host(text: str, port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        if parts.hostname:
            return parts.hostname, parts.port or port
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no host; write host or host:port, several with commas between.")
