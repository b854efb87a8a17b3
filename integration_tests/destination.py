"""What Airbyte's destinations make of the messages of a connector, as far as rows that are gone are concerned."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from integration_tests.connector import Json, Output
from integration_tests.expected import as_record
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

# Of all streams at once, since planning takes longer than carrying out.
CREATE = """
    CREATE TABLE rows (
        stream VARCHAR, key VARCHAR, cursor {type}, deleted_at TIMESTAMPTZ, extracted BIGINT, record VARCHAR,
        PRIMARY KEY (stream, key)
    )
"""
# As BigQuery and Snowflake do it: of each key the newest record of the batch, if it is newer than the row.
LOAD = """
    MERGE INTO rows
    USING (
        SELECT * FROM (SELECT unnest(from_json({records}, '[{{
            "stream": "VARCHAR", "key": "VARCHAR", "cursor": "{type}", "deleted_at": "TIMESTAMPTZ",
            "extracted": "BIGINT", "record": "VARCHAR"
        }}]'), recursive := true))
        QUALIFY row_number() OVER (PARTITION BY stream, key ORDER BY cursor DESC NULLS LAST, extracted DESC) = 1
    ) AS new
    ON rows.stream = new.stream AND rows.key = new.key
    WHEN MATCHED AND NOT (
        rows.cursor < new.cursor
        OR (rows.cursor IS NOT DISTINCT FROM new.cursor AND rows.extracted < new.extracted)
        OR (rows.cursor IS NULL AND new.cursor IS NOT NULL)
    ) THEN DO NOTHING
    WHEN MATCHED AND new.deleted_at IS NOT NULL THEN DELETE
    WHEN MATCHED THEN UPDATE
    WHEN NOT MATCHED AND new.deleted_at IS NULL THEN INSERT
"""


class Destination:
    """A DuckDB that syncs are loaded into, as Airbyte's destinations do that delete rows: of each key the newest record
    counts, by the cursor and then by the time of extraction, and one that says that the row is gone removes it unless
    the row is newer.

    https://docs.airbyte.com/platform/understanding-airbyte/cdc

    :param catalog: what ``discover`` offers. All cursors are of one type
    """

    def __init__(self, catalog: Iterable[Json]) -> None:
        self._catalog = {stream["name"]: stream for stream in catalog}
        (self._cursor_type,) = {_column_type(stream) for stream in catalog if stream.get("default_cursor_field")}
        self._extracted = itertools.count()
        self._database = duckdb.connect(config={"threads": 1})
        self._database.execute(CREATE.format(type=self._cursor_type))

    def load(self, output: Output) -> None:
        """Load the records of a sync, or of what got out of one."""
        rows = [
            {
                "stream": stream,
                "key": json.dumps(self.key(stream, record)),
                "cursor": record[self._catalog[stream]["default_cursor_field"][0]],
                "deleted_at": record.get(DELETED_AT),
                "extracted": next(self._extracted),
                "record": json.dumps(record),
            }
            for stream, records in output.records.items()
            for record in records
        ]
        # No parameter of the statement: for the first one, DuckDB imports pandas, which takes a second.
        text = json.dumps(rows).replace("'", "''")
        self._database.execute(LOAD.format(records=f"'{text}'", type=self._cursor_type))

    def rows(self, stream: str) -> dict[Key, Json]:
        """The rows that are left of a stream, by their keys."""
        found = self._database.execute(f"SELECT key, record FROM rows WHERE stream = '{stream}'").fetchall()
        return {tuple(json.loads(key)): json.loads(record) for key, record in found}

    def key(self, stream: str, row: Mapping[str, Any]) -> Key:
        """What identifies a row."""
        return tuple(str(row[name]) for name in self.key_fields(stream))

    def key_fields(self, stream: str) -> list[str]:
        """The fields that identify a row."""
        return [name for (name,) in self._catalog[stream]["source_defined_primary_key"]]

    def schema(self, stream: str) -> Json:
        """The JSON schema of a stream."""
        schema: Json = self._catalog[stream]["json_schema"]
        return schema


def _column_type(stream: Json) -> str:
    """The type of the column that holds a stream's cursor."""
    schema = stream["json_schema"]["properties"][stream["default_cursor_field"][0]]
    if schema.get("format") == "date-time":
        return "TIMESTAMP" if schema.get("airbyte_type") == "timestamp_without_timezone" else "TIMESTAMPTZ"
    return "BIGINT" if "integer" in schema["type"] else "VARCHAR"


def cut_off(output: Output, messages: int) -> Output:
    """What gets out of a sync that is killed behind so many messages."""
    return Output(137, [json.dumps(message) for message in printed(output)[:messages]], "")


def printed(output: Output) -> list[Json]:
    """The messages of a sync but its log, which a run in this process does not hold in its place."""
    return [message for message in output.messages if message["type"] != "LOG"]


def covered(output: Output) -> Output:
    """Of a sync that was killed, what the last state of each stream covers."""
    kept: list[Json] = []
    waiting: dict[str, list[Json]] = defaultdict(list)
    for message in output.messages:
        if message["type"] == "RECORD":
            waiting[message["record"]["stream"]].append(message)
        if message["type"] == "STATE":
            kept += waiting.pop(message["state"]["stream"]["stream_descriptor"]["name"], [])
    return Output(output.exit_code, [json.dumps(message) for message in kept], "")


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
    """The destination has the rows of the account as they are, and no others."""
    customers = {row["id"] for row in sandbox.rows("customers")} if sandbox.platform == "invoiced" else set()
    for stream in streams:
        rows = destination.rows(stream).items()
        # Children of a customer that is gone are not told: the customer is.
        there = {key: row for key, row in rows if stream not in CHILDREN or row["customer_id"] in customers}
        expected = {destination.key(stream, row): row for row in existing(sandbox, stream)}
        assert set(there) == set(expected), stream
        for key, row in expected.items():
            assert there[key] == {**there[key], **as_record(row, destination.schema(stream))}, stream


def existing(sandbox: Sandbox, stream: str) -> list[Json]:
    """The rows of a stream. Some of FastBill's customers are listed although they are deleted, which they say."""
    return [row for row in sandbox.rows(stream) if not (row.get("DELETED_DATE") or "").strip("0-: ")]


def told(output: Output) -> dict[str, list[Any]]:
    """The ids that are told to be gone, by stream."""
    return {name: [row.get("id") for row in rows] for name, rows in tombstones(output).items()}
