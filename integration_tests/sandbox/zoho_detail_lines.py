"""Lines of Zoho's documents that add up to their totals. Amounts are whole cents in here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integration_tests.sandbox.table import Row, Table
from integration_tests.sandbox.values import Values
from integration_tests.sandbox.zoho_detail_values import custom_field, tag, value
from integration_tests.sandbox.zoho_ledger import money
from integration_tests.sandbox.zoho_line_fields import LINES, NOT_IN_INVOICE

QUANTITIES = (1, 2, 2.5, 4, 10)
PLAIN, LINE_DISCOUNT, PERCENT_DISCOUNT, WHOLE_DISCOUNT, SHIPPED = range(5)
"""How a document comes to its total; each line of a list does it otherwise than the next."""
SHIPPING = 490


@dataclass
class Sums:
    """What the lines of a document come to."""

    net: int = 0
    tax: int = 0
    shipping: int = 0
    adjustment: int = 0
    discount: int = 0
    percent: str = ""
    taxes: dict[str, Row] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Of the document."""
        return self.net - self.discount + self.shipping + self.adjustment + self.tax


class LineMaker:
    """Makes the lines of documents.

    :param tables: the lists
    :param ids: the ids that they had at the start, to point at
    """

    def __init__(self, tables: Mapping[str, Table], ids: Mapping[str, Sequence[str]], books: bool) -> None:
        self._tables = tables
        self._ids = ids
        self._left_out = frozenset() if books else NOT_IN_INVOICE

    def lines(self, v: Values, kind: str, id_: str, total: int, header: Collection[str]) -> tuple[list[Row], Sums]:
        """One to three lines that come to a total.

        :param header: the fields of the document, which may have no place for a discount or for shipping
        """
        manner = int(id_) % 5
        fields = {WHOLE_DISCOUNT: ("discount", "adjustment"), SHIPPED: ("shipping_charge",)}.get(manner, ())
        discounted = manner in (LINE_DISCOUNT, PERCENT_DISCOUNT)
        if total < SHIPPING or not set(fields) <= set(header) or (discounted and "discount" not in LINES[kind].split()):
            manner = PLAIN
        sums, left = Sums(), total
        if manner == SHIPPED:
            sums.shipping = SHIPPING
            left -= SHIPPING
        if manner == WHOLE_DISCOUNT:
            # Five percent of what the lines come to, which then has no fractions of a cent.
            sums.adjustment = left % 19
            sums.discount, sums.percent = left // 19, "5%"
            left += sums.discount - sums.adjustment
        rows = []
        for n, gross in enumerate(_shares(left, 1 + (total + int(id_)) % 3)):
            taxed = manner != WHOLE_DISCOUNT and not (manner == PERCENT_DISCOUNT and n == 0)
            rows.append(self._line(v, kind, f"{id_}{n + 1}", n, gross, taxed=taxed, manner=manner, sums=sums))
        assert sums.total == total, (id_, total)
        if int(id_) % 7 == 0:
            rows[0]["x_line_note"] = "added without notice"
        return rows, sums

    def _line(self, v: Values, kind: str, id_: str, n: int, gross: int, *, taxed: bool, manner: int, sums: Sums) -> Row:
        tax = self._tax(v) if taxed else {}
        rate = _rate(tax.get("tax_percentage"))
        net = round(gross / (1 + rate / 100))
        sums.net += net
        sums.tax += gross - net
        if tax:
            entry = sums.taxes.setdefault(
                tax["tax_id"], {"tax_id": tax["tax_id"], "tax_name": tax["tax_name"], "sum": 0}
            )
            entry["sum"] += gross - net
        discount, list_price = _discount(manner, net)
        quantity = next((q for q in (v.one_of(QUANTITIES),) if list_price * 2 % int(q * 2) == 0), 1)
        price = list_price * 2 // int(quantity * 2)
        item = self._item(v)
        counted: Row = {
            "line_item_id": id_,
            "item_id": item.get("item_id", ""),
            "item_order": n + 1,
            "name": item.get("name", ""),
            "description": "" if item else v.text(),
            "quantity": quantity,
            "rate": money(price),
            "bcy_rate": money(price),
            "discount": discount,
            "discount_amount": money(list_price - net),
            "item_total": money(net),
            "item_total_inclusive_of_tax": money(gross),
            "amount": money(net),
            "tax_amount": money(gross - net),
            "tax_id": tax.get("tax_id", ""),
            "tax_name": tax.get("tax_name", ""),
            "tax_type": "tax",
            "tax_percentage": tax.get("tax_percentage", ""),
            "line_item_taxes": [{**_named(tax), "tax_amount": money(gross - net)}] if tax else [],
            "account_id": self._some(v, "banking"),
            "account_name": v.name(),
        }
        return self._filled(v, kind, counted)

    def journal(self, v: Values, id_: str, total: int) -> list[Row]:
        """Debits that come to a total, and one credit of the same amount."""
        shares = _shares(total, 1 + int(id_) % 2)
        sides = [*(("debit", share) for share in shares), ("credit", total)]
        return [
            self._filled(
                v,
                "journal",
                {
                    "line_id": f"{id_}{n}",
                    "item_order": n,
                    "account_id": self._some(v, "banking"),
                    "account_name": v.name(),
                    "debit_or_credit": side,
                    "amount": money(amount),
                    "bcy_amount": money(amount),
                    "description": v.text(),
                    "tax_id": "",
                    "tax_name": "",
                    "tax_type": "tax",
                    "tax_percentage": v.one_of(("", "19", "7.5")),
                    "line_item_taxes": [],
                },
            )
            for n, (side, amount) in enumerate(sides, start=1)
        ]

    def _filled(self, v: Values, kind: str, counted: Row) -> Row:
        """The line with all fields that its kind has; the others are kept only if they are counted."""
        row: Row = {}
        for name in LINES[kind].split():
            if name in self._left_out:
                continue
            if name in counted:
                row[name] = counted[name]
            elif name == "tags":
                row[name] = v.one_of(([], [tag(v)]))
            elif name == "item_custom_fields":
                row[name] = v.one_of(([], [custom_field(v.text())]))
            elif name == "mapped_items":
                row[name] = v.one_of(([], [{"line_item_id": "982000000000000085", "name": v.name(), "quantity": 1}]))
            else:
                row[name] = value(v, name)
        return row

    def _item(self, v: Values) -> Row:
        """An item, or none: a line may be free text."""
        return self._row(v, "items", 0.8)

    def _tax(self, v: Values) -> Row:
        return self._row(v, "taxes", 0.7)

    def _row(self, v: Values, stream: str, probability: float) -> Row:
        id_ = self._some(v, stream)
        return self._tables[stream].row(id_) if v.chance(probability) and id_ in self._tables[stream] else {}

    def _some(self, v: Values, stream: str) -> str:
        ids = self._ids.get(stream)
        return v.one_of(ids) if ids else "982000000000000099"


def _named(tax: Row) -> Row:
    rate = _rate(tax["tax_percentage"])
    return {"tax_id": tax["tax_id"], "tax_name": f"{tax['tax_name']} ({rate:g}%)"}


def _rate(percentage: Any) -> float:
    return float(str(percentage).removesuffix("%") or 0) if percentage else 0


def _shares(total: int, count: int) -> list[int]:
    """A total in parts; the first can be told in ninths."""
    first = total // count // 9 * 9
    rest = (total - first) // (count - 1) if count > 1 else 0
    return [total] if count == 1 else [first, *[rest] * (count - 2), total - first - rest * (count - 2)]


def _discount(manner: int, net: int) -> tuple[int | float | str, int]:
    """The discount of a line as Zoho writes it, and what the line comes to without it."""
    if manner == PERCENT_DISCOUNT and net % 9 == 0:
        return "10%", net // 9 * 10
    if manner == LINE_DISCOUNT:
        return 1.5, net + 150
    return 0, net
