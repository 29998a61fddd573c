"""Spans over OTLP to a receiver on loopback: what an observer of calls finds in them, and no content."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from libria.log.entry import Entry
from libria.log.facts import Facts
from libria.log.otel import ENDPOINTS, Spans
from libria_providers.types import Usage

CALL = Facts(
    of="call", seed="call-1 7.0", operation="libria/chat", began=100.0, ended=102.5, outcome="ok",
    more={"libria.call.id": "call-1", "libria.cache.hit": False},
)  # fmt: skip
ATTEMPT = Facts(
    of="attempt", seed="call-1 7.0", operation="chat", began=100.5, ended=102.25, outcome="ok", provider="mistral",
    model="large", served_model="large-2026", stop_reason="toolUse", address="https://api.example/v1", status=200,
    request_id="req-1", first_token=0.25, usage=Usage(10, 20, 5, 3, 2), request={"gen_ai.request.max_tokens": 7},
)  # fmt: skip
FAILED = Facts(of="attempt", seed="call-1 7.0", operation="chat", began=100.0, ended=100.25, outcome="overloaded",
               provider="openai", model="m", address="http://127.0.0.1:99/v1", status=503, usage=Usage())  # fmt: skip


class Receiver:
    """Takes OTLP in protobuf over HTTP."""

    def __init__(self) -> None:
        receiver = self
        self.requests: list[tuple[str, ExportTraceServiceRequest]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.requests.append((self.path, ExportTraceServiceRequest.FromString(body)))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def spans(self) -> list[Any]:
        return [
            span
            for _, request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*ENDPOINTS, "OTEL_SDK_DISABLED", "OTEL_SERVICE_NAME"):
        monkeypatch.delenv(name, raising=False)


def attributes(of: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for attribute in of.attributes:
        kind = attribute.value.WhichOneof("value")
        value = getattr(attribute.value, kind)
        found[attribute.key] = [one.string_value for one in value.values] if kind == "array_value" else value
    return found


def export(spans: Spans, *facts: Facts) -> None:
    spans.write([Entry(0.0, "info", one.of, {}, one) for one in facts])
    spans.close()


def test_a_call_and_what_was_asked_for_it(receiver: Receiver) -> None:
    spans = Spans()
    assert spans.configure(f"{receiver.url}/")
    export(spans, FAILED, ATTEMPT, CALL)
    failed, attempt, call = receiver.spans()
    ((path, request),) = receiver.requests
    assert path == "/v1/traces"
    assert attributes(request.resource_spans[0].resource)["service.name"] == "libria"

    assert (call.name, call.kind, call.parent_span_id) == ("libria/chat", call.SPAN_KIND_SERVER, b"")
    assert (attempt.name, attempt.kind) == ("chat large", attempt.SPAN_KIND_CLIENT)
    assert call.trace_id == attempt.trace_id == failed.trace_id
    assert attempt.parent_span_id == failed.parent_span_id == call.span_id
    assert len({call.span_id, attempt.span_id, failed.span_id}) == 3
    assert (call.start_time_unix_nano, call.end_time_unix_nano) == (100 * 10**9, 102.5 * 10**9)
    assert (call.status.code, attempt.status.code, failed.status.code) == (0, 0, 2)

    assert attributes(call) == {
        "rpc.system.name": "jsonrpc",
        "rpc.method": "libria/chat",
        "libria.call.id": "call-1",
        "libria.cache.hit": False,
    }
    assert attributes(attempt) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "mistral_ai",
        "gen_ai.request.model": "large",
        "gen_ai.request.max_tokens": 7,
        "gen_ai.response.model": "large-2026",
        "gen_ai.response.finish_reasons": ["tool_calls"],
        "gen_ai.response.time_to_first_chunk": 0.25,
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 5,
        "gen_ai.usage.cache_creation.input_tokens": 2,
        "gen_ai.usage.reasoning.output_tokens": 3,
        "server.address": "api.example",
        "server.port": 443,
        "http.response.status_code": 200,
        "libria.request.id": "req-1",
    }
    assert attributes(failed) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "server.address": "127.0.0.1",
        "server.port": 99,
        "http.response.status_code": 503,
        "error.type": "overloaded",
    }


def test_the_environment_names_the_receiver(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    spans = Spans()
    assert spans.configure(None)
    export(spans, CALL)
    ((path, request),) = receiver.requests
    assert path == "/v1/traces"
    assert attributes(request.resource_spans[0].resource)["service.name"] == "mine"


def test_the_config_may_begin_and_end_it(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = Spans()
    entry = Entry(0.0, "info", "call", {}, CALL)
    assert not spans.configure(None)
    spans.write([entry])
    assert spans.configure(receiver.url)
    spans.write([entry, Entry(0.0, "info", "message", {})])
    assert not spans.configure(None)
    spans.write([entry])
    assert len(receiver.spans()) == 1
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert not spans.configure(receiver.url)
    spans.close()


def test_without_the_extra_there_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.trace.export", None)
    monkeypatch.setattr(logging.getLogger("libria"), "propagate", True)
    spans = Spans()
    spans.configure("http://127.0.0.1:1")
    for _ in range(3):
        spans.write([Entry(0.0, "info", "call", {}, CALL)])
    assert [record.getMessage() for record in caplog.records] == [
        "spans are not exported as the SDK is not there; run: pip install 'libria[otel]'"
    ]
    assert json.dumps(caplog.messages)
