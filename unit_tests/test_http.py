"""How one request is made well."""

from __future__ import annotations

import re
import time
from email.utils import formatdate
from typing import Any

import pytest
import requests
import requests_mock as mock
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets, update_secrets

from source_invoicing.http import (
    AccessRefused,
    AccessTokens,
    ApiClient,
    BadRequest,
    BasicAuth,
    Failure,
    HostUnreachable,
    LoginRefused,
    RateLimiter,
    Request,
    ResourceMissing,
    RetryPolicy,
    StatusErrorHandler,
    UnexpectedResponse,
    config_failure,
)
from source_invoicing.http.addresses import join_url
from source_invoicing.http.retry import retry_after
from source_invoicing.http.secrets import forget, mask

HURRY = RetryPolicy(backoff=0, rate_limit_backoff=0)
BASE = "https://api.example.com/v1"


def client(**options: Any) -> ApiClient:
    error_handler = StatusErrorHandler(
        "Acme", lambda body: body.get("message"), "Check the key.", "Ask an administrator."
    )
    defaults = {
        "base_url": BASE,
        "auth": BasicAuth("key"),
        "error_handler": error_handler,
        "rate_limiter": RateLimiter(2),
        "pool_size": 2,
    }
    return ApiClient(**{**defaults, "retry_policy": HURRY, **options})


@pytest.mark.parametrize(
    ("base", "path", "expected"),
    [
        ("https://a.example", "customers", "https://a.example/customers"),
        ("https://a.example/", "customers", "https://a.example/customers"),
        ("https://a.example/proxy/v1", "customers", "https://a.example/proxy/v1/customers"),
        ("https://a.example/proxy/v1/", "/customers", "https://a.example/proxy/v1/customers"),
    ],
)
def test_a_base_url_keeps_its_path(base: str, path: str, expected: str) -> None:
    assert join_url(base, path) == expected


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("5", 5.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("nan", None),
        ("soon", None),
        ("Thu, 01 Jan 2015 00:00:00 GMT", 0.0),
        ("Wed, 99 Foo 2024", None),
    ],
)
def test_retry_after_in_all_its_forms(header: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": header}) == seconds


def test_retry_after_as_a_date_is_the_time_until_then() -> None:
    seconds = retry_after({"Retry-After": formatdate(time.time() + 100, usegmt=True)})

    assert seconds is not None
    assert 90 < seconds <= 100


def test_three_further_tries_and_no_more() -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", status_code=503, json={"message": "Down for a moment"})
        with pytest.raises(Failure, match=r"Acme answered HTTP 503 for /customers: Down for a moment\.") as caught:
            client().send(Request("customers"))

    assert caught.value.failure_type is FailureType.transient_error
    assert api.call_count == 4


def test_the_answer_after_three_faults_is_as_good_as_the_first() -> None:
    with mock.Mocker() as api:
        api.get(
            f"{BASE}/customers",
            [
                {"status_code": 500},
                {"exc": requests.ConnectTimeout},
                {"text": "<html>maintenance</html>"},
                {"json": [{"id": 1}]},
            ],
        )
        assert client().send(Request("customers")).body == [{"id": 1}]


LATIN = {"Content-Type": "application/json; charset=ISO-8859-1"}


@pytest.mark.parametrize(
    ("content", "headers", "body"),
    [
        (b'[{"id": 1, "name": "Mini \\ud83d"}]', {}, [{"id": 1, "name": "Mini \ufffd"}]),
        (b'[{"id": 1, "\\udc00": "\\ud83d\\ude00"}]', {}, [{"id": 1, "\ufffd": "\U0001f600"}]),
        (b'\xef\xbb\xbf[{"id": 1}]', {}, [{"id": 1}]),
        ('[{"name": "Müller"}]'.encode("latin-1"), LATIN, [{"name": "Müller"}]),
        (
            b'[{"rate": NaN, "most": Infinity, "least": -1e999, "real": 1.5}]',
            {},
            [{"rate": None, "most": None, "least": None, "real": 1.5}],
        ),
    ],
    ids=[
        "half a character",
        "half a character in a name",
        "a byte order mark",
        "Latin-1, declared",
        "no finite number",
    ],
)
def test_a_harmless_slip_of_the_vendor_costs_no_list(content: bytes, headers: dict[str, str], body: Any) -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", content=content, headers=headers)
        found = client().send(Request("customers")).body

    assert found == body
    assert api.call_count == 1


@pytest.mark.parametrize(
    ("content", "headers", "what"),
    [
        (b'[{"id": 1, "name": "Mini \\ud83d"}', {}, "cut or malformed JSON"),
        (b'\xef\xbb\xbf[{"id": 1}', {}, "cut or malformed JSON"),
        (b"\xef\xbb\xbf<html></html>", {}, r"a web page \(HTML\)"),
        ('[{"name": "Müller"}]'.encode("latin-1"), {}, "cut or malformed JSON"),
        (b'[{"name": "M\xfcller"}]', {"Content-Type": "application/json; charset=klingon"}, "cut or malformed JSON"),
        (b"[" * 100_000 + b'"\\ud83d"' + b"]" * 100_000, {}, "cut or malformed JSON"),
        (b"NaN of anything", {}, "plain text"),
    ],
    ids=["cut", "cut, with a mark", "a page with a mark", "Latin-1, not declared", "unknown encoding", "deep", "text"],
)
def test_what_is_not_json_or_not_all_of_it_stays_refused(content: bytes, headers: dict[str, str], what: str) -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", content=content, headers=headers)
        with pytest.raises(UnexpectedResponse, match=what):
            client().send(Request("customers"))


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (requests.ConnectTimeout(), "did not accept a connection in time"),
        (requests.ReadTimeout(), "did not answer in time"),
        (requests.exceptions.SSLError(), "has no certificate that this machine trusts"),
        (requests.exceptions.ChunkedEncodingError(), "broke off in the middle of an answer"),
        (requests.exceptions.ContentDecodingError(), "broke off in the middle of an answer"),
        (requests.ConnectionError("[Errno -2] Name or service not known"), "is a name that cannot be resolved"),
        (requests.ConnectionError("Connection refused"), "refused the connection"),
        (requests.ConnectionError("Connection aborted."), "broke the connection"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_broken_connection_is_told_in_a_sentence(error: Exception, what: str) -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", exc=error)
        with pytest.raises(HostUnreachable, match=f"api.example.com {what} ") as caught:
            client().send(Request("customers", {"secret": "hidden-in-the-url"}))

    assert caught.value.failure_type is FailureType.transient_error
    assert "hidden-in-the-url" not in f"{caught.value}{caught.value.internal_message}"


def test_a_refused_key_is_not_tried_again() -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", status_code=401, json={"message": "No"})
        with pytest.raises(LoginRefused, match=r"\(HTTP 401: No\)\. Check the key\."):
            client().send(Request("customers"))

    assert api.call_count == 1


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://other.example/x?key=1", "https://other.example"),
        ("https://user:pa55word@other.example:8443/tok", "https://other.example:8443"),
        ("//user:pa55word@other.example/tok", "other.example"),
        ("https://other.example:pa55word/tok", "an invalid address"),
        ("mailto:pa55word@other.example", "another address"),
    ],
)
def test_a_redirect_to_another_host_is_not_followed_and_only_its_origin_is_shown(location: str, shown: str) -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", status_code=302, headers={"Location": location})
        with pytest.raises(Failure, match=rf"redirects /customers to {re.escape(shown)}\. ") as caught:
            client().send(Request("customers"))

    assert api.call_count == 1
    assert "pa55word" not in f"{caught.value}{caught.value.internal_message}"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(variable, "/nowhere/bundle.pem")

    with pytest.raises(Failure, match=f"variable {variable} names /nowhere/bundle.pem ") as caught:
        client(base_url="https://127.0.0.1:1").send(Request("customers"))

    assert caught.value.failure_type is FailureType.config_error


@pytest.mark.parametrize(
    ("status", "kind", "failure_type", "told"),
    [
        (
            402,
            AccessRefused,
            FailureType.config_error,
            r"not let these .* \(HTTP 402: Expired\)\. Ask an administrator\.",
        ),
        (451, AccessRefused, FailureType.config_error, r"HTTP 451.* Ask an administrator\."),
        (404, ResourceMissing, FailureType.config_error, r"HTTP 404 .*: Expired\. Check that platform\.base_url"),
        (410, ResourceMissing, FailureType.config_error, r"HTTP 410 "),
        (405, UnexpectedResponse, FailureType.config_error, r"HTTP 405 .* Check that platform\.base_url"),
        (407, Failure, FailureType.config_error, r"The proxy in front of Acme wants a login .* HTTPS_PROXY"),
        (409, UnexpectedResponse, FailureType.transient_error, r"HTTP 409 .* Run the sync again"),
        (422, BadRequest, FailureType.system_error, r"HTTP 422 "),
    ],
)
def test_a_refusal_says_who_can_mend_it(status: int, kind: type[Failure], failure_type: FailureType, told: str) -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", status_code=status, json={"message": "Expired"})
        with pytest.raises(kind, match=told) as caught:
            client().send(Request("customers"))

    assert caught.value.failure_type is failure_type
    assert api.call_count == 1


def test_a_web_page_says_what_to_look_at() -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", text="<html>")
        with pytest.raises(UnexpectedResponse, match=r"instead of JSON\. Run the sync again; if .*platform\.base_url"):
            client().send(Request("customers"))


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (
            {"status_code": 401, "json": {}},
            r"Check platform\.client_id, platform\.client_secret and platform\.token_url\.",
        ),
        ({"status_code": 404, "text": "no"}, r"Check that platform\.token_url, where it is set, leads to the API"),
        ({"status_code": 400, "text": "no"}, r"HTTP 400 .* Check platform\.token_url\."),
        ({"json": {}}, r"neither a token nor an error\. Check that platform\.token_url"),
        ({"status_code": 400, "json": {"error": {"code": 7, "message": "Gone"}}}, "no token: Gone;"),
    ],
    ids=["401", "404", "400", "nothing", "an object"],
)
def test_a_token_that_is_not_issued_says_which_properties_to_look_at(response: dict[str, Any], told: str) -> None:
    tokens = AccessTokens(
        vendor="Acme",
        token_url=f"{BASE}/token",
        form={"grant_type": "refresh_token"},
        refusal=lambda error, description: config_failure(f"no token: {error};{description}"),
        most_requests=10,
        per_seconds=60,
        retry_policy=HURRY,
    )
    with mock.Mocker() as api:
        api.post(f"{BASE}/token", **response)
        with pytest.raises(Failure, match=told):
            tokens.current()


def test_each_form_of_a_secret_is_masked() -> None:
    update_secrets([])
    mask("k/y+1=ü%")

    forms = (
        *("k/y+1=ü%", "k%2Fy%2B1%3D%C3%BC%25", "k/y%2B1%3D%C3%BC%25", "k%2fy%2b1%3d%c3%bc%25", "k/y+1=\\u00fc%"),
        *(
            "k\\/y+1=\\u00fc%",
            "k/y\\u002B1=\\u00FC%",
            "k/y+1\\u003d\\u00fc%",
            "ay95KzE9w7wl",
            "k%252Fy%252B1%253D%25C3%25BC%2525",
        ),
    )
    for form in forms:
        assert filter_secrets(f"<{form}>") == "<****>"


def test_a_secret_within_another_one_leaves_nothing_of_it() -> None:
    forget()
    mask("sesame")
    mask("sesame-open")

    assert filter_secrets("<sesame-open> <sesame>") == "<****> <****>"


def test_half_a_character_hides_nothing_and_harms_nothing() -> None:
    mask("half\ud800")

    assert filter_secrets("all is well") == "all is well"


def test_basic_credentials_are_utf8_and_their_base64_is_masked() -> None:
    update_secrets([])
    request = requests.Request("GET", BASE, auth=BasicAuth("schlüssel", "pässwort")).prepare()

    assert request.headers["Authorization"] == "Basic c2NobMO8c3NlbDpww6Rzc3dvcnQ="
    assert filter_secrets(request.headers["Authorization"]) == "Basic ****"
