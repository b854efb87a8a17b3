"""Tests of the sandbox that plays any API with a key, over its real socket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
import requests

from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.rest_api_auth import KEY
from integration_tests.sandbox.rest_api_rows import DEFAULT_ROWS

Row = dict[str, Any]
FEW = {"customers": 3, "items": 5, "payments": 5, "customer_invoices": 5}
PAGERS = ("offset", "page", "cursor", "body_cursor", "next_url", "next_header", "link_header", "none")
AUTHS = ("query", "header", "header_prefix", "basic", "bearer", "oauth2", "none")


def at(value: Any, path: str) -> Any:
    """What lies at a dotted path; the whole for an empty one."""
    for name in path.split(".") if path else ():
        value = value[name]
    return value


class Client:
    """Reads as the announced configuration says, and nothing else."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.platform = sandbox.config["platform"]
        self.base_url = self.platform["base_url"]
        self.streams = {stream["name"]: stream for stream in self.platform.get("streams", ())}
        self.session = requests.Session()
        self.session.headers.update({header["name"]: header["value"] for header in self.platform.get("headers", ())})
        self.query: list[tuple[str, str]] = []
        auth = self.platform["auth"]
        if auth["type"] == "api_key" and auth["location"] == "query":
            self.query = [(auth["name"], auth["value"])]
        elif auth["type"] == "api_key":
            self.session.headers[auth["name"]] = auth.get("prefix", "") + auth["value"]
        elif auth["type"] == "basic":
            self.session.auth = (auth["username"].encode(), auth["password"].encode())
        elif auth["type"] == "bearer":
            self.session.headers["Authorization"] = f"Bearer {auth['token']}"
        elif auth["type"] == "oauth2":
            self.tokens = self.token().json()
            self.session.headers["Authorization"] = f"Bearer {self.tokens['access_token']}"

    def token(self, **values: str) -> requests.Response:
        auth = self.platform["auth"]
        names = ("client_id", "client_secret", "refresh_token")
        form = {"grant_type": "refresh_token", **{name: auth[name] for name in names}, **values}
        return requests.post(auth["token_url"], data=form, timeout=5)

    def get(self, url: str, query: Sequence[tuple[str, Any]] = (), **more: Any) -> requests.Response:
        url = url if url.startswith("http") else self.base_url + url
        known = {name for name, _ in parse_qsl(urlsplit(url).query)}
        added = [pair for pair in (*query, *self.query) if pair[0] not in known]
        return self.session.request(more.pop("method", "GET"), url, params=added, timeout=5, **more)

    def all(self, name: str, parent: Any = None, **query: Any) -> list[Row]:
        """All rows, page by page."""
        return [row for page in self.pages(name, parent, **query) for row in page]

    def pages(self, name: str, parent: Any = None, **query: Any) -> Iterator[list[Row]]:
        stream = self.streams[name]
        url = self.base_url + stream["path"].replace("{id}", str(parent))
        fixed = [(param["name"], param["value"]) for param in stream.get("params", ())] + list(query.items())
        paging, asked = stream["pagination"], [*fixed]
        size = paging.get("limit") or paging.get("size") or 100
        read = 0
        if paging["type"] == "offset":
            asked += [(paging["limit_param"], size), (paging["offset_param"], 0)]
        elif paging["type"] == "page":
            asked += [(paging["size_param"], size), (paging["page_param"], paging["start_page"])]
        for number in range(1, 100):
            answer = self.get(url, asked)
            assert answer.status_code == 200, answer.text
            body = answer.json()
            rows = at(body, stream["record_path"]) or []
            rows = [rows] if isinstance(rows, dict) else rows
            read += len(rows)
            yield rows
            more = len(rows) >= size
            if paging["type"] == "offset":
                asked[-1] = (paging["offset_param"], read)
            elif paging["type"] == "page":
                asked[-1] = (paging["page_param"], paging["start_page"] + number)
            elif paging["type"] == "cursor":
                body_cursor = paging["source"] == "body"
                key = stream["primary_key"][0]
                cursor = at(body, paging["path"]) if body_cursor else rows and at(rows[-1], key)
                more = bool(cursor) and (at(body, paging["has_more_path"]) if "has_more_path" in paging else more)
                asked = [*fixed, (paging["cursor_param"], cursor)]
            elif paging["type"] == "none":
                more = False
            else:
                following = answer.links.get("next", {}).get("url")
                if paging["type"] == "next_url":
                    following = at(body, paging["path"]) if "path" in paging else answer.headers.get(paging["header"])
                more, asked = following is not None, []
                url = urljoin(url, following or "")
            if not more:
                return


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """For tests that set options at most."""
    with Sandbox("rest_api") as running:
        yield running


@pytest.fixture
def sandbox(shared: Sandbox) -> Iterator[Sandbox]:
    defaults = shared.options()
    yield shared
    shared.set_options(**defaults)
    shared.clear_faults()


@pytest.fixture
def fresh() -> Iterator[Sandbox]:
    """For tests that change rows."""
    with Sandbox("rest_api", rows={**FEW, "invoices": 205}) as running:
        yield running


# What is announced


def test_lists_of_none_one_a_hundred_and_more_are_there_by_default(shared: Sandbox) -> None:
    assert {0, 1, 100, 101, 250} <= set(DEFAULT_ROWS.values())
    under = [len(list(rows)) for _, rows in groupby(shared.rows("customer_invoices"), lambda row: row["customer_id"])]
    assert {1, 100, 101} <= set(under)
    assert len(under) == 11


def test_the_minimal_configuration_is_an_address_and_a_key(sandbox: Sandbox) -> None:
    sandbox.set_options(config="minimal")
    auth = {"type": "api_key", "location": "query", "name": "api_key", "value": KEY}
    assert sandbox.config == {"platform": {"name": "rest_api", "base_url": sandbox.base_url, "auth": auth}}
    answer = requests.get(f"{sandbox.base_url}/v1/invoices", params={"api_key": KEY, "limit": "100"}, timeout=5)
    assert answer.json()["data"] == sandbox.rows("invoices")[:100]


def test_the_full_configuration_reads_every_row(sandbox: Sandbox) -> None:
    api = Client(sandbox)
    assert list(api.streams) == list(DEFAULT_ROWS)
    for stream in DEFAULT_ROWS:
        if stream != "customer_invoices":
            assert api.all(stream) == sandbox.rows(stream)
    found = [
        row | {"customer_id": customer["id"]}
        for customer in sandbox.rows("customers")
        for row in api.all("customer_invoices", customer["id"])
    ]
    assert found == sandbox.rows("customer_invoices")


@pytest.mark.parametrize("pager", PAGERS)
@pytest.mark.parametrize(("wrapper", "totals"), [("data", True), ("nested", True), ("array", True), ("data", False)])
def test_every_pager_reads_every_row_once(sandbox: Sandbox, pager: str, wrapper: str, totals: bool) -> None:
    sandbox.set_options(pager=pager, wrapper=wrapper, totals=totals)
    api = Client(sandbox)
    for stream in ("invoices", "items", "credit_notes") if totals else ("payments",):
        assert api.all(stream) == sandbox.rows(stream)


@pytest.mark.parametrize("order", ["newest", "shuffled"])
@pytest.mark.parametrize("pager", ["cursor", "body_cursor", "link_header"])
def test_pages_follow_each_other_in_every_order(sandbox: Sandbox, order: str, pager: str) -> None:
    sandbox.set_options(order=order, pager=pager)
    ids = [row["id"] for row in Client(sandbox).all("invoices")]
    assert ids != sorted(ids)
    assert sorted(ids) == [row["id"] for row in sandbox.rows("invoices")]


# The key


@pytest.mark.parametrize("way", AUTHS)
def test_credentials_are_taken_in_one_way_only(sandbox: Sandbox, way: str) -> None:
    for wanted in AUTHS:
        sandbox.set_options(auth=way)
        api = Client(sandbox)
        sandbox.set_options(auth=wanted, refusal_status="403")
        assert api.get("/v1/taxes").status_code == (200 if wanted in (way, "none") else 403)
        sandbox.set_options(refusal_status="401")
        assert api.get("/v1/taxes").status_code == (200 if wanted in (way, "none") else 401)


def test_a_doubled_key_is_refused(sandbox: Sandbox) -> None:
    api = Client(sandbox)
    api.query *= 2
    assert requests.get(f"{sandbox.base_url}/v1/taxes", params=api.query, timeout=5).status_code == 401


def test_a_refusal_can_repeat_the_key(sandbox: Sandbox) -> None:
    sandbox.set_options(echo_url=True)
    assert "api_key=k%2Bey%2Fwith%3Dodd%2520signs%26more" in Client(sandbox).get("/v1/nothing").text


def test_a_refresh_token_is_good_for_one_refresh(sandbox: Sandbox) -> None:
    sandbox.set_options(auth="oauth2", access_token_seconds=60)
    api = Client(sandbox)
    assert (api.tokens["token_type"], api.tokens["expires_in"]) == ("Bearer", 60)
    again = api.token()
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert api.get("/v1/taxes").ok
    assert api.token(refresh_token=api.tokens["refresh_token"]).ok
    assert api.get("/v1/taxes").status_code == 401
    assert api.token(client_secret="wrong").json()["error"] == "invalid_client"
    assert api.token(grant_type="password").json()["error"] == "unsupported_grant_type"
    sandbox.set_options(rotate_refresh_token=False)
    steady = Client(sandbox)
    assert "refresh_token" not in steady.tokens
    assert steady.token().ok


def test_an_access_token_can_wear_out(sandbox: Sandbox) -> None:
    sandbox.set_options(auth="oauth2", access_token_calls=2)
    api = Client(sandbox)
    assert [api.get("/v1/taxes").status_code for _ in range(3)] == [200, 200, 401]


# Nastiness


def test_a_cap_shortens_pages_silently(sandbox: Sandbox) -> None:
    sandbox.set_options(limit_cap=30)
    body = Client(sandbox).get("/v1/invoices", [("limit", 100)]).json()
    assert (len(body["data"]), body["total"]) == (30, 250)


@pytest.mark.parametrize("pager", ["offset", "page", "cursor", "link_header"])
def test_a_server_can_ignore_what_page_is_asked_for(sandbox: Sandbox, pager: str) -> None:
    sandbox.set_options(pager=pager, ignore_paging=True)
    pages = Client(sandbox).pages("invoices")
    assert next(pages) == next(pages)


@pytest.mark.parametrize("deepest", [0, 200])
def test_deep_rows_can_be_out_of_reach(sandbox: Sandbox, deepest: int) -> None:
    sandbox.set_options(max_offset=deepest)
    statuses = [Client(sandbox).get("/v1/invoices", [("limit", 100), ("offset", n)]).status_code for n in (0, 100, 200)]
    assert statuses == [200, 200, 400 if deepest else 200]


@pytest.mark.parametrize("pager", ["next_url", "next_header", "link_header"])
def test_the_next_address_may_hold_the_key_or_lead_elsewhere(sandbox: Sandbox, pager: str) -> None:
    def following() -> str:
        answer = api.get("/v1/invoices", [("limit", 100), ("status", "a b")])
        if pager == "next_url":
            return str(answer.json()["links"]["next"])
        return str(answer.links["next"]["url"] if pager == "link_header" else answer.headers["X-Pages-NextPage"])

    sandbox.set_options(pager=pager)
    api = Client(sandbox)
    rest = "/v1/invoices?limit=100&status=a+b&offset=100"
    assert following() == sandbox.base_url + rest
    sandbox.set_options(next_key="present", next_host="relative")
    assert following() == rest + "&api_key=k%2Bey%2Fwith%3Dodd%2520signs%26more"
    sandbox.set_options(next_key="absent", next_host="foreign")
    assert urlsplit(following()).hostname == "localhost"
    stolen = requests.get(following().replace("localhost", "127.0.0.1"), timeout=5)
    assert (stolen.status_code, stolen.json()["data"]) == (200, [])
    assert sandbox.requests()[-1]["path"] == "/elsewhere/v1/invoices"


@pytest.mark.parametrize(("kind", "place"), [("same", "/moved/v1/taxes"), ("foreign", "/elsewhere/v1/taxes")])
def test_lists_can_be_answered_with_a_redirect(sandbox: Sandbox, kind: str, place: str) -> None:
    sandbox.set_options(redirect=kind)
    api = Client(sandbox)
    answer = api.get("/v1/taxes", allow_redirects=False)
    assert answer.status_code == 302
    assert urlsplit(answer.headers["Location"]).path == place
    if kind == "same":
        assert api.get("/v1/taxes").json()["data"] == sandbox.rows("taxes")


@pytest.mark.parametrize(("empty", "body"), [("list", {"data": []}), ("null", {"data": None}), ("absent", {})])
def test_no_rows_come_in_several_forms(sandbox: Sandbox, empty: str, body: Row) -> None:
    sandbox.set_options(empty=empty, totals=False)
    assert Client(sandbox).get("/v1/credit_notes").json() == body


def test_a_single_row_can_be_a_bare_object(sandbox: Sandbox) -> None:
    sandbox.set_options(single_object=True)
    api = Client(sandbox)
    assert api.streams["taxes"]["single_object_as_list"] is True
    assert api.get("/v1/taxes").json()["data"] == sandbox.rows("taxes")[0]
    assert api.all("payments") == sandbox.rows("payments")


def test_keys_can_be_nested_text_and_mixed(sandbox: Sandbox) -> None:
    sandbox.set_options(key="nested", ids="mixed", pager="cursor")
    api = Client(sandbox)
    assert api.streams["invoices"]["primary_key"] == ["Invoice.id"]
    rows = api.all("invoices")
    assert rows == sandbox.rows("invoices")
    assert {type(row["Invoice"]["id"]) for row in rows} == {int, str}


@pytest.mark.parametrize(
    ("times", "shape"),
    [
        ("iso8601", "2024-01-02T03:04:05Z"),
        ("offset", "2024-01-02T05:04:05+0200"),
        ("naive", "2024-01-02 03:04:05"),
        ("unix", 1_704_164_645),
        ("unix_ms", 1_704_164_645_000),
    ],
)
def test_times_have_the_form_that_is_set(fresh: Sandbox, times: str, shape: Any) -> None:
    fresh.set_options(times=times)
    fresh.edit("invoices", 10_001, {"updated_at": 1_704_164_645})
    assert Client(fresh).all("invoices")[0]["updated_at"] == shape


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("iso8601", "2024-07-01T02:00:00+02:00"),
        ("date", "2024-07-01"),
        ("unix", 1_719_792_000),
        ("unix_ms", 1_719_792_000_000),
        ("pattern", "01/07/2024"),
    ],
)
def test_changed_rows_can_be_asked_for(sandbox: Sandbox, form: str, value: Any) -> None:
    sandbox.set_options(since_format=form)
    expected = [row for row in sandbox.rows("invoices") if (row["updated_at"] or "") >= "2024-07-01T00:00:00Z"]
    assert 0 < len(expected) < 250
    assert Client(sandbox).all("invoices", updated_since=value) == expected
    assert Client(sandbox).get("/v1/invoices", [("updated_since", "soon")]).status_code == 400
    sandbox.set_options(since="ignored")
    assert Client(sandbox).all("invoices", updated_since=value) == sandbox.rows("invoices")
    sandbox.set_options(since="absent")
    assert "since_param" not in Client(sandbox).streams["invoices"]


def test_the_first_page_does_not_show_everything(shared: Sandbox) -> None:
    rows = shared.rows("invoices")
    assert all(isinstance(row["total"], int) and row["discount"] is None for row in rows[:100])
    assert any(isinstance(row["total"], float) for row in rows)
    assert any(row["discount"] is not None for row in rows)


def test_lines_taxes_and_payments_add_up(shared: Sandbox) -> None:
    for row in shared.rows("invoices"):
        parts = [*row["lines"], *row["taxes"]]
        assert sum(part["amount"] for part in parts) == pytest.approx(row["total"], abs=0.001)
        paid = sum(payment["amount"] for payment in row["payments"])
        assert row["total"] - paid == pytest.approx(row["balance"], abs=0.001)
        assert row["status"] != "paid" or row["balance"] == 0
    assert any(row["payments"] and row["balance"] for row in shared.rows("invoices"))


def test_lists_can_want_a_post(sandbox: Sandbox) -> None:
    sandbox.set_options(method="POST")
    api = Client(sandbox)
    stream = api.streams["taxes"]
    assert api.get("/v1/taxes").status_code == 405
    assert api.get("/v1/taxes", method="POST", data=b"{}").status_code == 400
    answer = api.get("/v1/taxes", method=stream["method"], data=stream["body"].encode())
    assert answer.json()["data"] == sandbox.rows("taxes")


def test_calls_beyond_the_rate_get_429() -> None:
    with Sandbox("rest_api", rows=FEW, options={"rate_calls": 2, "rate_headers": True}) as limited:
        api = Client(limited)
        assert api.platform["rate"] == {"calls": 2, "per_seconds": 60}
        answers = [api.get("/v1/taxes") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["X-Rate-Limit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/v1/nothing", {}, 404),
        ("/v1/customers/999/invoices", {}, 404),
        ("/v1/invoices", {"limit": "x"}, 400),
        ("/v1/invoices", {"limit": "0"}, 400),
        ("/v1/invoices", {"offset": "-1"}, 400),
    ],
)
def test_senseless_questions_are_refused(sandbox: Sandbox, path: str, query: Row, status: int) -> None:
    answer = Client(sandbox).get(path, list(query.items()))
    assert (answer.status_code, answer.json()["error"]["status"]) == (status, status)


def test_faults_hit_the_page_that_is_meant_however_pages_are_asked_for(sandbox: Sandbox) -> None:
    for pager in ("offset", "page", "cursor", "body_cursor", "link_header"):
        sandbox.set_options(pager=pager)
        rule = {"match": {"stream": "invoices", "page": 2}, "fault": {"kind": "error_envelope", "message": "broken"}}
        sandbox.add_faults(rule)
        pages = Client(sandbox).pages("invoices")
        assert len(next(pages)) == 100
        with pytest.raises(KeyError, match="data"):
            next(pages)
        sandbox.clear_faults()


def test_overlapping_offsets_count_as_pages(sandbox: Sandbox) -> None:
    sandbox.add_faults({"match": {"page": 3}, "fault": {"kind": "status", "code": 500}})
    api = Client(sandbox)
    asked = [[("limit", 100), ("offset", offset)] for offset in (0, 99, 198)]
    assert [api.get("/v1/invoices", query).status_code for query in asked] == [200, 200, 500]


# Changes


def test_rows_can_change_while_a_list_is_read(fresh: Sandbox) -> None:
    fresh.set_options(order="newest", clock="logical")
    fresh.schedule([{"before": 2, "ops": [{"op": "insert", "stream": "invoices"}]}])
    ids = [row["id"] for row in Client(fresh).all("invoices")]
    assert (len(ids), ids[99]) == (206, ids[100])
    assert fresh.history()["invoices"]["inserted"] == [max(row["id"] for row in fresh.rows("invoices"))]


@pytest.mark.parametrize("order", ["key", "newest"])
def test_a_cursor_survives_the_deletion_of_its_row(fresh: Sandbox, order: str) -> None:
    fresh.set_options(order=order, pager="cursor")
    pages = Client(fresh).pages("invoices")
    first = next(pages)
    fresh.delete("invoices", first[-1]["id"])
    assert len(first) + sum(len(page) for page in pages) == 205


def test_a_customer_takes_its_invoices_along(fresh: Sandbox) -> None:
    customer = fresh.rows("customer_invoices")[0]["customer_id"]
    added = fresh.insert("customer_invoices", customer=customer)
    assert {row["id"]: row["customer_id"] for row in fresh.rows("customer_invoices")}[added] == customer
    fresh.edit("customer_invoices", added, {"notes": "new"})
    fresh.delete("customers", customer)
    assert customer not in [row["customer_id"] for row in fresh.rows("customer_invoices")]


# Real products


@pytest.mark.parametrize(
    ("pose", "path", "query", "headers"),
    [
        ("iugu", "/v1/invoices", {"api_token": KEY, "limit": 500, "start": 50}, {}),
        ("billomat", "/api/invoices", {"api_key": KEY}, {"Accept": "application/json"}),
        ("billomat", "/api/invoices", {}, {"X-BillomatApiKey": KEY, "Accept": "application/json"}),
        ("invoice_ninja", "/api/v1/invoices", {"per_page": 100}, {"X-API-TOKEN": KEY}),
        ("invoicexpress", "/invoices.json", {"api_key": KEY, "per_page": 100}, {}),
        ("lago", "/api/v1/invoices", {"per_page": 100}, {"Authorization": f"Bearer {KEY}"}),
        ("stripe", "/v1/invoices", {"limit": 100}, {"Authorization": f"Bearer {KEY}"}),
    ],
)
def test_products_speak_as_their_documentation_says(pose: str, path: str, query: Row, headers: Row) -> None:
    with Sandbox("rest_api", rows={"invoices": 150}, options={"pose": pose}) as sandbox:
        answer = requests.get(sandbox.base_url + path, params=query, headers=headers, timeout=5)
        refused = requests.get(sandbox.base_url + path, timeout=5)
    body = answer.json()
    expected: dict[str, dict[str, Any]] = {
        "iugu": {"totalItems": 150, "items": 100},
        "billomat": {
            "invoices.@page": "1",
            "invoices.@per_page": "100",
            "invoices.@total": "150",
            "invoices.invoice": 100,
        },
        "invoice_ninja": {"meta.pagination.total_pages": 2, "meta.pagination.current_page": 1, "data": 100},
        "invoicexpress": {"pagination.total_pages": 5, "invoices": 30},
        "lago": {"meta.next_page": 2, "meta.total_pages": 2, "invoices": 100},
        "stripe": {"has_more": True, "object": "list", "data": 100},
    }
    found = {path: at(body, path) for path in expected[pose]}
    assert {path: len(value) if isinstance(value, list) else value for path, value in found.items()} == expected[pose]
    assert refused.status_code == (403 if pose == "invoice_ninja" else 401)


def test_one_invoice_of_billomat_is_a_bare_object_and_xml_comes_unless_json_is_asked_for() -> None:
    with Sandbox("rest_api", rows={"invoices": 1}, options={"pose": "billomat"}) as sandbox:
        url, key = f"{sandbox.base_url}/api/invoices", {"X-BillomatApiKey": KEY}
        answer = requests.get(url, headers={**key, "Accept": "application/json"}, timeout=5)
        assert answer.json()["invoices"]["invoice"] == sandbox.rows("invoices")[0]
        assert answer.headers["X-Rate-Limit-Remaining"] == "299"
        assert requests.get(url, headers=key, timeout=5).headers["Content-Type"] == "application/xml"


def test_invoice_ninja_ignores_a_filter_that_it_does_not_understand() -> None:
    with Sandbox("rest_api", rows={"invoices": 60}, options={"pose": "invoice_ninja"}) as sandbox:
        url, key = f"{sandbox.base_url}/api/v1/invoices?per_page=100&updated_at=", {"X-API-TOKEN": KEY}
        later = requests.get(f"{url}1720000000", headers=key, timeout=5).json()["data"]
        assert later
        assert all(row["updated_at"] >= 1_720_000_000 for row in later)
        assert len(requests.get(f"{url}yesterday", headers=key, timeout=5).json()["data"]) == 60


@pytest.mark.parametrize("query", [{"limit": 101}, {"starting_after": "in_1"}])
def test_stripe_refuses_large_pages_and_unknown_rows(query: Row) -> None:
    with Sandbox("rest_api", rows={"invoices": 5}, options={"pose": "stripe"}) as sandbox:
        url, key = f"{sandbox.base_url}/v1/invoices", {"Authorization": f"Bearer {KEY}"}
        answer = requests.get(url, params=query, headers=key, timeout=5)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
