"""The fair queue: whose turn it is."""

from hypothesis import given
from hypothesis import strategies as st

from libria.queue import FairQueue, Told


def queue_of(*items: str) -> FairQueue[str]:
    """Each item is SESSION + number, a batch in capitals."""
    queue = FairQueue[str]()
    for item in items:
        queue.push(item, item[0].lower(), batch=item.isupper())
    return queue


def served(queue: FairQueue[str]) -> list[str]:
    order: list[str] = []
    while (item := queue.first()) is not None:
        queue.serve(item)
        order.append(item)
    return order


def test_round_robin_between_sessions_first_come_within_one() -> None:
    queue = queue_of("a1", "a2", "a3", "b1", "c1", "c2")
    assert list(queue) == ["a1", "b1", "c1", "a2", "c2", "a3"]
    assert served(queue) == ["a1", "b1", "c1", "a2", "c2", "a3"]


def test_interactive_before_batch() -> None:
    queue = queue_of("A1", "A2", "B1", "b2", "a3")
    assert queue.urgent
    assert served(queue) == ["b2", "a3", "A1", "B1", "A2"]
    assert not queue.urgent


def test_an_editor_waits_for_one_turn_of_a_script_at_most() -> None:
    queue = queue_of(*(f"s{number}" for number in range(500)))
    for _ in range(7):
        first = queue.first()
        assert first is not None
        queue.serve(first)
    queue.push("e1", "e")
    assert queue.ahead("e1") == 1
    assert served(queue)[:2] == ["s7", "e1"]


def test_who_may_not_go_is_passed_over() -> None:
    queue = queue_of("a1", "b1", "A2", "B2")
    assert queue.first(lambda session, batch: session == "b") == "b1"
    assert queue.first(lambda session, batch: batch) == "A2"
    assert queue.first(lambda session, batch: False) is None


def test_who_leaves_unserved_costs_nobody_a_turn() -> None:
    queue = queue_of("a1", "a2", "b1")
    assert queue.discard("a1")
    assert not queue.discard("a1")
    assert not queue.serve("a1")
    assert "a1" not in queue
    assert (queue.of("a"), queue.of("b"), queue.of("c")) == (1, 1, 0)
    assert served(queue) == ["a2", "b1"]
    assert len(queue) == 0


items = st.lists(st.tuples(st.sampled_from("abcd"), st.booleans(), st.sampled_from(["push", "push", "serve", "drop"])))


@given(items)
def test_the_order_told_is_the_order_served(steps: list[tuple[str, bool, str]]) -> None:
    queue = FairQueue[str]()
    for number, (session, batch, step) in enumerate(steps):
        waiting = list(queue)
        if step == "push":
            queue.push(f"{session}{number}", session, batch=batch)
        elif step == "serve" and waiting:
            assert queue.first() == waiting[0]
            queue.serve(waiting[0])
        elif waiting:
            queue.discard(waiting[number % len(waiting)])
    order = list(queue)
    assert [queue.ahead(item) for item in order] == list(range(len(order)))
    assert served(queue) == order


def test_a_place_is_told_when_it_changes_and_not_too_often() -> None:
    told = Told()
    heard = [
        told.news(place, at) for place, at in ((200, 0.0), (199, 0.1), (150, 0.2), (150, 0.3), (149, 0.6), (9, 0.9))
    ]
    assert heard == [True, False, False, True, False, True]
    assert [told.news(place, at) for place, at in ((9, 2.0), (8, 2.3), (7, 2.4), (7, 2.6))] == [
        False,
        True,
        False,
        True,
    ]
