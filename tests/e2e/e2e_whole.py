"""What every client is owed, whatever became of the daemon: one whole answer, told in order."""

from e2e_client import Chat, Json


async def whole(chat: Chat) -> dict[str, Json]:
    """The one answer, which its deltas since the last reset add up to, in order."""
    result: dict[str, Json] = await chat.result()
    await chat.in_order()
    assert chat.text() == result["content"]
    answers = [one for one in chat.client.messages if "method" not in one and one["id"] == chat.id]
    assert len(answers) == 1
    starts = [value for value in chat.progress if value["kind"] == "start"]
    assert [start["callId"] for start in starts] == [result["callId"]]
    return result


def resets(chat: Chat) -> list[str]:
    return [value["reason"] for value in chat.progress if value["kind"] == "reset"]
