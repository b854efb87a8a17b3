"""What is wrong in the file of a product, with the line it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from source_invoicing.config import Fields
from source_invoicing.http import Failure
from source_invoicing.platforms.rest_api.options import Options
from source_invoicing.platforms.rest_api.products import Product, overlaid

#: What a user has to enter, by the kind of login.
CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "api_key": {"value": "key1"},
    "basic": {"username": "key1"},
    "bearer": {"token": "key1"},
    "oauth2": {"client_id": "client", "client_secret": "secret1"},
}
STEP = re.compile(r"\w+")


def configured(product: Product) -> dict[str, Any]:
    """The platform's part of a configuration, as its user would complete it."""
    auth = product.platform["auth"]
    login = dict(CREDENTIALS.get(auth["type"], {}))
    if auth["type"] == "oauth2" and "grant" not in auth:
        login["refresh_token"] = "token1"
    base_url = {} if "base_url" in product.platform else {"base_url": "https://acme.example.com/api"}
    headers = [{"name": header, "value": "of the account"} for header in product.account_headers]
    own = {"name": "rest_api", "product": product.name, "auth": login, "secret_headers": headers, **base_url}
    return overlaid(product.platform, own)


def complaints(name: str, text: str) -> Iterator[str]:
    """What the loader has to say of a file: ``NAME.yaml, line N: sentence``."""
    try:
        product = Product.parse(name, yaml.safe_load(text))
        fields = Fields(configured(product), "platform")
        for known in ("name", "product"):
            fields.optional_text(known)
        Options.parse(fields, has_start_date=False)
    except yaml.MarkedYAMLError as error:
        yield f"{name}.yaml, line {error.problem_mark.line + 1 if error.problem_mark else 1}: {error.problem}"
    except (TypeError, KeyError) as error:
        yield f"{name}.yaml, line 1: {error}"
    except Failure as failure:
        yield f"{name}.yaml, line {line_of(text, failure.sentence)}: {failure.sentence}"
    else:
        for sentence in fields.unknown():
            yield f"{name}.yaml, line {line_of(text, sentence)}: {sentence}"


def line_of(text: str, sentence: str) -> int:
    """The line of the property that a sentence begins with, or of what is nearest to it in the file."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    steps = STEP.findall(sentence.partition(" ")[0])
    line, depth = _descend(root, steps)
    if steps[:2] == ["platform", "streams"] and depth < len(steps):
        # A stream has it from the defaults.
        of_defaults, reached = _descend(root, ["defaults", *steps[3:]])
        line = of_defaults if reached == len(steps) - 2 else line
    return line


def _descend(node: yaml.Node | None, steps: list[str]) -> tuple[int, int]:
    """The line reached, and how many steps were taken."""
    line = node.start_mark.line + 1 if node is not None else 1
    for taken, step in enumerate(steps):
        if isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
            node = node.value[int(step)]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
            if not found:
                return line, taken
            key, node = found[0]
            line = key.start_mark.line + 1
        else:
            return line, taken
    return line, len(steps)
