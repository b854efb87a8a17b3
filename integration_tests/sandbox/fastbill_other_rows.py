"""FastBill's contacts, projects, times and templates, and what rows of all kinds share: times, addresses, accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from integration_tests.sandbox.table import Row
from integration_tests.sandbox.values import Values

BERLIN = ZoneInfo("Europe/Berlin")
"""FastBill writes times of day in Germany, without saying so."""


def german(moment: int) -> str:
    """A unix second as the time of day in Germany, without a zone."""
    return datetime.fromtimestamp(moment, BERLIN).strftime("%Y-%m-%dT%H:%M:%S")


def unix(text: str) -> int:
    """The reverse of :func:`german`; the later second where clocks were put back is never given."""
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp())


def moment_text(v: Values) -> str:
    """Some moment as the time of day in Germany."""
    return german(v.moment())


def day_text(v: Values) -> str:
    """Some day."""
    return datetime.fromtimestamp(v.moment(), timezone.utc).strftime("%Y-%m-%d")


def party(v: Values) -> Row:
    """Name and address."""
    return {
        "ORGANIZATION": v.name(),
        "SALUTATION": v.one_of(("mr", "mrs", "family", "")),
        "FIRST_NAME": v.one_of(("", "Zoë")),
        "LAST_NAME": v.one_of(("", "Weiß")),
        "ADDRESS": "Straße des 17. Juni 1",
        "ADDRESS_2": "",
        "ZIPCODE": v.one_of(("01067", "10115")),
        "CITY": v.one_of(("Köln", "Zürich", "Łódź")),
        "COUNTRY_CODE": v.one_of(("DE", "CH", "PL")),
        "VAT_ID": v.one_of(("", "DE000000000")),
    }


def bank(v: Values) -> Row:
    """A bank account, mostly blank."""
    return {
        "BANK_NAME": "",
        "BANK_CODE": "",
        "BANK_ACCOUNT_NUMBER": "",
        "BANK_ACCOUNT_OWNER": "",
        "BANK_IBAN": v.one_of(("", "DE00 0000 0000 0000 0000 00")),
        "BANK_BIC": "",
    }


class OtherRows:
    """Makes rows, each with the id it is given."""

    def __init__(self, values: Values, customers: Sequence[str]) -> None:
        self.v = values
        self._customers = customers

    def contact(self, id_: str) -> Row:
        """A further person at a customer."""
        v = self.v
        return {
            "CONTACT_ID": id_,
            "CUSTOMER_ID": self._customer(),
            **party(v),
            "POSITION": v.one_of(("", "Einkauf")),
            "ACADEMIC_DEGREE": "",
            "SECONDARY_ADDRESS": "",
            "PHONE": v.one_of(("", "+49 30 0000000")),
            "PHONE_2": "",
            "FAX": "",
            "MOBILE": "",
            "EMAIL": f"kontakt+{id_}@kunde.example",
            "WEBSITE": "",
            "CURRENCY_CODE": "EUR",
            "COMMENT": v.text(),
            "TAGS": v.one_of(("", "a,b")),
            "CREATED": moment_text(v),
            "LASTUPDATE": moment_text(v),
        }

    def project(self, id_: str) -> Row:
        """A project with its tasks. It has no moment of change."""
        v = self.v
        tasks = [
            {
                "TASK_ID": f"{id_}{n}",
                "TASK_NUMBER": f"{n + 1:02}",
                "TASK_NAME": v.name(),
                "DESCRIPTION": v.text(),
                "STATUS": v.one_of(("open", "done")),
                "PRIORITY": v.one_of(("", "high")),
                "HOUR_PRICE": v.one_of((95, 120.5)),
                "CURRENCY_CODE": "EUR",
                "VAT_PERCENT": 19,
            }
            for n in range(v.in_turn("tasks", (2, 0, 1)))
        ]
        return {
            "PROJECT_ID": id_,
            "PROJECT_NAME": v.name(),
            "PROJECT_NUMBER": v.code("P", int(id_)),
            "CUSTOMER_ID": self._customer(),
            "CUSTOMER_COSTCENTER_ID": "0",
            "HOUR_PRICE": v.one_of((95, 120.5)),
            "CURRENCY_CODE": "EUR",
            "VAT_PERCENT": 19,
            "START_DATE": day_text(v),
            "END_DATE": v.maybe(day_text(v)),
            "TASKS": tasks,
        }

    def time(self, id_: str) -> Row:
        """An hour of work, which may have been billed."""
        v, day = self.v, moment_text(self.v)
        return {
            "TIME_ID": id_,
            "CUSTOMER_ID": self._customer(),
            "PROJECT_ID": v.in_turn("project of a time", ("801", "803", "0")),
            "TASK_ID": v.one_of(("0", "8010")),
            "INVOICE_ID": v.one_of(("0", "5000001")),
            "DATE": day,
            "START_TIME": v.maybe(day),
            "END_TIME": v.maybe(day),
            "MINUTES": v.one_of((15, 60, 90)),
            "BILLABLE_MINUTES": v.one_of((0, 60)),
            "COMMENT": v.text(),
            "IS_CALCULATED": v.one_of(("0", "1")),
        }

    def template(self, id_: str) -> Row:
        """A layout, which is known by its hash."""
        v = self.v
        return {"TEMPLATE_HASH": id_, "TEMPLATE_ID": str(v.whole(100, 999)), "TEMPLATE_NAME": v.name()}

    def _customer(self) -> str:
        return self.v.one_of(self._customers) if self._customers else "0"
