"""Spans for OpenTelemetry: one for each call, below it one for each request that was made for it.

Names are those of the GenAI conventions (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/).
What was used stands at the requests alone: at the call as well, whoever sums up would count it twice.
"""

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from libria import __version__
from libria.log.entry import Entry
from libria.log.facts import Facts, Scalar

if TYPE_CHECKING:  # an extra
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

log = logging.getLogger("libria.otel")

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PATH = "/v1/traces"

GENTLY = 0.0005
"""Seconds that the loading thread holds Python for at a time: a delta must not wait behind it."""

# Our rows that the conventions have another name for; the others are called as we call them.
PROVIDERS: Mapping[str, str] = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "vertex": "gcp.vertex_ai",
    "xai": "x_ai",
}
FINISH_REASONS: Mapping[str, str] = {"toolUse": "tool_calls", "contentFilter": "content_filter"}


class Spans:
    """A sink. The SDK is loaded with the first entry after an endpoint is named, in the writer's thread."""

    def __init__(self) -> None:
        self._wanted: str | None = None
        self._endpoint: str | None = None
        self._processor: BatchSpanProcessor | None = None
        self._resource: Resource | None = None

    def configure(self, endpoint: str | None) -> bool:
        """Whether spans are wanted. The environment's variables count where the config is silent."""
        disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        named = [_with_path(endpoint)] if endpoint else _given()
        self._wanted = None if disabled or not named else named[0]
        return self._wanted is not None

    def write(self, entries: Sequence[Entry]) -> None:
        if self._wanted != self._endpoint:
            self._restart(self._wanted)
        if self._processor is None or self._resource is None:
            return
        for entry in entries:
            if entry.facts is not None:
                self._processor.on_end(_span(entry.facts, self._resource))

    def close(self) -> None:
        processor, self._processor = self._processor, None
        if processor is not None:
            processor.shutdown()  # type: ignore[no-untyped-call]  # the SDK's own lack

    def _restart(self, endpoint: str | None) -> None:
        self.close()
        self._endpoint = endpoint
        if endpoint is None:
            return
        before = sys.getswitchinterval()
        sys.setswitchinterval(GENTLY)
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.trace.export import BatchSpanProcessor

            exporter = OTLPSpanExporter() if endpoint in _given() else OTLPSpanExporter(endpoint)
            self._resource = _resource()
            self._processor = BatchSpanProcessor(exporter)
        except ImportError:
            log.warning("spans are not exported as the SDK is not there; run: pip install 'libria[otel]'")
        except Exception as error:  # noqa: BLE001  # the SDK reads two dozen variables, each of which may be wrong
            log.warning("spans are not exported: OpenTelemetry's SDK refuses its settings (%s)", type(error).__name__)
        finally:
            sys.setswitchinterval(before)


def _given() -> list[str]:
    return [os.environ[name] for name in ENDPOINTS if os.environ.get(name)]


def _with_path(endpoint: str) -> str:
    """As the variable for all signals is read, whose path is that of the receiver."""
    return endpoint if endpoint.endswith(PATH) else endpoint.rstrip("/") + PATH


def _resource() -> "Resource":
    from opentelemetry.sdk.resources import Resource

    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "libria"}
    return Resource.create({**named, "service.version": __version__})


def _span(facts: Facts, resource: "Resource") -> "ReadableSpan":
    """Made once it is over, as nothing else of this process has spans that it could hang from."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    digest = sha256(facts.seed.encode()).digest()  # of the call: its attempts end before it does
    trace_id, root_id = int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1
    sampled = TraceFlags(TraceFlags.SAMPLED)
    root = SpanContext(trace_id, root_id, is_remote=False, trace_flags=sampled)
    child = SpanContext(trace_id, RandomIdGenerator().generate_span_id(), is_remote=False, trace_flags=sampled)
    is_call = facts.of == "call"
    failed = facts.outcome not in ("ok", "cancelled")
    return ReadableSpan(
        name=facts.operation if is_call else f"{facts.operation} {facts.model}",
        context=root if is_call else child,
        parent=None if is_call else root,
        resource=resource,
        attributes=_of_call(facts) if is_call else _of_attempt(facts),
        kind=SpanKind.SERVER if is_call else SpanKind.CLIENT,
        status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
        start_time=int(facts.began * 1e9),
        end_time=int(facts.ended * 1e9),
        instrumentation_scope=InstrumentationScope("libria", __version__),
    )


def _of_call(facts: Facts) -> dict[str, Scalar | Sequence[str]]:
    """https://opentelemetry.io/docs/specs/semconv/rpc/json-rpc/"""
    return {"rpc.system.name": "jsonrpc", "rpc.method": facts.operation, **_outcome(facts), **facts.more}


def _of_attempt(facts: Facts) -> dict[str, Scalar | Sequence[str]]:
    where = urlsplit(facts.address)
    usage = facts.usage
    known: dict[str, Scalar | Sequence[str] | None] = {
        "gen_ai.operation.name": facts.operation,
        "gen_ai.provider.name": PROVIDERS.get(facts.provider, facts.provider),
        "gen_ai.request.model": facts.model,
        "server.address": where.hostname,
        "server.port": where.port or {"https": 443, "http": 80}.get(where.scheme),
        "gen_ai.response.model": facts.served_model or None,
        "gen_ai.response.time_to_first_chunk": facts.first_token,
        "http.response.status_code": facts.status,
        "libria.request.id": facts.request_id,
        **facts.request,
    }
    if facts.stop_reason is not None:
        known["gen_ai.response.finish_reasons"] = [FINISH_REASONS.get(facts.stop_reason, facts.stop_reason)]
    if usage is not None and (usage.input_tokens or usage.output_tokens):
        known |= {
            "gen_ai.usage.input_tokens": usage.input_tokens,
            "gen_ai.usage.output_tokens": usage.output_tokens,
            "gen_ai.usage.cache_read.input_tokens": usage.cached_input_tokens,
            "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_input_tokens,
            "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
        }
    told = {name: value for name, value in known.items() if value is not None}
    return {**told, **_outcome(facts), **facts.more}


def _outcome(facts: Facts) -> dict[str, Scalar | Sequence[str]]:
    """`error.type` is one of our kinds of error, or "cancelled"."""
    return {} if facts.outcome == "ok" else {"error.type": facts.outcome}
