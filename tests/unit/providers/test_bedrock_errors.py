"""Amazon's errors, by the name that is in a header or in the body."""

import pytest

from libria_providers.dialects.bedrock_converse import BedrockConverse

COM = "http://internal.amazon.com/coral/com.amazon.bedrock/"


@pytest.mark.parametrize(
    ("status", "header", "body", "kind", "code"),
    [
        (429, f"ThrottlingException:{COM}", '{"message":"Too many requests"}', "rateLimited", "ThrottlingException"),
        (429, f"ModelNotReadyException:{COM}", '{"message":"x"}', "overloaded", "ModelNotReadyException"),
        (424, "ModelErrorException", '{"message":"x","originalStatusCode":500}', "overloaded", "ModelErrorException"),
        (408, "ModelTimeoutException", '{"message":"x"}', "overloaded", "ModelTimeoutException"),
        (503, "ServiceUnavailableException", '{"message":"x"}', "overloaded", "ServiceUnavailableException"),
        (500, "InternalServerException", '{"message":"x"}', "overloaded", "InternalServerException"),
        (403, "AccessDeniedException", '{"message":"no access to the model"}', "permissionDenied",
         "AccessDeniedException"),
        (403, f"UnrecognizedClientException:{COM}", '{"message":"The security token is invalid."}',
         "credentialRejected", "UnrecognizedClientException"),
        (403, "ExpiredTokenException", '{"message":"expired"}', "credentialRejected", "ExpiredTokenException"),
        (403, "", '{"message":"x","__type":"InvalidSignatureException"}', "credentialRejected",
         "InvalidSignatureException"),
        # github.com/anomalyco/opencode/issues/47073
        (403, "", '{"Message":"Authentication failed: Please make sure your API Key is valid."}',
         "credentialRejected", None),
        (404, "ResourceNotFoundException", '{"message":"x"}', "modelNotFound", "ResourceNotFoundException"),
        (400, "ServiceQuotaExceededException", '{"message":"x"}', "quotaExhausted", "ServiceQuotaExceededException"),
        (400, "ValidationException", '{"message":"1 validation error detected"}', "badRequest", "ValidationException"),
        (400, "ValidationException", '{"message":"The provided model identifier is invalid."}', "modelNotFound",
         "ValidationException"),
        (400, "ValidationException", '{"message":"Input is too long for requested model."}', "contextTooLong",
         "ValidationException"),
        # github.com/daisuke-awaji/moca/issues/254
        (400, "ValidationException",
         '{"message":"The model returned the following errors: prompt is too long: 200049 tokens > 200000 maximum"}',
         "contextTooLong", "ValidationException"),
        (400, "", '{"__type":"com.amazon.coral.validate#ValidationException","message":"x"}', "badRequest",
         "ValidationException"),
        (404, "", '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}',
         "badRequest", "UnknownOperationException"),
        (418, "WhatIsNew", '{"message":"x"}', "badRequest", "WhatIsNew"),
        (502, "", "<html><title>Bad Gateway</title></html>", "overloaded", None),
        (403, "", "", "permissionDenied", None),
        (429, "", "{}", "rateLimited", None),
    ],
)  # fmt: skip
def test_error(status: int, header: str, body: str, kind: str, code: str | None) -> None:
    headers = {"x-amzn-requestid": "r1", **({"x-amzn-errortype": header} if header else {})}
    error = BedrockConverse().error(status, headers, body.encode())
    assert (error.kind, error.code, error.status, error.request_id) == (kind, code, status, "r1")
