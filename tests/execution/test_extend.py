"""`runner resume DIR trainer.epochs=N` of what has ended: as if it had been started with as many, bit for bit."""

from __future__ import annotations

import json

import pytest
from run_folders import metrics, summary
from safetensors.numpy import load_file
from sweep_folders import results, runs

from runner.cli import main

SMALL = ["dataset.train_size=200", "model.hidden=[6]", "trainer.figures=false", "trainer.progress=false"]
NEVER_STOPS = "early_stopping=none"


def train(folder, *words, code=0):
    assert main([*SMALL, *words, f"hydra.run.dir={folder}"]) == code
    return folder


def content(folder):
    """What a run leaves that says what it reached."""
    return metrics(folder), (folder / "model.safetensors").read_bytes(), summary(folder)


@pytest.mark.parametrize("engine", ["native", "stacked"])
@pytest.mark.parametrize("kept", ["true", "false"])
def test_a_longer_run_is_the_run_of_that_length(tmp_path, capsys, kept, engine):
    words = [
        NEVER_STOPS, "optimizer=adam", "regularizer.dropout=0.3", "averaging=ema", "optimizer.lr=0.02",
        "scheduler=exponential", "trainer.log_every_steps=3", f"trainer.engine={engine}",
    ]  # fmt: skip
    whole = train(tmp_path / "whole", *words, "trainer.epochs=9")
    longer = train(tmp_path / "longer", *words, "trainer.epochs=4", f"trainer.keep_checkpoint={kept}")
    before = metrics(longer)
    capsys.readouterr()
    assert main(["resume", str(longer), "trainer.epochs=9"]) == 0
    said = capsys.readouterr().err
    assert ("it trains from the beginning, with the same result" in said) == (kept == "false")
    assert metrics(longer)[: len(before)] == before
    assert content(longer) == content(whole)
    assert (longer / "steps.csv").read_text() == (whole / "steps.csv").read_text()
    assert ("resumed after epoch 4" in (longer / "train.log").read_text()) == (kept == "true")
    assert not (longer / "checkpoint.safetensors").exists()


def test_what_stopped_early_continues_without_early_stopping_only(tmp_path, capsys):
    stops = ["early_stopping.patience=1", "optimizer.lr=0.05", "trainer.keep_checkpoint=true"]
    whole = train(tmp_path / "whole", NEVER_STOPS, "optimizer.lr=0.05", "trainer.epochs=60")
    run = train(tmp_path / "run", *stops, "trainer.epochs=50")
    made = summary(run)["epochs"]
    assert summary(run)["status"] == "stopped_early" and made < 50
    capsys.readouterr()
    assert main(["resume", str(run), "trainer.epochs=60"]) == 2
    assert f"it stopped early after {made} epochs; early_stopping=none continues it" in capsys.readouterr().err
    assert main(["resume", str(run), "trainer.epochs=60", NEVER_STOPS]) == 0
    assert content(run) == content(whole)
    assert f"resumed after epoch {made}" in (run / "train.log").read_text()


def test_a_damaged_state_is_said_and_made_anew(tmp_path, capsys):
    whole = train(tmp_path / "whole", NEVER_STOPS, "trainer.epochs=5")
    run = train(tmp_path / "run", NEVER_STOPS, "trainer.epochs=2", "trainer.keep_checkpoint=true")
    state = run / "last.safetensors"
    state.write_bytes(state.read_bytes()[:-1] + b"?")
    capsys.readouterr()
    assert main(["resume", str(run), "trainer.epochs=5"]) == 0
    assert "the checkpoint is damaged" in capsys.readouterr().err
    assert content(run) == content(whole)


@pytest.mark.parametrize("lost", ["checkpoint.safetensors", ""])
def test_a_kill_while_it_is_made_longer_does_no_harm(tmp_path, monkeypatch, lost):
    """After the summary has gone: before the state is put back, and after it."""
    from runner.execution import extend

    whole = train(tmp_path / "whole", NEVER_STOPS, "trainer.epochs=5")
    run = train(tmp_path / "run", NEVER_STOPS, "trainer.epochs=2", "trainer.keep_checkpoint=true")
    extend.extend(run, ["trainer.epochs=5"], lambda found: [_longer(each, 5) for each in found])
    assert not (run / "summary.json").exists()
    if lost:
        (run / lost).unlink()
    assert main(["resume", str(run)]) == 0
    assert content(run) == content(whole)


def _longer(settings, epochs):
    import dataclasses

    return dataclasses.replace(settings, trainer=dataclasses.replace(settings.trainer, epochs=epochs))


@pytest.mark.parametrize("kept", ["true", "false"])
def test_the_runs_of_a_sweep_that_can_continue_do(tmp_path, capsys, kept):
    words = ["-m", *SMALL, "optimizer=sgd", "optimizer.lr=0.01,1e30", "seed=0,1", f"trainer.keep_checkpoint={kept}"]
    words += ["hydra.launcher.workers=1", NEVER_STOPS]
    sweeps = {name: tmp_path / name for name in ("whole", "longer")}
    main([*words, "trainer.epochs=6", f"hydra.sweep.dir={sweeps['whole']}"])
    main([*words, "trainer.epochs=3", f"hydra.sweep.dir={sweeps['longer']}"])
    left = {name: content(run) for name, run in runs(sweeps["longer"]).items() if "1e+30" in name}
    capsys.readouterr()
    main(["resume", str(sweeps["longer"]), "trainer.epochs=6"])
    said = capsys.readouterr().err
    one, other = (sorted(runs(sweep).items()) for sweep in sweeps.values())
    assert [name for name, _ in one] == [name for name, _ in other]
    for (name, expected), (_, found) in zip(one, other, strict=True):
        if name in left:
            assert content(found) == left[name]
            assert f"{name}: left as it is: it has diverged" in said
        else:
            assert content(found) == content(expected)
            assert "trainer.epochs=6" in (found / ".hydra" / "overrides.yaml").read_text()
    assert len(left) == 2
    rows = {row["run"]: row["epochs"] for row in results(sweeps["longer"])}
    assert [rows[name] for name in rows if name not in left] == ["6", "6"]
    assert main(["resume", str(sweeps["longer"])]) in (0, 1)


def test_folds_continue_together(tmp_path):
    folds = ["dataset.folds=3", NEVER_STOPS]
    whole, longer = (train(tmp_path / str(n), *folds, f"trainer.epochs={n}") for n in (4, 2))
    assert main(["resume", str(longer), "trainer.epochs=4"]) == 0
    for fold in range(3):
        assert content(longer / f"fold={fold}") == content(whole / f"fold={fold}")


def test_folds_of_which_one_cannot_continue_are_all_left(tmp_path, capsys):
    """One configuration stands for all of them."""
    run = train(
        tmp_path / "run", "dataset.folds=3", "early_stopping.patience=1", "optimizer.lr=0.03", "trainer.epochs=9"
    )
    assert "stopped_early" in {summary(run / f"fold={fold}")["status"] for fold in range(3)}
    capsys.readouterr()
    assert main(["resume", str(run), "trainer.epochs=12"]) == 2
    assert "early_stopping=none continues it" in capsys.readouterr().err
    assert all((run / f"fold={fold}" / "summary.json").exists() for fold in range(3))


@pytest.mark.parametrize(
    ("started", "given", "said"),
    [
        ([], ["trainer.epochs=2"], "trainer.epochs = 2: it has made 3; give more"),
        ([], ["trainer.epochs=5", "optimizer.lr=1"], "optimizer.lr: a run that has ended continues with more"),
        ([], ["optimizer.lr=1"], "or trainer.epochs of what has ended can be given"),
        (["scheduler=cosine"], ["trainer.epochs=5"], "scheduler: what it does depends on trainer.epochs"),
        ([], ["trainer.epochs=5", "early_stopping.patience=3"], "which can only be raised"),
    ],
)
def test_what_is_no_continuation_is_refused_and_nothing_is_touched(tmp_path, capsys, started, given, said):
    run = train(tmp_path / "run", NEVER_STOPS, "trainer.epochs=3", *started)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert main(["resume", str(run), *given]) == 2
    assert said in capsys.readouterr().err
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_rate_that_ends_at_a_time_that_is_given_may_go_on(tmp_path):
    words = [NEVER_STOPS, "scheduler=cosine", "scheduler.t_max=10"]
    whole, longer = (train(tmp_path / str(n), *words, f"trainer.epochs={n}") for n in (6, 3))
    assert main(["resume", str(longer), "trainer.epochs=6"]) == 0
    assert content(longer) == content(whole)


def test_the_state_is_kept_where_it_is_asked_for_only(tmp_path):
    """AdamW keeps two numbers a parameter: with weights and best weights 16 bytes in single precision."""
    plain, kept = (
        train(tmp_path / k, NEVER_STOPS, "trainer.epochs=1", f"trainer.keep_checkpoint={k}") for k in ("false", "true")
    )
    assert not (plain / "last.safetensors").exists()
    parameters = json.loads((kept / "summary.json").read_text())["parameters"]
    tensors = load_file(kept / "last.safetensors").values()
    assert 16 * parameters <= sum(each.nbytes for each in tensors) < 16 * parameters + 1000
