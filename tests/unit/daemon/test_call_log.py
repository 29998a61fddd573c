"""Who listens to a call, when it ends for that, and how long its answer is kept."""

import gc
import weakref
from typing import Literal

import pytest

from libria.call_log import ENTRY_BYTES, CallLog, KeptCall
from libria.seen import Seen
from libria.testing import FakeClock
from libria_providers.types import Call

OUTCOME = b'"result":{}'


class Kit:
    """A log and one call in it; stopping it ends it, as a request does."""

    def __init__(self, on_disconnect: Literal["cancel", "finish"] = "cancel") -> None:
        self.clock = FakeClock()
        self.log = CallLog(self.clock, most=10 * ENTRY_BYTES)
        self.stopped: list[str] = []
        self.idle = 0
        self.log.idle = self._idle
        self.kept = self.begin("call-0", on_disconnect)

    def begin(
        self, call_id: str, on_disconnect: Literal["cancel", "finish"] = "cancel", *, lasting: bool = True
    ) -> KeptCall:
        call = Call(model="p/m", on_disconnect=on_disconnect)
        return self.log.begin(call_id, call, self._stop, lasting=lasting)

    def _idle(self) -> None:
        self.idle += 1

    def _stop(self, why: str) -> None:
        self.stopped.append(why)
        self.kept.end(b'"error":{}')


def test_a_call_ends_with_its_client() -> None:
    kit = Kit()
    kit.kept.leave()
    assert kit.stopped == ["left"]
    assert kit.log.abandoned() == []


def test_one_that_shall_finish_goes_on_alone() -> None:
    kit = Kit("finish")
    kit.kept.leave()
    assert kit.stopped == []
    assert kit.log.abandoned() == [kit.kept]
    other = kit.begin("call-1", "finish")
    other.leave()
    kit.kept.end(OUTCOME)
    assert kit.idle == 0
    other.end(OUTCOME)
    assert kit.log.abandoned() == []
    assert kit.idle == 1
    assert kit.log.find("call-0") is kit.kept


@pytest.mark.parametrize("on_disconnect", ["cancel", "finish"])
@pytest.mark.parametrize("cancelled", [True, False])
def test_a_follower_that_leaves_a_call_with_a_client(
    on_disconnect: Literal["cancel", "finish"], cancelled: bool
) -> None:
    kit = Kit(on_disconnect)
    kit.kept.follow()
    kit.kept.unfollow(cancelled=cancelled)
    assert kit.stopped == []


@pytest.mark.parametrize(
    ("on_disconnect", "cancelled", "stopped"),
    [
        ("cancel", True, ["cancelled"]),
        ("cancel", False, ["left"]),
        ("finish", True, ["cancelled"]),
        ("finish", False, []),
    ],
)
def test_the_last_follower_of_a_call_whose_client_has_left(
    on_disconnect: Literal["cancel", "finish"], cancelled: bool, stopped: list[str]
) -> None:
    kit = Kit(on_disconnect)
    kit.kept.follow()
    kit.kept.follow()
    kit.kept.leave()
    kit.kept.unfollow(cancelled=True)
    assert kit.stopped == [], "somebody listens"
    kit.kept.unfollow(cancelled=cancelled)
    assert kit.stopped == stopped


async def test_it_is_kept_for_ten_minutes() -> None:
    kit = Kit()
    await kit.clock.advance(100_000)
    kit.kept.end(OUTCOME)
    await kit.clock.advance(300)
    kit.begin("call-1").end(OUTCOME)
    await kit.clock.advance(299)
    assert kit.log.find("call-0") is not None
    await kit.clock.advance(1)
    assert kit.log.find("call-0") is None
    assert kit.log.find("call-1") is not None
    await kit.clock.advance(300)
    assert kit.log.find("call-1") is None
    assert kit.clock.waiting == 0, "at rest no timer runs"


def test_the_oldest_go_first_where_there_are_many() -> None:
    kit = Kit()
    for number in range(1, 30):
        kit.begin(f"call-{number}").end(OUTCOME)
    kept = [number for number in range(30) if kit.log.find(f"call-{number}")]
    assert kept[0] == 0, "it is under way"
    assert kept[1:] == list(range(30 - len(kept) + 1, 30))
    assert 5 <= len(kept) <= 10


def test_one_that_is_larger_than_all_may_be_does_not_stay() -> None:
    kit = Kit()
    kit.kept.end(b"x" * 20 * ENTRY_BYTES)
    kit.begin("call-1").end(OUTCOME)
    assert kit.log.find("call-0") is None
    assert kit.log.find("call-1") is not None


def test_what_does_not_last_is_there_while_it_is_under_way() -> None:
    kit = Kit()
    kept = kit.begin("call-1", lasting=False)
    assert kit.log.find("call-1") is kept
    kept.end(OUTCOME)
    assert kit.log.find("call-1") is None


def test_a_call_that_is_asked_again_takes_the_place_of_the_one_before() -> None:
    kit = Kit()
    kit.kept.end(OUTCOME)
    again = kit.begin("call-0")
    assert kit.log.find("call-0") is again
    again.end(OUTCOME)
    for number in range(1, 30):
        kit.begin(f"call-{number}").end(OUTCOME)
    assert kit.log.find("call-0") is None


def test_what_is_kept_holds_neither_the_prompt_nor_the_connection() -> None:
    class Connection:
        def stop(self, why: str) -> None: ...

    log = CallLog(FakeClock(), most=10 * ENTRY_BYTES)
    connection, call = Connection(), Call(model="p/m", system="a prompt")
    kept, seen = log.begin("call-0", call, connection.stop), Seen()
    kept.seen = seen
    gone = weakref.ref(connection)
    kept.end(OUTCOME)
    del connection
    gc.collect()
    assert gone() is None
    assert kept.seen is not seen, "it holds the answer, delta by delta"
    assert kept.call is None
