"""The hook of the site: links that lead out of docs/ become text, but that to the page of outputs/."""

import importlib
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "docs"))
links = importlib.import_module("links")


def test_a_link_out_of_the_pages_is_text_and_all_others_stay():
    inside = "[words](vocabulary.md#a), ![picture](images/sweep.png)"
    page = f"[tests](../tests/docs), [`a_b`](../x.py), [runs](../outputs/README.md), {inside}"
    assert links.on_page_markdown(page, page=None) == f"tests, `a_b`, [runs](outputs.md), {inside}"
