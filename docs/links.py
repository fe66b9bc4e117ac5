"""A hook of mkdocs: the site has only the pages, so that links to tests and results outside of docs/ become text."""

import re
from typing import Any

OUTSIDE = re.compile(r"(?<!!)\[([^\]]+)\]\(\.\./[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page without the links that begin with `../`; their texts stay."""
    return OUTSIDE.sub(r"\1", markdown)
