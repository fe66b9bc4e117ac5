"""Short ways to the data room for its tests."""

from types import SimpleNamespace

import pytest

from runner.data.prepare import prepare


@pytest.fixture
def run_data():
    """run_data(source, cache=None, dtype="float32") -> RunData."""

    def make(source, cache=None, dtype="float32"):
        return prepare(SimpleNamespace(dataset=source, trainer=SimpleNamespace(dtype=dtype)), cache)

    return make


@pytest.fixture
def csv_file(tmp_path):
    """csv_file(text or bytes, name="table.csv") -> path as text."""

    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write
