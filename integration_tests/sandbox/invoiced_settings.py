"""Rows of Invoiced's users, roles and chasing cadences. Not documented: as the vendor's own library reads them."""

from __future__ import annotations

from typing import Any

from integration_tests.sandbox.invoiced_parts import Parts
from integration_tests.sandbox.table import Row
from integration_tests.sandbox.values import Values

FURTHER_LISTS = (
    *("contacts", "line_items", "payment_plans", "charges", "refunds", "files", "custom_fields", "gl_accounts"),
    *("payment_links", "late_fee_schedules", "tax_rules", "payment_terms"),
)
"""Of all customers, or of the account. Of most of them no library knows the fields."""


def further(path: str) -> Any:
    """What a path answers with that nothing documents; ``None`` where no library knows it either."""
    if path == "companies/current":
        return {"id": 1, "name": "Müller & Söhne"}
    return [{"id": 1, "name": "Müller"}] if path in FURTHER_LISTS else None


class Settings:
    """Makes rows, each with the id it is given."""

    def __init__(self, values: Values, parts: Parts) -> None:
        self.v = values
        self.parts = parts

    def member(self, id_: int) -> Row:
        """A user of the account."""
        v = self.v
        restrictions: Row = {"region": ["EMEA", "APAC"]}
        return {
            "id": id_,
            "user": self.parts.user(),
            "role": self.parts.some_id("roles", "administrator"),
            "restriction_mode": v.one_of(("none", "owner", "custom_field")),
            "restrictions": v.in_turn("restrictions", (None, restrictions, [])),
            "email_update_frequency": v.one_of(("", "day", "week", "month")),
            "last_accessed": v.maybe(v.moment()),
            **self.parts.times(),
        }

    def role(self, id_: str) -> Row:
        """What a member may do."""
        v = self.v
        return {"id": id_, "name": v.name()} | ({"permissions": ["invoices.edit"]} if v.chance(0.5) else {})

    def chasing_cadence(self, id_: int) -> Row:
        """A plan of reminders; its next run goes by one of two names."""
        v = self.v
        steps = [
            {
                "id": id_ * 10 + n,
                "name": v.name(),
                "action": v.one_of(("email", "letter", "text", "phone", "escalate")),
                "schedule": f"past_due_age:{7 * n}",
                "assigned_user_id": v.maybe(31),
                "email_template_id": v.maybe("reminder"),
                "sms_template_id": None,
                **self.parts.times(),
            }
            for n in range(v.in_turn("steps", (3, 0, 1)))
        ]
        return {
            "id": id_,
            "name": v.name(),
            "frequency": "daily",
            "time_of_day": v.whole(0, 23),
            "run_date": v.maybe(v.whole(1, 28)),
            "last_run": v.maybe(v.moment()),
            v.in_turn("next run", ("nextrun", "next_run")): v.maybe(v.moment()),
            "paused": v.chance(0.2),
            "min_balance": v.maybe(v.price()),
            "assignment_mode": v.one_of(("none", "default", "conditions")),
            "assignment_conditions": v.maybe("customer.country == 'US'"),
            "num_customers": v.whole(0, 40),
            "steps": steps,
            **self.parts.times(),
        }
