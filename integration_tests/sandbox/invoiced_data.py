"""The streams of Invoiced's sandbox: how many rows, with which ids, and how they come about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from integration_tests.sandbox.invoiced_ledger import Ledger
from integration_tests.sandbox.invoiced_parts import Parts
from integration_tests.sandbox.invoiced_rows import Rows
from integration_tests.sandbox.invoiced_settings import Settings
from integration_tests.sandbox.platform import Part
from integration_tests.sandbox.table import Row
from integration_tests.sandbox.values import DAY, LONG_TEXT, Values

DEFAULT_ROWS: Mapping[str, int] = {
    "customers": 40,
    "items": 101,
    "tax_rates": 4,
    "plans": 12,
    "coupons": 1,
    "subscriptions": 120,
    "invoices": 250,
    "payments": 230,
    "credit_balance_adjustments": 25,
    "credit_notes": 201,
    "estimates": 100,
    "contacts": 320,
    "notes": 150,
    "tasks": 130,
    "metered_billings": 230,
    "payment_sources": 230,
    "members": 6,
    "roles": 4,
    "chasing_cadences": 3,
    "events": 350,
}
"""Rows of each stream at scale 1, in the order in which they are made."""

FIRST_IDS: Mapping[str, int] = {
    "customers": 7_001,
    "subscriptions": 412,
    "invoices": 88_001,
    "payments": 5_300,
    "credit_balance_adjustments": 3_001,
    "credit_notes": 70_001,
    "estimates": 61_001,
    "contacts": 15_001,
    "notes": 21_001,
    "tasks": 33_001,
    "metered_billings": 40_000_001,
    "payment_sources": 55,
    "members": 801,
    "chasing_cadences": 12,
    "events": 990_001,
}
STRING_IDS: Mapping[str, tuple[str, ...]] = {
    "items": ("flour-25kg", "a/b c", "Größe & Maß", "品目", "50% off?", "x#y", "UPPER", "upper", "007"),
    "plans": ("starter", "pro / yearly", "Tarif Ü", "plan+plus", "123"),
    "tax_rates": ("VAT", "MwSt. 19 %", "税/率"),
    "coupons": ("SPRING 10%", "a/b"),
    "roles": ("administrator", "read only", "account/manager"),
}
"""Ids that people chose; further ones are numbered."""

CHILD_PATHS: Mapping[str, str] = {
    "contacts": "contacts",
    "metered_billings": "line_items",
    "payment_sources": "payment_sources",
}
"""Streams that exist only under a customer, with the last part of their path."""

_CHANGE = "updated_at"
_DOCUMENTS: Mapping[str, str] = {"invoice": "invoices", "credit_note": "credit_notes", "estimate": "estimates"}
PARTS: Mapping[str, Part] = {
    **{f"{one}_line_items": Part(many, "items", f"{one}_id", _CHANGE) for one, many in _DOCUMENTS.items()},
    **{
        f"{one}_{kind}": Part(many, f"{kind} items.{kind}", f"{one}_id", _CHANGE, "line_item_id")
        for one, many in _DOCUMENTS.items()
        for kind in ("discounts", "taxes")
    },
    "payment_applications": Part("payments", "applied_to", "payment_id", _CHANGE),
    "charges": Part("payments", "charge", "payment_id", _CHANGE),
    "refunds": Part("payments", "charge.refunds", "payment_id", _CHANGE),
    "subscription_addons": Part("subscriptions", "addons", "subscription_id", _CHANGE),
    "plan_tiers": Part("plans", "tiers", "plan_id", _CHANGE),
    "chasing_cadence_steps": Part("chasing_cadences", "steps", "cadence_id"),
    "payment_plans": Part("invoices", "", "invoice_id", _CHANGE),
}
"""What stands inside rows, and payment plans, which stand beside their invoice."""

DISTINCT_ROWS = 3_000
"""After so many rows of a stream the further ones resemble these: a benchmark must not wait for its data."""

LONG_ROW = 2
OLD_ROW = 4
"""Positions of rows with one peculiarity."""

LARGE_ID = 2**33 + 1
"""Some rows have an id beyond 32 bits."""


def make_ids(stream: str, count: int) -> list[Any]:
    """The ids of a stream in ascending order, with gaps."""
    if stream in STRING_IDS:
        chosen = STRING_IDS[stream]
        return [chosen[n] if n < len(chosen) else f"{stream[:-1]}-{n:05d}" for n in range(count)]
    ids = [FIRST_IDS[stream] + 2 * n + n // 7 for n in range(count)]
    if stream == "invoices" and count > 1:
        ids[-1] = LARGE_ID
    return ids


def spread(total: int, parents: int, shift: int) -> list[int]:
    """How many of ``total`` children each parent gets: one gets none, one 1, one 100, one 101, the others the rest.

    ``shift`` moves the special ones, so that different streams are large under different parents.
    """
    sizes = [0] * parents
    special = dict(zip(((shift + n) % max(parents, 1) for n in range(min(4, parents))), (0, 1, 100, 101), strict=False))
    for parent, size in special.items():
        sizes[parent] = min(size, total)
        total -= sizes[parent]
    others = [parent for parent in range(parents) if parent not in special] or list(special)[-1:]
    for n, parent in enumerate(others):
        sizes[parent] += total // len(others) + (n < total % len(others))
    return sizes


def _peculiarity(stream: str, n: int) -> Row:
    """What sets the n-th row of a stream apart: times before 1970 and very long text."""
    if n == LONG_ROW and stream in ("customers", "invoices", "payments", "notes"):
        return {"notes": LONG_TEXT}
    if n == OLD_ROW and stream == "customers":
        return {"created_at": -3600}
    if n == OLD_ROW and stream == "credit_notes":
        return {"created_at": -DAY, "updated_at": -DAY}
    if n == OLD_ROW and stream == "invoices":
        return {"date": -5 * DAY}
    return {}


class Maker:
    """Makes rows of every stream but events, one at a time, from an id."""

    def __init__(self, values: Values, ids: dict[str, list[Any]], ledger: Ledger | None = None) -> None:
        self.v = values
        self.parts = Parts(values, ids, ledger)
        rows, settings = Rows(values, self.parts), Settings(values, self.parts)
        self._made: dict[str, int] = {}
        self._makers: dict[str, Callable[[Any], Row]] = {
            "customers": rows.customer,
            "items": rows.item,
            "tax_rates": self.parts.tax_rate,
            "plans": rows.plan,
            "coupons": self.parts.coupon,
            "subscriptions": rows.subscription,
            "invoices": rows.invoice,
            "payments": rows.payment,
            "credit_balance_adjustments": rows.credit_balance_adjustment,
            "credit_notes": rows.credit_note,
            "estimates": rows.estimate,
            "notes": rows.note,
            "tasks": rows.task,
            "members": settings.member,
            "roles": settings.role,
            "chasing_cadences": settings.chasing_cadence,
        }
        self._child_makers: dict[str, Callable[[Any, Any], Row]] = {
            "contacts": rows.contact,
            "metered_billings": rows.pending_line_item,
            "payment_sources": rows.payment_source,
        }

    def make(self, stream: str, id_: Any, customer: Any = None) -> Row:
        """One row. ``customer`` is the parent, for streams that live under one."""
        turn = self._made[stream] = self._made.get(stream, -1) + 1
        row = self._child_makers[stream](id_, customer) if customer is not None else self._makers[stream](id_)
        if turn % 5 == 1:
            row["x_new_field"] = self.v.one_of(("added without notice", None, 7, {"nested": [1, {}]}))
        return row

    def many(self, stream: str, ids: list[Any]) -> Iterator[Row]:
        """Rows of a whole stream; every tenth shares its ``updated_at`` with the one before."""
        previous: Row = {}
        models: list[Row] = []
        for n, id_ in enumerate(ids):
            if n < DISTINCT_ROWS:
                row = self.make(stream, id_)
                models.append(row)
            else:
                row = self._like(models[n % DISTINCT_ROWS], stream, id_)
            if n % 10 == 9 and "updated_at" in row and "updated_at" in previous:
                row["updated_at"] = previous["updated_at"]
            yield row | _peculiarity(stream, n)
            previous = row

    def _like(self, model: Row, stream: str, id_: Any) -> Row:
        """A copy with an identity, a customer and times of its own: quicker to make than something new."""
        times = {name: time for name, time in self.parts.times().items() if name in model}
        row = model | times | {"id": id_}
        if stream == "customers":
            return row
        if row.get("customer") is not None:
            row["customer"] = self.parts.some_id("customers", 7_001)
            row |= {"customer_id": row["customer"]} if "customer_id" in row else {}
        if row.get("number") is not None:
            row["number"] = self.v.code(row["object"][:3].upper(), id_)
        if "items" in row:
            row["items"] = [line | {"id": id_ * 200 + n} for n, line in enumerate(row["items"])]
        return row


def child_keys(stream: str, count: int) -> list[Any]:
    """Keys of a stream under customers: ids, or for payment sources pairs of a kind and an id both kinds use."""
    ids = make_ids(stream, count)
    if stream != "payment_sources":
        return ids
    return [(("bank_account", "card")[n % 2], ids[n // 2]) for n in range(count)]


@cache
def plain_columns(stream: str) -> frozenset[str]:
    """Columns whose values are neither lists nor objects, found by making some rows: an empty stream has them too."""
    maker, known, nested = Maker(Values(0, "specimens"), {}), set[str](), set[str]()
    for key in child_keys(stream, 20):
        row = maker.make(stream, key, 1 if stream in CHILD_PATHS else None)
        known |= row.keys()
        nested |= {name for name, value in row.items() if isinstance(value, list | dict)}
    return frozenset(known - nested)


def set_empty_maps(value: Any, empty: list[Any] | dict[str, Any]) -> None:
    """Rewrite empty metadata at any depth."""
    if isinstance(value, list):
        for part in value:
            set_empty_maps(part, empty)
    elif isinstance(value, dict):
        for name, part in value.items():
            if name == "metadata" and part in ([], {}):
                value[name] = empty
            else:
                set_empty_maps(part, empty)
