"""Invoiced's event log: what happened to which object, with a snapshot of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from integration_tests.sandbox.invoiced_parts import Parts
from integration_tests.sandbox.options import Options
from integration_tests.sandbox.platform import Change
from integration_tests.sandbox.table import Row, Table
from integration_tests.sandbox.values import DAY, FIRST_MOMENT, LAST_MOMENT, Values

SUBJECTS: Mapping[str, str] = {
    "contact": "contacts",
    "credit_note": "credit_notes",
    "customer": "customers",
    "estimate": "estimates",
    "invoice": "invoices",
    "line_item": "metered_billings",
    "note": "notes",
    "payment": "payments",
    "payment_source": "payment_sources",
    "task": "tasks",
    "subscription": "subscriptions",
}
"""First part of an event type, with the stream of its subject. The other streams raise no events."""

_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "credit_note": ("viewed",),
    "customer": ("merged",),
    "estimate": ("viewed", "approved"),
    "invoice": ("viewed", "payment_expected", "paid"),
    "task": ("completed",),
    "charge": ("failed",),
    "transaction": ("created",),
}
TYPES: tuple[str, ...] = (
    *(f"{subject}.{action}" for action in ("updated", "created", "deleted") for subject in (*SUBJECTS, "payment_plan")),
    *(f"{subject}.{action}" for subject, actions in _ACTIONS.items() for action in actions),
    "something_new.happened",
)
"""Documented types, one of older accounts, and one that nobody announced."""

EVENT_COLUMNS = frozenset({"id", "object", "type", "timestamp"})
"""What events can be sorted and filtered by."""

RELATIONS: Mapping[str, str] = {
    "customer": "customers",
    "invoice": "invoices",
    "plan": "plans",
    "subscription": "subscriptions",
    "estimate": "estimates",
    "credit_note": "credit_notes",
    "catalog_item": "items",
}
"""Fields that hold the id of another object, or under ``expand`` and in events the object itself."""


def expand(row: Row, names: Mapping[str, str], tables: Mapping[str, Table]) -> Row:
    """A copy of the row with the ids in the named fields replaced by the objects they point at."""
    copy = dict(row)
    for name, stream in names.items():
        key = copy.get(name)
        if isinstance(key, int | str) and key in tables[stream]:
            copy[name] = tables[stream].row(key)
    return copy


class EventMaker:
    """Makes events about the rows of the other streams."""

    def __init__(self, values: Values, tables: Mapping[str, Table]) -> None:
        self.v = values
        self.parts = Parts(values, {})
        self._tables = tables
        self._keys = {stream: list(tables[stream]) for stream in SUBJECTS.values()}

    def make(self, id_: int, type_: str, timestamp: int, subject: Row, previous: Row | None) -> Row:
        """One event. ``previous`` moves about: the documentation's table and its sample contradict each other."""
        v = self.v
        snapshot = expand(subject, {"customer": "customers", "plan": "plans"}, self._tables)
        row: Row = {"id": id_, "type": type_, "timestamp": timestamp, "data": {"object": snapshot}}
        if v.chance(0.5):
            row["object"] = "event"
        if previous is not None:
            (row["data"] if v.chance(0.6) else row)["previous"] = previous
        if v.chance(0.9):
            row["user"] = self.parts.user()
        if v.chance(0.2):
            row["x_new_field"] = v.text()
        return row

    def some(self, id_: int, timestamp: int) -> Row:
        """An invented event about a row that exists, or about one that is gone."""
        v, type_ = self.v, self.v.one_of(TYPES)
        kind, action = type_.split(".")
        subject = self._subject(kind)
        previous: Row | None = None
        if action in ("updated", "paid"):
            previous = {"updated_at": timestamp - DAY, "status": None, "balance": 0.1 + 0.2}
            if v.chance(0.3):
                previous["items"] = [{}, {"amount": -1}]  # Nested lists hold only what differs, by position.
            if v.chance(0.3):
                previous["metadata"] = v.mapping()
        return self.make(id_, type_, timestamp, subject, previous)

    def many(self, ids: list[Any]) -> Iterator[Row]:
        """Events with rising ids and times; neighbours now and then share a second."""
        step = (LAST_MOMENT - FIRST_MOMENT) // max(len(ids), 1)
        timestamp = FIRST_MOMENT
        for n, id_ in enumerate(ids):
            if n % 10 != 0:
                timestamp = FIRST_MOMENT + n * step + self.v.whole(0, max(step - 1, 0))
            yield self.some(id_, timestamp)

    def _subject(self, kind: str) -> Row:
        v = self.v
        keys = self._keys.get(SUBJECTS.get(kind, ""))
        key = v.one_of(keys) if keys and v.chance(0.9) else None
        if key is not None and key in self._tables[SUBJECTS[kind]]:
            return self._tables[SUBJECTS[kind]].row(key)
        # Deleted since, or of a kind that no list shows.
        return {"id": v.whole(1, 1000), "object": kind, "metadata": v.mapping(), **self.parts.times()}


class EventLog:
    """Events of the changes of rows. Some are listed late, see the option ``events_delay``."""

    def __init__(self, maker: EventMaker, table: Table) -> None:
        self._maker = maker
        self._table = table
        self._late: list[tuple[int, Row]] = []

    def raised_by(self, change: Change, now: int, options: Options) -> list[Row]:
        """The events that are listed from now on."""
        kind = next((kind for kind, stream in SUBJECTS.items() if stream == change.stream), None)
        subject = change.after or change.before
        if kind is None or subject is None:
            return []
        if change.parent is not None:
            subject = {**subject, "customer": change.parent}
        previous: Row | None = None
        if change.before and change.after and change.op == "edit":
            previous = {name: old for name, old in change.before.items() if change.after.get(name) != old}
        if change.op == "merge" and options.text("merged_object") == "absorbed":
            subject = change.before or subject
        elif change.op == "delete" and options.text("deleted_object") == "id":
            subject = {name: subject[name] for name in ("id", *(["object"] if kind == "payment_source" else []))}
        action = {"insert": "created", "edit": "updated", "delete": "deleted", "merge": "merged"}[change.op]
        id_ = max([self._table.next_id, *(late["id"] + 1 for _, late in self._late)])
        event = self._maker.make(id_, f"{kind}.{action}", now, subject, previous)
        if change.op == "merge" and options.text("merged_object") == "survivor":
            event["data"]["merged_customer"] = change.key
        late = [(left - 1, each) for left, each in self._late]
        late.append((options.number("events_delay") if change.op == "delete" else 0, event))
        self._late = [(left, each) for left, each in late if left > 0]
        return [each for left, each in late if left <= 0]
