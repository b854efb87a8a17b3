"""What Airbyte's destinations make of the messages of a connector, as far as rows that are gone are concerned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from integration_tests.connector import Json, Output
from integration_tests.platforms import PlatformFacts
from integration_tests.sandbox import Sandbox

DELETED_AT = "_ab_cdc_deleted_at"
Key = tuple[Any, ...]

#: Of the sandbox: changes raise events.
EVENTS = {"mutation_events": True}
EIGHT_DAYS = 8 * 86_400
# Of each platform: lists that a sync reads in full, and lists that it has to search for what is gone.
IN_FULL = {"zoho_books": "recurring_invoices", "zoho_invoice": "recurring_expenses", "fastbill": "customers"}
SEARCHED = {
    "invoiced": ("items", "coupons"),
    "zoho_books": ("invoices", "expenses", "chart_of_accounts"),
    "zoho_invoice": ("invoices", "items"),
    "fastbill": ("invoices", "revenues"),
    "rest_api": ("invoices",),
}
BY_EVENT = ("customers", "invoices", "credit_notes", "estimates", "notes", "tasks")
CHILDREN = ("contacts", "payment_sources", "metered_billings")


class Destination:
    """Tables that a sync is loaded into: of each key, the newest record counts, and one that says that the row is gone
    removes it unless the row is newer.

    :param catalog: what ``discover`` offers
    """

    def __init__(self, platform: PlatformFacts, catalog: Iterable[Json]) -> None:
        self._platform = platform
        self._catalog = {stream["name"]: stream for stream in catalog}
        self._tables: dict[str, dict[Key, Json]] = defaultdict(dict)

    def load(self, output: Output) -> None:
        """Load the records of a sync."""
        for stream, records in output.records.items():
            table = self._tables[stream]
            newest: dict[Key, Json] = {}
            for record in records:
                key = self.key(stream, record)
                if self._is_not_older(stream, record, newest.get(key)):
                    newest[key] = record
            for key, record in newest.items():
                if self._is_not_older(stream, record, table.get(key)):
                    table.pop(key, None)
                    if not record.get(DELETED_AT):
                        table[key] = record

    def rows(self, stream: str) -> dict[Key, Json]:
        """The rows that are left of a stream, by their keys."""
        return self._tables[stream]

    def key(self, stream: str, row: Mapping[str, Any]) -> Key:
        """What identifies a row."""
        fields = self._catalog[stream]["source_defined_primary_key"]
        return tuple(str(row[name]) for (name,) in fields)

    def _is_not_older(self, stream: str, record: Json, stored: Json | None) -> bool:
        cursor = self._catalog[stream].get("default_cursor_field")
        if stored is None or not cursor:
            return True
        before, now = (self._platform.seconds(each.get(cursor[0])) for each in (stored, record))
        return before is None or (now is not None and now >= before)


def tombstones(output: Output) -> dict[str, list[Json]]:
    """The records that say that a row is gone, by stream."""
    found = {name: [row for row in rows if row.get(DELETED_AT)] for name, rows in output.records.items()}
    return {name: rows for name, rows in found.items() if rows}


def weeks_later(state: list[Json]) -> list[Json]:
    """A state as if some time had passed since it was written."""

    def earlier(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {name: earlier(member, name) for name, member in value.items()}
        return value - EIGHT_DAYS if name in ("swept_at", "full_reading") else value

    return [{**message, "stream": earlier(message["stream"])} for message in state]


def assert_same_rows(destination: Destination, sandbox: Sandbox, streams: Iterable[str]) -> None:
    """The destination has the rows of the account, and no others."""
    customers = {row["id"] for row in sandbox.rows("customers")} if sandbox.platform == "invoiced" else set()
    for stream in streams:
        rows = destination.rows(stream).items()
        # Children of a customer that is gone are not told: the customer is.
        there = {key for key, row in rows if stream not in CHILDREN or row["customer_id"] in customers}
        assert there == {destination.key(stream, row) for row in existing(sandbox, stream)}, stream


def existing(sandbox: Sandbox, stream: str) -> list[Json]:
    """The rows of a stream. Some of FastBill's customers are listed although they are deleted, which they say."""
    return [row for row in sandbox.rows(stream) if not (row.get("DELETED_DATE") or "").strip("0-: ")]


def told(output: Output) -> dict[str, list[Any]]:
    """The ids that are told to be gone, by stream."""
    return {name: [row.get("id") for row in rows] for name, rows in tombstones(output).items()}
