"""early_stopping.then: the cases of two weights worked out in a few lines, and what must hold of any run."""

import numpy as np
import pytest

import runner
from runner.cli import main
from runner.errors import ConfigError
from runner.execution.configurations import read
from runner.optimizers.schedules.decay import Cosine
from runner.records.summary import read_summary
from runner.training.loop import Interrupted, Training
from runner.training.outcome import Outcome
from runner.training.second_phase import continued

TRAIN = np.array([[2, 0], [0, 1], [-1, 0], [0, 1.0]]), np.array([0, 0, -2, 2.0])
VAL = np.array([[-2, 2], [1, -2.0]]), np.array([-1, -2.0])
ALREADY = (np.array([[1], [2], [0.5]]), np.array([1.2, 2.9, 0.2])), (np.array([[1.5], [1]]), np.array([1.8, 1.25]))
NEVER = ALREADY[0], (ALREADY[1][0], np.array([2.4, 0.6]))


def table(path, train, val):
    """A file whose test rows are its validation rows."""
    parts = {"train": train, "val": val, "test": val}
    np.savez(path, **{f"{array}_{name}": part[i] for name, part in parts.items() for i, array in enumerate("xy")})
    return str(path)


def linear(path, then, lr=0.1, **changes):
    """Least squares by gradient descent from 0, without a bias."""
    return {
        "dataset": "npz", "dataset.path": path, "dataset.scaling": "none", "dataset.target_scaling": "none",
        "model.hidden": [], "model.bias": False, "model.init": "zeros", "optimizer": "sgd", "optimizer.lr": lr,
        "trainer.epochs": 2500, "trainer.dtype": "float64", "trainer.figures": False,
        "early_stopping.patience": 3, "early_stopping.then": then, **changes,
    }  # fmt: skip


def descend(x, y, w, steps, lr=0.1):
    for _ in range(steps):
        w = w - lr * 2 / len(x) * x.T @ (x @ w - y)
    return w


def loss(x, y, w):
    return ((x @ w - y) ** 2).mean()


def weights(outcome):
    (layer,) = runner.load(outcome.folder).network
    return layer.weight.detach().numpy()[0].astype(np.float64)


@pytest.fixture
def exact(tmp_path):
    return table(tmp_path / "exact.npz", TRAIN, VAL)


def test_retraining_takes_the_steps_that_led_to_the_best_epoch_on_all_rows(tmp_path, exact):
    [stopped, found] = runner.train([linear(exact, then) for then in ("none", "retrain")], outputs=tmp_path)
    assert stopped.summary["best_epoch"] == 8
    assert weights(stopped) == pytest.approx([0.359955, 0.569533], abs=5e-7)
    assert stopped.summary["val"]["loss"] == pytest.approx(1.752287, abs=5e-7)
    x, y = np.concatenate([TRAIN[0], VAL[0]]), np.concatenate([TRAIN[1], VAL[1]])
    assert weights(found) == pytest.approx(descend(x, y, np.zeros(2), 8), rel=1e-12)
    assert weights(found) == pytest.approx([0.448927, 0.573645], abs=5e-7)
    assert found.summary["second"]["steps"] == 8
    assert found.summary["second"]["end"] == "reached"
    assert found.summary["second"]["examples"] == 6


def test_continuing_ends_where_the_validation_loss_is_what_the_training_loss_was(tmp_path, exact):
    [found] = runner.train([linear(exact, "continue")], outputs=tmp_path)
    w = descend(*TRAIN, np.zeros(2), 8)
    assert loss(*TRAIN, w) == pytest.approx(1.394656, abs=5e-7)
    x, y = np.concatenate([TRAIN[0], VAL[0]]), np.concatenate([TRAIN[1], VAL[1]])
    assert weights(found) == pytest.approx(descend(x, y, w, 13), rel=1e-12)
    assert weights(found) == pytest.approx([0.643105, 0.768109], abs=5e-7)
    second = found.summary["second"]
    assert (second["end"], second["steps"]) == ("reached", 13)
    assert second["val"]["loss"] == pytest.approx(1.393859, abs=5e-7)


def test_the_summary_tells_both_phases_and_validates_by_the_first(tmp_path, exact):
    [found] = runner.train([linear(exact, "continue")], outputs=tmp_path)
    summary = found.summary
    assert summary["val"] == summary["first"]["val"]
    assert summary["val"]["loss"] == pytest.approx(1.752287, abs=5e-7)
    assert summary["train"] == summary["second"]["train"]
    assert summary["test"] == summary["second"]["test"] != summary["first"]["test"]
    assert (summary["status"], summary["first"]["epochs"], summary["epochs"]) == ("stopped_early", 11, 24)
    assert "continued for 13 steps on 6 rows" in summary["reason"]
    curve = runner.curves(found.folder)
    assert curve["phase"].tolist() == [1] * 12 + [2] * 13
    assert curve["epoch"].tolist() == curve["step"].tolist() == list(range(25))


def test_continuing_does_nothing_where_the_loss_is_low_enough_already(tmp_path):
    [found] = runner.train([linear(table(tmp_path / "t.npz", *ALREADY), "continue", 0.05)], outputs=tmp_path)
    assert found.summary["best_epoch"] == 12
    assert (found.summary["second"]["end"], found.summary["second"]["steps"]) == ("already below", 0)
    assert weights(found) == pytest.approx(descend(*ALREADY[0], np.zeros(1), 12, 0.05), rel=1e-12)
    assert "did not continue" in found.reason


def test_continuing_ends_at_its_cap_where_the_loss_stays_high(tmp_path):
    path = table(tmp_path / "t.npz", *NEVER)
    [found] = runner.train([linear(path, "continue", 0.05, **{"early_stopping.then_cap": 2000})], outputs=tmp_path)
    w = descend(*NEVER[0], np.zeros(1), 16, 0.05)
    assert found.summary["best_epoch"] == 16
    assert loss(*NEVER[0], w) == pytest.approx(0.1028, abs=5e-5)
    second = found.summary["second"]
    assert (second["end"], second["steps"]) == ("capped", 2000)
    assert second["val"]["loss"] == pytest.approx(0.3484, abs=5e-5)
    assert "did not reach 0.102" in found.reason


def test_retraining_ends_within_an_epoch_where_its_steps_do(tmp_path):
    """At 4 steps an epoch of the first phase, 10 of the second."""
    small = digits("retrain", **{"trainer.batch_size": 50})
    [found] = runner.train([small], outputs=tmp_path)
    curve, best = runner.curves(found.folder), found.summary["first"]["best_epoch"]
    second = curve[curve["phase"] == 2]
    assert second["step"].iloc[-1] - curve["step"][curve["phase"] == 1].iloc[-1] == 4 * best
    assert second["epoch"].iloc[-1] - found.summary["first"]["epochs"] == pytest.approx(4 * best / 10)


def test_a_step_of_the_second_phase_has_the_rate_of_the_same_step_of_the_first():
    schedule = Cosine()
    first = schedule.factors(0, 4, 10, 10)
    found = continued(schedule, 6, 4, 10)
    assert np.concatenate([found.factors(e, 5, 99) for e in range(6)]).tolist() == first[6:36].tolist()
    assert found.factors(2, 5, 99, 4).tolist() == first[16:36].tolist()
    assert found.factors(6, 5, 99, 2).tolist() == [*first[36:], *[first[-1]] * 6]


# ---- any run


def digits(then, **changes):
    return {
        "dataset.train_size": 200, "dataset.val_fraction": 0.15, "model.hidden": [16], "trainer.epochs": 30,
        "optimizer": "sgd", "optimizer.momentum": 0.9, "optimizer.lr": 0.15, "regularizer.dropout": 0.2,
        "scheduler": "cosine", "trainer.figures": False, "trainer.checkpoint_seconds": 0,
        "early_stopping.patience": 2, "early_stopping.then": then, **changes,
    }  # fmt: skip


MIXED = [
    digits("continue", **{"early_stopping.then_cap": 3}),
    digits("retrain", seed=1),
    digits("none", seed=2),
    digits("continue", seed=3, **{"early_stopping.every": 3, "early_stopping.then_cap": 2}),
    digits("retrain", seed=4, **{"early_stopping.every": 4, "optimizer.momentum": 0.5}),
]


def reached(outcome):
    """What a run came to: its curves but for the clock, its weights, its summary but for the clock and its company."""
    curve = runner.curves(outcome.folder).drop(columns="seconds")
    summary = {k: v for k, v in outcome.summary.items() if k not in ("seconds", "files", "sha256", "git", "versions")}
    return curve.to_csv(), (outcome.folder / "model.safetensors").read_bytes(), summary


@pytest.mark.parametrize("engine", ["native", "stacked"])
def test_phases_together_are_those_of_each_alone(tmp_path, engine):
    configs = [config | {"trainer.engine": engine} for config in MIXED]
    together = runner.train(configs, outputs=tmp_path)
    assert {o.summary.get("second", {}).get("end") for o in together} > {None, "reached"}
    for config, outcome in zip(configs, together, strict=True):
        [alone] = runner.train([config], outputs=tmp_path)
        assert reached(alone) == reached(outcome)


@pytest.fixture(scope="module", params=["native", "stacked"])
def undisturbed(request, tmp_path_factory):
    """(configurations, what they come to, the epochs that this takes)"""
    configs = [config | {"trainer.engine": request.param} for config in MIXED]
    with pytest.MonkeyPatch.context() as patch:
        made = counted(patch)
        found = [reached(outcome) for outcome in runner.train(configs, outputs=tmp_path_factory.mktemp("whole"))]
    return configs, found, len(made)


def counted(patch, action=lambda made: None):
    """Calls the action with how many epochs have been made, before each."""
    made, epoch = [], Training._epoch

    def before(self):
        action(made)
        made.append(self)
        epoch(self)

    patch.setattr(Training, "_epoch", before)
    return made


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9])
def test_what_is_killed_in_either_phase_resumes_to_the_same_end(tmp_path, monkeypatch, undisturbed, share):
    configs, whole, epochs = undisturbed

    def kill(made):
        if len(made) == round(share * epochs):
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        counted(patch, kill)
        with pytest.raises((KeyboardInterrupt, Interrupted)):
            runner.train(configs, outputs=tmp_path)
    (sweep,) = tmp_path.glob("*/*")
    assert main(["resume", str(sweep)]) == 0
    folders = sorted(path for path in sweep.iterdir() if path.is_dir())
    assert [reached(Outcome.of(folder, read_summary(folder))) for folder in folders] == whole


# ---- early_stopping.every


@pytest.mark.parametrize("engine", ["native", "stacked"])
def test_evaluations_every_epoch_of_steps_are_those_of_every_epoch(tmp_path, engine):
    way = {"trainer.engine": engine}
    usual, counted = (
        runner.train([digits("none", **way, **change)], outputs=tmp_path)[0]
        for change in ({}, {"early_stopping.every": 7})
    )
    assert (
        runner.curves(counted.folder)
        .drop(columns="seconds")
        .equals(runner.curves(usual.folder).drop(columns="seconds"))
    )
    assert counted.summary["val"] == usual.summary["val"]


def test_every_counts_steps_across_epochs_and_patience_counts_evaluations(tmp_path):
    [found] = runner.train(
        [digits("none", **{"early_stopping.every": 3, "early_stopping.patience": 4})], outputs=tmp_path
    )
    curve = runner.curves(found.folder)
    steps = curve["step"].tolist()
    assert steps == list(range(0, steps[-1] + 1, 3))
    assert curve["epoch"].tolist() == pytest.approx([step / 7 for step in steps])
    assert found.status == "stopped_early"
    assert len(steps) - 1 - int(curve["val/loss"].argmin()) == 4
    assert "has not improved for 4 evaluations" in found.reason
    assert found.summary["best_epoch"] == curve["epoch"][curve["val/loss"].argmin()]


def test_the_objective_between_evaluations_is_the_mean_over_their_steps(tmp_path):
    change = {"early_stopping.every": 10, "trainer.log_every_steps": 1, "early_stopping.patience": None}
    [found] = runner.train([digits("none", **change, **{"trainer.drop_last": True})], outputs=tmp_path)
    curve, steps = runner.curves(found.folder), runner.curves(found.folder, steps=True)
    for begin, end, mean in zip(curve["step"], curve["step"][1:], curve["train/objective"][1:], strict=False):
        assert steps["loss"][begin:end].mean() == pytest.approx(mean, rel=1e-12)
    assert curve["step"].iloc[-1] == len(steps)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["early_stopping.then_cap=0"], "early_stopping.then_cap = 0"),
        (["early_stopping.every=0"], "early_stopping.every = 0"),
        (["early_stopping.then=retrain", "dataset.val_fraction=0", "early_stopping.monitor=train/loss"],
         "early_stopping.then = retrain: trains on validation rows"),
        (["early_stopping.then=continue", "early_stopping.patience=null"],
         "early_stopping.then = continue: follows early stopping, but early_stopping.patience = null"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_by_a_second_phase_is_refused(words, said):
    with pytest.raises(ConfigError) as caught:
        read(words)
    assert said in str(caught.value)
