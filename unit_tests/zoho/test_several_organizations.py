"""Zoho: several organizations in one connection, against responses made by hand."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from airbyte_cdk.models import SyncMode

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure
from source_invoicing.messages import SyncFailed
from source_invoicing.streams import InvoicingStream
from source_invoicing.streams.deletions import DELETED_AT
from unit_tests.zoho.helpers import (
    ACME,
    BETA,
    TOKEN,
    US_BOOKS,
    US_TOKENS,
    Mock,
    check,
    config,
    envelope,
    refused,
    stream,
)

OLD, NEW = "2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z"
OF_BOTH: dict[str, Any] = {
    "last_modified_time": OLD,
    "organizations": {n: {"last_modified_time": OLD} for n in ("111", "222")},
}


@pytest.fixture
def zoho(http: Mock) -> Mock:
    """A user with two organizations."""
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/organizations", json={"code": 0, "organizations": [ACME, BETA]})
    http.get(f"{US_BOOKS}/contacts", json=envelope("contacts", []))
    http.get(f"{US_BOOKS}/users", json=envelope("users", [{"user_id": "1"}]))
    return http


def test_the_streams_of_the_cdk_read_all_organizations(zoho: Mock) -> None:
    users = stream("users", organization_id="111,222")

    assert list(users.read_records(SyncMode.full_refresh)) == [
        {"user_id": "1", "organization_id": "111"},
        {"user_id": "1", "organization_id": "222"},
    ]
    assert len(list(users.read_only_records())) == 2


def test_the_streams_of_an_organization_share_a_client_and_those_of_another_have_another(zoho: Mock) -> None:
    streams = SourceInvoicing().streams(config(organization_id="all"))

    clients = [
        {member.account.client for member in each.members}
        for each in streams
        if isinstance(each, InvoicingStream) and each.name != "organizations"
    ]
    assert all(each == clients[0] for each in clients)
    assert len(clients[0]) == 2


def test_ids_stand_for_names_where_the_token_may_not_list_organizations(zoho: Mock) -> None:
    zoho.get(f"{US_BOOKS}/organizations", status_code=401, json=refused(57))

    assert [each.account.name for each in stream("users", organization_id="111,222").members] == ["111", "222"]
    with pytest.raises(Failure, match="is all, but the refresh token may not list organizations"):
        stream("users", organization_id="all")


@pytest.mark.parametrize("chosen", ["111", "", "All"])
def test_one_organization_takes_its_part_of_the_state_and_keeps_the_others(zoho: Mock, chosen: str) -> None:
    zoho.get(f"{US_BOOKS}/organizations", json={"code": 0, "organizations": [ACME]})
    contacts = stream("contacts", organization_id=chosen)

    contacts.state = {**OF_BOTH, "organizations": {**OF_BOTH["organizations"], "111": {"last_modified_time": NEW}}}

    assert contacts.progress.value() == {"last_modified_time": NEW}
    assert contacts.state["organizations"] == {"111": {"last_modified_time": NEW}, "222": {"last_modified_time": OLD}}


def test_a_full_refresh_that_was_cut_off_goes_on_in_each_organization(zoho: Mock) -> None:
    rules = stream("exchange_rates", organization_id="111,222")

    rules.state = {"organizations": {"222": {"currency_id": "5"}}}

    assert [each.progress.value() for each in rules.members] == [{}, {"currency_id": "5"}]
    assert rules.state == {"organizations": {"222": {"currency_id": "5"}}}


def test_a_state_replaces_the_one_before_in_every_organization(zoho: Mock) -> None:
    contacts = stream("contacts", organization_id="111,222")

    for state in ({}, {"last_modified_time": OLD}):
        contacts.state = dict(OF_BOTH)
        contacts.state = state
        assert [each.progress.value() for each in contacts.members] == [{}, {}]


@pytest.mark.parametrize(
    "state",
    [
        {"organizations": 5},
        {"organizations": {"111": 5}},
        {"organizations": {"111": {"updated_at": 5}}},
        {**OF_BOTH, "more": 1},
        {"last_modified_time": "yesterday"},
    ],
)
@pytest.mark.parametrize("chosen", ["111,222", "111"])
def test_a_state_that_no_version_has_written_is_refused(zoho: Mock, state: dict[str, Any], chosen: str) -> None:
    with pytest.raises(Failure, match="The saved state of stream contacts cannot be used"):
        stream("contacts", organization_id=chosen).state = state


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ("111,333", "platform.organization_id names 333, an organization"),
        ("333 444", "platform.organization_id names 333 and 444, organizations"),
        ("111;222\n", None),
        ("all", None),
    ],
)
def test_the_check_names_ids_that_there_are_not(zoho: Mock, chosen: str, sentence: str | None) -> None:
    told = check(organization_id=chosen)

    if sentence is None:
        assert told is None
    else:
        assert told is not None
        assert sentence in told
        assert "Acme (111), Beta (222)" in told


def test_the_key_of_an_organization_joins_only_where_there_are_several(zoho: Mock) -> None:
    keys = {}
    for chosen in ("111", "111,222"):
        for each in SourceInvoicing().streams(config(organization_id=chosen)):
            assert isinstance(each, InvoicingStream)
            keys[chosen, each.name] = each.as_airbyte_stream().source_defined_primary_key

    assert keys["111", "contacts"] == [["contact_id"]]
    assert keys["111,222", "contacts"] == [["contact_id"], ["organization_id"]]
    assert keys["111,222", "organizations"] == [["organization_id"]]


def read(name: str, *, without: str = "", deletions: str = "ignore", **options: Any) -> None:
    """Read a stream.

    :param without: a column that the connection does not know
    """
    source, values = SourceInvoicing(), {**config(**options), "deletions": deletions}
    catalog = source.configured_catalog(values, [name])
    catalog.streams[0].stream.json_schema["properties"].pop(without, None)
    list(source.read(logging.getLogger("airbyte"), values, catalog))


def test_the_log_names_the_organization_in_which_a_stream_fails(zoho: Mock, caplog: pytest.LogCaptureFixture) -> None:
    """At once, and not only when it has been read in all others."""
    not_allowed = {"code": 57, "message": "You are not authorized to perform this operation"}
    zoho.get(f"{US_BOOKS}/users?organization_id=111", json=not_allowed, status_code=401)
    with pytest.raises(SyncFailed):
        read("users", organization_id="111,222")

    assert [line for line in caplog.messages if line.startswith("Stream users in Acme (111) failed")]


def test_the_log_says_once_that_a_column_is_lacking_in_all_organizations(
    zoho: Mock, caplog: pytest.LogCaptureFixture
) -> None:
    read("contacts", organization_id="111,222", deletions="emit", without=DELETED_AT)

    assert caplog.text.count("deletions are not reported") == 1
