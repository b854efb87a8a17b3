"""The configurable platform: where records are, and what is an error in their place."""

from __future__ import annotations

from typing import Any

import pytest
import requests_mock

from source_invoicing.http import Failure
from unit_tests.rest_api.helpers import LIST, ROWS, Json, by_offset, by_page, config, ids, invoices, read, stream


def test_records_that_share_their_key_are_told_once(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    server.get(LIST, json=by_page([{"id": number // 2} for number in range(130)]))

    read(config(invoices(pagination={"type": "page", "size_param": ""})))
    assert [record.message.partition(". ")[0] for record in caplog.records] == [
        "Stream invoices: records of the first page have the same id, which primary_key names"
    ]


@pytest.mark.parametrize(
    ("options", "body", "expected"),
    [
        ({"record_path": ""}, [{"id": 1}], [1]),
        ({"record_path": "."}, [{"id": 1}], [1]),
        ({"record_path": "a.b"}, {"a": {"b": [{"id": 1}]}}, [1]),
        ({"record_path": "a.b"}, {"a": {"b": None}}, []),
        ({}, {"data": []}, []),
        ({}, {"data": None}, []),
        ({"single_object_as_list": True}, {"data": {"id": 1}}, [1]),
    ],
)
def test_records_are_found(server: requests_mock.Mocker, options: Json, body: Any, expected: list[int]) -> None:
    server.get(LIST, json=body)

    assert ids(read(config(invoices(pagination={"type": "none"}, **options)))) == expected


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({}, {"message": "fine"}),
        ({}, {"data": {"id": 1}}),
        ({}, {"data": ["text"]}),
        ({"record_path": ""}, {"data": []}),
        ({"record_path": "a.b"}, {"a": {}}),
    ],
)
def test_a_record_path_that_leads_nowhere_is_no_empty_list(
    server: requests_mock.Mocker, options: Json, body: Any
) -> None:
    server.get(LIST, json=body)

    with pytest.raises(Failure, match="record_path"):
        read(config(invoices(**options)))
    assert len(server.request_history) == 4


@pytest.mark.parametrize("error", ["broken", {"message": "broken"}, [{"text": "broken"}], {"base": ["broken"]}])
def test_an_error_under_http_200_is_a_failure(server: requests_mock.Mocker, error: Any) -> None:
    server.get(LIST, json={"data": [], "errors": error})

    with pytest.raises(Failure, match="broken"):
        read(config(invoices(error_path="errors")))


@pytest.mark.parametrize("nothing", [None, "", [], {}, 0, False])
def test_no_error_is_no_failure(server: requests_mock.Mocker, nothing: Any) -> None:
    server.get(LIST, json={"data": [], "error": nothing})

    assert read(config(invoices(error_path="error"))) == []


def test_a_record_without_its_key_is_told(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": [{"number": 1}]})

    with pytest.raises(Failure, match=r"nothing at 'id'.*keys number"):
        read(config())


def test_a_nested_key_is_a_key(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_offset([{"Invoice": row} for row in ROWS]))
    values = config(invoices(primary_key=["Invoice.id"], cursor_field="Invoice.changed"))

    assert len(read(values)) == 250
    shown = stream(values).as_airbyte_stream()
    assert shown.source_defined_primary_key == [["Invoice", "id"]]
    assert shown.default_cursor_field == ["Invoice", "changed"]


def test_a_key_of_more_than_64_bits_is_refused_as_such(server: requests_mock.Mocker) -> None:
    rows = [{"id": 2**70 + number} for number in range(3)]
    server.get(LIST, json={"data": rows})
    sentence = (
        "Stream invoices: a record of /v1/invoices has a number of more than 64 bits at 'id', which primary_key names. "
    )

    for list_streams in (lambda: read(config()), lambda: stream(config()).get_json_schema()):
        with pytest.raises(Failure) as caught:
            list_streams()
        assert caught.value.sentence.startswith(sentence)
        assert caught.value.sentence.count("Stream invoices") == 1
