"""What can be asked without training: fast, without torch, and true."""

import os
import re
import subprocess
import sys

import pytest

from runner.cli import main
from runner.config.registry import entries, groups, load

HEAVY = ("torch", "optuna", "sklearn", "pandas", "matplotlib", "tensorboard", "scipy", "numba", "llvmlite")


def modules_after(*words: str) -> tuple[set[str], float]:
    """(heavy modules imported, seconds of processor time) of a command line in a fresh interpreter."""
    code = (
        "import sys; from runner.cli import main; code = main(sys.argv[1:]);"
        f"print('HEAVY', *[m for m in {HEAVY} if m in sys.modules]); sys.exit(code)"
    )
    before = os.times()
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60)
    after = os.times()
    assert done.returncode == 0, done.stderr
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return set(done.stdout.rpartition("HEAVY")[2].split()), seconds


@pytest.mark.parametrize("words", [["--help"], ["list"], ["list", "optimizer=adamw"], ["claim"]])
def test_asking_takes_less_than_a_second_and_imports_nothing_heavy(words):
    heavy, seconds = modules_after(*words)
    assert heavy == set()
    assert seconds < 1 or min(modules_after(*words)[1] for _ in range(3)) < 1  # a busy machine may try again


def test_a_run_whose_kernels_are_kept_imports_neither_torch_nor_a_compiler(tmp_path):
    quick = ["trainer.epochs=1", "trainer.figures=false", "trainer.progress=false", "trainer.engine=native"]
    for run in ("compiles", "takes"):
        heavy, _ = modules_after(*quick, f"hydra.run.dir={tmp_path / run}")
    assert heavy & {"torch", "sklearn", "matplotlib", "numba"} == set()
    pictured, _ = modules_after(*quick, "trainer.figures=null", f"hydra.run.dir={tmp_path / 'pictured'}")
    assert pictured & {"torch", "sklearn", "matplotlib", "numba"} == {"matplotlib"}


def test_a_single_run_imports_nothing_of_searches_and_clusters(tmp_path):
    words = ["trainer.epochs=1", "trainer.figures=false", "trainer.progress=false", f"hydra.run.dir={tmp_path / 'r'}"]
    code = (
        f"import sys; from runner.cli import main; main({words})\n"
        "rooms = ('search', 'execution.cluster', 'plan.space')\n"
        "print(sorted(m for m in sys.modules if m.startswith(tuple(f'runner.{room}' for room in rooms))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_neither_showing_the_configuration_nor_a_refusal_imports_anything_heavy():
    code = (
        "import sys; from runner.cli import main; code = main(['--cfg', 'job']);"
        "code += main(['seed=-1', 'regularizer.label_smoothing=2']);"
        f"sys.exit(10 * code + sum(m in sys.modules for m in {HEAVY}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60).returncode == 20


def test_help_names_every_command_group_and_choice(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for word in (
        "runner resume",
        "runner predict",
        "runner dashboard",
        "runner list",
        "runner doctor",
        "-m ",
        "seed: 0",
    ):
        assert word in out
    for group in ("dataset", "optimizer", "scheduler", "regularizer"):
        line = next(line for line in out.splitlines() if line.strip().startswith(f"{group} "))
        assert set(entries(group)) <= set(line.replace(",", "").split())
    assert "$" not in out


def test_help_shows_the_keys_of_a_choice(capsys):
    assert main(["--help", "optimizer=sgd"]) == 0
    assert "nesterov: false" in capsys.readouterr().out


def test_list_names_every_choice(capsys):
    assert main(["list"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()[2:]}
    for group in groups():
        for name in entries(group):
            assert name in lines[group]
    assert "none" in lines["early_stopping"]
    assert "fashion_mnist" in lines["experiment"]


load()


@pytest.mark.parametrize("group", groups())
def test_list_shows_everything_that_is_registered(group, capsys):
    for name, entry in entries(group).items():
        assert main(["list", f"{group}={name}"]) == 0
        out = capsys.readouterr().out
        assert entry.formula in out
        assert (entry.torch or "") in out
        assert (entry.paper or "") in out
        for option in entry.options.values():
            assert option.allowed() in out
            assert option.help in out


def test_list_says_how_a_key_is_set(capsys):
    main(["list", "regularizer=elastic_net"])
    assert "regularizer.elastic_net.l1_ratio" in capsys.readouterr().out
    main(["list", "regularizer=dropout"])
    out = capsys.readouterr().out
    assert "regularizer.dropout  " in out
    assert "(preset 0.5)" in out


def test_list_shows_presets(capsys):
    main(["list", "trainer"])
    assert "preset trainer=debug" in capsys.readouterr().out
    main(["list", "optimizer"])
    assert "preset optimizer=nesterov" in capsys.readouterr().out
    main(["list", "early_stopping=none"])
    assert "patience: null" in capsys.readouterr().out
    main(["list", "experiment"])
    assert "runner experiment=fashion_mnist" in capsys.readouterr().out


def test_list_into_a_closed_pipe_is_quiet():
    command = f"{sys.executable} -m runner list | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("Groups of choices")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("line", "word"), [("runner optimizer=", "optimizer=sgd"), ("runner optimizer.l", "optimizer.lr=")]
)
def test_completion_knows_choices_and_keys(line, word, tmp_path, forks):
    done = forks.run("-sc", "query=bash", cwd=tmp_path, COMP_LINE=line, COMP_POINT=str(len(line)))
    assert word in done.stdout.split()


def test_doctor_reports_machine_and_promises(capsys):
    assert main(["doctor"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["python"].startswith("3.")
    assert lines["devices"].startswith("cpu")
    assert lines["bitwise"].startswith(("yes: ", "no: "))
    assert {"torch", "numba", "hydra-core", "threads", "blas", "data", "outputs"} <= set(lines)


def test_doctor_says_which_engine_there_is_what_multiplies_for_it_and_what_is_compiled(capsys, monkeypatch):
    from runner.execution import engines

    assert main(["doctor"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["engine"].startswith("native where ")
    assert "1 threads here" in lines["multiplier"]
    assert re.fullmatch(r"\d+ compiled in /.*kernels.*", lines["kernels"])
    monkeypatch.setattr(engines, "unavailable", lambda: "numba is not installed")
    assert main(["doctor"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["engine"] == "stacked: numba is not installed" and "kernels" not in lines


def test_the_package_is_light_and_says_what_it_has():
    code = f"import sys, runner; print(dir(runner)); sys.exit(sum(m in sys.modules for m in {HEAVY}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    for name in ("load", "results", "curves", "train"):
        assert name in done.stdout


def test_an_unknown_attribute_of_the_package():
    import runner

    with pytest.raises(AttributeError, match="it has curves, load, results, train"):
        runner.nothing  # noqa: B018 the access is the test
