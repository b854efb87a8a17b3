"""What an Airbyte that runs some version of this connector has stored, kept for all later versions to accept.

``python -m integration_tests.stored`` writes it for the version in ``metadata.yaml``, for all platforms or those named,
from a read of the sandbox. Run it before a version is released, and never again for that version.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from integration_tests.connector import Connector, Json, Output
from integration_tests.sandbox import Sandbox
from source_invoicing.platforms import PLATFORMS

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(__file__).with_name("fixtures")
SPEC = "spec.json"


@dataclass(frozen=True)
class Stored:
    """What is stored of one connection.

    :param config: as it was saved; the addresses are those of a sandbox that is gone
    :param catalog: the configured catalog, without descriptions
    :param complete: the states after a complete sync
    :param midway: of each stream a state from the middle of a sync, as if that had been cut off there
    :param emitted: how many records of each stream had come before that state
    """

    config: Json
    catalog: Json
    complete: list[Json]
    midway: list[Json]
    emitted: dict[str, int]

    @classmethod
    def load(cls, path: Path) -> Stored:
        """Read a file that :meth:`save` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def save(self, path: Path) -> None:
        """Write it, with a line for each stream, so that a change can be seen."""
        parts = [f"{json.dumps(name)}: {_lines(value)}" for name, value in vars(self).items()]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def stored_files() -> dict[str, Path]:
    """The files of all versions and platforms, by ``version-platform``."""
    return {f"{path.parent.name}-{path.stem}": path for path in sorted(FOLDER.glob("*/*.json")) if path.name != SPEC}


def store(platform: str, folder: Path) -> None:
    """Read a sandbox and keep what Airbyte would have stored."""
    with Sandbox(platform) as sandbox, TemporaryDirectory() as files:
        connector = Connector(sandbox.config, Path(files))
        output = connector.read()
        assert output.exit_code == 0, output.text
        midway, emitted = _midway(output)
        catalog = _without_descriptions(connector.configured())
        Stored(sandbox.config, catalog, output.last_state, midway, emitted).save(folder / f"{platform}.json")


def _midway(output: Output) -> tuple[list[Json], dict[str, int]]:
    """Of each stream the state message in the middle, and how many records precede it."""
    seen: Counter[str] = Counter()
    states: dict[str, list[tuple[Json, int]]] = {}
    for message in output.messages:
        if message["type"] == "RECORD":
            seen[message["record"]["stream"]] += 1
        elif message["type"] == "STATE":
            name = message["state"]["stream"]["stream_descriptor"]["name"]
            states.setdefault(name, []).append((message["state"], seen[name]))
    chosen = {name: of_stream[(len(of_stream) - 1) // 2] for name, of_stream in states.items()}
    return [state for state, _ in chosen.values()], {name: count for name, (_, count) in chosen.items()}


def _without_descriptions(value: Any) -> Any:
    """Schemas without the texts, which are most of them. A property of that name is an object, and stays."""
    if isinstance(value, list):
        return [_without_descriptions(each) for each in value]
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if key != "description" or not isinstance(each, str)}
        return {key: _without_descriptions(each) for key, each in kept.items()}
    return value


def _lines(value: Any) -> str:
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(each) for each in value) + "\n]"
    if isinstance(value, dict) and value.keys() == {"streams"}:
        return f'{{"streams": {_lines(value["streams"])}}}'
    return json.dumps(value)


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description="Keeps what Airbyte stores of this version.")
    parser.add_argument("platform", nargs="*", help="default: all platforms")
    arguments = parser.parse_args()
    metadata = yaml.safe_load((ROOT / "metadata.yaml").read_text(encoding="utf-8"))
    folder = FOLDER / metadata["data"]["dockerImageTag"]
    for platform in arguments.platform or PLATFORMS:
        store(platform, folder)
    with TemporaryDirectory() as files:
        (spec,) = Connector({}, Path(files)).spec().of("SPEC")
    (folder / SPEC).write_text(json.dumps(_without_descriptions(spec), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
