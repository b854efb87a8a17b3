"""What the parts of the distribution say about each other has to agree."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from source_invoicing.config import Config
from source_invoicing.platforms import PLATFORMS
from source_invoicing.streams import InvoicingStream

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "poetry.lock"
METADATA = yaml.safe_load((ROOT / "metadata.yaml").read_text(encoding="utf-8"))


def found(pattern: str, file: str) -> str:
    """The first thing in a file that the group of the pattern matches."""
    match = re.search(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert match, f"{file} holds nothing like {pattern}"
    return match[1]


def locked(*arguments: str) -> list[str]:
    """The requirements that the scripts and the image install, without their hashes."""
    script = ROOT / "scripts" / "lib" / "locked_requirements.py"
    command = [sys.executable, str(script), str(LOCK), *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = output.replace("\\\n", "").splitlines()
    assert all("--hash=sha256:" in line for line in lines)
    return [line.partition(" --hash")[0].strip() for line in lines]


def config_of(platform: str) -> dict[str, Any]:
    """The configuration that the standard tests use."""
    path = ROOT / "integration_tests" / "configs" / f"{platform}.json"
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return config


def streams_of(platform: str) -> list[InvoicingStream]:
    """The streams of a platform, with all that an option adds."""
    config = config_of(platform)
    platform_options = {**config["platform"], "details": True}
    return PLATFORMS[platform](Config.parse({**config, "platform": platform_options}, PLATFORMS)).streams()


def test_all_files_name_the_same_version() -> None:
    versions = {
        "pyproject.toml": found(r'^version = "(.+)"$', "pyproject.toml"),
        "metadata.yaml": METADATA["data"]["dockerImageTag"],
        "Dockerfile": found(r'io\.airbyte\.version="(.+)"', "Dockerfile"),
        "CHANGELOG.md, newest entry": found(r"^## (\S+) - \d{4}-\d\d-\d\d$", "CHANGELOG.md"),
    }

    assert len(set(versions.values())) == 1, versions


def test_the_image_is_what_the_metadata_says() -> None:
    data = METADATA["data"]

    assert found(r"^ARG BASE_IMAGE=(.+)$", "Dockerfile") == data["connectorBuildOptions"]["baseImage"]
    assert found(r'io\.airbyte\.name="(.+?)"', "Dockerfile") == data["dockerRepository"]
    assert found(r'^ENV AIRBYTE_ENTRYPOINT="(.+)"$', "Dockerfile") == found(r'^ENTRYPOINT \["(.+)"\]$', "Dockerfile")


# Its streams and their schemas are the user's.
WITHOUT_SCHEMA_FILES = ("rest_api",)


@pytest.mark.parametrize("platform", sorted(PLATFORMS.keys() - WITHOUT_SCHEMA_FILES))
def test_every_schema_file_belongs_to_a_stream(platform: str) -> None:
    streams = streams_of(platform)
    (folder,) = {Path(inspect.getfile(type(stream))).parent / stream.schema_folder for stream in streams}

    # Where users describe the streams themselves, there are no files.
    assert not folder.exists() or {file.stem for file in folder.glob("*.json")} == {stream.name for stream in streams}


def test_the_lock_names_no_place_to_download_from() -> None:
    assert "://" not in LOCK.read_text(encoding="utf-8")


def test_the_lock_fits_what_the_package_requires() -> None:
    versions: dict[str, list[str]] = {}
    for line in locked("--group", "main"):
        name, _, version = line.partition(" ")[0].partition("==")
        versions.setdefault(name, []).append(version)

    for requirement in map(Requirement, requires("source-invoicing") or []):
        pinned = versions[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version) for version in pinned), f"{requirement} has {pinned}"


def test_a_group_of_the_lock_can_be_had_alone() -> None:
    main, everything = (
        {line.partition("==")[0] for line in locked(*arguments)} for arguments in (("--group", "main"), ())
    )

    assert "airbyte-cdk" in main
    assert everything - main >= {"pytest", "poetry-core"}
    assert main <= everything


def test_a_package_is_installed_where_any_group_needs_it() -> None:
    (colorama,) = (line for line in locked() if line.startswith("colorama=="))

    assert colorama.endswith(' ; (platform_system == "Windows") or (sys_platform == "win32")')


@pytest.mark.parametrize("script", ["scripts/bench", "scripts/demo", "scripts/site", "scripts/test", ".ci/run"])
def test_scripts_can_be_executed(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
