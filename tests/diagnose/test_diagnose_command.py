"""`runner diagnose`: listing, naming, refusing."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import runner
from runner.cli import main
from runner.diagnose.base import kinds
from runner.diagnose.subject import subject

NAMES = ["activations", "bias_variance", "calibration", "gradients", "hessian", "lr_range", "paths", "sharpness"]
NAMES += ["surface", "trajectories"]


def test_all_questions_are_listed_with_their_lectures(capsys):
    assert main(["diagnose"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[3:]] == NAMES == list(kinds())
    assert all(kind.about.endswith((".", "?")) and kind.lecture for kind in kinds().values())


@pytest.mark.parametrize("name", NAMES)
def test_help_explains_one_with_its_options(name, capsys):
    with pytest.raises(SystemExit) as end:
        main(["diagnose", name, "--help"])
    said = capsys.readouterr().out
    assert end.value.code == 0 and f"example: runner diagnose {name}" in said
    assert all(f"--{option}" in said for option in kinds()[name].options)


def test_listing_and_refusing_import_neither_torch_nor_scikit_learn():
    code = (
        "import sys; from runner.cli import main; main(['diagnose']); main(['diagnose', 'hesian']); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'sklearn', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hesian", "last"], "diagnose hesian: no such diagnosis; did you mean hessian? there are activations, "),
        (["hessian"], "hessian: of what? Name a run, such as `runner diagnose hessian "),
        (["hessian", "nowhere"], "nowhere: no such folder"),
        (["hessian", "run", "seed=1"], "run: name the folder of one run or sweep, or overrides such as"),
        (["hessian", "optimizer.lr=-1"], "optimizer.lr = -1"),
        (["hessian", "-m", "seed=0,1"], "hessian: is about one run, but the words stand for 2; give one value a key"),
        (["surface", "dataset.folds=3"], "surface: is about one run, but the words stand for 3"),
        (
            ["gradients", "ensemble=deep", "ensemble.size=3", "seed=1"],
            "is an ensemble of several; ask about the network alone: `runner diagnose gradients seed=1`",
        ),
        (["gradients", "model.init_from=nowhere"], "holds no model.safetensors; name the folder of a finished run"),
        (["lr_range", "model.init_from=nowhere"], "holds no model.safetensors; name the folder of a finished run"),
        (["surface", "seed=1", "--points", "2"], "--points 2: out of range; allowed: a whole number >= 3 and <= 201"),
        (["hessian", "seed=1", "--exakt", "3"], "unrecognized arguments: --exakt 3; did you mean --exact?"),
        (["surface", "--point=3", "--pints=3"], "--pints=3; did you mean --points?"),
        (["paths", "seed=1", "-x"], "unrecognized arguments: -x; `runner diagnose paths --help` shows all"),
        (["surface", "seed=1", "--directions", "up"], "--directions up: unknown choice; allowed: random | axes | path"),
        (["trajectories", "last"], "last: there is no run under outputs/ yet"),
    ],
)
def test_what_can_not_be_asked_is_refused_with_a_way_out(words, said, refused):
    assert said in refused(*words)


def test_an_ensemble_is_asked_through_its_first_member_and_that_is_said(ask, tmp_path):
    short = {"dataset": "two_moons", "dataset.n": 80, "model.hidden": [3], "trainer.epochs": 1}
    (outcome,) = runner.train([short | {"ensemble": "deep", "ensemble.size": 2}], outputs=tmp_path / "runs")
    found = ask("surface", str(outcome.folder), "--points", "3")
    assert "note: of the ensemble its first member, " in found.said and "members/000" in found.said
    assert (
        ask("surface", str(outcome.folder / "members" / "000"), "--points", "3").numbers["centre"]
        == found.numbers["centre"]
    )


def test_a_sweep_of_ensembles_is_refused_with_the_name_of_a_member(refused, tmp_path):
    short = {"dataset": "two_moons", "dataset.n": 80, "model.hidden": [3], "trainer.epochs": 1, "ensemble.size": 2}
    outcomes = runner.train([short | {"ensemble": "deep", "seed": seed} for seed in (0, 9)], outputs=tmp_path / "runs")
    assert "name one of members/ in one of the runs" in refused("bias_variance", str(outcomes[0].folder.parent))


ROOT = Path(__file__).parents[2]
TYPED = [f"runner diagnose {name} {kind.cls.example}" for name, kind in kinds().items() if kind.cls.example != "last"]
TYPED += re.findall(r"`(runner diagnose [a-z_]+ [^`]*=[^`]*)`", (ROOT / "docs" / "lectures.md").read_text())


@pytest.mark.parametrize("line", TYPED)
def test_what_help_and_pages_say_to_type_names_runs(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, _, name, *words = shlex.split(line)
    multirun = "-m" in words
    kind = kinds()[name]
    found = subject([word for word in words if word != "-m"], name, several=kind.cls.several, multirun=multirun)
    assert len(found.cases) > multirun


def test_the_command_line_answers_and_says_what_to_type_next(tmp_path, forks):
    found = forks.run("diagnose", "gradients", "model.hidden=[3]", "--checked", "1", cwd=tmp_path)
    assert found.returncode == 0
    assert "runner diagnose lr_range 'model.hidden=[3]'" in found.stdout
    (folder,) = (tmp_path / "outputs" / "diagnose" / "gradients").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["figure.png", "result.json"]
