"""Rows of no product in particular, with what misleads a program that looks at the first page only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

from integration_tests.sandbox.table import Row
from integration_tests.sandbox.values import LONG_TEXT, Values

DEFAULT_ROWS: Mapping[str, int] = {
    "customers": 12,
    "invoices": 250,
    "items": 100,
    "payments": 101,
    "taxes": 1,
    "credit_notes": 0,
    "customer_invoices": 250,
}
"""Rows of each stream at scale 1. The last one lives under customers, some of whom have 0, 1, 100 and 101."""

PARENTS: Mapping[str, str] = {"customer_invoices": "customers"}
FIRST_IDS: Mapping[str, int] = {
    "customers": 101,
    "invoices": 10_001,
    "items": 301,
    "payments": 40_001,
    "taxes": 7,
    "credit_notes": 60_001,
    "customer_invoices": 80_001,
}
FIRST_PAGE = 110
"""On so many rows of a list amounts are whole and some fields null; the first page does not show the rest."""
UNDATED = 23
"""Every so many rows one has no time of change."""
LONG_ROW = 3
"""Position of a row with a very long text."""


def make_ids(stream: str, count: int) -> list[int]:
    """The ids of a stream in ascending order, with gaps."""
    return [first_id(stream) + 2 * n + n // 7 for n in range(count)]


def first_id(stream: str) -> int:
    """The lowest id of a stream."""
    return FIRST_IDS.get(stream, 501)


def iso(moment: int) -> str:
    """A unix second as ISO 8601 in UTC."""
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def make_parts(member: str, id_: int) -> list[Row]:
    """What stands inside a row, such as lines: up to two of each kind."""
    return [{"text": f"{member} {number}", "quantity": number, "price": 2.5 * id_} for number in range(1, id_ % 3 + 1)]


class Maker:
    """Makes rows of every stream, each with the id it is given. ``updated_at`` is a unix second or, now and then if
    rows may be undated, null.
    """

    def __init__(self, values: Values, *, undated: bool = True) -> None:
        self.v = values
        self._undated = undated
        self._made = 0

    def make(self, stream: str, id_: int, now: int | None = None) -> Row:
        """One row, with ``now`` (unix seconds) changed at that time."""
        self._made += 1
        v = self.v
        if "invoices" in stream or stream == "credit_notes":
            row = self._document(id_)
        else:
            row = {"id": id_, "name": v.name(), "note": v.text(), "active": v.chance(0.8), "amount": self._money()}
        undated = self._undated and now is None and self._made % UNDATED == 0
        return row | {"updated_at": None if undated else now if now is not None else v.moment()}

    def _document(self, id_: int) -> Row:
        """Lines and taxes come to the total, and payments to what is paid of it."""
        v = self.v
        late = self._made > FIRST_PAGE
        status = v.in_turn("status", ("open", "paid", "draft", "void"))
        lines = [self._line(late=late) for _ in range(v.in_turn("lines", (1, 0, 3)))]
        taxes = [
            {
                "rate": rate,
                "amount": _cents(sum(line["amount"] for line in lines if line["tax_rate"] == rate) * rate / 100),
            }
            for rate in sorted({line["tax_rate"] for line in lines})
        ]
        total = _cents(sum(each["amount"] for each in (*lines, *taxes)))
        payments = self._payments(id_, status, total)
        return {
            "id": id_,
            "number": v.code("INV", id_),
            "status": status,
            "currency": v.one_of(("EUR", "BRL", "USD")),
            "customer": {"id": v.whole(101, 120), "name": v.name()},
            "total": total,
            "balance": _cents(total - sum(payment["amount"] for payment in payments)),
            "discount": v.price() if late else None,
            "issue_date": iso(v.moment())[:10],
            "paid_at": v.maybe(iso(v.moment())),
            "notes": LONG_TEXT if self._made == LONG_ROW else v.maybe(v.text()),
            "tags": v.one_of(([], ["a", "b"])),
            "lines": lines,
            "taxes": taxes,
            "payments": payments,
        }

    def _line(self, *, late: bool) -> Row:
        """Whole on the first page, tax included."""
        v = self.v
        quantity, price = v.one_of((1, 2.5, 0.125)), v.whole(1, 500_000) / 100 if late else 800 * v.whole(1, 12)
        return {
            "text": v.text(),
            "quantity": quantity,
            "price": price,
            "amount": _cents(quantity * price),
            "tax_rate": v.one_of((0, 7, 19)),
        }

    def _payments(self, id_: int, status: str, total: float) -> list[Row]:
        """Some of what is open is paid in part; what is paid may be so by two."""
        first = {"paid": (1, 3)[id_ % 2], "open": (0, 2)[id_ % 2]}.get(status, 0)
        amounts = [total // first] if first else []
        if status == "paid":
            amounts.append(total - sum(amounts))
        return [
            {"reference": f"PAY-{id_}-{number}", "paid_on": iso(self.v.moment())[:10], "amount": _cents(amount)}
            for number, amount in enumerate(amounts, start=1)
            if amount
        ]

    def _money(self) -> float:
        """Whole on the first page, cents later."""
        return self.v.whole(1, 9_999) if self._made <= FIRST_PAGE else self.v.whole(1, 999_999) / 100


def _cents(amount: float) -> float:
    """An amount in whole cents; a whole number where there are none."""
    rounded = round(amount, 2)
    return int(rounded) if rounded == int(rounded) else rounded
