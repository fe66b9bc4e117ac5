"""`model.init_from=last` names the run that was started last, in a single run and among the values of a sweep."""

import pytest

from runner.commands.train import last_named
from runner.errors import ConfigError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder, whose name has to be quoted, with one run."""
    place = tmp_path / "of mine"
    (place / "outputs" / "day" / "1" / ".hydra").mkdir(parents=True)
    (place / "outputs" / "day" / "1" / ".hydra" / "config.yaml").write_text("name: null\n")
    monkeypatch.chdir(place)
    return place


def test_the_folder_stands_in_its_place(folder):
    run = f"'{folder}/outputs/day/1'"
    assert last_named("model.init_from=last") == f"model.init_from={run}"
    assert last_named("+model.init_from=null,last") == f"+model.init_from=null,{run}"


@pytest.mark.parametrize("given", ["name=last", "model.init_from=lasting", "model.init_from=null", "--cfg"])
def test_other_words_stay(given, folder):
    assert last_named(given) == given


def test_without_a_run_it_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="last: there is no run under outputs/ yet"):
        last_named("model.init_from=last")
