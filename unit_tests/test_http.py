"""How one request is made well."""

from __future__ import annotations

import gzip
import re
import threading
import time
import tracemalloc
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
    MalformedResponse,
    QuotaExhausted,
    RateLimiter,
    Request,
    ResourceMissing,
    Response,
    Retry,
    RetryPolicy,
    StatusErrorHandler,
    TokenAuth,
    UnexpectedResponse,
    config_failure,
    oauth,
    transport,
)
from source_invoicing.http.addresses import join_url
from source_invoicing.http.retry import reset_after, retry_after
from source_invoicing.http.secrets import forget_secrets, mask

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
        ("0", 0.0),
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


@pytest.mark.parametrize("until", ["Fri, 20 Nov 2026 12:00:04 GMT", "1795176004", "1795176004000"])
def test_retry_after_as_a_time_is_compared_with_the_clock_of_the_server(until: str) -> None:
    headers = {"Date": "Fri, 20 Nov 2026 12:00:00 GMT", "Retry-After": until}

    assert retry_after(headers) == 4
    assert retry_after({**headers, "Date": "Fri, 20 Nov 2026 12:01:00 GMT"}) == 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"RateLimit-Reset": "30"}, 30),
        ({"X-RateLimit-Reset": "1795176012"}, 12),
        ({"X-RateLimit-Reset": "1795176012500"}, 12.5),
        ({"X-RateLimit-Reset": "1795175000"}, 0),
        ({"X-Rate-Limit-Reset": "7.5"}, 7.5),
        ({"RateLimit-Reset": "5", "X-RateLimit-Reset": "1795176012"}, 5),
        ({"RateLimit-Reset": "5", "RateLimit-Remaining": "0"}, 5),
        ({"X-Rate-Limit-Reset": "79317", "X-Rate-Limit-Remaining": "-80"}, 79317),
        ({"X-Rate-Limit-Reset": "79317", "X-Rate-Limit-Remaining": "1998"}, None),
        ({"X-RateLimit-Reset": "soon"}, None),
        ({"X-RateLimit-Reset": "nan"}, None),
        ({"X-RateLimit-Reset": "-4"}, 0),
    ],
)
def test_a_reset_is_seconds_or_a_moment_by_the_clock_of_the_server(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert reset_after({"Date": "Fri, 20 Nov 2026 12:00:00 GMT", **headers}) == seconds


@pytest.mark.parametrize(
    ("status", "headers", "too_many", "verdict"),
    [
        (429, {"X-RateLimit-Reset": "30"}, (), (30, True)),
        (429, {"X-RateLimit-Reset": "30", "Retry-After": "4"}, (), (4, True)),
        (403, {}, (403,), (None, True)),
        (403, {"RateLimit-Reset": "30"}, (403,), (30, True)),
        (503, {"RateLimit-Reset": "30"}, (503,), (30, True)),
        # Vendors that send it with every response do not mean that the refusal is about it.
        (403, {"X-RateLimit-Reset": "30"}, (), None),
    ],
)
def test_statuses_that_are_named_mean_too_many(
    status: int, headers: dict[str, str], too_many: tuple[int, ...], verdict: tuple[float | None, bool] | None
) -> None:
    handler = StatusErrorHandler("The API", lambda body: None, "", "", too_many_statuses=too_many)

    found = handler(Response(status, headers, {}, "", "/x"))

    assert (isinstance(found, Retry) and (found.after, found.rate_limited)) == (verdict or False)


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Fri, 20 Nov 2026 12:00:00 GMT", 1795176000),
        ("Fri, 20 Nov 2026 14:00:00 +0200", 1795176000),
        ("Fri, 20 Nov 2026 12:00:00 -0000", 1795176000),
        ("noon", None),
        ("", None),
    ],
)
def test_the_clock_of_the_server_is_read_in_utc(
    monkeypatch: pytest.MonkeyPatch, date: str, seconds: int | None
) -> None:
    with monkeypatch.context() as context:
        context.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        server_time = Response(200, {"Date": date}, None, "", "").server_time
    time.tzset()

    assert server_time == seconds


@pytest.mark.parametrize(
    ("rate_limited", "asked_for", "waits"),
    [
        (True, None, [10, 20, 40]),
        (True, 0.0, [10, 20, 40]),
        (True, 3.0, [3, 3, 4]),
        (False, None, [1, 2, 4]),
        (False, 0.0, [1, 2, 4]),
        (False, 30.0, [30, 30, 30]),
    ],
)
def test_a_wait_is_as_long_as_the_vendor_asks_for_and_never_none(
    rate_limited: bool, asked_for: float | None, waits: list[float]
) -> None:
    policy = RetryPolicy()

    assert [policy.wait(retry, rate_limited=rate_limited, asked_for=asked_for) for retry in range(3)] == waits


def test_a_403_with_retry_after_is_about_how_often_requests_come() -> None:
    limited = {"status_code": 403, "json": {"message": "hourly limit"}, "headers": {"Retry-After": "0.001"}}
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", [limited, limited, {"json": [{"id": 1}]}])

        assert client().send(Request("customers")).body == [{"id": 1}]


@pytest.mark.parametrize("status", [403, 409, 429, 503])
def test_a_door_that_opens_later_than_a_sync_waits_ends_it_as_transient(status: int) -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", status_code=status, json={}, headers={"Retry-After": "1800"})
        asking = client()
        for path in ("customers", "invoices"):
            with pytest.raises(QuotaExhausted, match=rf"HTTP {status} .* come back in 1800 seconds") as caught:
                asking.send(Request(path))

    assert caught.value.failure_type is FailureType.transient_error
    assert api.call_count == 1


def test_a_401_is_about_the_credentials_whatever_comes_with_it() -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", status_code=401, json={}, headers={"Retry-After": "1"})
        with pytest.raises(LoginRefused):
            client().send(Request("customers"))

    assert api.call_count == 1


def rows_of(response: Response) -> list[Any]:
    if not isinstance(response.body, list):
        raise MalformedResponse("This is not a list.")
    return response.body


def test_a_response_that_cannot_be_read_is_asked_for_again() -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", [{"json": {}}, {"json": None}, {"json": [1]}])

        assert client().fetch(Request("customers"), rows_of) == [1]


def test_what_stays_unreadable_counts_like_any_other_fault() -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", [{"status_code": 503}, {"exc": requests.ConnectTimeout}, {"json": {}}])
        with pytest.raises(MalformedResponse, match=r"This is not a list\."):
            client().fetch(Request("customers"), rows_of)

    assert api.call_count == 4


def test_another_failure_to_read_is_final() -> None:
    def refuse(response: Response) -> None:
        raise config_failure("The key is missing.")

    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", json=[])
        with pytest.raises(Failure, match="The key is missing"):
            client().fetch(Request("customers"), refuse)

    assert api.call_count == 1


def test_a_body_that_unpacks_to_more_than_fits_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_BODY_BYTES", 1 << 20)
    packed = gzip.compress(b"[" + b"0," * (8 << 20) + b"0]")
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", content=packed, headers={"Content-Encoding": "gzip"})
        tracemalloc.start()
        try:
            with pytest.raises(UnexpectedResponse, match=r"more than .* MiB, unpacked") as caught:
                client().send(Request("customers"))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert caught.value.failure_type is FailureType.config_error
    assert api.call_count == 1
    assert peak < 8 << 20


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


def test_numbers_that_nothing_can_store_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/lost", content=b'[{"id": 1, "rate": 1e999, "most": -1e999}]')
        client().send(Request("lost"))

    assert [record.getMessage() for record in caplog.records] == [
        "The answer to /lost holds numbers that are infinite or larger than any type. They become null."
    ]


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
        ("Büro".encode("latin-1"), {}, "plain text"),
        (b"%PDF-1.7\n%\xe2\xe3", {}, "a PDF"),
        (b"\x89PNG\r\n\x1a\n\0", {}, "binary data"),
    ],
    ids=[
        *("cut", "cut, with a mark", "a page with a mark", "Latin-1, not declared", "unknown encoding", "deep", "text"),
        *("Latin-1 text", "PDF", "image"),
    ],
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
        (requests.exceptions.ContentDecodingError(), "sent an answer that cannot be unpacked"),
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


def test_a_sign_that_no_header_can_hold_is_told_in_a_sentence() -> None:
    with pytest.raises(Failure, match="a header of the configuration holds a line break or another sign"):
        client(base_url="http://127.0.0.1:9").send(Request("customers", headers={"X-Of": "€"}))


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
        ("http://api.example.com/x", "http://api.example.com"),
    ],
)
def test_a_redirect_to_another_host_is_not_followed_and_only_its_origin_is_shown(location: str, shown: str) -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", status_code=302, headers={"Location": location})
        with pytest.raises(Failure, match=rf"redirects /customers to {re.escape(shown)}\. Cred") as caught:
            client().send(Request("customers"))

    assert api.call_count == 1
    assert "pa55word" not in f"{caught.value}{caught.value.internal_message}"


@pytest.mark.parametrize("status", [302, 304])
def test_a_redirect_that_leads_nowhere_says_so(status: int) -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", status_code=status)
        with pytest.raises(Failure, match=f"redirects /customers with HTTP {status}, which names no address to follow"):
            client().send(Request("customers"))


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


@pytest.mark.parametrize("failure_type", [None, FailureType.config_error])
def test_a_failure_in_other_words_is_the_same_failure(failure_type: FailureType | None) -> None:
    failure = BadRequest("No.", failure_type, detail="begins with <html>")
    other = failure.reworded("No, never.")

    assert type(other) is BadRequest
    assert str(other) == "No, never."
    assert other.failure_type is (failure_type or FailureType.system_error)
    assert other.internal_message == "begins with <html>"


def test_a_web_page_says_what_to_look_at() -> None:
    with mock.Mocker() as api:
        api.get(f"{BASE}/customers", text="<html>")
        with pytest.raises(UnexpectedResponse, match=r"instead of JSON\. Run the sync again; if .*platform\.base_url"):
            client().send(Request("customers"))


def access_tokens() -> AccessTokens:
    return AccessTokens(
        vendor="Acme",
        token_url=f"{BASE}/token",
        form={"grant_type": "refresh_token"},
        refusal=lambda error, description: config_failure(f"no token: {error};{description}"),
        max_requests=10,
        retry_policy=HURRY,
    )


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
    with mock.Mocker() as api:
        api.post(f"{BASE}/token", **response)
        with pytest.raises(Failure, match=told):
            access_tokens().current()


OUTAGES: dict[str, dict[str, Any]] = {
    "503": {"status_code": 503},
    "408": {"status_code": 408, "json": {"error": "timeout"}},
    "too many": {"status_code": 400, "json": {"error": "slow_down"}, "headers": {"Retry-After": "0"}},
    "a web page": {"text": "<html>"},
    "nothing": {"json": {}},
    "unreachable": {"exc": requests.ConnectTimeout},
}


class Clock:
    """The clock of access tokens, set by hand."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(oauth, "time", clock)
    return clock


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_of_the_token_endpoint_ends_only_the_requests_of_half_a_minute(outage: str, clock: Clock) -> None:
    asking = client(auth=TokenAuth(access_tokens()))
    with mock.Mocker() as api:
        issued = api.post(f"{BASE}/token", [OUTAGES[outage]] * 4 + [{"json": {"access_token": "one"}}])
        api.get(f"{BASE}/customers", json=[1])

        for clock.now in (0.0, 0.0, 29.0):
            with pytest.raises(Failure) as caught:
                asking.send(Request("customers"))
            assert issued.call_count == 4
            assert caught.value.failure_type is FailureType.transient_error
            assert not isinstance(caught.value, UnexpectedResponse), "that would be about the list"
        clock.now = 30.0
        assert asking.send(Request("customers")).body == [1]


def test_an_outage_of_the_token_endpoint_uses_up_no_tokens(clock: Clock) -> None:
    tokens, expired = access_tokens(), {"access_token": "one", "expires_in": 1}
    with mock.Mocker() as api:
        asked = api.post(f"{BASE}/token", status_code=503)
        for clock.now in range(0, 20 * 30, 30):
            with pytest.raises(Failure, match="HTTP 503"):
                tokens.current()
        assert asked.call_count == 20 * 4

        issued = api.post(f"{BASE}/token", json=expired)
        for clock.now in range(20 * 30, 30 * 30, 30):
            tokens.current()
        with pytest.raises(Failure, match="has used them up"):
            tokens.current(refused="one")

    assert issued.call_count == 10


def test_a_renewal_that_fails_on_the_way_is_begun_anew_by_the_next_request() -> None:
    asking = client(auth=TokenAuth(access_tokens()), retry_policy=RetryPolicy(retries=0))
    with mock.Mocker() as api:
        api.post(f"{BASE}/token", [{"json": {"access_token": "one"}}, {"json": {"access_token": "two"}}])
        api.get(f"{BASE}/customers", [{"json": []}, {"exc": requests.ConnectTimeout}, {"status_code": 401}])
        api.get(f"{BASE}/invoices", [{"status_code": 401}, {"status_code": 401}, {"json": [1]}])
        asking.send(Request("customers"))

        with pytest.raises(HostUnreachable) as first:
            asking.send(Request("invoices"))
        bodies: list[Any] = []
        # A thread that would wait for ever must not keep the tests from ending.
        another = threading.Thread(target=lambda: bodies.append(asking.send(Request("invoices")).body), daemon=True)
        another.start()
        another.join(10)

    assert bodies == [[1]]
    assert first.value is not None, "the failure is kept, and with it all that was on its way"


@pytest.mark.parametrize("status", [200, 400, 403, 404, 409])
def test_a_request_that_tests_the_token_says_nothing_else_about_another_one(status: int) -> None:
    tokens = access_tokens()
    asking = client(auth=TokenAuth(tokens))
    with mock.Mocker() as api:
        issued = api.post(f"{BASE}/token", json={"access_token": "one"})
        api.get(f"{BASE}/customers/1", [{"json": {}}, {"status_code": status, "json": {}}])
        api.get(f"{BASE}/invoices/2", status_code=401, json={})
        asking.send(Request("customers/1"))

        with pytest.raises(AccessRefused, match=r"did not accept the credentials \(HTTP 401\)"):
            asking.send(Request("invoices/2"))

    assert issued.call_count == 1


def test_a_token_that_was_of_no_use_at_first_is_renewed_later() -> None:
    asking = client(auth=TokenAuth(access_tokens()))
    with mock.Mocker() as api:
        issued = api.post(f"{BASE}/token", [{"json": {"access_token": name}} for name in ("one", "two", "three")])
        api.get(f"{BASE}/customers", [{"json": []}, *[{"status_code": 401, "json": {}}] * 2, {"json": [1]}])
        api.get(f"{BASE}/secrets", status_code=401, json={})
        with pytest.raises(AccessRefused):
            asking.send(Request("secrets"))
        asking.send(Request("customers"))

        assert asking.send(Request("customers")).body == [1]

    assert issued.call_count == 3


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
    forget_secrets()
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


def test_no_more_requests_are_sent_than_are_allowed(requests_mock: mock.Mocker) -> None:
    """Every try counts."""
    requests_mock.get(f"{BASE}/customers", [{"status_code": 500, "json": {}}, {"json": []}])
    api = client()
    api.allow(3)

    api.send(Request("customers"))
    assert api.requests_left == 1
    api.send(Request("customers"))
    with pytest.raises(QuotaExhausted):
        api.send(Request("customers"))

    assert requests_mock.call_count == 3
