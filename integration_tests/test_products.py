"""Each product that ships, from end to end: the connector against the sandbox posing as that product.

What a list is like stands in the sandbox, which is written from the vendors' documentation. The configuration names the
product and the credentials, and what only the account knows.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_tests.connector import Json, Output
from integration_tests.in_process import InProcessConnector, OfflineSandbox
from integration_tests.sandbox.products import PRODUCTS
from integration_tests.sandbox.rest_api_auth import ACCESS_TOKEN, CLIENT_SECRET, KEY, REFRESH_TOKEN
from integration_tests.sandbox.rest_api_manner import no_bounds
from integration_tests.sandbox.rest_api_rows import DEFAULT_ROWS
from source_invoicing.platforms.rest_api.products import Product, names

pytestmark = pytest.mark.in_process

#: Three pages of each list.
PAGE, ROWS = 5, 13
#: Lists that are read in consecutive windows of time, and how many there are by now.
WINDOWS = {("lexware_office", "vouchers"): 60}
SECRETS = ("value", "username", "password", "token", "client_secret")


class Posed:
    """A product, and the connector as its user sets it up."""

    def __init__(self, name: str, sandbox: OfflineSandbox, folder: Path) -> None:
        self.name, self.sandbox = name, sandbox
        self.connector = InProcessConnector(sandbox.config, folder, sandbox=sandbox)

    @property
    def streams(self) -> list[str]:
        return list(PRODUCTS[self.name].paths)

    @property
    def parts(self) -> list[str]:
        """Streams of what stands inside rows, such as lines."""
        return list(PRODUCTS[self.name].parts)

    def key_of(self, stream: str) -> list[str]:
        return PRODUCTS[self.name].of(stream).primary_key.split(".")

    def whole_key_of(self, stream: str) -> list[list[str]]:
        beside = PRODUCTS[self.name].of(stream).key_beside
        return [*([[beside]] if beside else []), self.key_of(stream)]

    def is_filtered(self, stream: str) -> bool:
        """Whether the vendor selects by the last change."""
        return PRODUCTS[self.name].of(stream).bounds is not no_bounds

    def is_incremental(self, stream: str) -> bool:
        return "incremental" in self.shown(stream)["supported_sync_modes"]

    def lists(self, stream: str) -> int:
        """How many lists make up the stream, one for each of some values."""
        declared = next(each for each in Product.load(self.name).platform["streams"] if each["name"] == stream)
        return len(declared.get("values", [""]))

    def shown(self, stream: str) -> Json:
        return next(each for each in self.connector.catalog if each["name"] == stream)

    def by_key(self, stream: str, rows: list[Json]) -> dict[str, Json]:
        return {str(dig(row, self.key_of(stream))): row for row in rows}


def dig(row: Json, path: list[str]) -> Any:
    value: Any = row
    for step in path:
        value = value[step]
    return value


@pytest.fixture(params=names())
def posed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Posed]:
    options = {"pose": request.param, "limit_cap": PAGE, "vendor_limits": False}
    with OfflineSandbox("rest_api", rows=dict.fromkeys(DEFAULT_ROWS, ROWS), options=options) as sandbox:
        yield Posed(request.param, sandbox, tmp_path)


def test_a_product_is_read_in_full_and_then_what_changed(posed: Posed) -> None:
    sandbox, connector = posed.sandbox, posed.connector
    assert connector.check().of("CONNECTION_STATUS")[0] == {"status": "SUCCEEDED"}
    assert {stream["name"] for stream in connector.catalog} == {*posed.streams, *posed.parts}
    for stream in posed.streams:
        assert posed.shown(stream)["source_defined_primary_key"] == posed.whole_key_of(stream)

    # In the words of the product, once.
    sandbox.add_faults({"match": {"stream": posed.streams[0]}, "fault": {"kind": "status", "code": 429}})
    first = connector.read()
    assert [rule["fired"] for rule in sandbox.faults()] == [1]
    assert_complete(posed, first)
    asked_at_first = sandbox.requests_summary()["streams"]
    changed = {name: {sandbox.edit(name), sandbox.insert(name)} for name in posed.streams}
    sandbox.clear_requests()

    second = connector.read(state=first.last_state)

    assert second.errors == []
    assert read_otherwise(second) == []
    asked = sandbox.requests_summary()["streams"]
    for part in posed.parts:
        came_parts = parts_in(posed, part, second.records[part])
        assert came_parts <= parts_in(posed, part, sandbox.rows(part))
        source = PRODUCTS[posed.name].parts[part][0]
        documents = {str(posed_key(posed, source, key)) for key in changed[source]}
        wanted = {each for each in parts_in(posed, part, sandbox.rows(part)) if each[0] in documents}
        assert wanted <= came_parts, part
    assert_only_changed_documents(posed, changed)
    for stream, keys in changed.items():
        expected = posed.by_key(stream, sandbox.rows(stream))
        came = posed.by_key(stream, [as_sent(row) for row in second.records[stream]])
        new = {str(posed_key(posed, stream, key)) for key in keys}
        assert came.items() <= expected.items()
        if not posed.is_incremental(stream):
            assert came == expected
            continue
        assert new <= came.keys()
        # The newest row of each list may come again.
        assert len(came.keys() - new) <= posed.lists(stream), stream
        if posed.is_filtered(stream):
            assert asked[stream]["rows"] < asked_at_first[stream]["rows"], stream


def test_a_refused_key_is_told_in_the_words_of_the_product(posed: Posed) -> None:
    config = copy.deepcopy(posed.sandbox.config)
    auth = config["platform"]["auth"]
    auth |= {name: "wrong-secret" for name in SECRETS if auth.get(name)}
    connector = InProcessConnector(config, posed.connector.folder, sandbox=posed.sandbox)

    output = connector.check()

    status = output.of("CONNECTION_STATUS")[0]
    assert status["status"] == "FAILED"
    assert "wrong-secret" not in output.text
    if auth["type"] == "oauth2":
        assert "The token request was refused" in status["message"]
    else:
        refusal = PRODUCTS[posed.name].refusal(401, "The credentials are missing, wrong or misplaced")
        assert any(words in status["message"] for words in texts_in(refusal))
        assert Product.load(posed.name).title in status["message"]


def test_a_stream_of_a_product_can_be_changed_by_name(tmp_path: Path) -> None:
    options = {"pose": "lago", "vendor_limits": False}
    with OfflineSandbox("rest_api", rows={"invoices": ROWS}, options=options) as sandbox:
        config = sandbox.config
        config["platform"]["streams"] = [{"name": "invoices", "pagination": {"type": "page", "size": PAGE}}]
        connector = InProcessConnector(config, tmp_path, sandbox=sandbox)

        output = connector.read(["invoices"])

        assert len(output.records["invoices"]) == ROWS
        asked = [dict(request["query"]) for request in sandbox.requests() if request["path"].endswith("/invoices")]
        assert "5" in {query["per_page"] for query in asked}
        assert "100" not in {query["per_page"] for query in asked}


def test_what_only_the_account_knows_is_asked_for_by_name(posed: Posed) -> None:
    product = Product.load(posed.name)
    # The client asks for JSON by itself.
    known = {"Accept": "application/json"} | {
        each["name"]: each["value"] for each in product.platform.get("headers", ())
    }
    asked = [name for name, value in PRODUCTS[posed.name].demands.items() if value not in known.get(name, "")]
    complete = posed.sandbox.config["platform"]
    without = {f"platform.headers should hold {name}": without_header(complete, name) for name in asked}
    if "base_url" not in product.platform:
        without["platform.base_url is missing"] = {**complete, "base_url": ""}
    for message, platform in without.items():
        connector = InProcessConnector({"platform": platform}, posed.connector.folder, sandbox=posed.sandbox)

        status = connector.check().of("CONNECTION_STATUS")[0]

        assert status["status"] == "FAILED"
        assert status["message"].startswith(message)
        assert product.hint[:20] in status["message"]
    assert posed.sandbox.requests() == []


@pytest.mark.parametrize("name", names())
def test_an_account_without_rows_is_read(name: str, tmp_path: Path) -> None:
    options = {"pose": name, "vendor_limits": False}
    with OfflineSandbox("rest_api", rows=dict.fromkeys(DEFAULT_ROWS, 0), options=options) as sandbox:
        output = InProcessConnector(sandbox.config, tmp_path, sandbox=sandbox).read()

        assert output.errors == []
        assert output.records == {}
        assert {statuses[-1] for statuses in output.statuses.values()} == {"COMPLETE"}


@pytest.mark.parametrize("name", names())
def test_no_more_calls_are_sent_than_the_vendor_allows(name: str) -> None:
    allowed, per_seconds = PRODUCTS[name].rate
    rate = Product.load(name).platform.get("rate")

    if rate is not None and allowed:
        assert rate["calls"] / rate["per_seconds"] <= allowed / per_seconds
    elif allowed:
        assert PRODUCTS[name].retry_after


def without_header(platform: Json, name: str) -> Json:
    """The platform's part of a configuration, less one header."""
    kinds = ("headers", "secret_headers")
    return platform | {kind: [each for each in platform.get(kind, ()) if each["name"] != name] for kind in kinds}


def assert_only_changed_documents(posed: Posed, changed: dict[str, set[int]]) -> None:
    """Parts that are asked for take a request for each changed document, and one for the newest that was not."""
    for part, asked in PRODUCTS[posed.name].asked_for.items():
        path = re.compile(re.escape(asked.address.partition("?")[0]).replace(r"\{id\}", "[^/]+"))
        requests = [each for each in posed.sandbox.requests() if path.fullmatch(each["path"])]
        assert 0 < len(requests) <= len(changed[PRODUCTS[posed.name].parts[part][0]]) + 1, part


def assert_complete(posed: Posed, output: Output) -> None:
    assert output.errors == []
    assert read_otherwise(output) == []
    for stream in posed.streams:
        rows = [as_sent(row) for row in output.records[stream]]
        expected = posed.sandbox.rows(stream)
        assert posed.by_key(stream, rows) == posed.by_key(stream, expected), stream
        assert len(rows) == len(expected), stream
        assert output.statuses[stream][-1] == "COMPLETE"
        lists = ROWS if stream in PRODUCTS[posed.name].parents else 1
        asked = posed.sandbox.requests_summary()["streams"][stream]["requests"]
        assert asked <= 4 * lists * -(-ROWS // PAGE) + WINDOWS.get((posed.name, stream), 4), stream
    for part in posed.parts:
        assert parts_in(posed, part, output.records[part]) == parts_in(posed, part, posed.sandbox.rows(part)), part
    for secret in (KEY, ACCESS_TOKEN, CLIENT_SECRET, REFRESH_TOKEN, "the-secret-of-the-app"):
        assert secret not in output.text


def parts_in(posed: Posed, name: str, rows: list[Json]) -> set[tuple[str, int, str]]:
    """Parts by their document and their place in it. The cursor of the document stands beside them."""
    document = f"{PRODUCTS[posed.name].parts[name][0].removesuffix('s')}_id"
    return {(str(row[document]), row["position"], row["text"]) for row in map(as_sent, rows)}


def read_otherwise(output: Output) -> list[str]:
    """What the log says of lists that are not as the product declares them."""
    return [line for line in output.logs if "It is read in another way" in line]


def texts_in(value: Any) -> Iterator[str]:
    """All texts in an answer."""
    if isinstance(value, str):
        yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_in(member)


def as_sent(record: Json) -> Json:
    """A record as the vendor sent it: what no schema declares stands beside the rest, and stamps are ours."""
    beside = record.get("_additional_properties", {})
    ours = ("_synced_at", "_additional_properties")
    return {name: value for name, value in {**record, **beside}.items() if name not in ours}


def posed_key(posed: Posed, stream: str, key: int) -> Any:
    """The key of a row as it is sent."""
    manner = PRODUCTS[posed.name].of(stream)
    return dig(manner.dress(stream, {"id": key, "updated_at": 0, "issue_date": "2024-01-31"}), posed.key_of(stream))
