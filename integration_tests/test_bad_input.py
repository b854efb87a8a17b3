"""A configuration, a catalog or a state that is wrong is told in one sentence that names what is wrong.

What is particular to one platform is in the unit tests of its options; here each kind of mistake goes through the
whole connector.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from integration_tests.conftest import Connect, StartPlatform, StartSandbox
from integration_tests.connector import Json
from integration_tests.expected import keys
from integration_tests.in_process import InProcessConnector
from integration_tests.platforms import PLATFORMS, PlatformFacts, on_each_platform
from integration_tests.tally import Tally

pytestmark = pytest.mark.in_process

ZOHO = {"name": "zoho_books", "client_id": "1000.A", "client_secret": "secret-of-a", "refresh_token": "1000.refresh"}
FASTBILL = {"name": "fastbill", "username": "me@example.com", "api_key": "key-of-mine"}
AUTH = {"type": "api_key", "value": "key-of-mine"}
REST = {"name": "rest_api", "base_url": "https://api.example.com", "auth": AUTH}
INVOICES = {"name": "invoices", "path": "/invoices"}
CUSTOMERS = {"name": "customers", "path": "/customers"}
NOTES = {"name": "notes", "path": "/customers/{id}/notes", "parent": {"stream": "customers"}}
OAUTH = {"type": "oauth2", "token_url": "https://a.example/token", "client_id": "a", "client_secret": "b"}


def without(options: Mapping[str, Any], *names: str) -> Json:
    return {name: value for name, value in options.items() if name not in names}


def rest(*streams: Any, **options: Any) -> Json:
    return {"platform": {**REST, **({"streams": list(streams)} if streams else {}), **options}}


# By name: the configuration, and how the sentence begins.
CONFIGURATIONS: Mapping[str, tuple[Any, str]] = {
    "a list": ([], "The configuration file"),
    "platform is null": ({"platform": None}, "platform is missing"),
    "platform is a list": ({"platform": [ZOHO]}, "platform should be an object, found a list"),
    "platform in capitals": ({"platform": {**ZOHO, "name": "ZOHO_BOOKS"}}, "platform.name should be one of"),
    "name is a number": ({"platform": {**ZOHO, "name": 5}}, "platform.name should be one of"),
    "name is an object": ({"platform": {**ZOHO, "name": {}}}, "platform.name should be one of"),
    "start date is a number": ({"platform": ZOHO, "start_date": 1704067200}, "start_date should be text"),
    "start date of 13 months": ({"platform": ZOHO, "start_date": "2024-13-01"}, "start_date should be a date"),
    "start date is a duration": ({"platform": ZOHO, "start_date": "P3D"}, "start_date should be a date"),
    "start date is an interval": (
        {"platform": ZOHO, "start_date": "2024-01-01/2024-02-01"},
        "start_date should be a date",
    ),
    "start date without seconds": (
        {"platform": ZOHO, "start_date": "2024-01-01T00:00Z"},
        "start_date should be a date such as 2024-01-01, or a date and time such as 2024-01-01T00:00:00Z, found",
    ),
    "start date in the future": (
        {"platform": ZOHO, "start_date": "2062-01-01"},
        "start_date lies in the future by this machine's clock, so nothing would be read",
    ),
    "start date is a week": ({"platform": ZOHO, "start_date": "2024-W01"}, "start_date should be a date"),
    "lookback is negative": ({"platform": ZOHO, "lookback_days": -1}, "lookback_days should be a whole number"),
    "lookback is a fraction": ({"platform": ZOHO, "lookback_days": 1.5}, "lookback_days should be a whole number"),
    "lookback of 1000 years": ({"platform": ZOHO, "lookback_days": 365_000}, "lookback_days should be a whole"),
    "too many workers": ({"platform": ZOHO, "num_workers": 33}, "num_workers should be a whole number"),
    "workers are true": ({"platform": ZOHO, "num_workers": True}, "num_workers should be a whole number"),
    "zoho without client": ({"platform": without(ZOHO, "client_id")}, "platform.client_id is missing"),
    "zoho without client secret": ({"platform": without(ZOHO, "client_secret")}, "platform.client_secret is missing"),
    "zoho without token": ({"platform": {**ZOHO, "refresh_token": "\n"}}, "platform.refresh_token is missing"),
    "zoho on the moon": ({"platform": {**ZOHO, "data_center": "moon"}}, "platform.data_center should be one of"),
    "zoho with a list of organizations": (
        {"platform": {**ZOHO, "organization_id": [1]}},
        "platform.organization_id should be text",
    ),
    "zoho with an organization as a number": (
        {"platform": {**ZOHO, "organization_id": 10234695}},
        "platform.organization_id should be text",
    ),
    "zoho's tokens over http": (
        {"platform": {**ZOHO, "token_url": "http://accounts.example.com"}},
        "platform.token_url should begin with https://",
    ),
    "fastbill without user": ({"platform": without(FASTBILL, "username")}, "platform.username is missing"),
    "fastbill without key": ({"platform": without(FASTBILL, "api_key")}, "platform.api_key is missing"),
    "fastbill with no calls": ({"platform": {**FASTBILL, "calls_per_hour": 0}}, "platform.calls_per_hour should be"),
    "fastbill with a project as a number": (
        {"platform": {**FASTBILL, "project_id": 7}},
        "platform.project_id should be text",
    ),
    "address of another scheme": (
        {"platform": {**FASTBILL, "base_url": "ftp://my.fastbill.com"}},
        "platform.base_url should be an address",
    ),
    "address with a port that is none": (
        {"platform": {**FASTBILL, "base_url": "https://example.com:99999"}},
        "platform.base_url is not a valid address",
    ),
    "address with brackets": (
        {"platform": {**FASTBILL, "base_url": "https://[::1"}},
        "platform.base_url is not a valid",
    ),
    "address with a blank": (
        {"platform": {**FASTBILL, "base_url": "https://exam ple.com"}},
        "platform.base_url holds the character ' ', which no address can hold.",
    ),
    "address with a query": (
        {"platform": {**FASTBILL, "base_url": "https://example.com/?key=1"}},
        "platform.base_url should end with the path",
    ),
    "address over http in the local network": (
        {"platform": {**FASTBILL, "base_url": "http://192.168.0.7"}},
        "platform.base_url should begin with https://",
    ),
    "address is an object": ({"platform": {**FASTBILL, "base_url": {}}}, "platform.base_url should be text"),
    "rest without address": ({"platform": without(REST, "base_url")}, "platform.base_url is missing"),
    "rest without auth": ({"platform": without(REST, "auth")}, "platform.auth is missing"),
    "rest with auth as text": (rest(auth="key"), "platform.auth should be an object, found text"),
    "rest with two kinds of keys": (
        rest(auth={**AUTH, "location": "both"}),
        "platform.auth.location should be one of",
    ),
    "rest without refresh token": (rest(auth=OAUTH), "platform.auth.refresh_token is missing"),
    "rest with streams as an object": (rest(streams={"invoices": {}}), "platform.streams should be a list"),
    "rest with a stream as text": (rest("invoices"), "platform.streams[0] should be an object, found text"),
    "rest with a child of nobody": (
        rest(INVOICES, NOTES),
        "platform.streams[1].parent.stream is 'customers', but the other streams are: invoices",
    ),
    "rest with a child of itself": (
        rest(CUSTOMERS, {**NOTES, "parent": {"stream": "notes"}}),
        "platform.streams[1].parent.stream",
    ),
    "rest with a key that is a number": (
        rest({**INVOICES, "primary_key": [1]}),
        "platform.streams[0].primary_key[0] should be text",
    ),
    "rest with a path above": (rest({**INVOICES, "path": "/a/../b"}), "platform.streams[0].path should hold no ."),
    "rest with a page size of text": (
        rest({**INVOICES, "pagination": {"type": "page", "size": "100"}}),
        "platform.streams[0].pagination.size should be a whole number",
    ),
}

STREAM: Json = {
    "stream": {"name": "invoices", "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
    "sync_mode": "full_refresh",
    "destination_sync_mode": "append",
}
# By name: the catalog's file, and what the sentence holds.
CATALOGS: Mapping[str, tuple[str, str]] = {
    "no JSON": (
        "{",
        "(Expecting property name enclosed in double quotes: line 1 column 2 (char 1)). `source-",
    ),
    "empty": ("", "does not hold a catalog in Airbyte's format"),
    "a list": ("[]", """does not hold a catalog in Airbyte's format ([] is not of type "object")."""),
    "a list of all streams": (json.dumps([STREAM] * 40), "does not hold a catalog in Airbyte's format"),
    "without streams": ("{}", "does not hold a catalog in Airbyte's format"),
    "streams are names": (
        '{"streams": ["invoices"]}',
        """(streams/0: "invoices" is not of type "object"). `source-invoicing catalog` prints one.""",
    ),
    "an unknown sync mode": (
        json.dumps({"streams": [{**STREAM, "sync_mode": "sometimes"}]}),
        "does not hold a catalog in Airbyte's format",
    ),
    "a stream that is gone": (
        json.dumps({"streams": [{**STREAM, "stream": {**STREAM["stream"], "name": "faxes"}}]}),
        "asks for a stream 'faxes' that",
    ),
}
# By name: the state's file, and what the sentence holds.
STATE_FILES: Mapping[str, tuple[str, str]] = {
    "no JSON": ("[", "does not hold a state in Airbyte's format"),
    "a number": (
        "5",
        "does not hold a state in Airbyte's format (it should be a list of objects). It is a list of",
    ),
    "a list of texts": ('["a"]', "does not hold a state in Airbyte's format (it should be a list of objects)"),
    "without a stream": ('[{"type": "STREAM"}]', "does not hold a state in Airbyte's format"),
    "of all streams as one": ('{"invoices": {"updated_at": 1}}', "(it should be a list of objects)"),
    "whole messages": ('[{"type": "STATE", "state": {}}]', "It is a list of the `state` objects of STATE messages."),
    "of an old type": (
        '[{"type": "LEGACY", "data": {"invoices": {"updated_at": 1}}}]',
        "(a state of another type than STREAM, or without a stream)",
    ),
    "global beside others": (
        '[{"type": "GLOBAL", "global": {"stream_states": []}}, {"type": "STREAM"}]',
        "(a state of another type than STREAM, or without a stream)",
    ),
}


# How a cursor is written in a state.
STATE_FORMS = {
    "zoho_invoice": "%Y-%m-%dT%H:%M:%SZ",
    "zoho_books": "%Y-%m-%dT%H:%M:%SZ",
    "rest_api": "%Y-%m-%dT%H:%M:%SZ",
}


def in_a_state(platform: PlatformFacts, seconds: int) -> Any:
    """A moment as a platform's state holds it."""
    if platform.name == "invoiced":
        return seconds
    form = STATE_FORMS.get(platform.name, "%Y-%m-%dT%H:%M:%S")
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(form)


def assert_a_sentence(message: str, words: str) -> None:
    assert words in message
    assert "\n" not in message
    assert message.endswith(".")
    assert "Traceback" not in message
    assert not message.startswith(("'", '"', "{"))


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_wrong_configuration(name: str, tmp_path: Path, tally: Tally) -> None:
    config, words = CONFIGURATIONS[name]
    connector = InProcessConnector(config, tmp_path)

    output = connector.check()

    assert "Traceback" not in output.stderr + "".join(output.logs)
    if output.errors:
        (error,) = output.errors
        assert (output.exit_code, error["failure_type"]) == (1, "config_error")
        assert_a_sentence(error["message"], words)
    else:
        (status,) = output.of("CONNECTION_STATUS")
        assert (output.exit_code, status["status"]) == (0, "FAILED")
        assert status["message"].startswith(words)
        assert_a_sentence(status["message"], words)
    tally.count("bad inputs")


@pytest.mark.parametrize("name", CATALOGS)
def test_a_wrong_catalog(
    start_sandbox: StartSandbox, connect: Connect, name: str, tmp_path: Path, tally: Tally
) -> None:
    text, words = CATALOGS[name]
    connector = connect(start_sandbox(rows={"invoices": 3}))
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")

    config = connector.file("config", connector.config)
    output = connector.run("read", "--config", config, "--catalog", str(tmp_path / "bad.json"))

    assert output.exit_code == 1
    (error,) = output.errors
    assert error["failure_type"] == "config_error"
    assert_a_sentence(error["message"], words)
    assert len(error["message"]) < 500
    tally.count("bad inputs")


@pytest.mark.parametrize("platform", ["zoho_invoice", "zoho_books"])
def test_a_stream_of_details_that_are_switched_off(
    start_sandbox: StartSandbox, connect: Connect, platform: str
) -> None:
    connector = connect(start_sandbox(platform, rows={"invoices": 3}))
    name = "customer_payment_applications"
    catalog = connector.file("one", {"streams": [{**STREAM, "stream": {**STREAM["stream"], "name": name}}]})

    output = connector.run("read", "--config", connector.file("config", connector.config), "--catalog", catalog)

    (error,) = output.errors
    assert error["message"] == (
        f"The connection asks for the stream {name!r}, which {platform} has with platform.details only. Switch that "
        "on, or leave the stream out of the connection."
    )


@pytest.mark.own_process
@pytest.mark.parametrize("name", STATE_FILES)
def test_a_wrong_state_file(
    start_sandbox: StartSandbox, connect: Connect, name: str, tmp_path: Path, tally: Tally
) -> None:
    text, words = STATE_FILES[name]
    connector = connect(start_sandbox(rows={"invoices": 3}))
    arguments = connector.read_arguments(["invoices"])
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")

    output = connector.run(*arguments, "--state", str(tmp_path / "bad.json"))

    assert output.exit_code == 1
    (error,) = output.errors
    assert error["failure_type"] == "config_error"
    assert_a_sentence(error["message"], words)
    tally.count("bad inputs")


def test_files_as_editors_and_shells_write_them(start_sandbox: StartSandbox, connect: Connect, tmp_path: Path) -> None:
    connector = connect(start_sandbox(rows={"invoices": 3}), start_date=" ", num_workers=8.0)
    arguments = connector.read_arguments(["invoices"])
    for path in arguments[2::2]:
        text = Path(path).read_text(encoding="utf-8")
        Path(path).write_text(text, encoding="utf-8-sig" if "config" in path else "utf-16")
    (tmp_path / "none.json").touch()

    output = connector.run(*arguments, "--state", str(tmp_path / "none.json"))

    assert output.exit_code == 0, output.text
    assert len(output.records["invoices"]) == 3


def test_a_file_without_a_path(tmp_path: Path) -> None:
    output = InProcessConnector({}, tmp_path).run("check", "--config", "")

    (error,) = output.errors
    assert error["message"] == "The configuration file has an empty path."


@pytest.mark.parametrize("form", ["typed", "without a type", "global"])
def test_forms_of_a_state(start_sandbox: StartSandbox, connect: Connect, form: str) -> None:
    connector = connect(start_sandbox(rows={"invoices": 3}))
    last = connector.read(["invoices"]).last_state[0]["stream"]
    forms: Mapping[str, Json] = {
        "typed": {"type": "STREAM", "stream": last},
        "without a type": {"stream": last},
        "global": {"type": "GLOBAL", "global": {"stream_states": [last]}},
    }
    state = connector.file("state", [forms[form]])

    output = connector.run(*connector.read_arguments(["invoices"]), "--state", state)

    assert output.exit_code == 0, output.text
    assert len(output.records["invoices"]) == 1  # the newest


def state_of(stream: str, state: Any) -> list[Json]:
    return [{"stream": {"stream_descriptor": {"name": stream}, "stream_state": state}}]


# Zoho's products write their states alike, and a configured API takes times as numbers, too.
UNDERSTOOD = {("zoho_invoice", "zoho_books"), ("zoho_books", "zoho_invoice"), ("rest_api", "invoiced")}


@on_each_platform(
    lambda platform: [other for other in PLATFORMS if other != platform.name], "other", first_in_own_process=True
)
def test_the_state_of_another_platform_is_refused_unless_it_means_the_same(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, *, other: str, tally: Tally
) -> None:
    connector = connect(start_platform(platform, {"invoices": 5}))
    cursor = PLATFORMS[other].cursor("invoices")
    foreign = {cursor: in_a_state(PLATFORMS[other], 1_000_000_000)}

    output = connector.read(["invoices"], state=state_of("invoices", foreign))

    if (platform.name, other) in UNDERSTOOD:
        assert output.exit_code == 0
        assert len(output.records["invoices"]) == 5
    else:
        assert output.exit_code == 1
        (error,) = output.errors
        assert error["failure_type"] == "config_error"
        assert_a_sentence(error["message"], "The saved state of stream invoices cannot be used")
    tally.count("bad inputs")


@on_each_platform()
def test_a_cursor_in_the_future_is_refused_before_it_hides_a_row(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, tally: Tally
) -> None:
    connector = connect(start_platform(platform, {"invoices": 5}))
    in_the_future = {platform.cursor("invoices"): in_a_state(platform, 4_000_000_000)}

    output = connector.read(["invoices"], state=state_of("invoices", in_the_future))

    assert output.exit_code == 1
    assert output.statuses["invoices"] == ["INCOMPLETE"]
    (error,) = output.errors
    assert error["failure_type"] == "config_error"
    assert_a_sentence(error["message"], "lies in the future")
    tally.count("bad inputs")


@on_each_platform()
def test_a_row_from_the_future_does_not_hide_what_changes_until_then(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start_platform(platform, {"invoices": 5})
    connector = connect(sandbox)
    sandbox.edit("invoices", values={platform.cursor("invoices"): platform.settable(4_000_000_000)})

    output = connector.read(["invoices"])

    assert output.exit_code == 0
    assert len(output.records["invoices"]) == 5
    assert platform.stands_at("invoices", output.states["invoices"][-1]) < 4_000_000_000


@on_each_platform()
def test_streams_that_are_gone_are_named_and_stop_no_other(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, tally: Tally
) -> None:
    sandbox = start_platform(platform, {"invoices": 5})
    connector = connect(sandbox)
    catalog = {stream["name"]: stream for stream in connector.catalog}
    connector.catalog = [*connector.catalog, {**catalog["invoices"], "name": "faxes"}]

    output = connector.read(["faxes", "invoices"])

    assert output.exit_code == 1
    assert output.statuses["faxes"] == ["INCOMPLETE"]
    assert output.statuses["invoices"][-1] == "COMPLETE"
    (error,) = output.errors
    assert error["failure_type"] == "config_error"
    assert "asks for a stream 'faxes' that" in error["message"]
    assert keys(output.records["invoices"], catalog["invoices"]) == keys(sandbox.rows("invoices"), catalog["invoices"])
    tally.count("bad inputs")


@on_each_platform()
def test_fields_that_were_removed_or_never_were_there_cost_no_row(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, tally: Tally
) -> None:
    sandbox = start_platform(platform, {"invoices": 5})
    connector = connect(sandbox)
    stored = copy.deepcopy(connector.catalog)
    offered = next(stream for stream in stored if stream["name"] == "invoices")
    key = {path[0] for path in offered["source_defined_primary_key"]}
    kept = {name: field for name, field in offered["json_schema"]["properties"].items() if name in key}
    offered["json_schema"]["properties"] = {**kept, "fax": {"type": ["null", "string"]}}
    connector.catalog = stored

    output = connector.read(["invoices"])

    assert output.exit_code == 0, output.text[-2000:]
    assert keys(output.records["invoices"], offered) == keys(sandbox.rows("invoices"), offered)
    tally.count("bad inputs")
