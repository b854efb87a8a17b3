"""What earlier versions have left behind in Airbyte stays valid: configurations, catalogs, states, and the form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from airbyte_cdk.test.standard_tests._spec_compatibility import compare_specs

from integration_tests.conftest import StartSandbox
from integration_tests.connector import Connector, Json, Output
from integration_tests.stored import FOLDER, ROOT, SPEC, Stored, stored_files
from integration_tests.warm_start import WarmStart
from source_invoicing.platforms import PLATFORMS

FILES = stored_files()
# What a saved configuration has to be told of the sandbox that happens to run.
ADDRESSES = ("base_url", "token_url")


class Connection:
    """A stored connection, read by this version."""

    def __init__(self, name: str, start_sandbox: StartSandbox, folder: Path, warm_start: WarmStart) -> None:
        self.stored = Stored.load(FILES[name])
        self.sandbox = start_sandbox(self.stored.config["platform"]["name"])
        theirs = self.sandbox.config["platform"]
        addresses = {address: theirs[address] for address in ADDRESSES if address in theirs}
        config = {**self.stored.config, "platform": {**self.stored.config["platform"], **addresses}}
        self.connector = Connector(config, folder, warm_start)

    def sync(self, state: list[Json]) -> Output:
        """A sync with the stored catalog."""
        catalog = self.connector.file("stored", self.stored.catalog)
        arguments = ["--config", self.connector.file("config", self.connector.config), "--catalog", catalog]
        messages = [{"type": "STREAM", "stream": message["stream"]} for message in state]
        return self.connector.run("read", *arguments, "--state", self.connector.file("state", messages))

    @property
    def streams(self) -> dict[str, Json]:
        """The configured streams of the stored catalog by name."""
        return {stream["stream"]["name"]: stream for stream in self.stored.catalog["streams"]}


@pytest.fixture(params=FILES)
def connection(
    request: pytest.FixtureRequest, start_sandbox: StartSandbox, tmp_path: Path, warm_start: WarmStart
) -> Connection:
    return Connection(request.param, start_sandbox, tmp_path, warm_start)


def types_of(schema: Json) -> set[str]:
    types = schema.get("type", [])
    return {types} if isinstance(types, str) else set(types)


def lost_types(before: Any, now: Any) -> set[str]:
    """The types that a field may not have any more. Where a list or an object was missing, blank text or an empty list
    stood in its place: that is null now, and no loss."""
    # A key of whole numbers is an integer since 0.3.0; it was a number.
    remaining = types_of(now) | ({"number"} if "integer" in types_of(now) else set())
    stand_ins = {"string", "array"} if "object" in remaining else {"string"} if "array" in remaining else set()
    return types_of(before) - remaining - stand_ins


def narrowed(before: Any, now: Any, path: str) -> list[str]:
    """The properties that are gone, or may not hold any more what they may have held."""
    if path and lost_types(before, now):
        return [path]
    complaints = []
    for name, schema in before.get("properties", {}).items():
        if name in now.get("properties", {}):
            complaints += narrowed(schema, now["properties"][name], f"{path}.{name}")
        else:
            complaints.append(f"{path}.{name}")
    if "items" in before and "array" in types_of(now):
        complaints += narrowed(before["items"], now.get("items", {}), f"{path}[]")
    return complaints


def test_something_is_stored_of_every_platform() -> None:
    version = yaml.safe_load((ROOT / "metadata.yaml").read_text(encoding="utf-8"))["data"]["dockerImageTag"]

    assert {f"{version}-{platform}" for platform in PLATFORMS} <= FILES.keys()


@pytest.mark.parametrize("file", sorted(FOLDER.glob(f"*/{SPEC}")), ids=lambda file: file.parent.name)
def test_the_form_still_takes_what_it_took(file: Path, tmp_path: Path) -> None:
    (now,) = Connector({}, tmp_path).spec().of("SPEC")

    assert not compare_specs(json.loads(file.read_text(encoding="utf-8")), now).breaking


def test_a_saved_configuration_is_accepted(connection: Connection) -> None:
    (spec,) = connection.connector.spec().of("SPEC")
    jsonschema.validate(connection.connector.config, spec["connectionSpecification"])

    (status,) = connection.connector.check().of("CONNECTION_STATUS")

    assert status["status"] == "SUCCEEDED", status


def test_the_streams_of_a_saved_catalog_are_still_what_they_were(connection: Connection) -> None:
    now = {stream["name"]: stream for stream in connection.connector.catalog}

    for name, configured in connection.streams.items():
        before = configured["stream"]
        assert configured["sync_mode"] in now[name]["supported_sync_modes"]
        assert now[name].get("source_defined_primary_key") == before.get("source_defined_primary_key"), name
        # A stream that had none may have a cursor now: nobody reads it by one yet.
        assert before.get("default_cursor_field") in (None, now[name].get("default_cursor_field")), name
        assert not narrowed(before["json_schema"], now[name]["json_schema"], ""), name


def test_a_sync_goes_on_from_the_state_of_a_complete_one(connection: Connection) -> None:
    incremental = [name for name, stream in connection.streams.items() if stream["sync_mode"] == "incremental"]

    output = connection.sync(connection.stored.complete)

    assert output.exit_code == 0, output.text
    assert {name: statuses[-1] for name, statuses in output.statuses.items()} == dict.fromkeys(
        connection.streams, "COMPLETE"
    )
    again = sum(len(output.records[name]) for name in incremental)
    assert again < sum(len(connection.sandbox.rows(name)) for name in incremental) / 2 or not incremental


def test_a_sync_goes_on_from_the_state_of_one_that_was_cut_off(connection: Connection) -> None:
    output = connection.sync(connection.stored.midway)

    assert output.exit_code == 0, output.text
    rows = {name: len(connection.sandbox.rows(name)) for name in connection.streams}
    for name, count in rows.items():
        assert len(output.records[name]) >= count - connection.stored.emitted.get(name, 0), name
    assert sum(map(len, output.records.values())) < sum(rows.values()) or not any(connection.stored.emitted.values())
