"""Products that ship with the connector: descriptions in ``products/NAME.yaml``, below what the user sets.

A file holds ``title``, ``docs`` (addresses of the vendor's pages), ``hint`` (what the user has to fill in, and where to
find it) and ``platform``: members of the platform's configuration, checked by the same code as a user's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from source_invoicing.config import Fields

FOLDER = Path(__file__).with_name("products")
#: Lists whose members have names, by which the user's members are laid over those of the product.
NAMED = ("streams", "headers", "secret_headers")


def names() -> list[str]:
    """The products there are."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def with_product(fields: Fields) -> Fields:
    """The platform's part of a configuration, with what its ``product`` knows below what the user sets.

    :raises Failure: when there is no such product
    """
    name = fields.optional_text("product")
    if not name:
        return fields
    description = load(fields.choice("product", names()))
    return fields.replaced(laid_over(description["platform"], fields.values))


def load(name: str) -> Mapping[str, Any]:
    """The description of a product."""
    description: Mapping[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_bytes())
    return description


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two objects of the configuration as one. What is set above counts; a blank text sets nothing.

    An object of another ``type`` takes the whole place of the one below. Members of named lists are laid over those of
    the same name; they stand first, so that messages count them as the user does.
    """
    merged = dict(below)
    for name, value in above.items():
        if value is not None and not (value == "" and below.get(name)):
            merged[name] = _member(name, below.get(name), value)
    return merged


def _member(name: str, below: Any, above: Any) -> Any:
    """A member that may be set both in a product and by the user."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        of_the_same_type = above.get("type", below.get("type")) == below.get("type")
        return laid_over(below, above) if of_the_same_type else above
    if name in NAMED and isinstance(below, list) and isinstance(above, list):
        return _by_name(below, above)
    return above


def _by_name(below: Sequence[Any], above: Sequence[Any]) -> list[Any]:
    known = {each["name"].lower(): each for each in below}
    own = [
        laid_over(known.pop(str(each.get("name")).lower(), {}), each) if isinstance(each, Mapping) else each
        for each in above
    ]
    return [*own, *known.values()]
