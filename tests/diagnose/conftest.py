"""`runner diagnose` as a user types it, in this process."""

import functools
import json
from typing import NamedTuple

import pytest

from runner.cli import main
from runner.config.compose import Composer
from runner.plan import command_line
from runner.records.events import png_size


class Answer(NamedTuple):
    """What a diagnosis left: result.json, and what it said."""

    numbers: dict
    said: str


@pytest.fixture(autouse=True)
def one_composer(monkeypatch):
    """All commands share what has been composed, as the jobs of a sweep do."""
    monkeypatch.setattr(command_line, "Composer", composer)


class Choices(Composer):
    """Composes choices alone: what Hydra makes of a whole job is of no use here."""

    def base(self, overrides):
        return super().base([override for override in overrides if self.is_choice(override)])


composer = functools.cache(Choices)


@pytest.fixture
def ask(tmp_path, monkeypatch, capsys):
    """Asks, and reads what was written."""
    monkeypatch.chdir(tmp_path)

    def answer(*words):
        code = main(["diagnose", *words, "--out", "found"])
        said = capsys.readouterr()
        assert code == 0, said.err
        assert png_size((tmp_path / "found" / "figure.png").read_bytes()) == (1040, 780)
        assert "wrote: found (result.json, figure.png)" in said.out and "  runner " in said.out
        return Answer(json.loads((tmp_path / "found" / "result.json").read_text()), said.out)

    return answer


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys):
    """Asks what can't be answered: the reason."""
    monkeypatch.chdir(tmp_path)

    def reason(*words, code=2):
        assert main(["diagnose", *words]) == code
        said = capsys.readouterr()
        assert said.out == "" and not list(tmp_path.glob("outputs/diagnose/*/*"))
        return said.err

    return reason
