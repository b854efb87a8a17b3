"""The configurable platform: where records are, and what is an error in their place."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests_mock

from source_invoicing.http import Failure
from unit_tests.rest_api.helpers import LIST, ROWS, Json, by_offset, by_page, config, ids, invoices, query, read, stream


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
        ({"absent_when_empty": True}, {}, []),
        ({"absent_when_empty": True, "record_path": "a.b"}, {"a": {}}, []),
        ({"absent_when_empty": True, "record_path": "a.b"}, {"a": {"b": [{"id": 1}]}}, [1]),
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
        # What should hold the list has to be there all the same.
        ({"absent_when_empty": True, "record_path": "a.b"}, {}),
        ({"absent_when_empty": True}, []),
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


# -- steps into each element ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "found"),
    [
        # As Chargebee and Maxio wrap rows.
        ("list.*.invoice", {"list": [{"invoice": {"id": 1}, "customer": {}}, {"invoice": {"id": 2}}]}, [1, 2]),
        ("*.invoice", [{"invoice": {"id": 1}}, {"other": 5}, {"invoice": None}, None], [1]),
        ("*", [{"id": 1}, {"id": 2}], [1, 2]),
        ("invoices.*", {"invoices": {"a": {"id": 1}, "b": {"id": 2}}}, [1, 2]),
        ("a.*.items", {"a": [{"items": [{"id": 1}, {"id": 2}]}, {}, {"items": []}, {"items": [{"id": 3}]}]}, [1, 2, 3]),
        ("a.*.b.*.c", {"a": [{"b": [{"c": {"id": 1}}]}, {"b": {"x": {"c": {"id": 2}}}}]}, [1, 2]),
        ("list.*.invoice", {"list": []}, []),
        ("list.*.invoice", {"list": None}, []),
        ("a.*.b.*", {"a": [{"b": []}, {"b": None}]}, []),
    ],
    ids=str,
)
def test_a_path_steps_into_each_element(server: requests_mock.Mocker, path: str, body: Any, found: list[int]) -> None:
    server.get(LIST, json=body)

    assert ids(read(config(invoices(record_path=path, pagination={"type": "none"})))) == found


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("list.*.invoice", {"list": [{"invoices": {"id": 1}}]}),
        ("list.*.invoice", {"lists": []}),
        ("list.*.invoice", {"list": [5]}),
        ("list.*", {"list": [{"id": 1}, 5]}),
        ("list.*.invoice", None),
    ],
    ids=str,
)
def test_a_path_that_no_element_has_is_wrong(server: requests_mock.Mocker, path: str, body: Any) -> None:
    server.get(LIST, text=json.dumps(body))

    with pytest.raises(Failure, match=r"where record_path expects"):
        read(config(invoices(record_path=path, pagination={"type": "none"})))


def test_the_name_of_an_object_is_stamped_on_it(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"invoices": {"a": {"total": 1}, "b": {"total": 2}}, "lists": {"x": [{"id": 1}, {"id": 2}]}})

    def rows(path: str, key: str) -> list[Json]:
        return read(config(invoices(record_path=path, key_field="key", primary_key=[key], pagination={"type": "none"})))

    assert rows("invoices.*", "key") == [{"total": 1, "key": "a"}, {"total": 2, "key": "b"}]
    assert rows("lists.*", "id") == [{"id": 1, "key": "x"}, {"id": 2, "key": "x"}]


def test_errors_may_stand_in_each_element(server: requests_mock.Mocker) -> None:
    body = {"data": [], "results": [{"errors": []}, {"errors": [{"text": "no such account"}]}]}
    server.get(LIST, json=body)

    with pytest.raises(Failure, match="no such account"):
        read(config(invoices(error_path="results.*.errors", pagination={"type": "none"})))
    server.get(LIST, json={"data": [{"id": 1}], "results": [{"errors": []}]})
    assert ids(read(config(invoices(error_path="results.*.errors", pagination={"type": "none"})))) == [1]


@pytest.mark.parametrize("value", ["/Date(1769860800000)/", "/Date(1769860800000+0100)/", "/Date(1769860800999-0500)/"])
def test_milliseconds_as_dotnet_writes_them_are_a_time(server: requests_mock.Mocker, value: str) -> None:
    server.get(LIST, json={"data": [{"id": 1, "at": value}]})
    declared = invoices(cursor_field="at", since_param="since", since_format="ms_date", pagination={"type": "none"})

    assert ids(read(config(declared), state={"at": "2026-01-31T12:00:00Z"})) == [1]
    assert ids(read(config(declared), state={"at": "2026-01-31T12:00:05Z"})) == []
    assert query(server.request_history[0])["since"] == "/Date(1769860799000)/"
