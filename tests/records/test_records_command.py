"""The command of a run as Hydra has recorded it, and what is printed of it."""

import shlex

from runner.config.location import config_dir
from runner.records.command import Command, launched


def node(task=(), hydra=(), main=None, extra=None, name="config"):
    """What Hydra writes under `hydra`, as far as it is read."""
    sources = [("hydra", "hydra.conf"), ("main", str(main or config_dir())), ("schema", "")]
    sources += [("command-line", str(extra))] if extra else []
    return {
        "overrides": {"task": list(task), "hydra": list(hydra)},
        "job": {"config_name": name},
        "runtime": {"config_sources": [{"provider": provider, "path": path} for provider, path in sources]},
    }


def test_a_plain_command_is_its_words():
    command = Command.of(node(["optimizer.lr=0.1", "name='a b'"], ["hydra.run.dir=x", "hydra.mode=RUN"]))
    assert shlex.split(command.once()) == ["runner", "optimizer.lr=0.1", "name='a b'"]
    assert shlex.split(command.sweep("seed=0,1")) == ["runner", "-m", "optimizer.lr=0.1", "name='a b'", "seed=0,1"]


def test_a_change_takes_the_place_of_the_key_however_it_was_written():
    command = Command.of(node(["++seed=3", "+optimizer.lr=0.1", "model.hidden=[8]"]))
    assert command.sweep("seeds=5") == "runner -m +optimizer.lr=0.1 'model.hidden=[8]' seeds=5"
    assert command.once("optimizer.lr=LOWER") == "runner ++seed=3 'model.hidden=[8]' optimizer.lr=LOWER"


def test_primary_configuration_and_launcher_are_carried_and_one_sweeps_jobs_are_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    about = ["hydra/launcher=basic", "hydra.launcher.x=1", "hydra/sweeper=random", "hydra.sweeper.n_trials=3"]
    about += ["hydra.sweep.dir=y", "hydra.mode=MULTIRUN", "hydra.verbose=true"]
    command = Command.of(node(["a=1"], about, tmp_path / "mine", tmp_path / "my choices", "lab"))
    flags = ["--config-path", "mine", "--config-name", "lab", "--config-dir", "my choices"]
    swept = [
        "runner",
        "-m",
        *flags,
        "a=1",
        "hydra/launcher=basic",
        "hydra.launcher.x=1",
        "hydra.verbose=true",
        "seed=0,1",
    ]
    assert shlex.split(command.sweep("seed=0,1")) == swept
    assert shlex.split(command.once()) == ["runner", *flags, "a=1", "hydra.verbose=true", "hydra.mode=RUN"]
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert f"--config-path {tmp_path}/mine" in command.once()


def test_a_recipe_is_told_to_run_once():
    assert Command(("experiment=x", "seed=1")).once() == "runner experiment=x seed=1 hydra.mode=RUN"


def test_what_cannot_be_read_says_nothing(tmp_path):
    (tmp_path / ".hydra").mkdir()
    for content in ("", "hydra: [", "hydra: {}", "hydra: 3", "[1]", "a: &a [*a]"):
        (tmp_path / ".hydra" / "hydra.yaml").write_text(content)
        assert Command.stored(tmp_path) is None
    assert Command.stored(tmp_path / "nowhere") is None and launched(tmp_path) == []
