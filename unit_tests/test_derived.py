"""What stands inside rows as records of its own: where it is found, and what it carries."""

from __future__ import annotations

from typing import Any

import pytest
import requests_mock as mock
from airbyte_cdk.models import SyncMode

from source_invoicing import SourceInvoicing
from source_invoicing.http import UnexpectedResponse


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_INVOICING_BACKOFF_SCALE", "0")


def parts(name: str, path: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of a part of Invoiced, from the rows of a list."""
    config = {"platform": {"name": "invoiced", "api_key": "key-of-a-test"}}
    streams: dict[str, Any] = {stream.name: stream for stream in SourceInvoicing().streams(config)}
    with mock.Mocker() as api:
        api.get(f"https://api.invoiced.com/{path}", json=list(rows))
        return list(streams[name].read_records(SyncMode.full_refresh))


def line(id_: int, **members: Any) -> dict[str, Any]:
    return {"id": id_, "taxes": [], "discounts": [], **members}


def test_parts_of_the_document_come_before_those_of_its_lines() -> None:
    lines = [line(1), line(2, taxes=[{"id": 8, "amount": 2}, {"id": 9, "amount": 3}]), line(3, taxes=[{"id": 7}])]

    records = parts(
        "invoice_taxes", "invoices", {"id": 5, "updated_at": 50, "taxes": [{"id": 6, "updated_at": 40}], "items": lines}
    )

    seen = [(each["position"], each["id"], each["line_item_id"]) for each in records]
    assert seen == [(1, 6, None), (2, 8, 2), (3, 9, 2), (4, 7, 3)]
    assert {(each["invoice_id"], each["updated_at"]) for each in records} == {(5, 50)}
    assert records[0]["row_updated_at"] == 40


def test_positions_count_from_one_in_each_document() -> None:
    rows = [{"id": id_, "updated_at": 9, "applied_to": [{"amount": 1}, {"amount": 2}]} for id_ in (1, 2)]

    records = parts("payment_applications", "payments", *rows)

    assert [(each["payment_id"], each["position"]) for each in records] == [(1, 1), (1, 2), (2, 1), (2, 2)]


@pytest.mark.parametrize("missing", [{}, {"id": None}, {"id": ""}])
def test_a_part_without_an_id_is_known_by_its_position(missing: dict[str, Any]) -> None:
    row = {"id": 5, "updated_at": 50, "items": [line(71), {**line(0), "id": None, **missing}, line(73)]}

    keys = [(each["invoice_id"], each["id"], each["position"]) for each in parts("invoice_line_items", "invoices", row)]

    assert keys == [(5, 71, 1), (5, 2, 2), (5, 73, 3)]


def test_a_path_leads_through_an_object() -> None:
    charge = {"id": 4, "amount": 10, "refunds": [{"id": 41, "amount": 3}, {"id": 42, "amount": 7}]}
    rows: list[dict[str, Any]] = [
        {"id": 1, "updated_at": 9, "charge": charge},
        {"id": 2, "updated_at": 9, "charge": None},
    ]

    assert [(each["payment_id"], each["id"]) for each in parts("charges", "payments", *rows)] == [(1, 4)]
    assert [(each["payment_id"], each["id"]) for each in parts("refunds", "payments", *rows)] == [(1, 41), (1, 42)]


@pytest.mark.parametrize("items", [None, [], {}, ""])
def test_a_document_without_lines_has_no_parts_of_them(items: Any) -> None:
    row = {"id": 5, "updated_at": 50, "discounts": [{"id": 6}], "items": items}

    assert [each["id"] for each in parts("invoice_discounts", "invoices", row)] == [6]
    assert parts("invoice_line_items", "invoices", row) == []


def test_a_single_line_may_stand_alone() -> None:
    row = {"id": 5, "updated_at": 50, "discounts": [], "items": line(1, discounts={"id": 6})}

    assert [each["line_item_id"] for each in parts("invoice_discounts", "invoices", row)] == [1]


@pytest.mark.parametrize(("row", "place"), [({"taxes": [7]}, "taxes"), ({"items": [line(1, taxes="VAT")]}, "taxes")])
def test_what_is_no_list_of_objects_is_never_an_empty_one(row: dict[str, Any], place: str) -> None:
    with pytest.raises(UnexpectedResponse, match=f"Stream invoice_taxes: a record of invoices .* at '{place}'"):
        parts("invoice_taxes", "invoices", {"id": 5, "updated_at": 50, **row})
