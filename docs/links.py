"""A hook of mkdocs: what a page links outside of docs/ (tests, results) is text on the site, which has only the pages."""

import re
from typing import Any

OUTSIDE = re.compile(r"(?<!!)\[([^\]]+)\]\(\.\./[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page without the links that begin with `../`; their texts stay."""
    return OUTSIDE.sub(r"\1", markdown)
