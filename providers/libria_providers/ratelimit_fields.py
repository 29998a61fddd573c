"""The RateLimit header fields of the IETF's draft, in its old forms and its new one.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (Hugging Face and many gateways):

    RateLimit-Policy: "api";q=500;w=300          RateLimit: "api";r=499;t=278     since its version 08
    RateLimit-Policy: 100;w=60                   RateLimit: limit=100, remaining=50, reset=5
    RateLimit-Limit: 100, 100;w=60               RateLimit-Remaining: 50          RateLimit-Reset: 5
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from libria_providers.types import Headroom

_ITEM = re.compile(r'(?:"[^"]*"|[^",])+')
_NAME = re.compile(r'"([^"]*)"')
_PARAMETER = re.compile(r'\b([a-z]+)=("[^"]*"|[^;,\s]+)')
_BARE = re.compile(r"\s*([0-9]{1,15})\s*(?:;|$)")

_UNITS = {"": "requests", "request": "requests", "requests": "requests", "token": "tokens", "tokens": "tokens"}
"""Of the quota; others (content-bytes) are nothing that we count."""


@dataclass(frozen=True, slots=True)
class _Item:
    names: frozenset[str]
    bare: int | None
    parameters: Mapping[str, str]

    def number(self, name: str) -> int | None:
        value = self.parameters.get(name, "")
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 16 else None


def fields(headers: Mapping[str, str]) -> Iterator[Headroom]:
    """`headers` have lower-case names."""
    policies = _items(headers.get("ratelimit-policy", ""))
    if "ratelimit" in headers:
        items = _items(headers["ratelimit"])
        if any("remaining" in item.parameters for item in items):
            merged = {name: value for item in items for name, value in item.parameters.items()}
            items = [_Item(frozenset(), None, merged)]
        for item in items:
            policy = _policy(item, policies)
            remaining = _first(item.number("r"), item.number("remaining"))
            reset = _first(item.number("t"), item.number("reset"))
            yield from _said(item.number("limit"), remaining, reset, policy)
    elif "ratelimit-remaining" in headers:
        limits = _items(headers.get("ratelimit-limit", ""))
        policies = policies or [item for item in limits if "w" in item.parameters]
        limit, remaining, reset = (
            next((item.bare for item in _items(headers.get(f"ratelimit-{part}", ""))), None)
            for part in ("limit", "remaining", "reset")
        )
        same = [policy for policy in policies if policy.bare == limit]
        yield from _said(limit, remaining, reset, same[0] if same else None)


def _said(limit: int | None, remaining: int | None, reset: int | None, policy: _Item | None) -> Iterator[Headroom]:
    if policy is not None:
        limit = _first(policy.number("q"), policy.bare, limit)
    of = _UNITS.get(policy.parameters.get("qu", "").strip('"') if policy else "")
    if of is None or limit == 0 or remaining is None:
        return
    window = policy.number("w") if policy else None
    yield Headroom(
        "tokens" if of == "tokens" else "requests",
        limit,
        remaining,
        None if reset is None else float(reset),
        float(window) if window else None,
    )


def _policy(item: _Item, policies: list[_Item]) -> _Item | None:
    """The one of the same name; Hugging Face's has another name before it."""
    named = [policy for policy in policies if policy.names & item.names]
    if named:
        return named[0]
    return policies[0] if len(policies) == 1 else None


def _items(value: str) -> list[_Item]:
    return [
        _Item(
            frozenset(_NAME.findall(text)),
            int(bare[1]) if (bare := _BARE.match(text)) else None,
            dict(_PARAMETER.findall(text)),
        )
        for text in _ITEM.findall(value)
    ]


def _first(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)
