"""What the methods that ask a model answer: `libria/chat`, `complete`, `embed`, `countTokens`."""

from libria.rpc import params as wire
from libria.rpc.asking import ask
from libria.rpc.convert import to_cache, to_cost, to_result, to_usage
from libria.rpc.request import Request
from libria.rpc.results import ChatResult, CountTokensResult, EmbedResult
from libria.session import Session


async def text(session: Session, params: wire.ChatParams | wire.CompleteParams, request: Request) -> ChatResult:
    """Raises RpcError -32803 that says how the call failed; so do the others."""
    asked = await ask(session, params, request)
    return to_result(
        asked.call_id,
        asked.answer,
        model=asked.target,
        age=asked.age,
        cost=asked.cost,
        timings=asked.timings,
        trace=asked.call.trace,
    )


async def embed(session: Session, params: wire.EmbedParams, request: Request) -> EmbedResult:
    asked = await ask(session, params, request)
    return EmbedResult(
        model=asked.target,
        embeddings=[list(vector) for vector in asked.answer.vectors],
        usage=to_usage(asked.finish.usage),
        cost=to_cost(asked.cost),
        cache=to_cache(asked.age),
    )


async def count_tokens(session: Session, params: wire.CountTokensParams, request: Request) -> CountTokensResult:
    asked = await ask(session, params, request)
    counted = asked.answer.counted
    assert counted is not None  # what answers this kind of call gives it
    return CountTokensResult(input_tokens=counted.tokens, exact=counted.exact)
