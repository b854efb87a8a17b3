"""The configurable platform: each way to log in, and what is secret."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests_mock
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure
from unit_tests.rest_api.helpers import BASE, KEY, LIST, OAUTH, Json, config, ids, invoices, read


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"type": "api_key", "location": "header", "name": "X-API-TOKEN", "value": "key1"}, "X-API-TOKEN", "key1"),
        (
            {"type": "api_key", "location": "header", "name": "Authorization", "prefix": "Token ", "value": "key1"},
            "Authorization",
            "Token key1",
        ),
        ({"type": "bearer", "token": "key1"}, "Authorization", "Bearer key1"),
        ({"type": "basic", "username": "büro", "password": ""}, "Authorization", "Basic YsO8cm86"),
        ({"type": "none"}, "Authorization", None),
    ],
)
def test_credentials_go_where_they_belong(
    server: requests_mock.Mocker, auth: Json, header: str, value: str | None
) -> None:
    server.get(LIST, json={"data": []})

    read(config(auth=auth))

    sent = server.request_history[0].headers.get(header)
    assert (sent.decode() if isinstance(sent, bytes) else sent) == value
    assert "key1" not in server.request_history[0].url


def test_a_key_in_the_query_is_encoded_once_and_masked_in_each_form(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": []})

    read(config())

    url = server.request_history[0].url
    assert parse_qsl(urlsplit(url).query)[-1] == ("api_key", KEY)
    assert "k%2Bey%2Fwith%3Dodd%2520signs" in url
    assert "with" not in filter_secrets(url)


def test_a_rotated_refresh_token_is_handed_back_to_be_stored(
    server: requests_mock.Mocker, capsys: pytest.CaptureFixture[str]
) -> None:
    server.post(f"{BASE}/token", json={"access_token": "access-1", "expires_in": 3600, "refresh_token": "refresh-2"})
    server.get(LIST, [{"json": {"data": [{"id": 1}]}}, {"json": {"data": []}}])

    read({**config(auth=OAUTH), "start_date": "2024-01-01T00:00:00Z"})

    control = next(json.loads(line) for line in capsys.readouterr().out.splitlines() if '"CONTROL"' in line)
    stored = control["control"]["connectorConfig"]["config"]
    assert stored["platform"]["auth"]["refresh_token"] == "refresh-2"
    assert stored["start_date"] == "2024-01-01T00:00:00Z"
    assert server.request_history[1].headers["Authorization"] in ("Bearer access-1", b"Bearer access-1")


def test_an_access_token_that_ends_early_is_renewed_and_the_request_repeated(
    server: requests_mock.Mocker, capsys: pytest.CaptureFixture[str]
) -> None:
    server.post(
        f"{BASE}/token",
        [{"json": {"access_token": f"access-{n}", "refresh_token": f"refresh-{n}"}} for n in (2, 3)],
    )
    server.get(LIST, [{"status_code": 401, "json": {}}, {"json": {"data": [{"id": 1}]}}, {"json": {"data": []}}])

    assert ids(read(config(auth=OAUTH))) == [1]
    asked = [request for request in server.request_history if request.method == "GET"]
    assert [request.headers["Authorization"] for request in asked] == [f"Bearer access-{n}" for n in (2, 3, 3)]
    stored = [json.loads(line)["control"] for line in capsys.readouterr().out.splitlines() if '"CONTROL"' in line]
    tokens = [control["connectorConfig"]["config"]["platform"]["auth"]["refresh_token"] for control in stored]
    assert tokens == ["refresh-2", "refresh-3"]


@pytest.mark.parametrize("status", [200, 400])
def test_a_refused_refresh_token_is_for_the_user_to_mend(server: requests_mock.Mocker, status: int) -> None:
    server.post(f"{BASE}/token", status_code=status, json={"error": "invalid_grant"})

    with pytest.raises(Failure, match=r"invalid_grant.*platform\.auth\.client_id") as caught:
        read(config(auth=OAUTH))
    assert caught.value.failure_type is FailureType.config_error


def test_header_values_that_sound_secret_are_masked() -> None:
    SourceInvoicing().streams(config(headers=[{"name": "X-App-Secret", "value": "sesame-open"}]))

    assert "sesame" not in filter_secrets("it was sesame-open")


def test_the_name_of_a_column_to_sort_by_is_no_secret() -> None:
    params = [{"name": name, "value": "updated_at"} for name in ("sort_key", "sortKey", "order_by_key", "keyword")]
    SourceInvoicing().streams(config(invoices(params=params)))

    assert filter_secrets("updated_at") == "updated_at"
