"""The engine of runs: chosen once, from their own settings; kept; changed on request only; never an error for lack."""

import dataclasses
import json
from pathlib import Path

import interrupting
import pytest
import torch
from safetensors.torch import load_file

import runner
from runner.cli import main
from runner.compiled import kept, kernels
from runner.config.engines import NATIVE, STACKED, has_form
from runner.config.registry import entries
from runner.config.settings import flat_key
from runner.errors import ConfigError, RunError
from runner.execution import carry_out, engines
from runner.execution.configurations import read
from runner.execution.run_list import contents, load, write
from runner.execution.start import resume, start
from runner.execution.work import Run
from runner.plan.populations import structure
from runner.plan.read_data import data_of
from runner.population import draws
from runner.training import checkpoint
from runner.training.loop import Interrupted
from runner.training.steps import compiled_kernels, compiled_network, compiled_row

# Averages and two slots of the rule are converted too. In double precision, so that "to rounding" is told from "wrong".
QUICK = {
    "dataset": "two_moons", "model.hidden": [7, 5], "averaging": "ema", "trainer.dtype": "float64",
    "trainer.epochs": 6, "trainer.checkpoint_seconds": 0, "trainer.progress": False, "early_stopping.patience": None,
    "trainer.engine": "auto",
}  # fmt: skip
WORDS = [f"{key}={str(value).lower().replace('none', 'null').replace(' ', '')}" for key, value in QUICK.items()]


def summary(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def close(mine: Path, other: Path) -> bool:
    first, second = weights(mine), weights(other)
    return all(torch.allclose(first[name].double(), second[name].double(), rtol=1e-9, atol=1e-12) for name in second)


def trained(folder: Path, **changes) -> Path:
    folder.mkdir(parents=True)
    start(read(QUICK | changes), folder)
    return folder


def stopped(folder: Path, **changes) -> Path:
    """A run that was stopped after three epochs."""
    folder.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        interrupting.at_epoch(patch, 3, interrupting.stop)
        with pytest.raises(Interrupted):
            start(read(QUICK | changes), folder)
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An undisturbed run of each engine."""
    place = tmp_path_factory.mktemp("whole")
    return {name: trained(place / name, **{"trainer.engine": name}) for name in (NATIVE, STACKED)}


@pytest.fixture
def lacking(monkeypatch):
    """A machine without numba."""
    monkeypatch.setattr(engines, "unavailable", lambda: "numba is not installed")


def test_both_engines_train_the_same_to_rounding_and_say_who_they_are(whole):
    assert close(whole[NATIVE], whole[STACKED])
    assert {name: summary(folder)["engine"] for name, folder in whole.items()} == {NATIVE: NATIVE, STACKED: STACKED}
    assert summary(whole[NATIVE])["bitwise"] is True


@pytest.mark.parametrize("name", [NATIVE, STACKED])
def test_a_run_that_is_resumed_goes_on_by_its_engine_bit_for_bit(whole, tmp_path, name):
    folder = stopped(tmp_path / "run", **{"trainer.engine": name})
    assert [row["engine"] for row in checkpoint.rows(folder / "checkpoint.safetensors")] == [name]
    resume(folder)
    assert (folder / "model.safetensors").read_bytes() == (whole[name] / "model.safetensors").read_bytes()
    assert summary(folder)["engine"] == name and summary(folder)["bitwise"] == summary(whole[name])["bitwise"]


def test_auto_is_decided_when_a_run_begins_and_not_again(whole, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(engines, "unavailable", lambda: "numba is not installed")
        folder = stopped(tmp_path / "run")
    resume(folder)
    assert summary(folder)["engine"] == STACKED
    assert (folder / "model.safetensors").read_bytes() == (whole[STACKED] / "model.safetensors").read_bytes()


def test_a_checkpoint_that_names_no_engine_is_of_the_stacked_one(whole, tmp_path):
    folder = stopped(tmp_path / "run", **{"trainer.engine": "stacked"})
    path = folder / "checkpoint.safetensors"
    tensors, rows = checkpoint.read(path)
    before = [{k: v for k, v in row.items() if k not in ("engine", "changed")} for row in rows]
    checkpoint.write(path, tensors, before)
    resume(folder)
    assert (folder / "model.safetensors").read_bytes() == (whole[STACKED] / "model.safetensors").read_bytes()
    assert summary(folder)["engine"] == STACKED


@pytest.mark.parametrize("before, after", [(NATIVE, STACKED), (STACKED, NATIVE)])
def test_on_request_a_run_goes_on_by_the_other_engine_to_rounding(whole, tmp_path, before, after, capsys):
    folder = stopped(tmp_path / "run", **{"trainer.engine": before})
    with pytest.MonkeyPatch.context() as patch:
        interrupting.at_epoch(patch, 2, interrupting.stop)
        assert main(["resume", str(folder), f"trainer.engine={after}"]) == 130
    resume(folder)  # which now is its engine
    assert summary(folder)["engine"] == after and summary(folder)["bitwise"] is False
    assert close(folder, whole[after])


def test_where_the_engine_is_lost_resuming_stops_and_says_how_to_go_on(whole, tmp_path, lacking, capsys):
    folder = stopped(tmp_path / "run", **{"trainer.engine": "stacked"})
    path = folder / "checkpoint.safetensors"
    tensors, rows = checkpoint.read(path)
    checkpoint.write(path, tensors, [row | {"engine": NATIVE} for row in rows])
    before = path.read_bytes()
    assert main(["resume", str(folder)]) == 1
    said = capsys.readouterr().err
    assert "begun by the native engine, but numba is not installed" in said
    assert f"runner resume {folder} trainer.engine=stacked" in said
    assert path.read_bytes() == before and not (folder / "summary.json").exists()


def test_other_words_are_refused_by_resume(tmp_path, capsys):
    folder = trained(tmp_path / "run", **{"trainer.epochs": 1})
    engines = "only trainer.engine=stacked or trainer.engine=native"
    said = {
        "trainer.engine=auto": f"{engines} can be given",
        "optimizer.lr=1": f"{engines}, or trainer.epochs of what has ended can be given",
    }
    for word, ending in said.items():
        assert main(["resume", str(folder), word]) == 2
        assert f"{word}: {ending}" in capsys.readouterr().err


def test_without_numba_auto_is_the_stacked_engine_and_says_so(whole, tmp_path, lacking, capsys):
    assert main([*WORDS, f"hydra.run.dir={tmp_path / 'run'}"]) == 0
    assert capsys.readouterr().err.count("numba is not installed: trained by the stacked engine") == 1
    assert summary(tmp_path / "run")["engine"] == STACKED
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (whole[STACKED] / "model.safetensors").read_bytes()


def test_without_numba_native_is_refused_before_anything_trains(tmp_path, lacking):
    with pytest.raises(ConfigError, match=r"native: numba is not installed; set trainer\.engine=auto"):
        trained(tmp_path / "run", **{"trainer.engine": "native"})
    assert list((tmp_path / "run").rglob("*.csv")) == []


def test_numba_that_is_there_and_cannot_compile_is_told_of(monkeypatch):
    def fails(*_):
        raise RuntimeError("no such processor\nand more")

    monkeypatch.setattr(kernels, "address", fails)
    engines.unavailable.cache_clear()
    try:
        assert engines.unavailable() == "numba cannot compile here (no such processor)"
    finally:
        engines.unavailable.cache_clear()


# ---- runs together


def test_runs_of_one_population_have_one_engine():
    runs = [read(QUICK), read(QUICK | {"seed": 1})]
    first, second = data_of(runs)
    assert structure(runs[0], first) == structure(runs[1], second)
    assert structure(runs[0], first) != structure(dataclasses.replace(runs[1], engine=STACKED), second)


def test_each_run_chooses_by_itself_and_a_native_one_is_the_same_alone(tmp_path):
    configs = [QUICK | {"seed": i, "trainer.epochs": 3 + i} for i in range(3)]
    configs[0] |= {"averaging": "none"}
    configs.insert(1, QUICK | {"trainer.engine": "stacked"})
    together = runner.train(configs, tmp_path)
    assert [outcome.summary["engine"] for outcome in together] == [NATIVE, STACKED, NATIVE, NATIVE]
    [alone] = runner.train(configs[2:3], tmp_path)
    assert (alone.folder / "model.safetensors").read_bytes() == (together[2].folder / "model.safetensors").read_bytes()


def sweep(folder: Path, *words: str) -> int:
    return main(["-m", *WORDS, *words, f"hydra.sweep.dir={folder}", "hydra.launcher.workers=1"])


def engines_of(folder: Path) -> list[str]:
    return [summary(path.parent)["engine"] for path in sorted(folder.glob("*/summary.json"))]


def test_a_sweep_keeps_its_engines_in_its_list_and_runs_that_are_added_have_them(tmp_path):
    assert sweep(tmp_path, "seed=0,1", "trainer.engine=auto,stacked") == 0
    assert [run.get("engine", "") for run in contents(tmp_path)["runs"]] == [NATIVE, "", NATIVE, ""]
    assert sweep(tmp_path, "seed=2", "--extend") == 0
    assert engines_of(tmp_path) == [NATIVE, STACKED, NATIVE, STACKED, NATIVE]


def test_a_sweep_that_began_without_the_native_engine_goes_on_without_it(tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "unavailable", lambda: "numba is not installed")
        assert sweep(tmp_path, "seed=0") == 0
    assert sweep(tmp_path, "seed=1", "--extend") == 0
    assert engines_of(tmp_path) == [STACKED, STACKED]


def test_a_sweep_of_the_native_engine_does_not_grow_without_it_unless_told(tmp_path, monkeypatch, capsys):
    assert sweep(tmp_path, "seed=0") == 0
    monkeypatch.setattr(engines, "unavailable", lambda: "numba is not installed")
    assert sweep(tmp_path, "seed=1", "--extend") == 2
    assert "numba is not installed; add trainer.engine=stacked" in capsys.readouterr().err
    assert sweep(tmp_path, "seed=1", "trainer.engine=stacked", "--extend") == 0
    assert engines_of(tmp_path) == [NATIVE, STACKED]


def test_a_list_names_the_other_engine_once_its_sweep_is_resumed_by_that(tmp_path):
    root = tmp_path / "sweep"
    with pytest.MonkeyPatch.context() as patch:
        interrupting.at_epoch(patch, 1, interrupting.stop)
        assert sweep(root, "seed=0,1", "hydra.launcher.executor=serial") == 130
    assert main(["resume", str(root), "trainer.engine=stacked"]) == 0
    assert {run.settings.engine for run in load(root)[0]} == {STACKED} == set(engines_of(root))


def test_a_list_that_names_no_engine_is_of_the_stacked_one(tmp_path):
    write(tmp_path, [Run(tmp_path / "000", read(QUICK))], {})
    assert '"engine"' not in (tmp_path / "sweep.yaml").read_text()
    assert load(tmp_path)[0][0].settings.engine == STACKED


# ---- what the native engine needs


def test_kernels_are_compiled_before_workers_start_and_said_once(tmp_path, monkeypatch):
    made, said = [], []
    monkeypatch.setattr(kernels, "missing", lambda wanted: list(wanted)[:6])
    monkeypatch.setattr(kernels, "make", made.append)
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "kernels")
    runs = [Run(tmp_path / str(i), read(QUICK | {"seed": i})) for i in range(3)]
    data = data_of([run.settings for run in runs])
    engines.ready(tmp_path, runs, data, said.append)
    assert said == ["compiling 6 kernels, once"]
    assert len(made) == len(set(made)) > 6  # those of three runs alike, each once
    (tmp_path / "kernels").rmdir()
    (tmp_path / "kernels").write_text("no folder")
    engines.ready(tmp_path, runs, data, said.append)
    assert said[1:] == [f"compiling 6 kernels, as {tmp_path / 'kernels'} cannot be written"]


def with_everything() -> dict:
    """A run that uses whatever has a compiled form, as far as one run can."""
    found = {"optimizer.clip_norm": 1.0, "optimizer.clip_value": 0.5, "model.residual": True, "model.hidden": [5, 5]}
    of_weights = [name for name, entry in entries("parametrization").items() if has_form(entry)]
    found |= {"model.prune": 0.5, "model.parametrization": of_weights[0] if of_weights else "none"}
    for name, entry in entries("regularizer").items():
        beside_residual = not (getattr(entry.cls, "mean", None) and entry.cls.site == "hidden")
        if (
            beside_residual
            and has_form(entry) is not False
            and not getattr(entry.cls, "needs", {})
            and (entry.cls.role != "targets" or name == "label_smoothing")
        ):
            found |= {flat_key(entry, key): o.preset for key, o in entry.options.items() if o.preset is not None}
    norms = [name for name, entry in entries("norm").items() if has_form(entry)]
    return QUICK | found | {"model.norm": norms[0] if norms else "none"}


@pytest.mark.parametrize("proximal", [False, True])
def test_every_kernel_that_a_run_asks_for_is_known_beforehand(tmp_path, monkeypatch, proximal):
    changes = with_everything()
    if proximal:  # one penalty at a time
        dropped = [k for k in changes if k.startswith("regularizer.")]
        changes = {k: v for k, v in changes.items() if k not in dropped} | {"optimizer.proximal": True}
        changes |= {"regularizer.l1": 1e-3} if has_form(entries("regularizer")["l1"]) else {}
    run, asked, given = read(changes), [], kernels.address
    known = set(compiled_kernels.needed([(run, "classification")]))
    for kernel in known:
        kernels.make(kernel)
    called = {kernel for kernel in kernels._made if kernel.kind == kernels.DRIVER}
    for module in (compiled_network, compiled_row):
        monkeypatch.setattr(module, "address", lambda *each: asked.append(kernels.Kernel(*each)) or given(*each))
    trained(tmp_path / "run", **changes)
    assert summary(tmp_path / "run")["engine"] == NATIVE
    assert len(asked) > 10 and set(asked) - known == set()
    since = {kernel for kernel in kernels._made if kernel.kind == kernels.DRIVER} - called
    assert {kernel.function for kernel in since} <= {draws.shuffle}


def test_a_run_that_nobody_compiles_for_compiles_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "unavailable", lambda: pytest.fail("nobody asked for it"))
    trained(tmp_path / "run", **{"trainer.engine": "stacked", "trainer.epochs": 1})
    resume(tmp_path / "run")


def test_matrices_are_multiplied_by_as_many_threads_as_the_run_has():
    from threadpoolctl import threadpool_info

    def threads():
        return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}

    run = read(QUICK | {"trainer.threads": 2})
    run.engine = NATIVE
    before = threads()
    with carry_out._threads(run):
        assert threads() == {2}
    assert threads() == before == {1}


def test_what_is_not_installed_is_named(monkeypatch):
    from runner.config import engines as chosen

    monkeypatch.setattr(chosen.importlib.util, "find_spec", lambda name: None)
    engines.unavailable.cache_clear()
    try:
        assert engines.unavailable().startswith("numba, scipy, by which numba multiplies matrices is not installed")
    finally:
        engines.unavailable.cache_clear()


def test_a_problem_of_a_file_is_no_problem_of_the_engine(tmp_path):
    """A checkpoint that is damaged does not say which engine; the run starts from the beginning."""
    folder = stopped(tmp_path / "run")
    (folder / "checkpoint.safetensors").write_bytes(b"noise")
    resume(folder)
    assert summary(folder)["engine"] == NATIVE
    with pytest.raises(RunError):
        checkpoint.rows(folder / "checkpoint.safetensors")
