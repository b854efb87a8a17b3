"""The configurable platform from end to end: the connector against the sandbox in its many poses.

Products as version 0.2.0 described them are read over a socket, all else within the process.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import pytest

from integration_tests.connector import Connector, Json, Output
from integration_tests.in_process import InProcessConnector, OfflineSandbox
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.rest_api_auth import CLIENT_SECRET, KEY, TOKEN_PATH

PAGE = Path(__file__).parents[1] / "docs" / "rest-api.md"
#: The configurations that the page of version 0.2.0 showed, and that people have stored.
PRODUCTS: Mapping[str, Json] = json.loads(
    Path(__file__).with_name("fixtures").joinpath("rest_api_of_0.2.0.json").read_text(encoding="utf-8")
)
#: Those that tell when an invoice was last changed; of them, those that filter by it.
INCREMENTAL = ("iugu", "invoice_ninja", "lago")
FILTERED = ("invoice_ninja",)

Configure = Callable[[Json, Sandbox], Connector]


@pytest.fixture
def configure(request: pytest.FixtureRequest, tmp_path: Path) -> Configure:
    """The connector with a configuration, for a sandbox."""

    def configure(config: Json, sandbox: Sandbox) -> Connector:
        if isinstance(sandbox, OfflineSandbox):
            return InProcessConnector(config, tmp_path, sandbox=sandbox)
        return Connector(config, tmp_path, request.getfixturevalue("warm_start"))

    return configure


def documented(heading: str) -> Json:
    """The configuration that the page shows under a heading."""
    section = PAGE.read_text(encoding="utf-8").partition(f"# {heading}\n")[2]
    block = re.search(r"```json\n(.*?)```", section, re.DOTALL)
    assert block is not None
    config: Json = json.loads(block[1])
    return config


def posing(config: Json, base_url: str) -> Json:
    """The configuration for a server that poses as the product: another host, and the key that is right there."""
    platform = config["platform"]
    auth = {name: KEY if value == "..." else value for name, value in platform["auth"].items()}
    return {"platform": {**platform, "base_url": base_url + urlsplit(platform["base_url"]).path, "auth": auth}}


def dig(row: Json, path: list[str]) -> Any:
    value: Any = row
    for step in path:
        value = value[step]
    return value


def by_key(rows: list[Json], stream: Json) -> dict[str, Json]:
    """Rows by their key, as text; 1 and 1.0 are one number to Python."""
    path = stream["source_defined_primary_key"][0]
    return {str(dig(row, path)): row for row in rows}


def shown(connector: Connector, name: str = "invoices") -> Json:
    """A stream as ``discover`` shows it."""
    return next(stream for stream in connector.catalog if stream["name"] == name)


def assert_complete(connector: Connector, output: Output, sandbox: Sandbox) -> None:
    assert output.exit_code == 0, output.text
    for stream in connector.catalog:
        name = stream["name"]
        assert len(output.records[name]) == len(sandbox.rows(name)), name
        assert by_key(output.records[name], stream) == by_key(sandbox.rows(name), stream)
        assert output.statuses[name][-1] == "COMPLETE"


def assert_silent(output: Output) -> None:
    """The key is nowhere, in no form."""
    for form in spellings(KEY):
        assert form not in output.text


def spellings(secret: str) -> dict[str, str]:
    """How other programs write a text into theirs, and the name of each way."""
    once = quote(secret, safe="")
    return {
        secret: "plain",
        quote(secret): "slashes kept",
        once: "percent-encoded",
        once.lower(): "percent-encoded in lower case",
        quote_plus(secret): "form-encoded",
        quote(once, safe=""): "encoded twice",
        json.dumps(secret)[1:-1]: "JSON",
        secret.replace("/", "\\/"): "JSON of PHP",
        secret.replace("&", "\\u0026"): "JSON of Go",
        secret.replace("&", "\\u0026").replace("=", "\\u003d"): "JSON of Gson",
        html.escape(secret): "HTML",
    }


def offering(connector: Connector, *names: str) -> Connector:
    """The connector as if ``discover`` had shown these streams: the server is not asked."""
    offered = [{"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]} for name in names]
    connector.__dict__["catalog"] = offered
    return connector


# -- real products ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_configuration_of_an_earlier_version_reads_the_product(product: str, configure: Configure) -> None:
    with Sandbox("rest_api", rows={"invoices": 205}, options={"pose": product}) as sandbox:
        connector = configure(posing(PRODUCTS[product], sandbox.base_url), sandbox)

        assert connector.check().of("CONNECTION_STATUS")[0]["status"] == "SUCCEEDED"
        output = connector.read()

        assert_complete(connector, output, sandbox)
        assert_silent(output)


def test_the_documented_lists_of_customers_are_read(configure: Configure) -> None:
    with OfflineSandbox("rest_api", options={"auth": "bearer", "totals": "false"}) as sandbox:
        config = posing(documented("Lists of each customer"), sandbox.base_url)
        customers, contacts = config["platform"]["streams"]
        listed = {**contacts, "name": "customer_invoices", "path": "/v1/customers/{id}/invoices"}
        connector = configure({"platform": {**config["platform"], "streams": [customers, listed]}}, sandbox)

        assert_complete(connector, connector.read(), sandbox)


@pytest.mark.parametrize("product", INCREMENTAL)
def test_a_second_sync_of_the_product_brings_what_changed(product: str, configure: Configure) -> None:
    with OfflineSandbox("rest_api", rows={"invoices": 205}, options={"pose": product}) as sandbox:
        connector = configure(posing(PRODUCTS[product], sandbox.base_url), sandbox)
        first = connector.read()
        before = moments(sandbox.rows("invoices"), shown(connector))
        sandbox.edit("invoices")
        sandbox.insert("invoices")
        sandbox.clear_requests()

        second = connector.read(state=first.last_state)

        assert second.exit_code == 0, second.text
        newest = max(moment for moment in before.values() if moment is not None)
        after = moments(sandbox.rows("invoices"), shown(connector))
        # A filter of the server leaves out rows without a time of change; such a row was read by the first sync.
        undated = product not in FILTERED
        expected = {key for key, moment in after.items() if (undated if moment is None else moment >= newest - 1)}
        assert set(by_key(second.records["invoices"], shown(connector))) == expected
        assert len(expected) < 30
        asked = [dict(request["query"]) for request in sandbox.requests()]
        assert all(("updated_at" in query) == (product in FILTERED) for query in asked)


def moments(rows: list[Json], stream: Json) -> dict[str, float | None]:
    """When each row was last changed (unix seconds)."""

    def seconds(value: Any) -> float | None:
        return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp() if isinstance(value, str) else value

    return {key: seconds(row["updated_at"]) for key, row in by_key(rows, stream).items()}


@pytest.mark.parametrize("product", [product for product in PRODUCTS if product not in INCREMENTAL])
def test_a_product_without_times_of_change_is_read_in_full_again(product: str, configure: Configure) -> None:
    with OfflineSandbox("rest_api", rows={"invoices": 31}, options={"pose": product}) as sandbox:
        connector = configure(posing(PRODUCTS[product], sandbox.base_url), sandbox)

        assert_complete(connector, connector.read(state=connector.read().last_state), sandbox)


def test_a_single_invoice_of_billomat_comes_without_a_list(configure: Configure) -> None:
    for rows in (1, 0):
        with OfflineSandbox("rest_api", rows={"invoices": rows}, options={"pose": "billomat"}) as sandbox:
            connector = configure(posing(PRODUCTS["billomat"], sandbox.base_url), sandbox)

            assert_complete(connector, connector.read(), sandbox)


# -- the default, and what can be declared ----------------------------------------------------------------------------


def test_an_address_and_a_key_are_enough(configure: Configure) -> None:
    with OfflineSandbox("rest_api", options={"config": "minimal", "limit_cap": "40", "totals": "false"}) as sandbox:
        connector = configure(sandbox.config, sandbox)

        output = connector.read(flags=["--debug"])

        assert_complete(connector, output, sandbox)
        assert_silent(output)
        (stream,) = connector.catalog
        assert stream["source_defined_primary_key"] == [["id"]]
        assert stream["json_schema"]["required"] == ["id"]
        # Whole on the first page, with cents on later ones.
        assert stream["json_schema"]["properties"]["total"] == {"type": ["null", "number"]}
        assert all(request["path"] == "/v1/invoices" for request in sandbox.requests())
        assert dict(sandbox.requests()[-1]["query"]).keys() == {"api_key", "limit", "offset"}


def test_discover_says_the_same_in_another_process(tmp_path: Path, configure: Configure) -> None:
    """To the letter: the order of names in a set differs between processes."""
    with Sandbox("rest_api") as sandbox:
        here, elsewhere = configure(sandbox.config, sandbox).discover(), Connector(sandbox.config, tmp_path).discover()

        assert json.dumps(here.of("CATALOG")) == json.dumps(elsewhere.of("CATALOG"))


@pytest.mark.parametrize(
    "options",
    [
        {"pager": "page", "start_page": "0", "auth": "header", "ids": "mixed", "order": "newest", "empty": "null"},
        {"pager": "cursor", "auth": "bearer", "wrapper": "nested", "key": "nested", "times": "unix_ms"},
        {"pager": "body_cursor", "auth": "header_prefix", "times": "naive", "since_format": "date"},
        {"pager": "next_url", "next_key": "present", "single_object": "true"},
        {"pager": "next_header", "next_host": "relative", "auth": "basic", "since": "ignored"},
        {"pager": "link_header", "wrapper": "array", "auth": "oauth2", "rotate_refresh_token": "false"},
        {"method": "POST", "times": "offset", "since_format": "pattern", "order": "shuffled", "limit_cap": "30"},
        {"pager": "page", "limit_cap": "40", "totals": "false", "auth": "none"},
    ],
    ids=lambda options: "-".join((options.get("pager", "offset"), options.get("auth", "query"))),
)
def test_each_pager_and_each_way_to_log_in_reads_everything(options: Mapping[str, str], configure: Configure) -> None:
    with OfflineSandbox("rest_api", options=options) as sandbox:
        connector = configure(sandbox.config, sandbox)

        first = connector.read()
        assert_complete(connector, first, sandbox)
        key = sandbox.edit("invoices")
        second = connector.read(["invoices"], state=first.last_state)

        assert second.exit_code == 0, second.text
        assert str(key) in by_key(second.records["invoices"], shown(connector))
        assert len(second.records["invoices"]) < 60


def test_no_more_is_asked_than_the_configuration_allows(configure: Configure) -> None:
    """The server counts in windows of its own, which begin whenever they like."""
    with Sandbox("rest_api", options={"rate_calls": "6", "rate_seconds": "1"}) as sandbox:
        output = offering(configure(sandbox.config, sandbox), "invoices", "customer_invoices").read()

        assert output.exit_code == 0, output.text
        assert {name: len(rows) for name, rows in output.records.items()} == {"invoices": 250, "customer_invoices": 250}
        assert {request["status"] for request in sandbox.requests()} == {200}


def test_two_hundred_streams_are_read(configure: Configure) -> None:
    with OfflineSandbox("rest_api", rows={"customers": 2}) as sandbox:
        platform = sandbox.config["platform"]
        declared = [{"name": f"s{number}", "path": "/v1/customers"} for number in range(199)]
        child = {"name": "under", "path": "/v1/customers/{id}/invoices", "parent": {"stream": "s198"}}
        connector = configure({"platform": {**platform, "streams": [child, *declared]}}, sandbox)

        output = connector.read()

        assert output.exit_code == 0, output.text
        assert {len(output.records[stream["name"]]) for stream in declared} == {2}
        assert len(output.records["under"]) == len(sandbox.rows("customer_invoices"))
        assert len(connector.catalog) == 200


def test_children_are_the_same_with_and_without_their_parents(configure: Configure) -> None:
    with OfflineSandbox("rest_api") as sandbox:
        connector = configure(sandbox.config, sandbox)
        stream = shown(connector, "customer_invoices")
        expected = by_key(sandbox.rows("customer_invoices"), stream)

        for selection in (["customer_invoices"], ["customer_invoices", "customers"], None):
            output = connector.read(selection)

            assert len(output.records["customer_invoices"]) == len(expected)
            assert by_key(output.records["customer_invoices"], stream) == expected


# -- access tokens ----------------------------------------------------------------------------------------------------


def stored_configs(output: Output) -> list[Json]:
    """The configurations that a run asks the platform to store."""
    return [control["connectorConfig"]["config"] for control in output.of("CONTROL")]


@pytest.mark.parametrize("command", ["check", "discover", "read"])
def test_each_refresh_token_that_is_handed_out_is_stored_once(command: str, configure: Configure) -> None:
    """Each voids the one before. Here access tokens end after six calls, without a word."""
    options = {"auth": "oauth2", "access_token_calls": 6}
    with OfflineSandbox("rest_api", options=options) as sandbox:
        config = {**sandbox.config, "num_workers": 1}
        connector = offering(configure(config, sandbox), "customers", "invoices", "customer_invoices")

        output = getattr(connector, command)()

        assert output.exit_code == 0, output.text
        for name, rows in output.records.items():
            assert len(rows) == len(sandbox.rows(name))
        answers = [request["status"] for request in sandbox.requests() if request["path"] == TOKEN_PATH]
        stored = stored_configs(output)
        tokens = [f"refresh-token-{number}" for number in range(1, len(answers) + 1)]
        assert [config["platform"]["auth"]["refresh_token"] for config in stored] == tokens
        assert len(tokens) > (1 if command == "read" else 0)
        auth = {**config["platform"]["auth"], "refresh_token": tokens[-1]}
        assert stored[-1] == {**config, "platform": {**config["platform"], "auth": auth}}
        said = [line for line in output.lines if '"CONTROL"' not in line]
        assert not any(secret in line for line in said for secret in ("-token-", CLIENT_SECRET))
        assert configure(stored[-1], sandbox).check().of("CONNECTION_STATUS")[0]["status"] == "SUCCEEDED"


# -- servers that are not nice ----------------------------------------------------------------------------------------


DEAF = {"ignore_paging": "true", "totals": "false"}
ENVELOPE = '{"data": [], "error": {"message": "the books are closed"}}'
Nasty = tuple[Mapping[str, str], Json | None, str]
NASTY: Mapping[str, Nasty] = {
    "a next page on another host": ({"pager": "next_url", "next_host": "foreign"}, None, "base_url"),
    "its address in a header": ({"pager": "next_header", "next_host": "foreign"}, None, "base_url"),
    "its address in Link": ({"pager": "link_header", "next_host": "foreign", "auth": "header"}, None, "base_url"),
    "a redirect to another host": ({"redirect": "foreign"}, None, "redirects"),
    "a redirect of a key in a header": ({"redirect": "foreign", "auth": "header"}, None, "redirects"),
    "the offset is ignored": (DEAF, None, "same page"),
    "the page is ignored": ({**DEAF, "pager": "page"}, None, "same page"),
    "the cursor is ignored": ({**DEAF, "pager": "cursor"}, None, "same page"),
    "a link to the same page": ({**DEAF, "pager": "next_url"}, None, "same page"),
    "a ceiling": ({"max_offset": "150"}, None, "since_param"),
    "a ceiling of pages": ({"max_offset": "150", "pager": "page"}, None, "since_param"),
    "a refusal that repeats the address": ({"echo_url": "true", "max_offset": "150"}, None, "range of dates"),
    "no list": ({}, {"kind": "object"}, "record_path"),
    "an error with status 200": ({}, {"kind": "error_envelope", "message": "out of order"}, "out of order"),
    "an error beside an empty list": ({}, {"kind": "body", "text": ENVELOPE}, "the books are closed"),
    "a web page": ({}, {"kind": "html"}, "a web page (HTML) instead of JSON. Check platform.base_url"),
    "a total beyond the end": ({}, {"kind": "wrong_total", "delta": 50}, "tells of 300 rows and ends after 250"),
    "a total beyond the pages": (
        {"pager": "page"},
        {"kind": "wrong_total", "delta": 50},
        "tells of 300 rows and ends after 250",
    ),
}


@pytest.mark.parametrize("situation", NASTY)
def test_a_nasty_server_is_told_and_gets_no_key(situation: str, configure: Configure) -> None:
    options, fault, message = NASTY[situation]
    with OfflineSandbox("rest_api", options=options) as sandbox:
        if fault:
            sandbox.add_faults({"match": {"stream": "invoices"}, "times": 1_000, "fault": fault})
        connector = offering(configure(sandbox.config, sandbox), "invoices", "taxes")

        output = connector.read(["invoices"], flags=["--debug"])

        assert output.exit_code == 1
        assert output.statuses["invoices"][-1] == "INCOMPLETE"
        assert any(message in error["message"] for error in output.errors), output.errors
        assert_silent(output)
        assert not any(request["path"].startswith("/elsewhere") for request in sandbox.requests())
        assert len(sandbox.requests()) < 20
        read = [row["id"] for row in output.records["invoices"]]
        assert len(read) == len(set(read))


@pytest.mark.parametrize("pager", ["offset", "page"])
def test_rows_before_a_ceiling_are_handed_out_once(pager: str, configure: Configure) -> None:
    """More of them than are remembered when another way to read the list is tried."""
    with OfflineSandbox(
        "rest_api", rows={"invoices": 1_700}, options={"max_offset": "1600", "pager": pager}
    ) as sandbox:
        output = offering(configure(sandbox.config, sandbox), "invoices").read()

        read = [row["id"] for row in output.records["invoices"]]
        assert output.exit_code == 1
        assert len(read) == len(set(read)) > 1_400


def test_an_absent_list_is_an_error_unless_a_total_says_that_it_is_empty(configure: Configure) -> None:
    """An empty one and null are none, with or without a total."""
    for empty, totals, exit_code in (
        *((empty, totals, 0) for empty in ("list", "null") for totals in ("true", "false")),
        ("absent", "true", 0),
        ("absent", "false", 1),
    ):
        with OfflineSandbox("rest_api", options={"empty": empty, "totals": totals}) as sandbox:
            output = offering(configure(sandbox.config, sandbox), "credit_notes").read()

            assert output.exit_code == exit_code, output.text
            assert output.records == {}


def test_an_error_on_a_later_page_fails_the_stream_and_keeps_its_state(configure: Configure) -> None:
    with OfflineSandbox("rest_api") as sandbox:
        connector = configure(sandbox.config, sandbox)
        first = connector.read(["invoices"])
        for key in list(by_key(sandbox.rows("invoices"), shown(connector)))[:150]:
            sandbox.edit("invoices", int(key))
        second_page = {"match": {"stream": "invoices", "page": 2}, "times": 1_000}
        sandbox.add_faults({**second_page, "fault": {"kind": "body", "text": ENVELOPE}})

        second = connector.read(["invoices"], state=first.last_state)
        sandbox.clear_faults()
        third = connector.read(["invoices"], state=second.last_state)

        assert second.exit_code == 1
        assert second.statuses["invoices"][-1] == "INCOMPLETE"
        (state,) = second.states["invoices"]
        assert {**first.states["invoices"][-1], "walk": state["walk"]} == state
        assert third.exit_code == 0
        edited = {
            *by_key(second.records["invoices"], shown(connector)),
            *by_key(third.records["invoices"], shown(connector)),
        }
        assert len(edited) >= 150
        assert len(third.records["invoices"]) < len(edited)


def test_a_redirect_within_the_host_is_followed_and_gets_the_key_once(configure: Configure) -> None:
    with OfflineSandbox("rest_api", options={"redirect": "same"}) as sandbox:
        connector = configure(sandbox.config, sandbox)

        output = connector.read(flags=["--debug"])

        assert_complete(connector, output, sandbox)
        assert_silent(output)
        paths = [request["path"].partition("/v1/")[0] for request in sandbox.requests()]
        assert set(paths) == {"", "/moved"}
        for request in sandbox.requests():
            assert [value for name, value in request["query"] if name == "api_key"] == [KEY]


# -- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["an error message", "a text", "a page of 200", "the end of a long message"])
@pytest.mark.parametrize("spelling", spellings(KEY), ids=list(spellings(KEY).values()))
def test_a_key_that_the_server_repeats_is_not_printed(spelling: str, place: str, configure: Configure) -> None:
    told = f"No access with {spelling}"
    fault = {
        "an error message": {"kind": "status", "code": 403, "body": {"message": told}},
        "a text": {"kind": "status", "code": 403, "body": told},
        "a page of 200": {"kind": "html", "text": f"<html>{told}</html>"},
        # Where a message is cut, half of a key must not be left.
        "the end of a long message": {"kind": "status", "code": 403, "body": "x" * 175 + told},
    }[place]
    with OfflineSandbox("rest_api", options={"auth": "header"}) as sandbox:
        sandbox.add_faults({"match": {}, "times": 1_000, "fault": fault})
        connector = configure(sandbox.config, sandbox)

        output = connector.check("--debug")

        assert output.of("CONNECTION_STATUS")[0]["status"] == "FAILED"
        assert_silent(output)
        assert spelling[:10] not in output.text


@pytest.mark.parametrize("auth", ["query", "header", "header_prefix", "basic", "bearer", "oauth2"])
def test_credentials_that_are_refused_are_explained_and_not_printed(auth: str, configure: Configure) -> None:
    with OfflineSandbox("rest_api", options={"auth": auth, "echo_url": "true"}) as sandbox:
        config = sandbox.config
        wrong = {name: f"wrong/{value}" for name, value in config["platform"]["auth"].items() if name in SECRETS}
        config = {"platform": {**config["platform"], "auth": {**config["platform"]["auth"], **wrong}}}

        output = configure(config, sandbox).check("--debug")

        status = output.of("CONNECTION_STATUS")[0]
        assert status["status"] == "FAILED"
        assert "platform.auth" in status["message"]
        for secret in wrong.values():
            assert not any(spelling in output.text for spelling in spellings(secret))


SECRETS = ("value", "password", "token", "refresh_token")


def test_a_key_in_the_wrong_place_is_explained(configure: Configure) -> None:
    with OfflineSandbox("rest_api", options={"auth": "header", "echo_url": "true"}) as sandbox:
        config = sandbox.config
        auth = {**config["platform"]["auth"], "location": "query", "name": "api_key"}

        output = configure({"platform": {**config["platform"], "auth": auth}}, sandbox).check("--debug")

        status = output.of("CONNECTION_STATUS")[0]
        assert status["status"] == "FAILED"
        assert "platform.auth" in status["message"]
        assert_silent(output)


# -- lists that move ----------------------------------------------------------------------


@pytest.mark.parametrize("pager", ["offset", "page", "cursor", "next_url", "link_header"])
def test_rows_that_shift_while_they_are_read_cost_nobody_elses_row(pager: str, configure: Configure) -> None:
    told = {"order": "newest"} if pager == "page" else {"order": "key"}
    # Links hold the number of rows before them, and nothing else tells that some are gone.
    options = {"pager": pager, **told, **({"totals": "false"} if pager in ("next_url", "link_header") else {})}
    with OfflineSandbox("rest_api", rows={"invoices": 600}, options=options) as sandbox:
        connector = configure(sandbox.config, sandbox)
        stream = shown(connector)
        sandbox.reset_history()
        plan = {"seed": 5, "probability": 0.6, "limit": 12, "streams": ["invoices"]}
        sandbox.schedule(random=plan)

        output = connector.read(["invoices"])

        assert output.exit_code == 0, output.text
        missing = set(map(str, sandbox.history()["invoices"]["throughout"])) - set(
            by_key(output.records["invoices"], stream)
        )
        assert not missing


# -- what is wrong is said before anything is asked -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"pagination": {"type": "next_url"}}, "pagination.path is missing"),
        ({"parent": {"stream": "nobody"}, "path": "/v1/{id}"}, "parent.stream is 'nobody'"),
        ({"name": "customers"}, "name is 'customers' a second time"),
        ({"params": [{"name": "api_key", "value": "x"}]}, "params[0].name is 'api_key', which platform.auth sets"),
        ({"path": "https://elsewhere.example/v1"}, "path should be a path below base_url"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_configuration_is_refused_by_its_path(change: Json, sentence: str, configure: Configure) -> None:
    with OfflineSandbox("rest_api") as sandbox:
        config = sandbox.config
        config["platform"]["streams"][1].update(change)

        status = configure(config, sandbox).check().of("CONNECTION_STATUS")[0]

        assert status["status"] == "FAILED"
        assert status["message"].startswith(f"platform.streams[1].{sentence}")
        assert sandbox.requests() == []
