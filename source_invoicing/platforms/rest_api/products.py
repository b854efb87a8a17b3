"""Products that ship with the connector: descriptions in ``products/NAME.yaml``, below what the user sets.

A file holds ``title``, ``docs`` (addresses of the vendor's pages), ``hint`` (what the user has to fill in, and where to
find it), ``account_headers`` (names of headers whose values only the account knows), ``platform`` (members of the
platform's configuration, checked by the same code as a user's own) and ``defaults``: members of every stream with a
path that sets none of its own. A stream does without one by setting it to null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from typing_extensions import Self

from source_invoicing.config import Fields

FOLDER = Path(__file__).with_name("products")
#: Lists whose members have names, by which the user's members are laid over those of the product.
NAMED = ("streams", "headers", "secret_headers")
#: What Airbyte's form fills in under ``auth`` by itself. Over a product it is no choice of the user.
FILLED_IN: Mapping[str, str] = {
    "location": "query",
    "name": "api_key",
    "grant": "refresh_token",
    "client_auth": "body",
}


@dataclass(frozen=True)
class Product:
    """What is known about a product: what its file holds, with the defaults in the streams."""

    name: str
    title: str
    docs: Sequence[str]
    hint: str
    platform: Mapping[str, Any]
    account_headers: Sequence[str] = ()

    @classmethod
    def load(cls, name: str) -> Self:
        """Read the description of a product."""
        return cls.parse(name, yaml.safe_load((FOLDER / f"{name}.yaml").read_bytes()))

    @classmethod
    def parse(cls, name: str, values: Mapping[str, Any]) -> Self:
        """A product from what its file holds.

        :raises TypeError: when the file lacks a member, or has one that is not known
        """
        members = dict(values)
        defaults, platform = members.pop("defaults", {}), members.pop("platform", {})
        streams = [each if "from" in each else {**defaults, **each} for each in platform["streams"]]
        # Null does without a default.
        streams = [{name: value for name, value in each.items() if value is not None} for each in streams]
        return cls(name=name, platform={**platform, "streams": streams}, **members)

    def completed(self, fields: Fields) -> Fields:
        """The platform's part of a configuration, with what the product knows below what the user sets.

        :raises Failure: when the user has to set something that is not there
        """
        values = laid_over(self.platform, fields.values)
        if not values.get("base_url"):
            raise fields.complaint("base_url", f"is missing. {self.title}: {self.hint}")
        headers = [each for name in ("headers", "secret_headers") for each in values.get(name) or ()]
        named = {str(each.get("name")).lower() for each in headers if isinstance(each, Mapping)}
        for header in self.account_headers:
            if header.lower() not in named:
                raise fields.complaint("headers", f"should hold {header}. {self.title}: {self.hint}")
        return fields.replaced(values)


def names() -> list[str]:
    """The products there are."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def chosen(fields: Fields) -> Product | None:
    """The product that a configuration names, if it does.

    :param fields: the platform's part of the configuration
    :raises Failure: when there is no such product
    """
    return Product.load(fields.choice("product", names())) if fields.optional_text("product") else None


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
        if name == "auth":
            above = {key: value for key, value in above.items() if key not in below or FILLED_IN.get(key) != value}
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
