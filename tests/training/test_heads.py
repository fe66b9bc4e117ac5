"""Several targets of which some are classes: what a trunk with a head each minimizes, what is recorded of each."""

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from sklearn import metrics as sk
from stopping import at_epoch, stop
from torch.nn import functional

import runner
from runner.cli import main
from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.plan.populations import structure
from runner.training.engine import Engine

TARGETS = ["kind", "size", "yes"]
QUICK = {
    "dataset": "csv", "dataset.target": TARGETS, "model.hidden": [7], "model.activation": "tanh", "trainer.epochs": 4,
    "trainer.figures": False, "trainer.progress": False, "early_stopping.patience": None,
    "early_stopping.restore_best": False,
}  # fmt: skip
FULL = {"optimizer": "sgd", "optimizer.lr": 0.3, "trainer.batch_size": 1000, "trainer.dtype": "float64"}


@pytest.fixture(scope="module")
def table():
    """Three classes, a number and two classes, that depend on two numbers."""
    draw = np.random.default_rng(0)
    u, v, noise = draw.normal(size=(3, 140))
    kind = np.where(u + v + 0.3 * noise > 0.8, "red", np.where(u > v, "green", "blue"))
    yes = np.where(v + noise > 0.3, "true", "false")
    return pd.DataFrame({"u": u, "v": v, "kind": kind, "size": 100 * u * v + noise, "yes": yes})


@pytest.fixture(scope="module")
def path(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("heads") / "t.csv"
    table.to_csv(path, index=False)
    return str(path)


def curves(outcome):
    return runner.curves(outcome.folder).drop(columns="seconds")


def weights(folder):
    return {name: tensor.numpy().tobytes() for name, tensor in load_file(folder / "model.safetensors").items()}


def losses_of(z, data, rows, smoothing=0.0):
    """Cross-entropy of three classes, the square of a number's error, cross-entropy of two classes, by torch."""
    y = torch.from_numpy(data.y[rows])
    return torch.stack(
        [
            functional.cross_entropy(z[:, :3], y[:, 0].long(), label_smoothing=smoothing),
            functional.mse_loss(z[:, 3], y[:, 1]),
            functional.cross_entropy(z[:, 4:], y[:, 2].long(), label_smoothing=smoothing),
        ]
    )


def by_torch(outcome, share, steps, smoothing=0.0):
    """The network after `steps` full-batch steps of SGD, from the run's own beginning."""
    run = runner.load(outcome.folder)
    data, network = prepare(run.settings), run.network.train()
    rule = torch.optim.SGD(network.parameters(), lr=run.settings.optimizer.lr)
    for _ in range(steps):
        rule.zero_grad()
        losses = losses_of(network(torch.from_numpy(data.x[data.train])), data, data.train, smoothing)
        (losses * torch.tensor(share, dtype=torch.float64)).sum().backward()
        rule.step()
    return network.eval()


@pytest.mark.parametrize(
    ("keys", "share", "smoothing"),
    [
        ({}, [1 / 3, 1 / 3, 1 / 3], 0.0),
        ({"dataset.target_weights": {"size": 2, "yes": 0}}, [1 / 3, 2 / 3, 0.0], 0.0),
        ({"regularizer.label_smoothing": 0.2}, [1 / 3, 1 / 3, 1 / 3], 0.2),  # of classes, not of the number
    ],
)
def test_steps_minimize_the_weighted_mean_of_the_heads_losses_as_torch_does(path, tmp_path, keys, share, smoothing):
    keys = QUICK | FULL | {"dataset.path": path} | keys
    begun, ended = runner.train([keys | {"trainer.epochs": n} for n in (0, 20)], outputs=tmp_path)
    expected = by_torch(begun, share, 20, smoothing)
    run = runner.load(ended.folder)
    for name, tensor in expected.state_dict().items():
        torch.testing.assert_close(run.network.state_dict()[name], tensor, rtol=1e-9, atol=1e-10)
    data, val = prepare(run.settings), ended.summary["val"]
    with torch.no_grad():
        each = losses_of(expected(torch.from_numpy(data.x[data.val])), data, data.val)
    assert [val[f"{name}/loss"] for name in TARGETS] == pytest.approx(each.tolist(), rel=1e-9)
    assert val["loss"] == pytest.approx(float(each @ torch.tensor(share, dtype=torch.float64)), rel=1e-9)


def test_where_the_other_target_does_not_count_the_trunk_trains_as_for_one_target(path, tmp_path):
    both = {"dataset.target": ["kind", "size"], "dataset.target_weights": {"size": 0}, "trainer.dtype": "float64"}
    alone = {
        "dataset.target": "kind",
        "dataset.drop": ["size"],
        "trainer.dtype": "float64",
        "trainer.engine": "stacked",
    }
    shared = QUICK | {"dataset.path": path, "model.init": "lecun_uniform"}  # which begins alike for any width
    two, one = runner.train([shared | both, shared | alone], outputs=tmp_path)
    of_two, of_one = (load_file(outcome.folder / "model.safetensors") for outcome in (two, one))
    for name, tensor in of_one.items():
        torch.testing.assert_close(of_two[name][: len(tensor)], tensor, rtol=0, atol=1e-12)
    for split in ("train", "val", "test"):
        assert two.summary[split]["kind/loss"] == pytest.approx(one.summary[split]["loss"], rel=1e-12)
        assert two.summary[split]["loss"] == pytest.approx(two.summary[split]["kind/loss"], rel=1e-12)


def test_easy_examples_are_those_of_the_least_loss_of_all_heads_together(path):
    easy = {"trainer.curriculum": "loss", "trainer.curriculum_start": 0.3, "dataset.target_weights": {"size": 2}}
    run = read(QUICK | FULL | {"dataset.path": path} | easy)
    data = prepare(run)
    engine = Engine([run], [data])
    engine.train_epoch([1.0])
    z = engine.rows.outputs(data.x[data.train])[:, : data.outputs]
    each = functional.cross_entropy(z[:, :3], torch.from_numpy(data.y[data.train, 0]).long(), reduction="none")
    each = each + 2 * functional.mse_loss(z[:, 3], torch.from_numpy(data.y[data.train, 1]), reduction="none")
    each = each + functional.cross_entropy(z[:, 4:], torch.from_numpy(data.y[data.train, 2]).long(), reduction="none")
    count = int(np.ceil((0.3 + 0.7 / 20) * len(data.train)))
    (order,) = engine.plan([1.0]).order
    assert sorted(set(order.tolist())) == sorted(data.train[np.argsort(each.numpy())[:count]].tolist())


def test_classes_alone_take_the_loss_that_is_given(path, tmp_path):
    """Each head, whose probabilities are then those of its link."""
    keys = QUICK | FULL | {"dataset.path": path, "dataset.target": ["kind", "yes"], "loss": "binary_cross_entropy"}
    [outcome] = runner.train([keys], outputs=tmp_path)
    run = runner.load(outcome.folder)
    data = prepare(run.settings)
    rows, y = data.val, torch.from_numpy(data.y[data.val]).long()
    with torch.no_grad():
        z = run.network(torch.from_numpy(data.x[rows]))
    for place, (name, own) in enumerate({"kind": slice(0, 3), "yes": slice(3, 5)}.items()):
        asked = functional.one_hot(y[:, place]).double()
        loss = functional.binary_cross_entropy_with_logits(z[:, own], asked, reduction="none").sum(1).mean()
        assert outcome.summary["val"][f"{name}/loss"] == pytest.approx(float(loss), rel=1e-9)
        p = torch.sigmoid(z[:, own])
        p = p / p.sum(1, keepdim=True)
        found = run.predict_proba(pd.read_csv(path)[["u", "v", "size"]])[name]
        np.testing.assert_allclose(found[rows], p.numpy(), rtol=1e-9)


@pytest.mark.parametrize("scaling", ["standardize", "quantile"])
def test_each_target_has_the_metrics_of_its_kind(path, table, tmp_path, scaling):
    """As scikit-learn has them; a metric's own name is the mean over the targets that have it."""
    keys = QUICK | {
        "dataset.path": path,
        "dataset.target_scaling": scaling,
        "trainer.metrics": ["f1", "roc_auc", "ece"],
    }
    [outcome] = runner.train([keys], outputs=tmp_path)
    run = runner.load(outcome.folder)
    inputs = table[["u", "v"]]
    answers, sure = run.predict(inputs), run.predict_proba(inputs)
    assert set(sure) == {"kind", "yes"}
    for split, rows in run.rows.items():
        truth, found = table.iloc[rows], outcome.summary[split]
        rmse = sk.root_mean_squared_error(truth["size"], answers[rows, 1].astype(float))
        assert found["size/rmse"] == found["rmse"] == pytest.approx(rmse, rel=1e-5)
        for place, name in ((0, "kind"), (2, "yes")):
            said, p = answers[rows, place].astype(str), sure[name][rows]
            assert found[f"{name}/accuracy"] == pytest.approx(sk.accuracy_score(truth[name], said))
            assert found[f"{name}/f1"] == pytest.approx(
                sk.f1_score(truth[name], said, average="macro", zero_division=0)
            )
            assert found[f"{name}/loss"] == pytest.approx(sk.log_loss(truth[name], p), rel=1e-5)
            scores = p[:, 1] if name == "yes" else p
            area = sk.roc_auc_score(truth[name], scores, multi_class="ovr")
            assert found[f"{name}/roc_auc"] == pytest.approx(area, rel=1e-6)
        for name in ("accuracy", "f1", "roc_auc", "ece"):
            assert found[name] == pytest.approx((found[f"kind/{name}"] + found[f"yes/{name}"]) / 2)
        assert not {"kind/rmse", "size/accuracy", "size/ece"} & set(found)
    assert {"train/kind/f1", "val/size/r2"} <= set(runner.curves(outcome.folder).columns)


def test_the_metric_of_one_target_stops_training(path, tmp_path):
    keys = QUICK | {"dataset.path": path, "trainer.epochs": 40, "early_stopping.patience": 3, "optimizer.lr": 0.03}
    asked = [{"early_stopping.monitor": "val/size/rmse"}, {"early_stopping.monitor": "val/yes/accuracy"}]
    restored = {"early_stopping.restore_best": True}
    for outcome, better in zip(
        runner.train([keys | restored | each for each in asked], outputs=tmp_path), (min, max), strict=True
    ):
        curve = runner.curves(outcome.folder)
        values = curve[outcome.summary["monitor"]]
        assert outcome.status == "stopped_early" and outcome.best == better(values)
        assert outcome.summary["best_epoch"] == curve["epoch"][values == better(values)].iloc[0]
        assert len(curve) == outcome.summary["best_epoch"] + 4


def test_alone_as_together_and_other_targets_beside(path, tmp_path):
    """Runs of the same targets in one population, those of others or of other weights in others."""
    changes = [{"seed": 0}, {"seed": 1, "regularizer.label_smoothing": 0.1}, {"trainer.metrics": ["f1"]}]
    changes += [{"dataset.target_weights": {"size": 4}}, {"dataset.target": ["yes", "size", "kind"]}]
    keys = [QUICK | {"dataset.path": path} | change for change in changes]
    together = runner.train(keys, outputs=tmp_path)
    for outcome, own in zip(together[1:], keys[1:], strict=True):
        [alone] = runner.train([own], outputs=tmp_path)
        assert curves(alone).equals(curves(outcome)) and weights(alone.folder) == weights(outcome.folder)
    runs = [read(own) for own in keys]
    assert len({structure(run, prepare(run)) for run in runs}) == 3


def test_a_killed_run_resumes_to_the_same(path, tmp_path, monkeypatch):
    keys = QUICK | {
        "dataset.path": path,
        "trainer.checkpoint_seconds": 0,
        "early_stopping.monitor": "val/kind/accuracy",
    }
    words = [f"{key}={str(value).replace(' ', '').replace('None', 'null')}" for key, value in keys.items()]
    assert main([*words, f"hydra.run.dir={tmp_path / 'whole'}"]) == 0
    with monkeypatch.context() as patch:
        at_epoch(patch, 3, stop)
        assert main([*words, f"hydra.run.dir={tmp_path / 'cut'}"]) == 130
    assert main(["resume", str(tmp_path / "cut")]) == 0
    whole, cut = (runner.curves(tmp_path / name).drop(columns="seconds") for name in ("whole", "cut"))
    assert whole.equals(cut) and weights(tmp_path / "whole") == weights(tmp_path / "cut")


def test_mixup_mixes_the_targets_of_every_head(path, tmp_path):
    """Where all outputs are 0, classes cost ln C however they are mixed, and mixed numbers less than 1, their mean
    square before.
    """
    keys = QUICK | FULL | {"dataset.path": path, "model.init": "zeros", "trainer.epochs": 1}
    plain, mixed = runner.train([keys | {"augmentation.mixup": alpha} for alpha in (0.0, 1.0)], outputs=tmp_path)
    first = [3 * runner.curves(each.folder)["train/objective"].iloc[-1] - np.log(3 * 2) for each in (plain, mixed)]
    assert first[0] == pytest.approx(1, rel=1e-12) and 0.4 < first[1] < 0.95


def test_the_verdict_has_its_sentences_on_each_target(path, tmp_path):
    [outcome] = runner.train([QUICK | {"dataset.path": path, "trainer.epochs": 8}], outputs=tmp_path)
    assert [part in outcome.summary["verdict"] for part in ("kind: ", " size: ", " yes: ")] == [True] * 3
    assert "train R^2" in outcome.summary["verdict"] and "train accuracy" in outcome.summary["verdict"]
