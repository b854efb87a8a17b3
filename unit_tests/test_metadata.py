"""``metadata.yaml`` against the rules of Airbyte's catalog of connectors, and what else its quality checks look at.

The rules are those of ``ConnectorMetadataDefinitionV0`` (airbytehq/airbyte-connector-models), as far as this connector
can break them, and of the checks called ``connectors_qa`` (airbytehq/airbyte).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import astuple
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import yaml
from jsonschema import Draft7Validator, FormatChecker

from source_invoicing.platforms import PLATFORMS
from source_invoicing.platforms.fastbill import HOST as FASTBILL_HOST
from source_invoicing.platforms.invoiced import HOSTS as INVOICED_HOSTS
from source_invoicing.platforms.rest_api.products import Product, names
from source_invoicing.platforms.zoho.product import DATA_CENTERS
from unit_tests.test_packaging import METADATA, ROOT, found, streams_of

DATA = METADATA["data"]
SPEC = yaml.safe_load((ROOT / "source_invoicing" / "spec.yaml").read_text(encoding="utf-8"))

ZOHO_URLS = [url for center in DATA_CENTERS.values() for url in astuple(center)]
# Where the vendor of each platform is reached. A platform without an entry fails the tests.
VENDOR_URLS: dict[str, list[str]] = {
    "invoiced": list(INVOICED_HOSTS.values()),
    "zoho_invoice": ZOHO_URLS,
    "zoho_books": ZOHO_URLS,
    "fastbill": [FASTBILL_HOST],
    # Its hosts are those that a configuration names, and those of the products.
    "rest_api": [
        url
        for product in map(Product.load, names())
        for url in (product.platform.get("base_url"), product.platform["auth"].get("token_url"))
        if url
    ],
}

# What the quality checks call insecure; the namespaces of documents are names, and nothing is fetched from them.
UNENCRYPTED = re.compile(r"http://(?!json-schema\.org|www\.w3\.org|localhost|127\.0\.0\.1|\[::1\])\w")

TEXT = {"type": "string", "minLength": 1}
FLAG = {"type": "boolean"}
URL = {"type": "string", "format": "uri", "pattern": "^https://"}


def one_of(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


def list_of(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1, "uniqueItems": True}


def an_object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object in which nothing else is allowed: the catalog refuses a slip of the pen."""
    properties = {**required, **(optional or {})}
    return {"type": "object", "required": [*required], "properties": properties, "additionalProperties": False}


SCHEMA = an_object(
    {
        "metadataSpecVersion": {"const": "1.0"},
        "data": an_object(
            {
                "name": TEXT,
                "definitionId": {
                    "type": "string",
                    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-",
                },
                "connectorType": {"const": "source"},
                "connectorSubtype": {"const": "api"},
                "dockerRepository": {"type": "string", "pattern": "^[a-z0-9-]+/source-[a-z0-9-]+$"},
                "dockerImageTag": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
                "documentationUrl": URL,
                "githubIssueLabel": {"const": "source-invoicing"},
                "icon": {"const": "icon.svg"},
                "license": one_of("MIT", "ELv2"),
                "releaseStage": one_of("alpha", "beta", "generally_available", "custom"),
                "supportLevel": one_of("community", "certified", "archived"),
                "tags": list_of({"type": "string", "pattern": "^[^: ]+:[^: ]+$"}),
                "allowedHosts": an_object({"hosts": list_of(TEXT)}),
                "suggestedStreams": an_object({"streams": list_of(TEXT)}),
                "maxSecondsBetweenMessages": {"type": "integer", "minimum": 1},
                "connectorBuildOptions": an_object(
                    {"baseImage": {"type": "string", "pattern": "@sha256:[0-9a-f]{64}$"}}
                ),
                "connectorTestSuitesOptions": list_of(
                    an_object(
                        {"suite": one_of("unitTests", "integrationTests", "acceptanceTests", "liveTests", "smokeTests")}
                    )
                ),
                "externalDocumentationUrls": list_of(
                    an_object(
                        {"title": TEXT, "url": URL},
                        {
                            "type": one_of(
                                *("api_deprecations", "api_reference", "api_release_history", "authentication_guide"),
                                *("data_model_reference", "developer_community", "migration_guide", "openapi_spec"),
                                *("other", "permissions_scopes", "rate_limits", "sql_reference", "status_page"),
                            ),
                            "requiresLogin": FLAG,
                        },
                    )
                ),
                "registryOverrides": an_object(
                    {"oss": an_object({"enabled": FLAG}), "cloud": an_object({"enabled": FLAG})}
                ),
                "remoteRegistries": an_object({"pypi": an_object({"enabled": FLAG, "packageName": TEXT})}),
            },
            {"releases": {"type": "object"}, "releaseDate": {"type": "string", "format": "date"}},
        ),
    }
)


def addresses_in(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """The paths of all settings of the form that hold an address, whichever option they belong to."""
    for option in schema.get("oneOf", []):
        yield from addresses_in(option, path)
    for name, field in schema.get("properties", {}).items():
        if name.endswith("_url"):
            yield f"{path}{name}"
        yield from addresses_in(field, f"{path}{name}.")


def test_the_metadata_is_what_the_catalog_takes() -> None:
    complaints = list(Draft7Validator(SCHEMA, format_checker=FormatChecker()).iter_errors(METADATA))

    assert not complaints, "\n".join(f"{error.json_path}: {error.message}" for error in complaints)


def test_it_is_a_source_in_python_with_the_cdk() -> None:
    assert [tag for tag in DATA["tags"] if tag.startswith("language:")] == ["language:python"]
    assert "cdk:python" in DATA["tags"]


def test_it_agrees_with_the_package() -> None:
    assert DATA["license"] == found(r'^license = "(.+)"$', "pyproject.toml")
    assert DATA["documentationUrl"] == SPEC["documentationUrl"]
    assert DATA["dockerRepository"].rpartition("/")[2] == found(r'^name = "(.+)"$', "pyproject.toml")


def test_a_version_that_breaks_something_says_what() -> None:
    major, minor, patch = map(int, DATA["dockerImageTag"].split("."))

    if major and not minor and not patch:
        assert DATA["dockerImageTag"] in DATA["releases"]["breakingChanges"]


def test_the_hosts_of_all_vendors_are_allowed_and_those_that_a_configuration_names() -> None:
    assert VENDOR_URLS.keys() == PLATFORMS.keys()
    vendors = {urlsplit(url).hostname for urls in VENDOR_URLS.values() for url in urls}
    named = {f"${{{path}}}" for path in addresses_in(SPEC["connectionSpecification"])}

    assert set(DATA["allowedHosts"]["hosts"]) == vendors | named


def test_suggested_streams_exist() -> None:
    existing = {stream.name for platform in PLATFORMS for stream in streams_of(platform)}

    assert set(DATA["suggestedStreams"]["streams"]) <= existing


def test_the_icon_is_square() -> None:
    icon = ElementTree.parse(ROOT / DATA["icon"]).getroot()
    left, top, width, height = icon.attrib["viewBox"].split()

    assert (left, top) == ("0", "0")
    assert width == height
    assert icon.attrib["width"] == icon.attrib["height"]


def test_poetry_builds_it() -> None:
    assert (ROOT / "poetry.lock").exists()
    assert not (ROOT / "setup.py").exists()
    assert found(r'^build-backend = "(.+)"$', "pyproject.toml") == "poetry.core.masonry.api"


def test_no_address_is_without_encryption() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    shipped = [name for name in tracked if not name.startswith(("unit_tests/", "integration_tests/", "scripts/"))]
    lines = [(name, line) for name in shipped for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]

    assert lines
    assert not [(name, line) for name, line in lines if UNENCRYPTED.search(line)]


def test_the_changelog_has_an_entry_of_this_version() -> None:
    assert f"\n## {DATA['dockerImageTag']} - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
