"""What the events of Invoiced say about records. https://developer.invoiced.com/api/events"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from source_invoicing.streams import Event, Row
from source_invoicing.streams.page import is_identity

# Fields that hold a whole record in an event, and its id in a list.
EXPANDED = ("customer", "subscription", "plan", "invoice")
MERGED = "customer.merged"


def parse_event(row: Row) -> Event | None:
    """An event of the list; ``None`` if it names no record."""
    data, kind, at = row.get("data"), row.get("type"), row.get("timestamp")
    record = data.get("object") if isinstance(data, dict) else None
    if not isinstance(kind, str) or not isinstance(at, int) or not isinstance(record, dict):
        return None
    if kind == MERGED:
        # Not documented: which of the two customers the object is, and where the other one is named. Without both it is
        # not known which lists have changed.
        candidates = (record.get("id"), *_customers(row["data"]))
        customers = sorted({each for each in candidates if type(each) is int})  # a flag is no id
        both = tuple(customers) if len(customers) > 1 else ()
        return Event(row["id"], kind, at, tuple({"id": each} for each in customers), both)
    flat = {name: _id(value) if name in EXPANDED else value for name, value in record.items()}
    parent = flat.get("id") if kind.startswith("customer.") else flat.get("customer_id") or flat.get("customer")
    return Event(row["id"], kind, at, (flat,), (parent,) if is_identity(parent) else ())


def _id(value: Any) -> Any:
    return value.get("id") if isinstance(value, Mapping) else value


def _customers(value: Mapping[str, Any]) -> Iterator[Any]:
    """The ids in all members, at any depth, whose names contain "customer" or "merged"."""
    for name, member in value.items():
        if "merged" in name or ("customer" in name and "parent" not in name):
            yield from map(_id, member if isinstance(member, list) else [member])
        if isinstance(member, Mapping):
            yield from _customers(member)
