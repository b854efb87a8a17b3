"""How FastBill writes a row and a list: each field in one of the forms that were seen, or are tolerated, in answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zlib import crc32

from integration_tests.sandbox.table import Row

TOTALS = ("SUB_TOTAL", "VAT_TOTAL", "TOTAL", "VAT_VALUE", "COMPLETE_NET", "COMPLETE_GROSS")
"""Numbers in every year."""
NUMBERS = (
    *("QUANTITY", "UNIT_PRICE", "VAT_PERCENT", "EXCHANGE_RATE", "CASH_DISCOUNT_PERCENT"),
    *("HOUR_PRICE", "MINUTES", "BILLABLE_MINUTES"),
)
"""Text or number, by year and service."""
MOMENTS = (
    *("CREATED", "LASTUPDATE", "DELETED_DATE", "DUE_DATE", "PAID_DATE"),
    *("DATE", "START_TIME", "END_TIME"),
)
DAYS = ("INVOICE_DATE", "ESTIMATE_DATE", "SERVICE_PERIOD_START", "SERVICE_PERIOD_END", "START_DATE", "END_DATE")
NO_MOMENT: Mapping[str, str] = dict.fromkeys(("PAID_DATE", "DUE_DATE", "START_TIME", "END_TIME"), "0000-00-00 00:00:00")
"""What stands for none; elsewhere it is empty text."""
SINGULARS: Mapping[str, str] = {
    "ITEMS": "ITEM",
    "VAT_ITEMS": "VAT_ITEM",
    "PAYMENTS": "PAYMENT",
    "COMMENTS": "COMMENT",
    "TASKS": "TASK",
}
"""Lists inside a row, with the name of one of their elements."""
EXACT = 2**53
"""Beyond it not every whole number is a float."""
IN_TURN = ("array", "index", "child", "single")


@dataclass(frozen=True)
class Style:
    """The forms chosen by the options ``numbers``, ``ids`` and ``nested``."""

    numbers: str
    ids: str
    nested: str

    def dress(self, row: Row, key: str) -> Row:
        """A row as it is sent; its key picks a form where forms change from row to row."""
        # Ids go up by two.
        turn = (int(key) if key.isdecimal() else crc32(key.encode())) // 2
        style = Style(
            self.numbers if self.numbers != "mixed" else ("text", "number")[turn % 2],
            self.ids if self.ids != "mixed" else ("text", "number")[turn % 2],
            self.nested if self.nested != "mixed" else IN_TURN[turn % 4],
        )
        return {name: style._value(name, value, turn) for name, value in row.items()}

    def _value(self, name: str, value: Any, turn: int) -> Any:
        if name in SINGULARS:
            rows = [self._element(name, element, turn) for element in value]
            return written(rows, self.nested, SINGULARS[name])
        if value is None:
            return _nothing(name, turn)
        if name in MOMENTS:
            return value.replace("T", " ")
        if name in TOTALS:
            return _decimal(value) if self.numbers == "all_text" else _number(value)
        if name in NUMBERS:
            return value if self.numbers == "number" else _decimal(value)
        if name.endswith("_ID") and self.ids == "number" and value.isdecimal():
            return int(value)
        if name == "IS_GROSS" and self.numbers == "number":
            return int(value)
        return value

    def _element(self, name: str, element: Row, turn: int) -> Row:
        """A row of a list inside a row."""
        row = {field: self._value(field, value, turn) for field, value in element.items()}
        if name == "PAYMENTS":
            year, month, day = element["DATE"].split("-")
            row |= {"DATE": f"{day}.{month}.{year}", "AMOUNT": _decimal(element["AMOUNT"])}
        if name == "ITEMS" and self.numbers == "number":
            row |= {key: int(row[key]) for key in ("INVOICE_ITEM_ID", "ESTIMATE_ITEM_ID") if key in row}
        return row


def written(rows: Sequence[Any], form: str, singular: str) -> Any:
    """A list in one of the forms. An empty one is ``[]``."""
    if not rows:
        return []
    if form == "index":
        # As text sorts: "10" comes before "2", so that only the number itself tells the place.
        return {number: rows[int(number)] for number in sorted(map(str, range(len(rows))))}
    if form == "child":
        return {singular: rows[0] if len(rows) == 1 else list(rows)}
    if form == "single" and len(rows) == 1:
        return rows[0]
    return list(rows)


def _nothing(name: str, turn: int) -> Any:
    if name in MOMENTS:
        return NO_MOMENT.get(name, "")
    if name in DAYS:
        return ("", "0000-00-00", None)[turn % 3]
    if name in NUMBERS:
        return ("", None, [])[turn % 3]
    # An empty node of XML became an empty array.
    return [] if name == "ACCOUNT_RECEIVABLE" else None


def _number(value: float) -> float:
    """Whole sums come without decimals."""
    return int(value) if abs(value) < EXACT and float(value).is_integer() else value


def _decimal(value: float) -> str:
    """At least two decimals, and as many as it takes to lose nothing."""
    number = Decimal(repr(value))
    exponent = number.as_tuple().exponent
    return f"{number:.2f}" if isinstance(exponent, int) and exponent > -2 else f"{number:f}"
