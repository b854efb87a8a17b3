"""Turns ``poetry.lock`` into requirements for pip.

One requirement per locked package, with the environment it is for and the hashes of all its files, to be installed by
``pip install --no-deps --require-hashes``. This runs before anything is installed: it needs Python and pip only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

Package = Mapping[str, Any]


def requirements(packages: Collection[Package], groups: Collection[str]) -> Iterator[str]:
    """What pip has to install for some of the dependency groups.

    :param packages: the packages of the lock
    :param groups: ``main`` is what the package itself needs
    """
    for package in packages:
        members = [group for group in package["groups"] if group in groups]
        if members:
            marker = _marker(package, members)
            condition = f" ; {marker}" if marker else ""
            hashes = "".join(f" \\\n    --hash={file['hash']}" for file in package["files"])
            yield f"{package['name']}=={package['version']}{condition}{hashes}"


def _marker(package: Package, groups: Collection[str]) -> str:
    """The environments in which any of the groups needs the package; empty for all environments."""
    markers = package.get("markers", "")
    if isinstance(markers, str):
        return markers
    needed = {markers.get(group, "") for group in groups}
    return "" if "" in needed else " or ".join(f"({marker})" for marker in sorted(needed))


def main() -> None:
    """Print the requirements."""
    parser = argparse.ArgumentParser(description="Prints the packages of poetry.lock as requirements for pip.")
    parser.add_argument("lock", type=Path, help="path of poetry.lock")
    parser.add_argument("--group", action="append", help="a dependency group to include; without it, all of them")
    arguments = parser.parse_args()
    packages = tomllib.loads(arguments.lock.read_text(encoding="utf-8"))["package"]
    known = {group for package in packages for group in package["groups"]}
    groups = set(arguments.group or known)
    if unknown := groups - known:
        parser.error(f"{arguments.lock} has no group {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}.")
    print("\n".join(requirements(packages, groups)))


if __name__ == "__main__":
    main()
