"""What a failed reply's headers say."""

import pytest

from libria_providers.dialects.headers import request_id, retry_after, should_retry

DATE = "Tue, 29 Jul 2025 09:59:34 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "0", "retry-after": "1"}, 1.0),  # Azure
        ({"retry-after": "0"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Tue, 29 Jul 2025 10:00:04 GMT", "date": DATE}, 30.0),
        ({"retry-after": "Tue, 29 Jul 2025 09:59:04 GMT", "date": DATE}, None),
        ({"retry-after": "Tue, 29 Jul 2025 10:00:04 GMT"}, None),
        ({"retry-after": "Tue, 29 Jul 2025 10:00:04 GMT", "date": "x"}, None),
        ({"retry-after": "Tue, 29 Jul 2025 10:00:04", "date": DATE}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(("value", "said"), [("true", True), ("False", False), ("", None), ("1", None)])
def test_should_retry(value: str, said: bool | None) -> None:
    assert should_retry({"x-should-retry": value}) is said


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({}, None),
        ({"x-request-id": "a"}, "a"),
        ({"x-request-id": " ", "x-ds-trace-id": "b"}, "b"),
        ({"x-request-id": "a", "apim-request-id": "c"}, "a"),
        ({"apim-request-id": "c", "x-ms-client-request-id": "d"}, "c"),
    ],
)
def test_request_id(headers: dict[str, str], name: str | None) -> None:
    assert request_id(headers) == name
