"""What headers and words say of a provider's limits: each dialect as it is recorded, by hand; and every recording."""

import csv
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libria_providers.errors import Overloaded, RateLimited
from libria_providers.headroom import headroom, told
from libria_providers.http import Pools
from libria_providers.provider import open_provider
from libria_providers.registry import ROWS
from libria_providers.simulator import Simulator

NOON = "Tue, 29 Jul 2025 12:00:00 GMT"
NOON_EPOCH = 1753790400
DAY = 86400.0

Said = tuple[str, int | None, int | None, float | None, float | None]


def read(headers: Mapping[str, str], windows: Mapping[str, float] | None = None) -> list[Said]:
    return [
        (one.of, one.limit, one.remaining, one.reset, one.window)
        for one in headroom({"date": NOON, **headers}, windows)
    ]


def row(name: str) -> dict[str, float]:
    return dict(ROWS[name].quirks.limit_windows)


def usual(limit: object, remaining: object, reset: object = None, of: str = "requests", **more: str) -> dict[str, str]:
    said = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"x-ratelimit-{part}-{of}": str(value) for part, value in said.items() if value is not None} | more


TABLE: dict[str, tuple[Mapping[str, str], Mapping[str, float], list[Said]]] = {
    "OpenAI": (
        {**usual(5000, 4999, "12ms"), **usual(160000, 159976, "9ms", "tokens"), **usual(5, 4, "1ms", "input-images"),
         **usual(7, 6, "1ms", "tokens_usage_based")},
        {},
        [("requests", 5000, 4999, 0.012, 60.0), ("tokens", 160000, 159976, 0.009, 60.0)],
    ),
    "OpenAI, requests of a day": (usual(200, 198, "14m24s"), {}, [("requests", 200, 198, 864.0, DAY)]),
    "OpenAI, all of it there": (usual(200, 200, "0s"), {}, [("requests", 200, 200, 0.0, 60.0)]),
    "OpenAI, minutes": (usual(10, 0, "1m0s"), {}, [("requests", 10, 0, 60.0, 60.0)]),
    "Groq": (
        {**usual(14400, 14399, "6s"), **usual(18000, 17997, "10ms", "tokens")},
        row("groq"),
        [("requests", 14400, 14399, 6.0, DAY), ("tokens", 18000, 17997, 0.01, 60.0)],
    ),
    "Groq, hours": (usual(1000, 10, "23h45m36.5s"), row("groq"), [("requests", 1000, 10, 85536.5, DAY)]),
    "Azure, once in milliseconds": (
        {**usual(120, 119, 500), "x-ratelimit-renewalperiod-requests": "60", **usual(120000, 119986, 7, "tokens"),
         "x-ratelimit-renewalperiod-tokens": "60", "x-ratelimit-abusepenalty-active": "False"},
        {},
        [("requests", 120, 119, 0.5, 60.0), ("tokens", 120000, 119986, 0.007, 60.0)],
    ),
    "Azure, now in seconds": (
        {**usual(50, 49, 1), "x-ratelimit-renewalperiod-requests": "60", "x-ratelimit-key": "gpt-5-nano"},
        {},
        [("requests", 50, 49, 1.0, 60.0)],
    ),
    "Azure, used up": (
        {**usual(50, 0, 37), "x-ratelimit-renewalperiod-requests": "60"}, {}, [("requests", 50, 0, 37.0, 60.0)],
    ),
    "Azure, per 10 seconds": (
        {**usual(20, 19, 1), "x-ratelimit-renewalperiod-requests": "10"}, {}, [("requests", 20, 19, 1.0, 10.0)],
    ),
    "Azure, no limit": (usual(None, 119), {}, [("requests", None, 119, None, 60.0)]),
    "Azure, absurd": ({**usual(-1, -1, 0, "tokens"), **usual(0, 0, 0)}, {}, []),
    "xAI": (usual(1800, 1799), {}, [("requests", 1800, 1799, None, 60.0)]),
    "Cerebras": (
        {**usual(1440000, 1439980, "3563.6066987514496", "requests-day"), **usual(10, 9, "14.5", "tokens-minute"),
         **usual(900, 899, None, "tokens-hour")},
        {},
        [("requests", 1440000, 1439980, 3563.606699, DAY), ("tokens", 10, 9, 14.5, 60.0),
         ("tokens", 900, 899, None, 3600.0)],
    ),
    "Mistral": (
        {**usual(100, 99, None, "req-minute"), **usual(60, 52, None, "req-10-second"),
         **usual(2000000, 1999225, None, "tokens-minute"), **usual(10**10, 9999999225, None, "tokens-month"),
         "x-ratelimit-tokens-query-cost": "145", "x-max-retry-attempts-reached": "false"},
        {},
        [("requests", 100, 99, None, 60.0), ("requests", 60, 52, None, 10.0), ("tokens", 2000000, 1999225, None, 60.0),
         ("tokens", 10**10, 9999999225, None, 30 * DAY)],
    ),
    "Mistral of 2024": (
        {"ratelimitbysize-limit": "2000000", "ratelimitbysize-remaining": "1999875", "ratelimitbysize-reset": "43",
         "ratelimitbysize-query-cost": "125", "x-ratelimitbysize-limit-month": "500", },
        {},
        [("tokens", 2000000, 1999875, 43.0, 60.0), ("tokens", 500, None, None, 30 * DAY)],
    ),
    "OpenRouter": (
        {"x-ratelimit-limit": "16", "x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOON_EPOCH + 21}000"},
        row("openrouter"),
        [("requests", 16, 0, 21.0, None)],
    ),
    "Together": (
        {"x-ratelimit": "false", "x-ratelimit-limit": "10", "x-ratelimit-remaining": "19", "x-ratelimit-reset": "2",
         **usual(3000, 2977, None, "tokens")},
        row("together"),
        [("requests", 10, 19, 2.0, 1.0), ("tokens", 3000, 2977, None, 1.0)],
    ),
    "Anthropic": (
        {f"anthropic-ratelimit-{what}-{part}": value
         for what in ("requests", "input-tokens", "output-tokens", "tokens")
         for part, value in (("limit", "4000"), ("remaining", "3999"), ("reset", "2025-07-29T12:00:07Z"))}
        | {"anthropic-ratelimit-unified-status": "allowed", "anthropic-priority-input-tokens-limit": "5"},
        {},
        [(of, 4000, 3999, 7.0, 60.0) for of in ("requests", "inputTokens", "outputTokens", "tokens")],
    ),
    "Anthropic, past and with an offset": (
        {"anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-requests-remaining": "0",
         "anthropic-ratelimit-requests-reset": "2025-07-29T11:59:58Z", "anthropic-ratelimit-tokens-limit": "9",
         "anthropic-ratelimit-tokens-remaining": "1", "anthropic-ratelimit-tokens-reset": "2025-07-29T14:00:30+02:00"},
        {},
        [("requests", 50, 0, 0.0, 60.0), ("tokens", 9, 1, 30.0, 60.0)],
    ),
    "Anthropic in OpenAI's format": (
        {"x-ratelimit-requests": "4000", **usual(None, 3999, "0s")}, {}, [("requests", 4000, 3999, 0.0, 60.0)],
    ),
    "Hugging Face": (
        {"ratelimit": '"api";r=499;t=278', "ratelimit-policy": '"fixed window";"api";q=500;w=300'},
        {},
        [("requests", 500, 499, 278.0, 300.0)],
    ),
    "the draft, two policies": (
        {"ratelimit": '"burst";r=9;t=1, "daily";r=100;t=3600',
         "ratelimit-policy": '"burst";q=10;w=1,"daily";q=1000;w=86400;qu="tokens";pk=:c2VjcmV0LCI=:'},
        {},
        [("requests", 10, 9, 1.0, 1.0), ("tokens", 1000, 100, 3600.0, DAY)],
    ),
    "the draft, bytes": ({"ratelimit": '"a";r=9;t=1', "ratelimit-policy": '"a";q=10;qu="content-bytes"'}, {}, []),
    "the draft of 2023": (
        {"ratelimit": "limit=100, remaining=50, reset=5", "ratelimit-policy": "100;w=60"},
        {},
        [("requests", 100, 50, 5.0, 60.0)],
    ),
    "the draft of 2021": (
        {"ratelimit-limit": "100, 100;w=60, 1000;w=3600", "ratelimit-remaining": "50", "ratelimit-reset": "5"},
        {},
        [("requests", 100, 50, 5.0, 60.0)],
    ),
    "a gateway": (
        {"ratelimit-limit": "100", "ratelimit-remaining": "50", "ratelimit-reset": "5",
         "x-ratelimit-limit-minute": "60", "x-ratelimit-remaining-minute": "59"},
        {},
        [("requests", 60, 59, None, 60.0), ("requests", 100, 50, 5.0, None)],
    ),
    "SambaNova": (
        usual(60, 59, NOON_EPOCH + 30) | usual(12000, 11999, NOON_EPOCH + 3600, "requests-day"),
        {},
        [("requests", 60, 59, 30.0, 60.0), ("requests", 12000, 11999, 3600.0, DAY)],
    ),
    "Fireworks": (
        usual(900000, 899000, None, "tokens-prompt") | usual(36000, 35000, None, "tokens-generated")
        | {"x-ratelimit-over-limit": "no"},
        {},
        [("inputTokens", 900000, 899000, None, 60.0), ("outputTokens", 36000, 35000, None, 60.0)],
    ),
    "Cohere, a trial": (
        {"x-trial-endpoint-call-limit": "20", "x-trial-endpoint-call-remaining": "8",
         "x-endpoint-monthly-call-limit": "1000"},
        {},
        [("requests", 20, 8, None, 60.0)],
    ),
    "names in capitals": ({"X-RateLimit-Limit-Requests": "5", "X-RateLimit-Remaining-Requests": "4"}, {},
                          [("requests", 5, 4, None, 60.0)]),
    "nothing": ({"retry-after": "5", "content-type": "text/plain"}, {}, []),
    "garbage": (
        {**usual("many", "few", "soon"), **usual("1e400", "nan", "-3s", "tokens"), "ratelimit": ';;r="x";=',
         "ratelimit-policy": '"', "anthropic-ratelimit-tokens-limit": "", "ratelimitbysize-limit": "9" * 400},
        {},
        [],
    ),
    "a reset that is none": (usual(10, 5, "never"), {}, [("requests", 10, 5, None, 60.0)]),
    "a reset in years": (usual(10, 5, "9000h"), {}, [("requests", 10, 5, None, 60.0)]),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_each_dialect(name: str) -> None:
    headers, windows, expected = TABLE[name]
    assert read(headers, windows) == expected


@pytest.mark.parametrize("date", ["", "yesterday", "Tue, 99 Jul 2025 12:00:00 GMT"])
def test_without_a_date_that_can_be_read_times_count_from_now(date: str) -> None:
    headers = {**usual(5, 4, "2025-07-29T12:00:07Z"), "date": date}
    assert headroom(headers)[0].reset == 0.0


@given(st.dictionaries(
    st.sampled_from([*TABLE["Mistral of 2024"][0], *TABLE["Anthropic"][0], *TABLE["OpenAI"][0], "ratelimit", "date",
                     "ratelimit-policy", "ratelimit-remaining", "ratelimit-limit", "x-ratelimit-reset"]),
    st.one_of(st.text(max_size=30), st.from_regex(r"[0-9\-+.:TZhms\";=,rqwt]{0,40}", fullmatch=True)),
))  # fmt: skip
def test_nothing_is_too_odd(headers: dict[str, str]) -> None:
    for one in headroom(headers):
        assert one.limit is None or one.limit > 0
        assert one.remaining is None or one.remaining >= 0
        assert one.reset is None or one.reset >= 0
        assert one.window is None or one.window > 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "Rate limit reached for gpt-4 in organization org-x on tokens per min (TPM): Limit 30000, Used 14567, "
            "Requested 24754. Please try again in 18.642s. Visit https://platform.openai.com to learn more.",
            [("tokens", 30000, 15433, 18.642, 60.0)],
        ),
        (
            "Rate limit reached for gpt-4 on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in "
            "20s.",
            [("requests", 3, 0, 20.0, 60.0)],
        ),
        (
            "Rate limit reached for model `x` on tokens per day (TPD): Limit 100000, Used 99000, Requested 2000. "
            "Please try again in 14m24.5s.",
            [("tokens", 100000, 1000, 864.5, DAY)],
        ),
        (
            "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 7000, please reduce",
            [("tokens", 6000, None, None, 60.0)],
        ),
        ("Please try again in 20s.", []),
        ("on tokens per min (TPM): Limit 0, Used 0", []),
        ("", []),
    ],
)
def test_words(words: str, expected: list[Said]) -> None:
    assert [(one.of, one.limit, one.remaining, one.reset, one.window) for one in told(words)] == expected


async def test_a_provider_gives_it_with_every_reply_and_error() -> None:
    pools = Pools()
    try:
        async with Simulator() as simulator:
            env = {"GROQ_API_KEY": "gsk-x", "GROQ_BASE_URL": simulator.url}
            groq = open_provider("groq", pools, env)
            reply = await groq.send_message("fast:3+limits", "Hello")
            assert [(one.of, one.limit, one.window) for one in reply.headroom] == [
                ("requests", 14400, DAY),
                ("tokens", 200000, 60.0),
            ]
            assert (await groq.send_message("fast:3", "Hello")).headroom == ()
            with pytest.raises(RateLimited) as caught:  # whose words say it, as OpenAI's do
                await groq.send_message("fast:3+status:429", "Hello")
            assert [(one.of, one.limit, one.remaining) for one in caught.value.headroom] == [("tokens", 15000, 3028)]
            with pytest.raises(Overloaded) as down:
                await groq.send_message("fast:3+status:503", "Hello")
            assert down.value.headroom == ()
    finally:
        await pools.aclose()


WINDOWS = {"groq": {"requests": DAY}, "cerebras": {"requests": DAY}, "together": {"requests": 1.0, "tokens": 1.0}}


def _recorded() -> list[tuple[str, str, dict[str, str]]]:
    named = os.environ.get("LIBRIA_SHARED")
    root = Path(named) if named else Path(__file__).resolve().parents[3].parent / "shared"
    folder = root / "wire" / "recordings"
    if not (folder / "INDEX.tsv").is_file():
        return []
    found: list[tuple[str, str, dict[str, str]]] = []
    with (folder / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        for line in csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE):
            response = json.loads((folder / line["file"]).read_text(encoding="utf-8"))["response"]
            headers = {
                name.lower(): value if isinstance(value, str) else ", ".join(value)
                for name, value in (response.get("headers") or {}).items()
            }
            found.append((line["file"], line["provider"], headers))
    return found


def test_every_recording() -> None:
    """Each number of requests and of tokens in a header is in what is said of it, and nothing else is."""
    recorded = _recorded()
    if not recorded:
        pytest.skip("no recordings: set LIBRIA_SHARED, or put them in ../shared beside the repository")
    seen = 0
    for file, provider, headers in recorded:
        quirks = dict(ROWS[provider].quirks.limit_windows) if provider in ROWS else {}
        said = headroom(headers, quirks)
        limits = sorted(int(v) for k, v in headers.items() if _is(k, "limit"))
        remaining = sorted(int(v) for k, v in headers.items() if _is(k, "remaining"))
        assert sorted(one.limit for one in said if one.limit is not None) == limits, file
        assert sorted(one.remaining for one in said if one.remaining is not None) == remaining, file
        for one in said:
            seen += 1
            expected = WINDOWS.get(provider, {}).get(one.of, 60.0)
            if provider == "openrouter":
                assert one.window is None, file
            elif provider == "openai" and one.limit == 10000 and one.window == DAY:
                assert one.reset == pytest.approx(66.779), file  # 8 of a day's 10 000 were used
            elif not any(unit in name for name in headers for unit in ("10-second", "month")):
                assert one.window == expected, file
            assert one.reset is None or one.reset < DAY, file
    assert seen > 150


def _is(name: str, part: str) -> bool:
    if "ratelimit" not in name and "x-trial" not in name:
        return False
    if any(other in name for other in ("images", "usage_based", "cost", "attempts")):
        return False
    return part in name.removeprefix("x-ratelimit").replace("ratelimit", "") or (
        part == "limit" and name in ("x-ratelimit-requests", "x-ratelimit-tokens")
    )
