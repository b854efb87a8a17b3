"""A document whose lines, payments or the like are no list fails the streams of those alone, on each platform.

What stands inside lists, inside single documents, and inside documents that come several at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from integration_tests.conftest import Connect, StartPlatform, StartSandbox
from integration_tests.connector import Output
from integration_tests.expected import keys
from integration_tests.platforms import FASTBILL, INVOICED, ZOHO_BOOKS, PlatformFacts
from integration_tests.sandbox import Sandbox
from integration_tests.test_incremental import by_name

pytestmark = pytest.mark.in_process

BRISK = {"SOURCE_INVOICING_BACKOFF_SCALE": "0.001"}


@dataclass(frozen=True)
class Case:
    """A member that is spoilt in one document of each answer but the first ones.

    :param hit: whose answers, by the name that the sandbox has for them, or by their path
    :param fails: the streams that cannot do without it
    :param others: streams that are read from the same answers
    :param spared: of the answers, the first ones
    """

    platform: str
    hit: str
    member: str
    fails: Sequence[str]
    others: Sequence[str]
    facts: PlatformFacts | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    spared: int = 1

    def __str__(self) -> str:
        return f"{self.options.get('pose', self.platform)}-{self.hit}-{self.member}"

    def start(self, start_sandbox: StartSandbox) -> Sandbox:
        if self.facts is None:
            return start_sandbox(self.platform, rows=self.rows, options=self.options)
        options = {**self.facts.small_pages, **self.options}
        return start_sandbox(self.platform, rows=self.facts.rows(**self.rows), options=options)


def posing(product: str) -> dict[str, Any]:
    return {"pose": product, "limit_cap": 5, "vendor_limits": False}


INVOICE_PARTS = ("invoice_line_items", "invoice_discounts", "invoice_taxes")
DETAILS = {"details": True}
CASES = (
    Case(
        "invoiced",
        "invoices",
        "discounts",
        fails=["invoice_discounts"],
        others=["invoices", "invoice_line_items", "invoice_taxes"],
        facts=INVOICED,
        rows=INVOICED.walked,
    ),
    Case(
        "invoiced", "invoices", "items", fails=INVOICE_PARTS, others=["invoices"], facts=INVOICED, rows=INVOICED.walked
    ),
    Case(
        "fastbill",
        "invoices",
        "PAYMENTS",
        fails=["invoice_payments"],
        others=["invoices", "invoice_line_items", "invoice_vat_items"],
        facts=FASTBILL,
        rows=FASTBILL.walked,
    ),
    Case(
        "zoho_books",
        "creditnote_details",
        "invoices_credited",
        fails=["creditnote_applications"],
        others=["creditnotes", "creditnote_details", "creditnote_line_items"],
        facts=ZOHO_BOOKS,
        rows={"creditnotes": 24, "invoices": 40},
        config=DETAILS,
        spared=6,
    ),
    Case(
        "zoho_books",
        "sales_order_details",
        "line_items",
        fails=["sales_order_line_items", "sales_order_details"],
        others=["sales_orders"],
        facts=ZOHO_BOOKS,
        rows={"sales_orders": 24},
        options={"bulk_ids": 8},
        config=DETAILS,
    ),
    Case(
        "rest_api",
        "invoices",
        "linked_payments",
        fails=["invoice_linked_payments"],
        others=["invoices", "invoice_line_items"],
        rows={"invoices": 23},
        options=posing("chargebee"),
    ),
    Case(
        "rest_api",
        "/invoices/",
        "lineItems",
        fails=["invoice_line_items"],
        others=["invoices"],
        rows={"invoices": 23},
        options=posing("lexware_office"),
        spared=6,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_not_a_list_in_one_document_fails_the_streams_of_it_alone(
    start_sandbox: StartSandbox, connect: Connect, case: Case
) -> None:
    sandbox = case.start(start_sandbox)
    connector = connect(sandbox, num_workers=4, platform=dict(case.config))
    connector.environment = {**connector.environment, **BRISK}
    catalog = by_name(connector.catalog)
    streams = [*case.fails, *case.others]
    fault = {"kind": "no_container", "member": case.member}
    match = {"path" if "/" in case.hit else "stream": case.hit}
    sandbox.add_faults({"match": match, "after": case.spared, "times": 0, "fault": fault})

    failed = connector.read(streams)
    sandbox.clear_faults()
    resumed = connector.read(streams, state=failed.last_state)

    assert {name for name in streams if failed.statuses[name][-1] == "INCOMPLETE"} == {*case.fails}
    assert_one_sentence_each(failed, case)
    for name in case.others:
        assert failed.statuses[name][-1] == "COMPLETE"
        # A row that is spoilt where two pages meet has changed, and comes again.
        assert keys(failed.records[name], catalog[name]).keys() == keys(sandbox.rows(name), catalog[name]).keys(), name
    assert resumed.exit_code == 0, resumed.text[-3000:]
    for name in streams:
        came = keys([*failed.records[name], *resumed.records[name]], catalog[name])
        assert came.keys() == keys(sandbox.rows(name), catalog[name]).keys(), name


def test_a_stream_that_stays_behind_asks_only_for_the_document_that_it_cannot_use(
    start_platform: StartPlatform, connect: Connect
) -> None:
    sandbox = start_platform(ZOHO_BOOKS, {"creditnotes": 24, "invoices": 40})
    connector = connect(sandbox, num_workers=1, platform=DETAILS)
    connector.environment = {**connector.environment, **BRISK}
    streams = ["creditnote_applications", "creditnote_line_items"]
    by_time = sorted(sandbox.rows("creditnote_applications"), key=lambda row: str(row["last_modified_time"]))
    path = f"/creditnotes/{by_time[len(by_time) // 2]['creditnote_id']}"
    fault = {"kind": "no_container", "member": "invoices_credited"}
    sandbox.add_faults({"match": {"path": f"{path}$"}, "times": 0, "fault": fault})
    first = connector.read(streams)
    sandbox.clear_requests()

    second = connector.read(streams, state=first.last_state)

    for output in (first, second):
        assert [output.statuses[name][-1] for name in streams] == ["INCOMPLETE", "COMPLETE"]
    asked = {request["path"] for request in sandbox.requests() if request["stream"] == "creditnote_details"}
    assert [each for each in asked if not each.endswith(path)] == []
    assert asked


def assert_one_sentence_each(output: Output, case: Case) -> None:
    assert output.exit_code == 1
    assert sorted(error["stream_descriptor"]["name"] for error in output.errors) == sorted(case.fails)
    for error in output.errors:
        assert repr(case.member) in error["message"]
        assert error["message"].endswith(".")
    assert "Traceback" not in "\n".join(output.logs)
