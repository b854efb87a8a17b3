"""Writes the tables of the documentation that follow from the code: the platforms, the streams of each, the products.

    .venv/bin/python scripts/lib/stream_tables.py            writes them
    .venv/bin/python scripts/lib/stream_tables.py --check    says what would change; exit status 1 if anything would

A table stands between two comments, ``<!-- table: NAME -->`` and ``<!-- end -->``. What the code cannot know, because
it happens at the vendor, is said here: what an edit leaves unseen (UNSEEN) and what a delete does (DELETED).
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from source_invoicing.config import Config
from source_invoicing.platforms import PLATFORMS
from source_invoicing.platforms.rest_api.products import Product, names
from source_invoicing.platforms.rest_api.streams import RestStream
from source_invoicing.platforms.zoho.common import ZohoStream
from source_invoicing.streams import (
    ChangedChildren,
    ChildStream,
    DetailStream,
    InvoicingStream,
    Order,
    PageRequest,
    Partition,
)
from source_invoicing.streams.listing import Passes

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "docs" / "integrations" / "sources" / "invoicing.md",
    ROOT / "docs" / "rest-api.md",
)
SPEC = ROOT / "source_invoicing" / "spec.yaml"
TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
# Properties of the configuration in the hint of a product.
PROPERTY = re.compile(r"\b(?:base_url|token_url|(?:secret_)?headers|grant(?= to)|window\.first)\b(?!/)")
# Any moment will do.
SOME_MOMENT = 1_700_000_000
SOME_ADDRESS = "https://api.example.com"

Json = dict[str, Any]


class Trouble(Exception):
    """Something is missing. The text is a sentence that says what."""


# Filled in with what tells the destination, if the user wants that.
TOLD = "(told)"
VANISHES = f"vanishes{TOLD}"


def _vanishes(event: str) -> str:
    return f"{VANISHES}; `events` has `{event}`"


def _stay(document: str, cursor: str, *parts: str) -> dict[str, str]:
    return dict.fromkeys(parts, f"stays; what is current has the `{cursor}` of its {document}")


SILENT = f"{VANISHES}; no event tells"
ZOHO = VANISHES
ZOHO_VOID = f"{VANISHES}; void ones stay, `status` is `void`"
ZOHO_INACTIVE = f"{VANISHES}; inactive ones stay, with their `status`"
ZOHO_STOPPED = f"{VANISHES}; stopped and expired ones stay, with their `status`"
ZOHO_USERS = "inactive ones stay; whether deleted ones do is not documented"

# https://developer.invoiced.com/api, https://www.zoho.com/books/api/v3/, https://apidocs.fastbill.com/fastbill/en/
DELETED: Mapping[str, Mapping[str, str]] = {
    "invoiced": {
        "customers": f"{VANISHES}; `events` has `customer.deleted`, or `customer.merged`",
        "invoices": f"{_vanishes('invoice.deleted')}; void ones stay, `status` is `voided`",
        "payments": "is voided: it stays, `voided` is true",
        "credit_balance_adjustments": SILENT,
        "credit_notes": f"{_vanishes('credit_note.deleted')}; void ones stay, `status` is `voided`",
        "subscriptions": "is canceled: it stays, `status` is `canceled`",
        "estimates": f"{_vanishes('estimate.deleted')}; void ones stay, `status` is `voided`",
        "contacts": _vanishes("contact.deleted"),
        "items": f"{SILENT}; a new one may get the same id",
        "tax_rates": f"{SILENT}; a new one may get the same id",
        "plans": f"{SILENT}; a new one may get the same id",
        "coupons": f"{SILENT}; a new one may get the same id",
        "events": "stays; for how long is not documented",
        "notes": _vanishes("note.deleted"),
        "tasks": _vanishes("task.deleted"),
        "metered_billings": f"{_vanishes('line_item.deleted')}; what is billed vanishes too",
        "payment_sources": _vanishes("payment_source.deleted"),
        "members": SILENT,
        "roles": SILENT,
        "chasing_cadences": SILENT,
        **_stay("invoice", "updated_at", "invoice_line_items", "invoice_discounts", "invoice_taxes"),
        **_stay("payment", "updated_at", "payment_applications"),
        **_stay("credit note", "updated_at", "credit_note_line_items", "credit_note_discounts", "credit_note_taxes"),
        **_stay("estimate", "updated_at", "estimate_line_items", "estimate_discounts", "estimate_taxes"),
        **_stay("payment", "updated_at", "charges", "refunds"),
        **_stay("subscription", "updated_at", "subscription_addons"),
        **_stay("plan", "updated_at", "plan_tiers"),
        "chasing_cadence_steps": SILENT,
        "payment_plans": "stays; `payment_plan` of its invoice names the current one",
    },
    "zoho_invoice": {
        "items": ZOHO_INACTIVE,
        "users": ZOHO_USERS,
        "contacts": ZOHO_INACTIVE,
        "invoices": ZOHO_VOID,
        "recurring_invoices": ZOHO_STOPPED,
        "customer_payments": ZOHO,
        "credit_notes": ZOHO_VOID,
        "expenses": ZOHO,
        "taxes": f"{VANISHES}; inactive ones stay",
        "currencies": ZOHO,
        "organizations": ZOHO,
        "estimates": ZOHO,
        "retainer_invoices": ZOHO_VOID,
        "recurring_expenses": ZOHO_STOPPED,
        "credit_note_refunds": ZOHO,
        "contact_persons": ZOHO,
        "projects": ZOHO_INACTIVE,
        "tasks": ZOHO,
        "time_entries": ZOHO,
    },
    "zoho_books": {
        "contacts": ZOHO_INACTIVE,
        "items": ZOHO_INACTIVE,
        "invoices": ZOHO_VOID,
        "customer_payments": ZOHO,
        "creditnotes": ZOHO_VOID,
        "estimates": ZOHO,
        "sales_orders": ZOHO_VOID,
        "bills": ZOHO_VOID,
        "expenses": ZOHO,
        "purchase_orders": f"{VANISHES}; cancelled ones stay, `status` is `cancelled`",
        "vendor_payments": ZOHO,
        "vendor_credits": ZOHO_VOID,
        "journals": ZOHO,
        "chart_of_accounts": f"{VANISHES}; inactive ones stay, `is_active` is false",
        "banking": f"{VANISHES}; inactive ones stay",
        "transactions": f"{VANISHES}; excluded ones stay, with their `status`",
        "taxes": f"{VANISHES}; inactive ones stay",
        "currencies": ZOHO,
        "organizations": ZOHO,
        "users": ZOHO_USERS,
        "recurring_invoices": ZOHO_STOPPED,
        "retainer_invoices": ZOHO_VOID,
        "customer_debit_notes": ZOHO_VOID,
        "sales_receipts": ZOHO,
        "credit_note_refunds": ZOHO,
        "recurring_expenses": ZOHO_STOPPED,
        "recurring_bills": ZOHO_STOPPED,
        "vendor_credit_refunds": ZOHO,
        "contact_persons": ZOHO,
        "projects": ZOHO_INACTIVE,
        "time_entries": ZOHO,
        "tasks": ZOHO,
        "locations": ZOHO,
        "tax_authorities": ZOHO,
        "tax_exemptions": ZOHO,
        "base_currency_adjustments": ZOHO,
        "exchange_rates": ZOHO,
        "fixed_assets": f"{VANISHES}; sold and written off ones stay, with their `status`",
        "fixed_asset_types": ZOHO,
        "employees": ZOHO,
        "bank_rules": ZOHO,
        "account_transactions": ZOHO,
    },
    "fastbill": {
        "customers": f"{VANISHES}, or stays with `DELETED_DATE`",
        "invoices": "a draft vanishes; a finished one is canceled: it stays, `IS_CANCELED` is set",
        "products": VANISHES,
        "recurring_invoices": VANISHES,
        "revenues": VANISHES,
        "contacts": VANISHES,
        "estimates": VANISHES,
        "expenses": VANISHES,
        "projects": VANISHES,
        "times": VANISHES,
        "templates": VANISHES,
        **_stay("invoice", "LASTUPDATE", "invoice_line_items", "invoice_vat_items", "invoice_payments"),
        "recurring_invoice_line_items": VANISHES,
        **_stay("revenue", "LASTUPDATE", "revenue_line_items", "revenue_payments"),
        "estimate_line_items": VANISHES,
        "expense_line_items": VANISHES,
        "project_tasks": VANISHES,
    },
    "rest_api": {"invoices": "depends on the API"},
}

# Changes that do not move the modification time, by platform and stream.
UNSEEN: Mapping[tuple[str, str], str] = {
    ("invoiced", "events"): "an event never changes",
    ("invoiced", "charges"): "a refund may come unseen",
    ("invoiced", "refunds"): "a refund may come unseen",
    ("zoho_invoice", "contacts"): "balances change unseen",
    ("zoho_books", "contacts"): "balances change unseen",
    ("zoho_invoice", "invoices"): "`due_days` and turning overdue may change unseen",
    ("zoho_books", "invoices"): "`due_days` and turning overdue may change unseen",
    ("zoho_books", "chart_of_accounts"): "balances change unseen",
    ("zoho_books", "transactions"): "a transaction that is categorized changes its key",
}

# Lists of Zoho that may be longer than all others together.
LONG = ("transactions", "account_transactions")


@cache
def platform_options() -> dict[str, Json]:
    """The options of the form, by the platform's name."""
    spec = yaml.safe_load(SPEC.read_text(encoding="utf-8"))
    options = spec["connectionSpecification"]["properties"]["platform"]["oneOf"]
    return {option["properties"]["name"]["const"]: option for option in options}


def example(schema: Json) -> Any:
    """A value that the form accepts."""
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if "oneOf" in schema:
        return example(schema["oneOf"][0])
    if schema["type"] == "object":
        # Without a chosen organization, Zoho would be asked for it.
        wanted = [*schema.get("required", ()), "organization_id"]
        return {name: example(member) for name, member in schema["properties"].items() if name in wanted}
    return schema["examples"][0] if "examples" in schema else "x"


def streams_of(platform: str, **further: Any) -> list[InvoicingStream]:
    """The streams of a platform, of an account that does not exist.

    :param further: options of the platform, beside those that it wants
    """
    options = {**example(platform_options()[platform]), **further}
    if platform == "rest_api":
        # Needed where no product knows it.
        options["base_url"] = SOME_ADDRESS
    config = Config.parse({"platform": options}, PLATFORMS)
    return PLATFORMS[platform](config).streams()


def table(name: str) -> Iterator[str]:
    """The lines of a table.

    :param name: of a platform, alone or with ``_details`` behind it, or one of :data:`OTHER_TABLES`
    """
    if name in OTHER_TABLES:
        return OTHER_TABLES[name]()
    platform = name.removesuffix("_details")
    return table_of_streams(name) if platform == name else table_of_details(platform)


def table_of_platforms() -> Iterator[str]:
    """One line per platform."""
    yield _row("platform", "`platform.name`", "streams", "of them incremental", "what it asks for")
    yield _row("---", "---", "---:", "---:", "---")
    for name, option in platform_options().items():
        streams = streams_of(name)
        incremental = sum(stream.supports_incremental for stream in streams)
        required = [each for each in option["properties"] if each in option["required"] and each != "name"]
        asked = f"`product` or `base_url`, {_code(required)}" if name == "rest_api" else _code(required)
        counts = ("any", "any") if name == "rest_api" else (str(len(streams)), str(incremental))
        yield _row(option["title"], f"`{name}`", *counts, asked)


def table_of_products() -> Iterator[str]:
    """One line per product: what its user enters."""
    yield _row("product", "`platform.product`", "`auth`", "where to find it, and what else to set")
    yield _row("---", "---", "---", "---")
    for product in map(Product.load, names()):
        title = f"[{product.title}]({product.docs[0]})"
        kind, *entered = _login(product).items()
        login = f"`{kind[1]}`: {_code([name for name, _ in entered])}"
        yield _row(title, f"`{product.name}`", login, PROPERTY.sub(r"`\g<0>`", product.hint))


def _login(product: Product) -> Json:
    """What its user enters under ``auth``, with a value for each."""
    auth: Json = product.platform["auth"]
    logins = platform_options()["rest_api"]["properties"]["auth"]["oneOf"]
    login = next(option for option in logins if option["properties"]["type"]["const"] == auth["type"])
    more = {"basic": ["username"], "oauth2": [] if "grant" in auth else ["refresh_token"]}.get(auth["type"], [])
    return dict.fromkeys([*login["required"], *more], "x") | {"type": auth["type"]}


def table_of_product_streams() -> Iterator[str]:
    """One line per product: its streams, by what a further sync of them costs."""
    yield _row("product", "asked for what changed", "read again, what changed is emitted", "read again in full")
    yield _row("---", "---", "---", "---")
    for product in map(Product.load, names()):
        kinds: dict[str, list[str]] = {"filtered": [], "selected": [], "full": []}
        for stream in streams_of_product(product):
            asks = stream.declared.sends_since or stream.declared.windows is not None
            kinds[("filtered" if asks else "selected") if stream.supports_incremental else "full"].append(stream.name)
        yield _row(product.title, *map(_code, kinds.values()))


def streams_of_product(product: Product) -> list[RestStream]:
    """The streams of a product, of an account that does not exist."""
    account: Json = {"base_url": SOME_ADDRESS, "auth": _login(product)}
    account["secret_headers"] = [{"name": header, "value": "x"} for header in product.account_headers]
    platform = {"name": "rest_api", "product": product.name, **account}
    streams = PLATFORMS["rest_api"](Config.parse({"platform": platform}, PLATFORMS)).streams()
    return [stream for stream in streams if isinstance(stream, RestStream)]


def table_of_streams(platform: str) -> Iterator[str]:
    """One line per stream."""
    streams = streams_of(platform)
    known = DELETED.get(platform, {})
    if surplus := known.keys() - {stream.name for stream in streams}:
        raise Trouble(f"DELETED tells of streams that {platform} does not have: {', '.join(sorted(surplus))}.")
    scoped = all(isinstance(stream, ZohoStream) for stream in streams)
    names = ("stream", "sync mode", "cursor", "primary key", "after an edit, the next sync", "a deleted record")
    further = ("a full read costs", "scope") if scoped else ()
    yield _row(*names, *further)
    yield _row(*(["---"] * len((*names, *further))))
    for stream in streams:
        if stream.name not in known:
            raise Trouble(
                f"Say in DELETED of {Path(__file__).name} what a delete at the vendor does to {platform}.{stream.name}."
            )
        yield _row(
            stream.name,
            "incremental" if stream.supports_incremental else "full refresh",
            _code(stream.cursor_field),
            _code(stream.primary_key),
            after_an_edit(platform, stream),
            known[stream.name].replace(TOLD, told_by(stream)),
            *((cost(stream), _code(stream.full_scopes)) if isinstance(stream, ZohoStream) else ()),
        )


def table_of_details(platform: str) -> Iterator[str]:
    """One line per list whose documents have details."""
    details = [stream for stream in streams_of(platform, details=True) if isinstance(stream, DetailStream)]
    yield _row("documents of", "streams", "primary key")
    yield _row("---", "---", "---")
    for source in dict.fromkeys(stream.source_stream.name for stream in details):
        streams = [stream for stream in details if stream.source_stream.name == source]
        keys = "<br>".join(_code(stream.primary_key) for stream in streams)
        yield _row(source, "<br>".join(stream.name for stream in streams), keys)


def cost(stream: ZohoStream) -> str:
    """What a full read costs, in requests of up to 200 rows."""
    suffix = "; **long**" if stream.name in LONG else ""
    if isinstance(stream, ChildStream):
        return f"a request for each of `{stream.parents.name}`, more where a list fills several pages{suffix}"
    if issubclass(stream.plans[0].strategy, Passes) and stream.paging.resizable:
        return f"a request a page, two where there are several pages{suffix}"
    return f"a request a page{suffix}"


def told_by(stream: InvoicingStream) -> str:
    """What tells the destination that a record was deleted, if the user wants that."""
    if not stream.can_tell_deletions:
        return ""
    plan = stream.plans[0]
    in_full = not plan.filtered and not plan.stop_at_since
    return f", told by {'its event' if stream.event_kinds else 'each sync' if in_full else 'a search'}"


def after_an_edit(platform: str, stream: InvoicingStream) -> str:
    """What the sync after an edit asks for, which follows from how the stream puts its questions."""
    unseen = UNSEEN.get((platform, stream.name))
    suffix = f"; {unseen}" if unseen else ""
    if isinstance(stream, ChangedChildren):
        return f"reads the lists of those `{stream.parents.name}` that events name{suffix}"
    if isinstance(stream, ChildStream):
        return f"reads one list for each of `{stream.parents.name}`{suffix}"
    if not stream.supports_incremental:
        return f"reads the whole list{suffix}"
    asked, asked_since = (
        stream.list_request(PageRequest(since=since), stream.list_path(Partition()), {})
        for since in (None, SOME_MOMENT)
    )
    if asked != asked_since:
        return f"asks for what changed{suffix}"
    if stream.plans[0].order is Order.NEWEST_CHANGE_FIRST:
        return f"reads from the newest change back to the cursor{suffix}"
    return f"reads the whole list, emits what changed{suffix}"


def _code(names: str | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in ([names] if isinstance(names, str) else names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


OTHER_TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "platforms": table_of_platforms,
    "products": table_of_products,
    "product_streams": table_of_product_streams,
}


def renewed(text: str) -> str:
    """A page with its tables as the code has them."""
    return TABLE.sub(lambda found: "\n".join([found[1].rstrip("\n"), *table(found[2]), found[3]]), text)


def main(arguments: list[str]) -> int:
    """Write the tables, or say what would change.

    :return: the exit status
    """
    check = arguments == ["--check"]
    status = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        new = renewed(text)
        if new == text:
            continue
        if not check:
            page.write_text(new, encoding="utf-8")
            continue
        status = 1
        name = str(page.relative_to(ROOT))
        sys.stdout.writelines(difflib.unified_diff(text.splitlines(True), new.splitlines(True), name, "the code"))
    if status:
        print(f"Tables are out of date. Run {Path(__file__).relative_to(ROOT)} to renew them.", file=sys.stderr)
    return status


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        sys.exit(str(trouble))
