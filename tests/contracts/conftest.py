"""What the contract tests share."""

import pytest

from runner.config import choices


@pytest.fixture
def more():
    """What a test registers is taken back."""
    choices.load()
    before = {group: dict(found) for group, found in choices._ENTRIES.items()}
    yield
    choices.restore(before)
