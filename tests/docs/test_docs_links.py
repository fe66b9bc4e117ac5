"""The hook of the site: links that lead out of docs/ become text."""

import importlib
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "docs"))
links = importlib.import_module("links")


def test_a_link_out_of_the_pages_is_text_and_all_others_stay():
    page = "see [tests](../tests/docs), [`a_b`](../x.py), [words](vocabulary.md#a), ![picture](images/sweep.png)"
    assert links.on_page_markdown(page, page=None) == (
        "see tests, `a_b`, [words](vocabulary.md#a), ![picture](images/sweep.png)"
    )
