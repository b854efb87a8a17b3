"""What Airbyte's destinations make of the messages of a connector, as far as rows that are gone are concerned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from integration_tests.connector import Json, Output
from integration_tests.platforms import PlatformFacts

DELETED_AT = "_ab_cdc_deleted_at"
Key = tuple[Any, ...]


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
