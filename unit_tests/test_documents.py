"""What is kept of documents until their details are asked for."""

from __future__ import annotations

import random
import sys
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as some

from source_invoicing.streams import Partition, UnixSeconds
from source_invoicing.streams.cursor_state import DocumentState
from source_invoicing.streams.documents import KEPT_IN_RESERVE, LAST, PendingDocuments


def pending(most: int | None = None) -> PendingDocuments:
    return PendingDocuments(Partition(), UnixSeconds(), most)


def test_documents_come_in_the_order_of_their_changes_and_those_without_a_time_first() -> None:
    documents = pending()
    for key, cursor in (("c", 30), ("a", None), ("b", 30), ("d", 10), ("e", 20)):
        documents.add(key, cursor)

    came = list(documents.oldest_first())

    assert [document.key for document in came] == ["a", "d", "e", "b", "c"]
    assert [document.key for document in came[1:] if document.is_last_of_its_second] == ["d", "e", "c"]


def test_a_document_that_comes_again_has_its_last_change() -> None:
    documents = pending()
    for key, cursor in (("a", 10), ("b", 20), ("a", 30)):
        documents.add(key, cursor)

    assert [(each.key, each.cursor) for each in documents.oldest_first()] == [("b", 20), ("a", 30)]


def test_what_was_not_changed_before_a_time_can_be_left_out() -> None:
    documents = pending()
    for key, cursor in (("a", 10), ("b", 20), ("c", 30), ("d", None)):
        documents.add(key, cursor)

    assert [each.key for each in documents.oldest_first(before=30)] == ["d", "a", "b"]


def test_nothing_but_key_and_cursor_is_kept() -> None:
    documents, count = pending(), 20_000
    tracemalloc.start()
    for number in range(count):
        documents.add(f"98200000{number:010}", f"{1_700_000_000 + number}")
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    texts = 2 * sys.getsizeof("982000000000000000")
    assert kept / count < texts + 150


def test_of_more_than_can_be_asked_for_the_newest_are_dropped() -> None:
    documents, count = pending(most=10), 50_000
    numbers = random.Random(3).sample(range(count), count)
    tracemalloc.start()
    for number in numbers:
        documents.add(number, number)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(documents) == count
    assert kept < 400 * (2 * KEPT_IN_RESERVE)
    assert [each.key for each in documents.oldest_first()][:10] == list(range(10))


@given(
    some.lists(some.tuples(some.integers(0, 30), some.none() | some.integers(0, 5)), max_size=60),
    some.integers(1, 5),
    some.integers(-1, 20),
    some.integers(0, 9),
)
def test_no_document_comes_whose_predecessor_was_dropped(
    changes: list[tuple[int, int | None]], most: int, reached: int, lookback: int
) -> None:
    """Documents that are changed while the list is read, some of them several times. Those that the state has passed
    come when it may move no further without them, and those without a time last."""
    state = (reached, "15")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("source_invoicing.streams.documents.KEPT_IN_RESERVE", 3)
        documents, last = PendingDocuments(Partition(), UnixSeconds(), most, state, lookback), {}
        for number, (key, step) in enumerate(changes):
            last[f"{key:02}"] = None if step is None else number // 3 + step * 4
            documents.add(f"{key:02}", last[f"{key:02}"])

        came = list(documents.oldest_first())

    expected = sorted(
        (LAST if changed is None else changed + lookback * ((changed, key) <= state), key)
        for key, changed in last.items()
    )
    assert [(each.moves_to, each.key, each.changed) for each in came] == [
        (*place, last[place[1]]) for place in expected[: len(came)]
    ]
    for document, following in zip(came, expected[1:], strict=False):
        assert not (document.is_last_of_its_second and following[0] == document.moves_to)


def test_a_state_in_the_middle_of_a_second_is_taken_back_as_it_was_written() -> None:
    for document in ("9820", 77, ("a", 5)):
        state = DocumentState("lines", "updated_at", UnixSeconds(), ())
        state.advance_to(None, 100, document)
        stored = state.value()
        again = DocumentState("lines", "updated_at", UnixSeconds(), ())
        again.restore(stored)

        assert again.value() == stored
        assert again.document(None) == document


def test_a_state_never_goes_back() -> None:
    state = DocumentState("lines", "updated_at", UnixSeconds(), ())
    for cursor, document in ((100, None), (100, "b"), (100, "a"), (90, "z"), (100, None)):
        state.advance_to(None, cursor, document)

    assert state.value() == {"updated_at": 100, "document": "b"}
    state.advance_to(None, 101)
    assert state.value() == {"updated_at": 101}
