"""``probe``: the verdicts follow what an account does, and the report says nothing of what it holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from integration_tests.connector import Output
from integration_tests.in_process import ORIGIN, Tamper, Wire, run_command
from integration_tests.platforms import PLATFORMS, PlatformFacts, on_each_platform
from integration_tests.sandbox.platform import ApiRequest, Reply
from integration_tests.sandbox.registry import platform_class
from integration_tests.sandbox.world import World

Options = Mapping[str, Any]
MOST_REQUESTS = 80

# Of each option, a value and what probes see then.
INVOICED: Mapping[str, Mapping[Any, Mapping[str, str]]] = {
    "updated_after": {
        "exclusive": {"invoices-filter": "honoured", "invoices-boundary": "left out", "plans-boundary": "left out"},
        "inclusive": {"invoices-filter": "honoured", "invoices-boundary": "included", "plans-boundary": "included"},
        "ignored": {"invoices-filter": "ignored", "customers-filter": "ignored", "payments-before": "ignored"},
    },
    "list_body": {"array": {"list-body": "a bare array"}, "data": {"list-body": "an object with data"}},
    "headers": {
        "both": {"links": "present", "total": "present"},
        "link": {"links": "present", "total": "absent"},
        "count": {"links": "absent", "total": "present"},
        "none": {"links": "absent", "total": "absent"},
    },
    "last_next": {"absent": {"last-link": "absent"}, "self": {"last-link": "names the page itself"}},
    "out_of_order": {
        "refuse": {"page-out-of-order": "refused", "page-again": "served"},
        "strict": {"page-out-of-order": "refused", "page-again": "refused"},
        "allow": {"page-out-of-order": "served", "page-again": "served", "page-behind-the-end": "no rows"},
    },
    "per_page_cap": {
        100: {"page-size": "fewer rows come", "page-of-100": "taken"},
        20: {"page-size": "fewer rows come", "page-of-100": "fewer rows come"},
    },
    "ignore_sort": {
        False: {"invoices-order": "honoured", "notes-order": "honoured"},
        True: {"invoices-order": "ignored", "notes-order": "ignored", "invoices-filter": "honoured"},
    },
    "ignore_filter": {False: {"filter-property": "honoured"}, True: {"filter-property": "ignored"}},
    "empty_map": {
        "mixed": {"empty-metadata": "both"},
        "list": {"empty-metadata": "a bare array"},
        "object": {"empty-metadata": "a map"},
    },
    "events_start_date": {
        "honoured": {"events-filter": "honoured", "events-boundary": "included"},
        "ignored": {"events-filter": "ignored"},
        "refused": {"events-filter": "refused"},
    },
    "events_sort": {
        "honoured": {"events-order": "honoured", "events-reach": "more than a year"},
        "ignored": {"events-order": "newest first, whatever is asked for"},
    },
    "subscription_flags": {
        "exclusive": {"canceled": "those alone", "finished": "those alone"},
        "additive": {"canceled": "those and the others", "finished": "those and the others"},
    },
    "cadences_path": {
        "chasing_cadences": {"cadences": "answers", "newer-cadences": "missing"},
        "customer_chasing_cadences": {"cadences": "missing", "newer-cadences": "answers"},
    },
}
ZOHO: Mapping[str, Mapping[Any, Mapping[str, str]]] = {
    "rate_headers": {
        "present": {"rate-headers": "present"},
        "absent": {"rate-headers": "absent"},
        "negative": {"rate-headers": "below nought"},
    },
    "unavailable": {
        "": {"list-users": "answers"},
        "users:403": {"list-users": "no access"},
        "users:404": {"list-users": "missing"},
    },
    "unpaged": {"": {"taxes-paged": "present"}, "taxes": {"taxes-paged": "absent", "currencies-paged": "present"}},
    "per_page_above": {"refused": {"page-size": "refused"}, "clamped": {"page-size": "fewer rows come"}},
    "per_page_cap": {200: {"page-of-200": "taken"}, 20: {"page-of-200": "fewer rows come"}},
    "page_zero": {"first": {"page-nought": "the first rows again"}, "refused": {"page-nought": "refused"}},
    "page_context": {
        "object": {"page-context": "an object"},
        "array": {"page-context": "an array"},
        "omitted": {"page-context": "absent"},
    },
    "totals": {False: {"total": "absent"}, True: {"total": "present", "counted": "present"}},
    "list_keys": {
        "live": {"customer-payments-key": "customerpayments", "tasks-key": "task"},
        "other": {"customer-payments-key": "customer_payments", "recurring-invoices-key": "recurringinvoices"},
    },
    "ignore_sort": {
        False: {"invoices-order": "honoured", "invoices-boundary": "included"},
        True: {"invoices-order": "ignored", "invoices-filter": "honoured"},
    },
    "ignore_filter": {False: {"invoices-filter": "honoured"}, True: {"invoices-filter": "ignored"}},
    "undocumented_filter": {
        "honoured": {"contacts-filter": "honoured", "expenses-filter": "honoured", "items-boundary": "included"},
        "ignored": {"contacts-filter": "ignored", "expenses-filter": "ignored", "invoices-filter": "honoured"},
        "refused": {"contacts-filter": "refused", "expenses-filter": "refused", "contacts-order": "honoured"},
        "equal": {"contacts-filter": "that second only", "expenses-filter": "that second only"},
    },
    "undocumented_sort": {
        "honoured": {"items-order": "honoured"},
        "ignored": {"items-order": "ignored", "items-filter": "honoured"},
        "refused": {"items-order": "refused", "items-filter": "honoured", "expenses-order": "refused"},
    },
    "unescaped_plus": {"refused": {"lost-plus": "refused"}, "ignored": {"lost-plus": "taken"}},
    "hide_inactive": {
        False: {"contacts-by-default": "all rows", "projects-by-default": "all rows"},
        True: {"contacts-by-default": "only some rows", "projects-by-default": "only some rows"},
    },
    "further_filters": {"documented": {"projects-all": "honoured"}, "refused": {"projects-all": "refused"}},
    "all_contact_persons": {
        "listed": {"contact-persons": "answers"},
        "missing": {"contact-persons": "missing"},
        "refused": {"contact-persons": "refused"},
    },
    "all_taxes": {
        "honoured": {"all-taxes": "honoured"},
        "ignored": {"all-taxes": "ignored"},
        "refused": {"all-taxes": "refused"},
    },
    "offset": {"+0530": {"offsets": "the same on each row"}, "new_york": {"offsets": "another on some rows"}},
    "duplicates": {0: {"invoices-listed": "once"}, 3: {"invoices-listed": "several times"}},
    "blank_times": {1: {"items-timed": "not on every row"}, 0: {"items-timed": "on every row"}},
}
BOOKS = {
    **ZOHO,
    "list_keys": {
        "live": {"vendor-credits-key": "vendor_credits", "debit-notes-key": "debit_notes"},
        "other": {"vendor-credits-key": "vendorcredits", "debit-notes-key": "invoices", "tasks-key": "tasks"},
    },
    "purchase_orders_order": {
        "descending": {"purchase-orders-order": "newest first, whatever is asked for"},
        "default": {"purchase-orders-order": "ignored"},
        "honoured": {"purchase-orders-order": "honoured"},
    },
    "journals_filter": {
        "since": {"journals-filter": "honoured"},
        "equal": {"journals-filter": "that second only"},
    },
    "journals_time": {"present": {"journals-timed": "on every row"}, "absent": {"journals-timed": "absent"}},
    "debit_notes": {"honoured": {"debit-notes": "honoured"}, "ignored": {"debit-notes": "ignored"}},
    "showbalance": {"taken": {"accounts-balance": "taken"}, "refused": {"accounts-balance": "refused"}},
    "transactions_account": {"optional": {"transactions": "answers"}, "required": {"transactions": "refused"}},
}
FASTBILL: Mapping[str, Mapping[Any, Mapping[str, str]]] = {
    "container": {
        "array": {"container": "an array"},
        "index": {"container": "an object of indices"},
        "child": {"container": "an object"},
    },
    "nested": {
        "array": {"nested": "an array"},
        "index": {"nested": "an object of indices"},
        "child": {"nested": "an object"},
    },
    "empty_list": {
        "array": {"empty-list": "an array"},
        "object": {"empty-list": "an object"},
        "null": {"empty-list": "null"},
        "text": {"empty-list": "text"},
        "response": {"empty-list": "no list at all"},
    },
    "numbers": {
        "mixed": {"line-numbers": "both", "totals": "number"},
        "text": {"line-numbers": "text", "totals": "number"},
        "number": {"line-numbers": "number", "totals": "number"},
        "all_text": {"line-numbers": "text", "totals": "text"},
    },
    "ids": {"text": {"ids": "text"}, "number": {"ids": "number"}, "mixed": {"ids": "both"}},
    "content_type": {"text": {"label": "another type"}, "json": {"label": "JSON"}},
    "errors_form": {
        "array": {"errors-form": "an array"},
        "index": {"errors-form": "an object of indices"},
        "text": {"errors-form": "text"},
    },
    "order": {
        "key": {"invoices-sequence": "oldest row first"},
        "newest": {"invoices-sequence": "newest row first"},
        "lastupdate": {"customers-sequence": "by time of change"},
        "shuffled": {"invoices-sequence": "none", "order-stable": "the same each time"},
    },
    "lastupdate_filter": {
        "honoured": {"invoices-filter": "honoured", "invoices-future": "honoured"},
        "ignored": {"invoices-filter": "ignored", "invoices-future": "ignored", "revenues-filter": "honoured"},
        "refused": {"invoices-filter": "refused", "invoices-future": "refused"},
    },
    "revenue_filter": {
        "honoured": {"revenues-filter": "honoured"},
        "ignored": {"revenues-filter": "ignored", "revenues-future": "ignored", "invoices-filter": "honoured"},
        "refused": {"revenues-filter": "refused"},
    },
    "project_filter": {
        "ignored": {"project-filter": "ignored"},
        "honoured": {"project-filter": "honoured"},
        "refused": {"project-filter": "refused"},
    },
    "unpaged": {
        False: {"times-offset": "honoured", "templates-offset": "honoured"},
        True: {"times-offset": "ignored", "templates-offset": "ignored", "invoices-offset": "honoured"},
    },
    "limit_cap": {
        100: {"page-size": "fewer rows come", "page-of-100": "taken"},
        20: {"page-size": "fewer rows come", "page-of-100": "fewer rows come"},
    },
}
REST_API: Mapping[str, Mapping[Any, Mapping[str, str]]] = {
    "pager": {
        "offset": {"invoices-size": "taken", "invoices-rows": "once"},
        "cursor": {"invoices-end": "names no next page"},
        "none": {"invoices-listed": "answers", "invoices-rows": "once"},
    },
    "totals": {True: {"invoices-total": "right"}, False: {"invoices-total": ""}},
    "limit_cap": {0: {"invoices-size": "taken"}, 50: {"invoices-size": "fewer rows come"}},
    "ignore_paging": {False: {"invoices-end": "ends there"}, True: {"invoices-end": "not as documented"}},
    "order": {"key": {"invoices-stable": "the same each time"}, "shuffled": {"invoices-stable": "the same each time"}},
    "since": {
        "honoured": {"invoices-filter": "honoured", "invoices-boundary": "included"},
        "ignored": {"invoices-filter": "ignored"},
    },
    "since_format": {
        "iso8601": {"invoices-boundary": "included"},
        "pattern": {"invoices-filter": "honoured", "invoices-boundary": "included"},
    },
    "times": {"iso8601": {"invoices-dated": "not on every row"}, "unix_ms": {"invoices-dated": "not on every row"}},
    "method": {"GET": {"invoices-listed": "answers"}, "POST": {"invoices-listed": "answers"}},
}
SEEN = {
    "invoiced": INVOICED,
    "zoho_invoice": ZOHO,
    "zoho_books": BOOKS,
    "fastbill": FASTBILL,
    "rest_api": REST_API,
}
# Reading does not tell these: what happens to credentials and to whoever asks too much, and what a test sets up.
COMMON = {"clock", "unknown_fields", "max_in_flight"}
TOKENS = {
    *("api_domain", "code", "data_center", "expires_in", "invalid_token_code", "live_tokens", "refresh_token"),
    *("revoke_after_calls", "scheme", "token_error_status", "token_generation", "token_lifetime", "token_limit"),
    *("token_throttle_status", "token_window"),
}
LIMITS = {"calls_per_minute", "minute_ms", "block_above", "block_seconds", "daily_quota", "random_throttle"}
# Two of these are asked about where there are several organizations.
ORGANIZATIONS = {
    *("organizations", "organization_rows", "organization_options", "organization_header"),
    *("error_info", "gone_after", "inactive", "base_url", "bulk_import"),
}
BOOKS_ALONE = {
    *("debit_notes", "journals_filter", "journals_time", "purchase_orders_order", "showbalance"),
    "transactions_account",
}
NO_PROBE: Mapping[str, set[str]] = {
    "invoiced": {*COMMON, "mutation_events"},
    "zoho_invoice": COMMON | TOKENS | LIMITS | ORGANIZATIONS | BOOKS_ALONE,
    "zoho_books": COMMON | TOKENS | LIMITS | ORGANIZATIONS,
    "fastbill": {*COMMON, "calls_per_hour", "quota_answer", "quota_retry_after", "quota_seconds"},
    # Of a declared API the configuration says the rest.
    "rest_api": {
        *(*COMMON, "access_token_calls", "access_token_seconds", "auth", "config", "echo_url", "empty", "ids", "key"),
        *("max_offset", "next_host", "next_key", "pose", "rate_calls", "rate_headers", "rate_seconds", "redirect"),
        *("refusal_status", "rotate_refresh_token", "single_object", "start_page", "wrapper"),
    },
}
# Set at once, each to its last value.
FIVE: Mapping[str, tuple[str, ...]] = {
    "invoiced": ("last_next", "out_of_order", "list_body", "subscription_flags", "events_start_date"),
    "zoho_invoice": ("rate_headers", "all_taxes", "page_zero", "undocumented_sort", "all_contact_persons"),
    "zoho_books": ("list_keys", "journals_filter", "undocumented_filter", "totals", "showbalance"),
    "fastbill": ("nested", "numbers", "errors_form", "lastupdate_filter", "unpaged"),
    "rest_api": ("totals", "limit_cap", "since", "times", "method"),
}
# Names whose values are words of the vendor, or say how a list goes on.
DOCUMENTED = {
    *("object", "status", "type", "applied_filter", "sort_column", "sort_order", "SERVICE", "STATE", "TYPE", "message"),
    *("access_token", "next", "cursor", "next_url", "has_more_page", "organization_id"),
}
ROWS: Mapping[str, Mapping[str, int]] = {
    "invoiced": {"notes": 12, "roles": 3, "tax_rates": 5, "plans": 8, "customers": 20, "events": 40, "payments": 40},
    "zoho_invoice": {"items": 12, "projects": 2, "tasks": 4, "recurring_invoices": 3, "expenses": 12},
    "zoho_books": {"items": 12, "projects": 2, "tasks": 4, "expenses": 12, "journals": 12},
    "fastbill": {"revenues": 12, "times": 12, "templates": 4, "customers": 12},
    "rest_api": {},
}
# More than a page of invoices, where that matters.
LONG, SHORT = 120, 30
LENGTH = {"per_page_cap", "limit_cap", "ignore_paging"}
# Options that shape the rows.
AT_START = {"blank_times"}


class Account:
    """An account that is probed."""

    def __init__(
        self, platform: str, folder: Path, options: Options | None = None, tamper: Tamper | None = None
    ) -> None:
        self.platform, self.folder = platform, folder
        options = options or {}
        at_start = {name: value for name, value in options.items() if name in AT_START}
        # Worlds that are alike are made once, and options are none of their rows' business.
        rows = {**ROWS[platform], "invoices": LONG if not options or LENGTH & options.keys() else SHORT}
        self.world = World(platform, rows=rows, options=at_start)
        self.world.set_options(options)
        self.config = self.world.config(ORIGIN)
        self.wire = Wire(self.world, tamper, date=None)

    def probe(self, *only: str) -> Output:
        """What the command prints; the report is in :attr:`report`."""
        config = self.folder / "config.json"
        config.write_text(json.dumps(self.config), encoding="utf-8")
        flags = ["--only", ",".join(only)] if only else []
        arguments = ["probe", "--config", str(config), "--output", str(self.folder / "report.json"), *flags]
        output = run_command(arguments, self.wire, PLATFORMS[self.platform].environment)
        if self.wire.broken is not None:
            raise self.wire.broken
        return output

    @property
    def report(self) -> dict[str, Any]:
        """The report."""
        report: dict[str, Any] = json.loads((self.folder / "report.json").read_bytes())
        return report

    def seen(self) -> dict[str, str]:
        """What each probe saw."""
        return {finding["id"]: finding["seen"] or "" for finding in self.report["probes"]}


def _cases() -> Iterator[Any]:
    """The first value of each option is its default: one run shows what is seen then."""
    for platform, options in SEEN.items():
        as_usual: dict[str, str] = {}
        for option, (default, *values) in options.items():
            as_usual |= options[option][default]
            for value in values:
                chosen = {option: value}
                yield pytest.param(platform, chosen, options[option][value], id=f"{platform}-{option}-{value}")
        yield pytest.param(platform, {}, as_usual, id=platform)


@pytest.mark.parametrize(("platform", "options", "seen"), _cases())
def test_what_is_seen_follows_what_the_account_does(
    tmp_path: Path, platform: str, options: Options, seen: Mapping[str, str]
) -> None:
    account = Account(platform, tmp_path, options)

    output = account.probe(*seen)

    assert output.exit_code == 0, output.stderr
    assert account.seen() == dict(seen), output.stderr


@on_each_platform()
def test_a_probe_is_about_each_option_of_the_sandbox(platform: PlatformFacts) -> None:
    options = {option.name: option for option in platform_class(platform.name).all_options()}

    assert options.keys() - SEEN[platform.name].keys() == NO_PROBE[platform.name]
    for name, values in SEEN[platform.name].items():
        assert next(iter(values)) == options[name].default
        assert len(values) > 1


@on_each_platform()
def test_five_options_show_in_one_report(tmp_path: Path, platform: PlatformFacts) -> None:
    """Each is told by the probes that are about it."""
    told = FIVE[platform.name]
    values = {name: [*SEEN[platform.name][name]][-1] for name in told}
    account = Account(platform.name, tmp_path, values)

    output = account.probe()

    seen = account.seen()
    assert output.exit_code == 0, output.stderr
    assert [name for name in told if not _shows(seen, SEEN[platform.name][name][values[name]])] == []


def _shows(seen: Mapping[str, str], expected: Mapping[str, str]) -> bool:
    return all(seen[name] == outcome for name, outcome in expected.items())


@on_each_platform()
def test_an_account_is_asked_little_at_a_time_and_for_nothing_but_reads(
    tmp_path: Path, platform: PlatformFacts
) -> None:
    """However much of it is refused."""
    account = Account(platform.name, tmp_path, platform.nothing_honoured)

    output = account.probe()

    requests = account.world.requests_summary()
    assert output.exit_code == 0, output.stderr
    assert account.report["ended"] is None
    assert 20 < requests["requests"] <= MOST_REQUESTS
    assert requests["highest_in_flight"] == 1
    for _, asked in account.wire.asked:
        assert asked.method == "GET" or _only_reads(asked)


def _only_reads(asked: ApiRequest) -> bool:
    """A token, or a service of FastBill that lists something."""
    return asked.path.endswith("/token") or json.loads(asked.body)["SERVICE"].endswith((".get", ".getpaid"))


@on_each_platform()
def test_nothing_that_a_record_holds_is_in_the_report_or_the_log(tmp_path: Path, platform: PlatformFacts) -> None:
    """Each text is a canary, each number and time is known by its digits, and so is each name that a user made."""

    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        if asked.path.endswith("/token"):
            return reply
        return replace(reply, body=json.dumps(_with_canaries(json.loads(reply.body))).encode())

    account = Account(platform.name, tmp_path, tamper=tamper)

    output = account.probe()

    assert output.exit_code == 0, output.stderr
    assert sum(finding["verdict"] != "open" for finding in account.report["probes"]) > 20
    said = "\n".join([*output.lines, output.stderr, json.dumps(account.report)])
    assert "canary" not in said.lower()
    # Neither ids nor times nor amounts: the largest numbers are sizes of pages.
    assert not re.findall(r"\d{4,}|\d[.,]\d{2}\b", said)


def _with_canaries(value: Any, name: str = "") -> Any:
    """A body in which what people write is a canary. Words that a vendor documents, and times, stay."""
    if isinstance(value, dict):
        changed = {key: _with_canaries(each, key) for key, each in value.items()}
        is_row = any(key.lower().endswith(("id", "hash")) for key in value)
        return {**changed, "Canary & Sons 4711": 1, "canary_4711": 2.5} if is_row else changed
    if isinstance(value, list):
        return [_with_canaries(each, name) for each in value]
    if not isinstance(value, str) or not value or name in DOCUMENTED or re.match(r"[\d.:TZ+-]+$", value):
        return value
    return f"canary {value}"


@pytest.mark.parametrize(
    ("platform", "options"),
    [
        ("zoho_books", {"daily_quota": 20}),
        ("fastbill", {"calls_per_hour": 9, "quota_retry_after": True}),
        ("rest_api", {"rate_calls": 9, "rate_seconds": 3600, "rate_headers": True}),
    ],
)
def test_a_quota_that_is_used_up_ends_it_with_what_it_has(tmp_path: Path, platform: str, options: Options) -> None:
    account = Account(platform, tmp_path, options)

    output = account.probe()

    report = account.report
    open_ones = [finding for finding in report["probes"] if finding["why"] == report["ended"]]
    assert output.exit_code == 0
    assert report["ended"] == "the account may send no further request"
    assert report["probes"][0]["verdict"] == "confirmed"
    assert len(open_ones) > 1
    assert all(finding["verdict"] == "open" for finding in open_ones)
    assert "It ended early: the account may send no further request." in output.lines[-1]


@pytest.mark.parametrize(
    ("platform", "options", "seen"),
    [
        ("zoho_books", {"error_info": "present"}, {"organizations-named": "present", "organization-header": "ignored"}),
        (
            "zoho_books",
            {"error_info": "absent", "organization_header": "any"},
            {"organizations-named": "absent", "organization-header": "honoured"},
        ),
        ("zoho_invoice", {}, {"organization-header": "honoured"}),
        ("zoho_invoice", {"organization_header": "ignored"}, {"organization-header": "ignored"}),
    ],
)
def test_of_several_organizations_one_has_to_be_chosen(
    tmp_path: Path, platform: str, options: Options, seen: Mapping[str, str]
) -> None:
    account = Account(platform, tmp_path, {"organizations": 2, **options})

    account.probe(*seen)

    assert account.seen() == dict(seen)


def test_fields_that_no_schema_declares_are_listed_with_their_types(tmp_path: Path) -> None:
    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        body = json.loads(reply.body)
        for number, row in enumerate(body if isinstance(body, list) else ()):
            row |= {"new_word": None if number else "words", "tags": ["words"], "number": ["words"]}
            row["address1"] = {"street": "words"}
        return replace(reply, body=json.dumps(body).encode())

    account = Account("invoiced", tmp_path, {"unknown_fields": 1}, tamper)

    output = account.probe("customers-order")

    assert account.report["undeclared"] == [
        {"stream": "customers", "path": "new_word", "types": ["null", "text"]},
        {"stream": "customers", "path": "tags", "types": ["array"]},
        {"stream": "customers", "path": "x_new_field", "types": ["null", "object", "text"]},
        {"stream": "customers", "path": "x_unknown_1", "types": ["object"]},
    ]
    assert account.report["out_of_type"] == [
        {"stream": "customers", "path": "address1", "types": ["object"], "declared": "string"},
        {"stream": "customers", "path": "number", "types": ["array"], "declared": "string"},
    ]
    assert "Not declared: customers, new_word: null or text" in output.lines


def test_a_report_says_what_was_assumed_what_was_seen_and_what_that_means(tmp_path: Path) -> None:
    account = Account("invoiced", tmp_path, {"updated_after": "inclusive"})

    output = account.probe("invoices-boundary")

    assert account.report == {
        "connector": f"source-invoicing {version('source-invoicing')}",
        "platform": "invoiced",
        "requests": 2,
        "ended": None,
        "probes": [
            {
                "id": "invoices-boundary",
                "fact": "updated_after leaves out invoices of that very second.",
                "mark": "inferred",
                "assumed": ["left out"],
                "seen": "included",
                "verdict": "differs",
                "why": None,
                "means": "A later sync reads the rows of the cursor's own second once more.",
                "statuses": [200],
                "counts": {"rows without the filter": SHORT},
            }
        ],
        "undeclared": account.report["undeclared"],
        "out_of_type": [],
    }
    assert output.stderr == "1 of 1, invoices-boundary: included\n"
    assert output.lines[0].split() == ["fact", "assumed", "seen", "verdict"]
    assert output.lines[2].endswith("left out          included                  differs")
    assert output.lines[-1] == "0 confirmed, 1 differs, 0 open; 2 requests."


def test_a_probe_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    account = Account("zoho_books", tmp_path, {"unavailable": "bills:403"})

    account.probe("bills-filter", "organizations-named")

    assert [(each["verdict"], each["why"]) for each in account.report["probes"]] == [
        ("open", "no access"),
        ("open", "the user has one organization"),
    ]


def test_a_probe_that_there_is_not_is_named_beside_those_there_are(tmp_path: Path) -> None:
    output = Account("fastbill", tmp_path).probe("nothing")

    assert output.exit_code == 1
    assert output.stderr.startswith("There is no probe 'nothing'. The probes are invoices-filter, ")


def test_a_configuration_that_is_wrong_is_a_failure(tmp_path: Path) -> None:
    account = Account("invoiced", tmp_path)
    account.config["platform"]["api_key"] = "not-the-key-of-this-account"

    output = account.probe()

    assert (output.exit_code, output.lines) == (1, [])
    assert output.stderr.startswith("Invoiced did not accept the credentials")
