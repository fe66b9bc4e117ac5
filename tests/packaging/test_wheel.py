"""The wheel holds everything a run needs: built, installed in a clean environment and used far from the checkout."""

import csv
import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALLED = next(p for p in sys.path if Path(p).name == "site-packages")


def call(*command, folder: Path, **env) -> str:
    """Standard output of a command that must succeed, run in `folder` as a user would: no PYTHONPATH, no checkout."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | env
    done = subprocess.run([str(c) for c in command], cwd=folder, env=clean, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, folder=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def runner(wheel, tmp_path_factory) -> Path:
    """The command `runner` of a fresh environment that holds the wheel and borrows only the libraries of this one.

    The libraries are lent through a .pth line, which adds a plain sys.path entry: .pth files inside that folder are not
    read, and so the editable installation of the checkout is not seen.
    """
    home = tmp_path_factory.mktemp("clean")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    packages = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=home).strip())
    call(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, folder=home)
    (packages / "libraries.pth").write_text(f"{INSTALLED}\n")
    return home / "bin" / "runner"


@pytest.fixture
def away(tmp_path) -> Path:
    """A folder from which the checkout cannot be seen."""
    assert ROOT not in tmp_path.parents
    return tmp_path


def test_configs_and_modules_are_inside(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    configs = {p.relative_to(ROOT / "configs").as_posix() for p in (ROOT / "configs").rglob("*.yaml")}
    rooms = (ROOT / "runner", ROOT / "hydra_plugins")
    modules = {p.relative_to(ROOT).as_posix() for room in rooms for p in room.rglob("*.py")}
    assert "config.yaml" in configs
    assert {f"runner/configs/{name}" for name in configs} <= names
    assert modules <= names
    assert "hydra_plugins/runner_sweeper/__init__.py" in modules
    assert "hydra_plugins/__init__.py" not in names  # a namespace, which other distributions share
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "configs/"))]


def test_the_installed_package_is_the_wheels(runner, away):
    found = call(runner.with_name("python"), "-c", "import runner.cli; print(runner.cli.__file__)", folder=away)
    assert Path(found.strip()).is_relative_to(runner.parents[1])


def test_help_and_list(runner, away):
    assert "resume" in call(runner, "--help", folder=away)
    assert "adamw" in call(runner, "list", folder=away)
    assert not list(away.iterdir())


def test_configuration_is_printed_and_nothing_is_trained(runner, away):
    shown = call(runner, "--cfg", "job", "optimizer.lr=0.0123", folder=away)
    assert "lr: 0.0123" in shown
    assert not list(away.rglob("metrics.csv"))


def test_two_epochs_of_training(runner, away):
    call(runner, "trainer.epochs=2", "trainer.progress=false", folder=away)
    (summary,) = away.glob("outputs/*/*/summary.json")
    with (summary.parent / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["epoch"]) for row in rows] == [0, 1, 2]
    assert float(rows[2]["train/loss"]) < float(rows[0]["train/loss"])
    assert json.loads(summary.read_text())["status"] == "completed"
    assert (summary.parent / "model.safetensors").stat().st_size > 64 * 128 * 4
    assert list(summary.parent.glob("events.out.tfevents.*"))


def test_a_sweep_trains_through_the_wheels_own_doors(runner, away):
    call(runner, "-m", "seeds=2", "trainer.epochs=1", "model.hidden=[4]", folder=away)
    (results,) = away.glob("outputs/sweeps/*/*/results.csv")
    with results.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["seed"] for row in rows] == ["0", "1"]
    assert {row["status"] for row in rows} == {"completed"}
