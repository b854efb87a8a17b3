"""Further organisations of a Zoho user that have rows of their own."""

from __future__ import annotations

from collections.abc import Mapping

from integration_tests.sandbox.options import Options, OptionValue
from integration_tests.sandbox.platform import ApiRequest, Page, Reply
from integration_tests.sandbox.table import Key, Row
from integration_tests.sandbox.zoho import MESSAGES, Zoho, organization_ids
from integration_tests.sandbox.zoho_options import options_of
from integration_tests.sandbox.zoho_refusal import Refused

OFFSETS = ("+0530", "-0330", "+0000", "new_york")
"""Organisations lie in different time zones."""
AT = "@"
"""Stands between a stream and the number of the organisation whose rows are meant, such as ``invoices@2``."""


class OptionsOf(Options):
    """The options of one organisation: those of all, unless ``organization_options`` says otherwise."""

    def __init__(self, shared: Options, number: int) -> None:
        self._shared = shared
        self._number = number

    def as_dict(self) -> dict[str, OptionValue]:
        """All options with their values in this organisation."""
        own = options_of(str(self._shared.as_dict()["organization_options"]), self._number)
        fixed: dict[str, OptionValue] = {
            "organizations": 1,
            "revoke_after_calls": 0,
            "offset": OFFSETS[(self._number - 1) % len(OFFSETS)],
        }
        parsed = {name: self._shared.known[name].parse(value) for name, value in own.items()}
        return {**self._shared.as_dict(), **fixed, **parsed}

    def text(self, name: str) -> str:
        """The value of an option with choices."""
        return str(self.as_dict()[name])

    def number(self, name: str) -> int:
        """The value of a numeric option."""
        return int(self.as_dict()[name])

    def flag(self, name: str) -> bool:
        """The value of a yes-or-no option."""
        return bool(self.as_dict()[name])


class SeveralOrganizations(Zoho):
    """A product in which the user's other organisations have rows too, where ``organization_rows`` says so.

    Each is played by a platform of its own, with its own limits. Its rows have the ids of the first one's, which no
    two organisations of Zoho would have: nothing but the organisation tells them apart. Its tables are called
    ``invoices@2``; ``invoices`` alone is the first one's, but for what a complete read must contain.
    """

    def __init__(self, seed: int, counts: Mapping[str, int], options: Options) -> None:
        super().__init__(seed, counts, options)
        self._others: dict[str, SeveralOrganizations] = {}
        share, ids = options.number("organization_rows"), organization_ids(options.number("organizations"))
        for number, id_ in enumerate(ids if share else [], start=1):
            self._organizations.replace(id_, {**self._organizations.row(id_), "is_org_active": True})
            if number > 1:
                self._add(number, id_, share // (number - 1))

    def _add(self, number: int, id_: str, percent: int) -> None:
        """An organisation with so many of the rows that the first one has."""
        fewer = {stream: count * percent // 100 for stream, count in self.counts.items()} | {"organizations": 1}
        other = type(self)(self.seed + 1000 * number, fewer, OptionsOf(self.options, number))
        other.home, other._tokens = id_, self._tokens
        self._others[id_] = other
        self.tables = {**self.tables, **{f"{name}{AT}{number}": table for name, table in other.tables.items()}}

    # Answering

    def answer(self, request: ApiRequest) -> Reply | Page:
        """As the organisation in the request does, if the user is still in it."""
        for id_, other in self._others.items():
            after = other.options.number("gone_after")
            if after and other.served >= after and id_ not in self.gone:
                self.gone.add(id_)
                self._organizations.delete(id_)
            elif other.options.text("inactive") != "no" and self._organizations.row(id_)["is_org_active"]:
                self._organizations.replace(id_, {**self._organizations.row(id_), "is_org_active": False})
        other = self._at(request)
        if other is self or self._organization(request) in self.gone:
            return super().answer(request)
        if other.options.text("inactive") == "refused":
            return other.refusal(Refused(401, 57, MESSAGES[401]))
        return other.answer(request)

    def first_page(self, request: ApiRequest) -> Page | None:
        """Page 1 of the list asked for."""
        other = self._at(request)
        return super().first_page(request) if other is self else other.first_page(request)

    def encode(self, request: ApiRequest, page: Page) -> Reply:
        """The envelope."""
        other = self._at(request)
        return super().encode(request, page) if other is self else other.encode(request, page)

    def _at(self, request: ApiRequest) -> SeveralOrganizations:
        belongs_to_none = self.stream_of(request) == "organizations"
        return self if belongs_to_none else self._others.get(self._organization(request) or "", self)

    # Rows

    def truth(self, stream: str) -> list[bytes]:
        """Everything in all organisations, or in one."""
        other, name = self._named(stream)
        if other is not self:
            return other.truth(name)
        there = self._there() if stream != "organizations" else []
        return [*super().truth(stream), *(row for each in there for row in each.truth(stream))]

    def parts_of(self, name: str) -> list[Row]:
        """The parts of all documents in all organisations."""
        return [*super().parts_of(name), *(row for each in self._there() for row in each.parts_of(name))]

    def _there(self) -> list[SeveralOrganizations]:
        return [each for id_, each in self._others.items() if id_ not in self.gone]

    # Mutations

    def new_row(self, stream: str, values: Row, customer: Key | None, now: int) -> tuple[Row, Key | None]:
        """A row of the usual kind."""
        other, name = self._named(stream)
        return (
            super().new_row(stream, values, customer, now)
            if other is self
            else other.new_row(name, values, customer, now)
        )

    def edited_row(self, stream: str, row: Row, values: Row, now: int) -> Row:
        """The row after an edit."""
        other, name = self._named(stream)
        return (
            super().edited_row(stream, row, values, now) if other is self else other.edited_row(name, row, values, now)
        )

    def lacks_parent(self, stream: str) -> bool:
        """Rows under a parent need one."""
        other, name = self._named(stream)
        return super().lacks_parent(stream) if other is self else other.lacks_parent(name)

    def dependants(self, stream: str, key: Key) -> list[tuple[str, Key]]:
        """The rows under a row."""
        other, name = self._named(stream)
        if other is self:
            return super().dependants(stream, key)
        _, _, number = stream.partition(AT)
        return [(f"{below}{AT}{number}", child) for below, child in other.dependants(name, key)]

    def _named(self, stream: str) -> tuple[SeveralOrganizations, str]:
        """The organisation whose rows are meant, and the stream's own name."""
        name, _, number = stream.partition(AT)
        return (list(self._others.values())[int(number) - 2], name) if number else (self, name)
