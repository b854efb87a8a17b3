"""Products that ship with the connector: a description in ``products/NAME.yaml``, which the user's options override.

A file holds:

- ``title``
- ``docs``: addresses of the vendor's pages
- ``hint``: what the user has to fill in, and where to find it
- ``account_headers``: names of headers whose values depend on the account
- ``platform``: members of the platform's configuration, checked by the same code as a user's own
- ``defaults``: members of every stream with a path, unless the stream sets them; null drops one
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
#: Lists whose members are merged by name with those of the user.
NAMED = ("streams", "headers", "secret_headers")
#: What Airbyte's form fills in under ``auth`` by default. With a product, these values are not the user's choice.
FORM_DEFAULTS: Mapping[str, str] = {
    "location": "query",
    "name": "api_key",
    "grant": "refresh_token",
    "client_auth": "body",
}


@dataclass(frozen=True)
class Product:
    """The description of a product, with the defaults filled into its streams."""

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

        :raises TypeError: when the file lacks a member or has an unknown one
        """
        members = dict(values)
        defaults, platform = members.pop("defaults", {}), members.pop("platform", {})
        streams = [each if "from" in each else {**defaults, **each} for each in platform["streams"]]
        # Null drops a default.
        streams = [{name: value for name, value in each.items() if value is not None} for each in streams]
        return cls(name=name, platform={**platform, "streams": streams}, **members)

    def completed(self, fields: Fields) -> Fields:
        """The platform's part of a configuration, completed by the product's description.

        :raises Failure: when an option is missing that the user has to set
        """
        values = overlaid(self.platform, fields.values)
        if not values.get("base_url"):
            raise fields.complaint("base_url", f"is missing. {self.title}: {self.hint}")
        completed = fields.replaced(values)
        headers = [*completed.objects("headers"), *completed.objects("secret_headers")]
        named = {each.optional_text("name").lower() for each in headers}
        for header in self.account_headers:
            if header.lower() not in named:
                raise fields.complaint("headers", f"should hold {header}. {self.title}: {self.hint}")
        return completed


def names() -> list[str]:
    """The names of all products."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def chosen_product(fields: Fields) -> Product | None:
    """The product that a configuration names, if any.

    :param fields: the platform's part of the configuration
    :raises Failure: when the product is not known
    """
    return Product.load(fields.choice("product", names())) if fields.optional_text("product") else None


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two objects of the configuration. Members of ``above`` win; a blank text sets nothing.

    An object of another ``type`` replaces the one below. Members of named lists are merged with those of the same name;
    the user's come first, so that their indices in messages are those of the user's configuration.
    """
    merged = dict(below)
    for name, value in above.items():
        if value is not None and not (value == "" and below.get(name)):
            merged[name] = _member(name, below.get(name), value)
    return merged


def _member(name: str, below: Any, above: Any) -> Any:
    """Merge a member that the product and the user may both set."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        of_the_same_type = above.get("type", below.get("type")) == below.get("type")
        if name == "auth":
            above = {key: value for key, value in above.items() if key not in below or FORM_DEFAULTS.get(key) != value}
        return overlaid(below, above) if of_the_same_type else above
    if name in NAMED and isinstance(below, list) and isinstance(above, list):
        return _by_name(below, above)
    return above


def _by_name(below: Sequence[Any], above: Sequence[Any]) -> list[Any]:
    known = {each["name"].lower(): each for each in below}
    own = [
        overlaid(known.pop(str(each.get("name")).lower(), {}), each) if isinstance(each, Mapping) else each
        for each in above
    ]
    return [*own, *known.values()]
