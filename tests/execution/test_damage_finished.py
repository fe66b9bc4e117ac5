"""Every file of a run, a sweep and a cross-validation damaged in every way: a message or a repair, never a traceback,
never a wrong number. A seeded share of the cases by default, all of them under `soak`.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from damage import DAMAGES, found, said, spoil

from runner.cli import main

RUN = ("summary.json", "metrics.csv", "model.safetensors", "train.log", "events.out.tfevents.0.runner")
HYDRA = (".hydra/config.yaml", ".hydra/overrides.yaml", ".hydra/hydra.yaml")
OF_SWEEP = ("sweep.yaml", "results.csv", "multirun.yaml", "sweep.log", "events.out.tfevents.0.layout")
FIRST = {"run": "", "sweep": "000_lr=0.03_seed=0/", "folds": "fold=0/"}
FILES = {
    "run": [*RUN, *HYDRA],
    "sweep": [*OF_SWEEP, *(FIRST["sweep"] + name for name in (*RUN, *HYDRA))],
    "folds": ["folds.json", "results.csv", *HYDRA, *(FIRST["folds"] + name for name in (*RUN, HYDRA[0]))],
}
CASES = [(kind, name, damage) for kind, names in FILES.items() for name in names for damage in DAMAGES]
READ, RESUMED = random.Random(9).sample(CASES, 16), random.Random(10).sample(CASES, 6)
SMALL = ["model.hidden=[3]", "trainer.epochs=2", "trainer.progress=false", "trainer.figures=false"]
KINDS = {
    "run": ["seed=2"],
    "sweep": ["-m", "optimizer.lr=0.03,0.01", "seeds=2", "hydra.launcher.executor=serial"],
    "folds": ["dataset.folds=2"],
}
OTHER = {"run": "sweep/001_lr=0.03_seed=1/", "sweep": "sweep/001_lr=0.03_seed=1/", "folds": "folds/fold=1/"}


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """Undamaged folders by kind, another sweep, and a table to predict for."""
    root = tmp_path_factory.mktemp("whole")
    table = root / "table.csv"
    table.write_text("a,b,y\n" + "".join(f"{i % 7},{i * i % 11},{'yn'[i * i % 7 > 2]}\n" for i in range(60)))
    data = ["dataset=csv", f"dataset.path={table}", "dataset.target=y", *SMALL]
    for kind, words in KINDS.items():
        assert main([*words, *data, f"hydra.{'sweep' if kind == 'sweep' else 'run'}.dir={root / kind}"]) == 0
    more = ["optimizer.weight_decay=0.1", f"hydra.sweep.dir={root / 'other'}"]
    assert main([*KINDS["sweep"], *data, *more]) == 0
    return root


def other(whole: Path, kind: str, name: str) -> Path:
    """The same file of another run; of a sweep itself, that of another sweep."""
    own = name.removeprefix(FIRST[kind])
    place = whole / "other" / name if kind == "sweep" and own == name else whole / OTHER[kind] / own
    return place if place.exists() else whole / "sweep" / "results.csv"


@pytest.fixture(scope="session")
def truths():
    """What the readers get out of undamaged folders, by kind."""
    return {}


def damaged(whole: Path, tmp_path: Path, kind: str, name: str, damage: str) -> Path:
    folder = shutil.copytree(whole / kind, tmp_path / kind)
    spoil(folder / name, damage, other(whole, kind, name))
    return folder


def truth(whole, truths, tmp_path, kind, capsys):
    if kind not in truths:
        folder = shutil.copytree(whole / kind, tmp_path / "undamaged" / kind)
        truths[kind] = found(folder, folder / FIRST[kind], whole / "table.csv", capsys)
        assert truths[kind]["rows"] and truths[kind]["predictions"] and truths[kind]["curves"]
    return truths[kind]


def check_reading(whole, truths, tmp_path, capsys, kind, name, damage):
    expected = truth(whole, truths, tmp_path, kind, capsys)
    folder = damaged(whole, tmp_path, kind, name, damage)
    got = found(folder, folder / FIRST[kind], whole / "table.csv", capsys)
    for reader in ("rows", "results", "curves", "load", "predictions"):
        for run, numbers in got[reader].items():
            known = expected[reader].get(run)
            same = {key: numbers.get(key) for key in known} if isinstance(known, dict) else numbers
            assert same == known, (reader, run)
    for reader in ("report", "best"):
        code, text = got[reader]
        if code == 0 and "note: " not in text and name != "multirun.yaml":  # whose words are only suggested
            assert text == expected[reader][1]
    if folder.joinpath(name) in vouched(folder, kind) and got["rows"].keys() != expected["rows"].keys():
        assert Path(name).name in got["report"][1]


def vouched(folder: Path, kind: str) -> list[Path]:
    return [folder / (FIRST[kind] + name) for name in ("metrics.csv", "model.safetensors", *HYDRA)]


def check_resuming(whole, truths, tmp_path, capsys, kind, name, damage):
    expected = truth(whole, truths, tmp_path, kind, capsys)
    folder = damaged(whole, tmp_path, kind, name, damage)
    code, text = said(capsys, "resume", folder)
    if code:
        assert name in text or Path(name).name in text
        return
    got = found(folder, folder / FIRST[kind], whole / "table.csv", capsys)
    assert got["rows"] == expected["rows"] and got["load"] == expected["load"]
    assert got["predictions"] == expected["predictions"]
    code, text = said(capsys, "resume", folder)
    assert code == 0 and "trained again" not in text and "written anew" not in text


@pytest.mark.parametrize(("kind", "name", "damage"), READ)
def test_reading_what_is_damaged(whole, truths, tmp_path, capsys, kind, name, damage):
    check_reading(whole, truths, tmp_path, capsys, kind, name, damage)


@pytest.mark.parametrize(("kind", "name", "damage"), RESUMED)
def test_resuming_what_is_damaged(whole, truths, tmp_path, capsys, kind, name, damage):
    check_resuming(whole, truths, tmp_path, capsys, kind, name, damage)


@pytest.mark.soak
@pytest.mark.parametrize(("kind", "name", "damage"), [case for case in CASES if case not in READ])
def test_reading_whatever_is_damaged(whole, truths, tmp_path, capsys, kind, name, damage):
    check_reading(whole, truths, tmp_path, capsys, kind, name, damage)


@pytest.mark.soak
@pytest.mark.parametrize(("kind", "name", "damage"), [case for case in CASES if case not in RESUMED])
def test_resuming_whatever_is_damaged(whole, truths, tmp_path, capsys, kind, name, damage):
    check_resuming(whole, truths, tmp_path, capsys, kind, name, damage)
