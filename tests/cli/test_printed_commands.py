"""Every command that is printed is run, from the folder it is printed for, and trains what it says: the weights' bytes.

The weights of a run depend on all its settings, so that equal bytes are the same run.
"""

from __future__ import annotations

import shlex

import pytest
from printed_commands import FAST, STARTED, Lab, commands, models


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


def check(lab, place, folder, printed, number=0):
    """Run the commands in `folder`; those that train must find the runs of `place`, bit for bit, or only new seeds."""
    before = models(place)
    trained = 0
    for i, command in enumerate(printed):
        words = shlex.split(command)[1:]
        if words[0] in ("report", "best", "resume"):
            lab.runner(folder, *words)
            continue
        new = folder / f"again-{number}-{i}"
        where = [] if "--extend" in words else [f"hydra.{'sweep' if '-m' in words else 'run'}.dir='{new}'"]
        lab.runner(folder, *words, *where)
        after = models(place if "--extend" in words else new)
        assert after and all(before[key] == after[key] for key in before.keys() & after.keys())
        assert before.keys() & after.keys() or "dataset.val_fraction=0.0" in words  # trained on all rows after folds
        assert len(after) > len(before.keys() & after.keys()) or "-m" not in words
        before |= after
        trained += 1
    return trained


def looked_at(lab, place, folder):
    """What report and best print about a place in `folder`."""
    return commands(lab.runner(folder, "report", str(place)) + lab.runner(folder, "best", str(place)))


@pytest.mark.parametrize("name", FAST)
def test_printed_commands_train_what_they_say(lab, name):
    place, printed = lab.start(name)
    assert check(lab, place, lab.home, printed) or name != "run of a table"
    assert check(lab, place, lab.other, looked_at(lab, place, lab.other), 1) >= 1


@pytest.mark.soak
@pytest.mark.parametrize("name", [*STARTED, "runs from Python"])
def test_every_printed_command_of_varied_runs_and_sweeps_trains_what_it_says(lab, name):
    place, printed = (lab.from_python(), []) if name == "runs from Python" else lab.start(name)
    assert check(lab, place, lab.home, printed) or not name.startswith("run ") or name == "run of folds"
    for number, folder in enumerate((lab.other, lab.home), 1):
        assert check(lab, place, folder, looked_at(lab, place, folder), number) >= 1
        again = folder / "repeated"
        kind = "sweep" if (place / "sweep.yaml").exists() else "run"
        if name != "runs from Python" and "basic" not in name:
            lab.runner(folder, "repeat", str(place), f"hydra.{kind}.dir=repeated")
            assert models(again) == {key: value for key, value in models(place).items() if key in models(again)}
            assert kind == "sweep" or models(again) == models(place)


def test_started_are_twenty():
    assert len(STARTED) >= 20
