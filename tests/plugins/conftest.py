"""A working folder with a plug-in in it; what plug-ins change in this process is as_new."""

import pytest
from plugged_in import HALVES, as_new


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """mine.py in the working folder."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mine.py"
    file.write_text(HALVES)
    yield file
    as_new()


@pytest.fixture
def says(capsys):
    """Runs a command line in this process: (exit code, what it prints, what it says on stderr)."""
    from runner.cli import main

    def command(*words):
        code = main([str(word) for word in words])
        return code, *capsys.readouterr()

    return command
