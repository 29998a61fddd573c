"""Amazon's errors: the name of one is in a header, in the body, or that of an event within a stream.

https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
"""

from collections.abc import Mapping

import msgspec

from libria_providers.dialects import classify
from libria_providers.dialects.said import any_json, mapping
from libria_providers.errors import ProviderError
from libria_providers.types import Json

# The status that says what an exception means, where its own does not or where there is none.
_STATUSES = {
    "accessdeniedexception": 403,
    "conflictexception": 409,
    "expiredtokenexception": 401,  # with 403, as the next six
    "incompletesignature": 401,
    "incompletesignatureexception": 401,
    "invalidclienttokenid": 401,
    "invalidsignatureexception": 401,
    "missingauthenticationtokenexception": 401,
    "unrecognizedclientexception": 401,
    "internalserverexception": 500,
    "internalfailure": 500,
    "modelerrorexception": 500,  # with 424: the model failed, nobody's request was wrong
    "modelnotreadyexception": 503,  # with 429: the SDKs try it again
    "modelstreamerrorexception": 500,  # with 424: "Retry your request"
    "modeltimeoutexception": 504,
    "resourcenotfoundexception": 404,
    "servicequotaexceededexception": 402,  # with 400
    "serviceunavailableexception": 503,
    "throttlingexception": 429,
    "toomanyrequestsexception": 429,
    "unknownoperationexception": 400,
    "validationexception": 400,
}
# Said with a plain ValidationException or AccessDeniedException, which mean many things.
_WORDS: Mapping[str, str] = {
    "input is too long for requested model": "context_length_exceeded",  # aws-samples/bedrock-chat#95
    "the provided model identifier is invalid": "model_not_found",  # langchain-ai/langchain-aws#258
    "please make sure your api key is valid": "invalid_api_key",  # anomalyco/opencode#47073
}


def failed(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """The error for a reply that is no success. `headers` have lower-case names."""
    value = any_json(body)
    name = _name(headers.get("x-amzn-errortype") or _said_name(value))
    if not name and not isinstance(value, dict):
        return classify.failed(status, headers, body)
    return _error(name, value, status, headers)


def stated(name: str, value: Json) -> ProviderError:
    """The error for one within a stream (an exception's `name`), or in the body of a 200."""
    name = _name(name or _said_name(value))
    return _error(name, value, None, {})


def is_error(value: Json) -> bool:
    """Whether the body of a 200 says an error: "{"Output":{"__type":"…#UnknownOperationException"}}"."""
    fields = mapping(value)
    return bool(_said_name(value) or fields.get("message") or fields.get("Message"))


def _error(name: str, value: Json, status: int | None, headers: Mapping[str, str]) -> ProviderError:
    fields = mapping(value)
    message = next((said for key in ("message", "Message", "originalMessage") if (said := fields.get(key))), "")
    words = message.lower() if isinstance(message, str) else ""
    code = next((code for phrase, code in _WORDS.items() if phrase in words), name)
    body = msgspec.json.encode({"error": {"message": message, "code": code or None}})
    meant = _STATUSES.get(name.lower(), status or 500)
    error = classify.failed(meant, headers, body)
    error.status, error.code = status, name or None
    return error


def _said_name(value: Json) -> str:
    fields = mapping(value)
    for where in (fields, mapping(fields.get("Output")), mapping(fields.get("Error"))):
        for key in ("__type", "code", "Code"):
            if isinstance(name := where.get(key), str):
                return name
    return ""


def _name(said: str) -> str:
    """ "ValidationException" of "com.amazon.coral.service#ValidationException:http://internal…"; of an
    event's "validationException" too. https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html"""
    name = said.partition(":")[0].rpartition("#")[2].strip()
    return name[:1].upper() + name[1:]
