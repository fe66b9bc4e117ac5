"""Every YAML file that is shipped trains, as it is named on the command line. Experiments are in test_readme.py."""

import csv

import pytest

from runner.cli import main
from runner.config.location import config_dir
from runner.config.settings import FLAT_GROUPS

FILES = sorted(path.relative_to(config_dir()) for path in config_dir().rglob("*.yaml"))
SHIPPED = [path for path in FILES if path.parts[0] != "experiment"]


def words(path) -> list[str]:
    """What chooses a file: nothing for config.yaml, optimizer=nesterov, regularizer=[batch_norm]."""
    group, name = path.parent.as_posix(), path.stem
    if group == ".":
        return []
    return [f"{group}=[{name}]" if group in FLAT_GROUPS else f"{group}={name}"]


def test_no_file_is_missed():
    assert len(SHIPPED) == 6
    assert len(FILES) - len(SHIPPED) == sum(1 for _ in (config_dir() / "experiment").glob("*.yaml")) >= 1


@pytest.mark.parametrize("path", SHIPPED, ids=str)
def test_it_trains_two_epochs(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    quick = ["dataset=iris", "trainer.epochs=2", "trainer.figures=false", "trainer.progress=false"]
    assert main([*words(path), *quick]) == 0
    [table] = tmp_path.rglob("metrics.csv")
    with table.open(newline="") as lines:
        losses = [float(row["val/loss"]) for row in csv.DictReader(lines)]
    assert len(losses) == 3
    assert losses[2] < losses[0]
