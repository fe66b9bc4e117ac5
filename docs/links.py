"""A hook of mkdocs: the site also has the page of outputs/; other links out of docs/ (tests, results) become text."""

import re
from pathlib import Path
from typing import Any

OUTPUTS = Path(__file__).parents[1] / "outputs" / "README.md"
OUTSIDE = re.compile(r"(?<!!)\[([^\]]+)\]\(\.\./[^)]*\)")


def on_files(files: Any, config: Any) -> None:
    """What runs write is described where it lies; on the site that is the page outputs.md."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, "outputs.md", abs_src_path=str(OUTPUTS)))


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page without the links that begin with `../`; their texts stay."""
    return OUTSIDE.sub(r"\1", markdown.replace("](../outputs/README.md)", "](outputs.md)"))
