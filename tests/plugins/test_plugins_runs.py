"""What runs with choices from plug-ins leave behind, and what whoever reads or continues them is told."""

import json
import shlex
from pathlib import Path

import pytest
import torch
import yaml
from plugged_in import HALVES, as_new

import runner
from runner.errors import ConfigError, RunError
from runner.execution.configurations import read
from runner.execution.executors import pool
from runner.execution.stored import read_config
from runner.population.export import architecture

FAST = ["trainer.epochs=2", "trainer.histograms=0", "trainer.figures=false"]
OWN = ["optimizer=half_sgd", "model.activation=halved"]


@pytest.fixture
def plug(mine):
    return ["--plugins", "mine.py"]


def digest(file):
    from hashlib import sha256

    return sha256(file.read_bytes()).hexdigest()


def changed(file):
    """Other code under the same name, as another process would find it: (hash before, hash now)."""
    before = digest(file)
    file.write_text(HALVES + "\n# more\n")
    return before[:12], digest(file)[:12]


def test_a_run_records_what_it_used_and_no_more(mine, plug, says):
    assert says(*plug, *OWN, *FAST, "hydra.run.dir=a")[0] == 0
    record = {"plugin": str(mine), "sha256": digest(mine)}
    stored = yaml.safe_load(Path("a/.hydra/config.yaml").read_text())
    assert stored["plugins"] == {"optimizer=half_sgd": record, "activation=halved": record}
    assert "quartic" not in stored["regularizer"]  # which is not needed to read the folder
    assert runner.load("a").architecture["plugins"] == {"activation=halved": record}
    assert "plugins" not in architecture(read({}), 4, 3)


def test_a_rule_may_have_a_key_of_any_name(mine, plug, says):
    mine.write_text(mine.read_text().replace("share", "at"))
    assert says(*plug, *OWN, "optimizer.at=0.25", *FAST, "hydra.run.dir=a")[0] == 0


def test_a_run_that_uses_none_is_read_without_it(mine, plug, says):
    assert says(*plug, *FAST, "hydra.run.dir=a")[0] == 0
    as_new()
    assert read_config(Path("a")).plugins == {}
    assert "plugins" not in Path("a/.hydra/config.yaml").read_text()


def test_printed_commands_name_it_and_do_what_they_say(mine, plug, says):
    _, out, _ = says(*plug, *OWN, *FAST, "hydra.run.dir=a")
    commands = [line.split("  runner ")[1] for line in out.splitlines() if line.startswith("  runner ")]
    predict, sweep = commands[1:3]
    assert predict == "--plugins mine.py predict a INPUT --out FILE"
    assert "--plugins mine.py" in sweep and "optimizer=half_sgd" in sweep
    code, out, _ = says(*shlex.split(sweep), "--dry-run")
    assert code == 0 and "5 jobs" in out
    assert "runner --plugins mine.py optimizer=half_sgd" in says(*plug, "best", "a")[1]


def test_without_it_reports_are_the_same_and_the_rest_says_what_to_add(mine, plug, says):
    assert says(*plug, *OWN, *FAST, "hydra.run.dir=a")[0] == 0
    before = says("report", "a")
    came = f"came from the plug-in {mine} (sha256 {digest(mine)[:12]}...): add --plugins mine.py"
    as_new()
    table = before[1].partition("\n\n")[2].partition("next:")[0]  # commands that would train are left out
    assert says("report", "a")[1].endswith(table)
    assert f"optimizer=half_sgd and activation=halved {came}" in says("best", "a")[1]
    for words in (["resume", "a"], ["repeat", "a"]):
        code, _, said = says(*words)
        assert code == 2 and came in said and len(said.splitlines()) == 1
    with pytest.raises(ConfigError, match=r"activation=halved came from .*runner\.use_plugins\("):
        runner.load("a")


def test_without_it_the_report_of_a_sweep_shows_its_keys_also_where_they_are_at_their_default(mine, plug, says):
    assert says(*plug, "-m", "regularizer.quartic=0,0.1", "seed=0,1", *FAST, "hydra.sweep.dir=s")[0] == 0
    before = says("report", "s")[1]
    as_new()
    assert says("report", "s")[1].partition("next:")[0] == before.partition("next:")[0]


def test_the_same_numbers_as_a_class_of_runners_own(mine, plug, says):
    """A step of half the rate is that of half the rate."""
    stacked = "trainer.engine=stacked"  # as all that has no compiled form
    own = says(*plug, "optimizer=half_sgd", "optimizer.lr=0.5", stacked, *FAST, "hydra.run.dir=a")
    assert own[0] == says("optimizer=sgd", "optimizer.lr=0.25", stacked, *FAST, "hydra.run.dir=b")[0] == 0
    one, other = (runner.load(folder).network.state_dict() for folder in "ab")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_changed_one_is_refused_where_a_run_continues_and_noted_where_one_is_repeated(mine, plug, says):
    assert says(*plug, *OWN, *FAST, "hydra.run.dir=a")[0] == 0
    Path("a/summary.json").unlink()
    before, now = changed(mine)
    as_new()
    code, _, said = says(*plug, "resume", "a")
    assert code == 2 and "optimizer=half_sgd and activation=halved changed since the run began" in said
    assert f"(sha256 {before}...), now from the plug-in {mine} (sha256 {now}...)" in said
    code, _, said = says(*plug, "repeat", "a", "hydra.run.dir=b")
    assert code == 0 and "note: optimizer=half_sgd and activation=halved changed" in said
    with pytest.raises(RunError, match=r"activation=halved changed since the run began.*--force"):
        runner.load("a")
    assert runner.load("a", force=True).architecture["activation"] == "halved"
    stored = yaml.safe_load(Path("b/.hydra/config.yaml").read_text())["plugins"]
    assert stored["optimizer=half_sgd"]["sha256"].startswith(now)


def test_a_changed_one_is_one_problem_however_many_runs_of_a_sweep_it_made(mine, plug, says):
    words = ["optimizer=half_sgd,adam", "model.activation=halved,relu", "seed=1,2", *FAST, "hydra.sweep.dir=s"]
    assert says(*plug, "-m", *words)[0] == 0
    next(Path("s").glob("000*/summary.json")).unlink()
    changed(mine)
    as_new()
    code, _, said = says(*plug, "resume", "s")
    assert code == 2 and "problems" not in said
    assert said.count("changed since the run began") == 1 and "half_sgd" in said and "halved" in said


def test_another_name_for_the_same_code_will_do(mine, plug, says):
    assert says(*plug, *OWN, *FAST, "hydra.run.dir=a")[0] == 0
    moved = mine.rename(mine.with_name("moved.py"))
    as_new()
    Path("a/summary.json").unlink()
    assert says("--plugins", moved, "resume", "a")[0] == 0


def test_a_sweep_over_processes_records_it_and_grows_only_with_the_same_code(mine, plug, says):
    sweep = [*plug, "-m", "optimizer=half_sgd,sgd", *FAST, "hydra.sweep.dir=s", "hydra.launcher.workers=2"]
    code, out, said = says(*sweep)
    assert code == 0, said
    assert "2 completed" in out and "runner --plugins mine.py report s" in out
    runs = [json.loads(line[2:]) for line in Path("s/sweep.yaml").read_text().splitlines() if line.startswith("- ")]
    assert [list(run.get("plugins", {})) for run in runs] == [["optimizer=half_sgd"], []]
    assert says(*plug, "resume", "s")[0] == 0
    changed(mine)
    as_new()
    for words in (["resume", "s"], [*sweep[2:], "seed=0,1", "--extend"]):
        code, _, said = says(*plug, *words)
        assert code == 2 and "optimizer=half_sgd changed since the run began" in said
    as_new()
    code, _, said = says("resume", "s")
    assert code == 2 and "optimizer=half_sgd came from the plug-in" in said


@pytest.mark.slow
def test_workers_that_are_spawned_find_it(mine, plug, says, monkeypatch):
    monkeypatch.setattr(pool, "start_method", lambda runs: "spawn")
    code, out, said = says(*plug, "-m", *OWN, "seed=0,1", *FAST, "hydra.sweep.dir=s", "hydra.launcher.workers=1")
    assert code == 0 and "2 completed" in out, said


def test_runs_from_python_and_a_damaged_record(mine):
    runner.use_plugins("mine.py")
    (outcome,) = runner.train([{"optimizer": "half_sgd", "trainer.epochs": 1, "trainer.histograms": 0}])
    assert outcome.status == "completed" and read_config(outcome.folder).plugins["optimizer=half_sgd"]["sha256"]
    file = outcome.folder / ".hydra" / "config.yaml"
    file.write_text(file.read_text().replace("  optimizer=half_sgd:\n", "  optimizer=half_sgd: no record\n  other:\n"))
    with pytest.raises(ConfigError, match="damaged"):
        read_config(outcome.folder)
