"""Every recording over a real connection, through the provider, in the chunks in which it came."""

from urllib.parse import unquote, urlsplit

from wire_errors import request_id
from wire_exceptions import but_for_exceptions
from wire_exchanges import Answerer, answerer, is_own
from wire_expectations import Heard, check
from wire_recordings import Recording
from wire_replay import served

from libria_providers.errors import ProviderError
from libria_providers.http import Pools
from libria_providers.provider import Credential, Provider
from libria_providers.registry import headers
from libria_providers.types import Timeouts
from libria_providers.wiring import wiring


async def test_over_http(recording: Recording) -> None:
    who = answerer(recording)
    paths: list[str] = []
    async with served(lambda path: paths.append(path) or recording) as address, Pools() as pools:  # type: ignore[func-returns-value]
        heard, request = await _ask(recording, who, address, pools)
    check(recording, heard, who)
    if heard.error is None and heard.models is None:
        assert request == request_id(recording)
    if recording.path is not None and is_own(who.row, recording):
        # What comes before is the vendor's address and the row's prefix.
        asked = unquote(urlsplit(paths[0]).path)
        wrong = {} if recording.path.endswith(asked) else {"path": (asked, recording.path)}
        assert not but_for_exceptions(recording, wrong, {"path": recording.path})


async def _ask(recording: Recording, who: Answerer, address: str, pools: Pools) -> tuple[Heard, str | None]:
    row, heard = who.row, Heard()
    key = ("TEST_KEY", "key")
    provider = Provider(
        row,
        address=address,
        credential=Credential(*key),
        pool=pools.open(wiring(row.name, address, {})),
        headers=headers(row, {}, key),
    )
    request_id = None
    try:
        if recording.endpoint == "models":
            heard.models = [model.id.removeprefix(f"{row.name}/") for model in await provider.models(Timeouts())]
            return heard, None
        reply = await provider.send(who.call)
        request_id = reply.request_id
        try:
            async for batch in reply:
                heard.events += batch
        finally:
            await reply.aclose()
    except ProviderError as error:
        heard.error = error
    return heard, request_id
