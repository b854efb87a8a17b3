"""The configurable platform from end to end: the console script against the sandbox in its many poses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import pytest

from integration_tests.connector import Connector, Json, Output
from integration_tests.interrupted import last_states, read_and_kill
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.rest_api_auth import KEY

PAGE = Path(__file__).parents[1] / "docs" / "rest-api.md"
PRODUCTS = ("iugu", "Billomat", "Invoice Ninja", "InvoiceXpress", "Lago", "Stripe")


def documented(product: str) -> Json:
    """The configuration that the page shows for a product."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n### {product}\n")[2]
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


def assert_complete(connector: Connector, output: Output, sandbox: Sandbox) -> None:
    assert output.exit_code == 0, output.text
    for stream in connector.catalog:
        name = stream["name"]
        assert len(output.records[name]) == len(sandbox.rows(name)), name
        assert by_key(output.records[name], stream) == by_key(sandbox.rows(name), stream)
        assert output.statuses[name][-1] == "COMPLETE"


def assert_silent(output: Output) -> None:
    """The key is nowhere, in no form."""
    for form in {KEY, quote(KEY), quote(KEY, safe=""), quote_plus(KEY), quote(quote(KEY, safe=""), safe="")}:
        assert form not in output.text


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_documented_configuration_reads_the_product(product: str, tmp_path: Path) -> None:
    pose = product.lower().replace(" ", "_")
    with Sandbox("rest_api", rows={"invoices": 205}, options={"pose": pose}) as sandbox:
        connector = Connector(posing(documented(product), sandbox.base_url), tmp_path)

        assert connector.check().of("CONNECTION_STATUS")[0]["status"] == "SUCCEEDED"
        output = connector.read()
        assert_complete(connector, output, sandbox)
        assert_silent(output)

        again = connector.read(state=output.last_state)
        assert again.exit_code == 0, again.text
        incremental = connector.catalog[0]["supported_sync_modes"][-1] == "incremental"
        assert len(again.records["invoices"]) < 60 if incremental else len(again.records["invoices"]) == 205


def test_a_single_invoice_of_billomat_comes_without_a_list(tmp_path: Path) -> None:
    for rows in (1, 0):
        with Sandbox("rest_api", rows={"invoices": rows}, options={"pose": "billomat"}) as sandbox:
            connector = Connector(posing(documented("Billomat"), sandbox.base_url), tmp_path)

            assert_complete(connector, connector.read(), sandbox)


def test_an_address_and_a_key_are_enough(tmp_path: Path) -> None:
    with Sandbox("rest_api", options={"config": "minimal", "limit_cap": "40", "totals": "false"}) as sandbox:
        connector = Connector(sandbox.config, tmp_path)

        output = connector.read(flags=["--debug"])

        assert_complete(connector, output, sandbox)
        assert_silent(output)
        assert KEY not in json.dumps(output.last_state)
        schema = connector.catalog[0]["json_schema"]
        assert connector.catalog == Connector(sandbox.config, tmp_path).catalog
        assert schema["required"] == ["id"]


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
    ],
    ids=lambda options: options.get("pager", "offset"),
)
def test_each_pager_and_each_way_to_log_in_reads_everything(options: Mapping[str, str], tmp_path: Path) -> None:
    with Sandbox("rest_api", options=options) as sandbox:
        connector = Connector(sandbox.config, tmp_path)

        first = connector.read()
        assert_complete(connector, first, sandbox)
        key = sandbox.edit("invoices")
        second = connector.read(["invoices"], state=first.last_state)

        assert second.exit_code == 0, second.text
        stream = next(stream for stream in connector.catalog if stream["name"] == "invoices")
        assert str(key) in by_key(second.records["invoices"], stream)
        assert len(second.records["invoices"]) < 60


def test_a_rotated_refresh_token_is_kept(tmp_path: Path) -> None:
    with Sandbox("rest_api", options={"auth": "oauth2", "config": "full"}) as sandbox:
        config = sandbox.config
        for _ in range(2):
            output = Connector(config, tmp_path).check()
            assert output.of("CONNECTION_STATUS")[0]["status"] == "SUCCEEDED", output.text
            config = output.of("CONTROL")[-1]["connectorConfig"]["config"]


NASTY = {
    "a next page on another host": ({"pager": "next_url", "next_host": "foreign"}, "base_url"),
    "a redirect to another host": ({"redirect": "foreign"}, "redirects"),
    "a server that ignores the offset": ({"ignore_paging": "true", "totals": "false"}, "twice"),
    "a server that ignores the page": ({"ignore_paging": "true", "pager": "page", "totals": "false"}, "twice"),
    "a ceiling": ({"max_offset": "150"}, "150"),
    "no records at all": ({"empty": "absent"}, "record_path"),
    "a refusal that repeats the address": ({"echo_url": "true", "max_offset": "150"}, "150"),
}


@pytest.mark.parametrize("situation", NASTY)
def test_a_nasty_server_is_told_and_gets_no_key(situation: str, tmp_path: Path) -> None:
    options, message = NASTY[situation]
    stream = "credit_notes" if situation == "no records at all" else "invoices"
    with Sandbox("rest_api", options=options) as sandbox:
        connector = Connector(sandbox.config, tmp_path)
        offered = {"name": stream, "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
        connector.__dict__["catalog"] = [offered]

        output = connector.read(flags=["--debug"])

        assert output.exit_code == 1
        assert output.statuses[stream][-1] == "INCOMPLETE"
        assert any(message in error["message"] for error in output.errors), output.errors
        assert_silent(output)
        assert not any(request["path"].startswith("/elsewhere") for request in sandbox.requests())


def test_a_key_in_the_wrong_place_is_explained(tmp_path: Path) -> None:
    with Sandbox("rest_api", options={"auth": "header", "echo_url": "true"}) as sandbox:
        config = sandbox.config
        auth = {**config["platform"]["auth"], "location": "query", "name": "api_key"}

        output = Connector({"platform": {**config["platform"], "auth": auth}}, tmp_path).check("--debug")

        status = output.of("CONNECTION_STATUS")[0]
        assert status["status"] == "FAILED"
        assert "platform.auth" in status["message"]
        assert_silent(output)


def test_children_are_the_same_with_and_without_their_parents(tmp_path: Path) -> None:
    with Sandbox("rest_api") as sandbox:
        connector = Connector(sandbox.config, tmp_path)
        expected = len(sandbox.rows("customer_invoices"))

        alone = connector.read(["customer_invoices"])
        together = connector.read(["customer_invoices", "customers"])

        assert len(alone.records["customer_invoices"]) == len(together.records["customer_invoices"]) == expected


@pytest.mark.parametrize("pager", ["offset", "page", "cursor", "next_url"])
def test_rows_that_shift_while_they_are_read_cost_nobody_elses_row(pager: str, tmp_path: Path) -> None:
    options = {"pager": pager, "order": "newest" if pager == "page" else "key"}
    with Sandbox("rest_api", rows={"invoices": 600}, options=options) as sandbox:
        connector = Connector(sandbox.config, tmp_path)
        stream = next(stream for stream in connector.catalog if stream["name"] == "invoices")
        sandbox.reset_history()
        plan = {"seed": 5, "probability": 0.6, "limit": 12, "streams": ["invoices"]}
        sandbox.schedule(random={**plan, "ops": ["insert", "edit"]} if pager == "next_url" else plan)

        output = connector.read(["invoices"])

        assert output.exit_code == 0, output.text
        missing = set(map(str, sandbox.history()["invoices"]["throughout"])) - set(
            by_key(output.records["invoices"], stream)
        )
        assert not missing


def test_killed_at_any_point_the_union_of_the_runs_is_complete(tmp_path: Path) -> None:
    with Sandbox("rest_api") as sandbox:
        connector = Connector(sandbox.config, tmp_path)
        first = read_and_kill(connector, 150)
        second = read_and_kill(connector, 400, state=last_states(first))
        third = connector.read(state=last_states(first, second))

        assert third.exit_code == 0, third.text
        for stream in connector.catalog:
            name = stream["name"]
            read = {key for output in (first, second, third) for key in by_key(output.records.get(name, []), stream)}
            assert read == set(by_key(sandbox.rows(name), stream)), name


def test_a_wrong_configuration_is_refused_by_its_path(tmp_path: Path) -> None:
    with Sandbox("rest_api") as sandbox:
        config = sandbox.config
        config["platform"]["streams"][1]["pagination"] = {"type": "next_url"}

        status = Connector(config, tmp_path).check().of("CONNECTION_STATUS")[0]

        assert status["status"] == "FAILED"
        assert status["message"].startswith("platform.streams[1].pagination.path is missing")
        assert sandbox.requests() == []
