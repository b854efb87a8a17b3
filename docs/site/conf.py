"""How Sphinx makes a site of the pages, which are written for GitHub: ``scripts/site``."""

from __future__ import annotations

from typing import Any

project = "source-invoicing"
html_title = project
html_theme = "furo"
html_favicon = html_logo = "../../icon.svg"
html_theme_options = {"sidebar_hide_name": False}
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False

# Pages link to each other as in the repository, so the repository is the source.
root_doc = "README"
include_patterns = ["*.md", "docs/**.md"]

extensions = ["myst_parser", "sphinxcontrib.mermaid"]
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 4
# The browser draws the diagrams, with this version. Without a network, their text stays.
mermaid_version = "11.12.1"

NAVIGATION = """

```{toctree}
:hidden:
:caption: Use
Setup, streams, messages <docs/integrations/sources/invoicing>
Any invoicing API <docs/rest-api>
Behavior <BEHAVIOR>
Running it <docs/clients>
Upgrading <docs/upgrading>
CHANGELOG
```

```{toctree}
:hidden:
:caption: Trust
docs/reliability
docs/performance
docs/probe
```

```{toctree}
:hidden:
:caption: Change
CONTRIBUTING
docs/architecture
docs/adding-a-platform
```
"""


def add_navigation(_app: Any, page: str, source: list[str]) -> None:
    """Put the navigation behind the text of the first page, where the site looks for it."""
    if page == root_doc:
        source[0] += NAVIGATION


def setup(app: Any) -> None:
    """What Sphinx calls."""
    app.connect("source-read", add_navigation)
