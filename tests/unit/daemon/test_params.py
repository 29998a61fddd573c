"""What a client may send: strict, and forgiving of null."""

import pytest

from libria.rpc.codes import RpcError
from libria.rpc.params import ChatParams, check

MESSAGES = [{"role": "user", "content": "x"}]


def test_null_is_not_given() -> None:
    found = check(ChatParams, {"messages": MESSAGES, "tools": None, "stop": None, "temperature": None})
    assert (found.tools, found.stop, found.temperature) == ([], [], None)


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"messages": MESSAGES, "modle": "x"}, "modle"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": "x", "name": "y"}]}, "messages[0].name"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "txt": "x"}]}]}, "messages[0].content"),
        ({"messages": MESSAGES, "timeouts": {"first": 1}}, "timeouts.first"),
        ({"messages": MESSAGES, "maxTokens": "5"}, "maxTokens"),
        ({"messages": MESSAGES, "maxTokens": 0}, "maxTokens"),
        ([], "params"),
        ("text", "params"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(params: object, path: str) -> None:
    with pytest.raises(RpcError) as caught:
        check(ChatParams, params)
    assert caught.value.code == -32602
    assert path in caught.value.message
