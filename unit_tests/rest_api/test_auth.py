"""The configurable platform: each way to log in, and what is secret."""

from __future__ import annotations

import json
import logging
import re
from typing import Any
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


def test_a_check_that_meets_a_limit_does_not_speak_of_syncs(server: requests_mock.Mocker) -> None:
    server.get(LIST, status_code=429, headers={"Retry-After": "60"})

    _, sentence = SourceInvoicing().check_connection(logging.getLogger(), config())

    assert "Try again when other programs that use the account ask less. The vendor asks to come back" in str(sentence)


def test_a_redirect_of_the_token_endpoint_names_its_property(server: requests_mock.Mocker) -> None:
    server.post(f"{BASE}/token", status_code=302, headers={"Location": "https://elsewhere.example/login?next=secret"})

    with pytest.raises(
        Failure, match=r"to https://elsewhere\.example\. Credentials .* Set platform\.auth\.token_url to where"
    ):
        read(config(auth=OAUTH))


def test_a_check_waits_no_longer_for_a_token_than_for_the_api(server: requests_mock.Mocker) -> None:
    server.post(f"{BASE}/token", status_code=429, headers={"Retry-After": "60"})

    works, sentence = SourceInvoicing().check_connection(logging.getLogger(), config(auth=OAUTH))

    assert not works
    assert "longer than a connection test waits (10 seconds)" in str(sentence)
    assert len(server.request_history) == 1


CLIENT: Json = {**OAUTH, "grant": "client_credentials", "refresh_token": ""}


@pytest.mark.parametrize(
    ("more", "form", "authorization"),
    [
        ({}, {"client_id": "client-1", "client_secret": "secret-1"}, None),
        ({"scope": "a b"}, {"client_id": "client-1", "client_secret": "secret-1", "scope": "a b"}, None),
        ({"client_auth": "basic"}, {}, "Basic Y2xpZW50LTE6c2VjcmV0LTE="),
        # RFC 6749, section 2.3.1: encoded as in a form.
        ({"client_auth": "basic", "client_secret": "a:b c"}, {}, "Basic Y2xpZW50LTE6YSUzQWIrYw=="),
        (
            {"client_auth": "basic", "token_params": [{"name": "tenant", "value": "7"}]},
            {"tenant": "7"},
            "Basic Y2xpZW50LTE6c2VjcmV0LTE=",
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("grant", ["client_credentials", "refresh_token"])
def test_a_token_is_issued_to_the_client(
    server: requests_mock.Mocker, grant: str, more: Json, form: Json, authorization: str | None
) -> None:
    server.post(f"{BASE}/token", json={"access_token": "access-1", "refresh_token": "unasked-1"})
    server.get(LIST, json={"data": []})
    renewed = {"refresh_token": "refresh-1"} if grant == "refresh_token" else {}

    read(config(auth={**CLIENT, "grant": grant, **renewed, **more}))

    asked, listed = server.request_history
    assert dict(parse_qsl(asked.text)) == {"grant_type": grant, **renewed, **form}
    assert asked.headers.get("Authorization") == authorization
    assert listed.headers["Authorization"] == "Bearer access-1"


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        ({**OAUTH, "refresh_token": ""}, r"platform\.auth\.refresh_token is missing.*client_credentials"),
        ({**CLIENT, "grant": "password"}, r"platform\.auth\.grant should be one of"),
        ({**CLIENT, "client_auth": "header"}, r"platform\.auth\.client_auth should be one of basic, body"),
        (
            {**CLIENT, "token_params": [{"name": "scope"}]},
            r"token_params\[0\]\.name is 'scope', which platform.auth sets",
        ),
        ({**CLIENT, "token_params": [{"name": "a"}, {"name": "a"}]}, r"token_params\[1\]\.name is 'a'"),
    ],
    ids=str,
)
def test_a_token_request_that_cannot_be_made_is_refused(auth: Json, message: str) -> None:
    with pytest.raises(Failure, match=message):
        SourceInvoicing().streams(config(auth=auth))


def test_a_refused_client_is_for_the_user_to_mend(server: requests_mock.Mocker) -> None:
    server.post(f"{BASE}/token", status_code=401, json={"error": "invalid_client"})

    with pytest.raises(Failure, match=r"refused the client \(invalid_client\)\..*client_auth") as caught:
        read(config(auth=CLIENT))
    assert caught.value.failure_type is FailureType.config_error


SECRET_HEADERS: list[Json] = [{"name": "X-App", "value": "sesame/open&"}]


@pytest.mark.parametrize("host", [BASE, "https://login.example.com"])
def test_secret_headers_go_where_the_key_goes(server: requests_mock.Mocker, host: str) -> None:
    server.post(f"{host}/token", json={"access_token": "access-1"})
    server.get(LIST, json={"data": []})

    read(config(auth={**CLIENT, "token_url": f"{host}/token"}, secret_headers=SECRET_HEADERS))

    asked, listed = server.request_history
    assert listed.headers["X-App"] == "sesame/open&"
    assert ("X-App" in asked.headers) is (host == BASE)
    for form in ("sesame/open&", "sesame%2Fopen%26", "sesame\\/open&", "sesame/open\\u0026", "c2VzYW1lL29wZW4m"):
        assert filter_secrets(f"it was {form}") == "it was ****"


@pytest.mark.parametrize("host", [BASE, "https://login.example.com"])
def test_headers_go_to_a_token_endpoint_of_the_api_and_leave_its_form_alone(
    server: requests_mock.Mocker, host: str
) -> None:
    server.post(f"{host}/token", json={"access_token": "access-1"})
    server.get(LIST, json={"data": []})
    own = {"user-agent": "Our books (books@example.com)", "accept": "text/json", "content-type": "application/json"}
    headers = [{"name": name, "value": value} for name, value in own.items()]

    read(config(auth={**CLIENT, "token_url": f"{host}/token"}, headers=headers))

    asked, listed = server.request_history
    assert {name: listed.headers[name] for name in own} == own
    agent = own["user-agent"] if host == BASE else "source-invoicing"
    form = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
    assert {name: asked.headers[name] for name in own} == {"user-agent": agent, **form}


@pytest.mark.parametrize("client_auth", ["body", "basic"])
def test_no_secret_is_in_what_is_said_whatever_the_api_says(
    server: requests_mock.Mocker, client_auth: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    secrets = ["client-one", "secret/one", "sesame/open&", "access-one", "c2VjcmV0L29uZQ=="]
    server.post(f"{BASE}/token", json={"access_token": "access-one"})
    server.get(LIST, status_code=400, json={"error": " ".join(secrets)})
    auth = {**CLIENT, "client_id": "client-one", "client_secret": "secret/one", "client_auth": client_auth}

    with pytest.raises(Failure) as caught:
        read(config(auth=auth, secret_headers=SECRET_HEADERS))
    said = f"{caught.value} {caught.value.internal_message} {capsys.readouterr().out} {filter_secrets(caplog.text)}"
    assert "****" in str(caught.value)
    assert not [secret for secret in secrets if secret in said]


def test_secret_headers_do_not_follow_a_redirect_or_a_link_to_another_host(server: requests_mock.Mocker) -> None:
    server.register_uri(requests_mock.ANY, "https://evil.example/", json={"data": []})
    server.get(LIST, [{"json": {"data": [{"id": 1}], "next": "https://evil.example/"}}])
    values = config(invoices(pagination={"type": "next_url", "path": "next"}), secret_headers=SECRET_HEADERS)

    with pytest.raises(Failure, match="base_url"):
        read(values)
    server.get(LIST, status_code=302, headers={"Location": "https://evil.example/"})
    with pytest.raises(Failure, match="redirects"):
        read(values)
    assert {request.hostname for request in server.request_history} == {"api.example.com"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"secret_headers": [{"name": "X-App"}]}, r"secret_headers\[0\]\.value is missing"),
        (
            {"secret_headers": [{"name": "X:", "value": "sesame-1"}]},
            r"secret_headers\[0\]\.name is no name of a header",
        ),
        (
            {"secret_headers": [{"name": "X-App", "value": "a\nsesame-1"}]},
            r"secret_headers\[0\]\.value holds a line break",
        ),
        ({"secret_headers": SECRET_HEADERS * 2}, r"secret_headers\[1\]\.name is X-App, which stands there already"),
        (
            {"secret_headers": SECRET_HEADERS, "headers": [{"name": "x-app", "value": "1"}]},
            r"headers\[0\]\.name is x-app, which secret_headers sets",
        ),
        (
            {"auth": {"type": "bearer", "token": "t"}, "secret_headers": [{"name": "Authorization", "value": "s"}]},
            r"secret_headers\[0\]\.name is Authorization, which the credentials",
        ),
    ],
    ids=range(6),
)
def test_a_secret_header_that_cannot_be_sent_is_refused_without_its_value(options: Json, message: str) -> None:
    with pytest.raises(Failure, match=message) as caught:
        SourceInvoicing().streams(config(**options))
    assert "sesame" not in str(caught.value)


def test_header_values_that_sound_secret_are_masked() -> None:
    SourceInvoicing().streams(config(headers=[{"name": "X-App-Secret", "value": "sesame-open"}]))

    assert "sesame" not in filter_secrets("it was sesame-open")


@pytest.mark.parametrize("place", ["secret_headers", "headers", "params", "auth"])
def test_of_a_scheme_and_a_secret_the_secret_alone_is_masked_too(place: str) -> None:
    """An API may repeat it without the word in front."""
    pairs: Any = [{"name": "X-Api-Token", "value": "Token sesame-open"}]
    pairs = {"type": "api_key", "location": "header", **pairs[0]} if place == "auth" else pairs
    SourceInvoicing().streams(config(invoices(**{place: pairs} if place == "params" else {}), **{place: pairs}))

    assert filter_secrets("it was sesame-open, of type Token") == "it was ****, of type Token"


def test_secrets_of_a_body_are_masked() -> None:
    body = {
        **{"app_secret": "sesame-1", "auth": {"user": "sesame-2", "more": ["sesame-3"]}},
        **{"filters": [{"session": "sesame-4", "kind": "open"}], "page_token": "{cursor}"},
    }
    pagination = {"type": "cursor", "source": "body", "path": "next"}
    SourceInvoicing().streams(config(invoices(method="POST", body=json.dumps(body), pagination=pagination)))

    assert filter_secrets(json.dumps(body)) == re.sub(r"sesame-\d", "****", json.dumps(body))


def test_the_name_of_a_column_to_sort_by_is_no_secret() -> None:
    params = [{"name": name, "value": "updated_at"} for name in ("sort_key", "sortKey", "order_by_key", "keyword")]
    SourceInvoicing().streams(config(invoices(params=params)))

    assert filter_secrets("updated_at") == "updated_at"
