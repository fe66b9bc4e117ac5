"""One network for several numbers: what it minimizes, what is recorded of each, alone, in company and resumed."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import r2_score, root_mean_squared_error
from stopping import at_epoch, stop

import runner
from runner.cli import main
from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.plan.populations import structure

QUICK = {
    "dataset": "npz", "model.hidden": [7], "model.activation": "tanh", "trainer.epochs": 5, "trainer.figures": False,
    "early_stopping.patience": None, "trainer.progress": False, "early_stopping.restore_best": False,
}  # fmt: skip
FULL = {"optimizer": "sgd", "optimizer.lr": 0.1, "trainer.batch_size": 1000, "trainer.dtype": "float64"}
LOSSES = {"mse": torch.nn.MSELoss, "mae": torch.nn.L1Loss, "huber": torch.nn.HuberLoss}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Two numbers, of very different size, that depend on three."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(120, 3))
    y = np.stack([x[:, 0] - x[:, 1], 1000 * x[:, 1] * x[:, 2] + 50], 1) + draw.normal(size=(120, 2))
    path = tmp_path_factory.mktemp("several") / "two.npz"
    np.savez(path, x=x, y=y)
    return str(path)


def curves(outcome):
    return runner.curves(outcome.folder).drop(columns="seconds")


def weights(folder):
    return {name: tensor.numpy().tobytes() for name, tensor in load_file(folder / "model.safetensors").items()}


def by_torch(outcome, loss, share, steps):
    """The network after `steps` full-batch steps of SGD, from the run's own beginning; `share` weights the columns."""
    run = runner.load(outcome.folder)
    data, network = prepare(run.settings), run.network.train()
    rule = torch.optim.SGD(network.parameters(), lr=run.settings.optimizer.lr)
    x, y = torch.from_numpy(data.x[data.train]), torch.from_numpy(data.y[data.train])
    for _ in range(steps):
        rule.zero_grad()
        each = loss(reduction="none")(network(x), y).mean(0)
        (each * torch.tensor(share, dtype=torch.float64)).sum().backward()
        rule.step()
    return network


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("spec", [None, {"y1": 3}, {"y2": 0}])
def test_two_hundred_steps_minimize_the_mean_of_the_targets_losses_as_torch_does(path, tmp_path, way, loss, spec):
    """Without weights that is the mean over rows and columns of torch's losses; with them a weighted one."""
    if spec and way["trainer.engine"] == "native":
        way = {"trainer.engine": "auto"}  # which finds the one that can
    keys = QUICK | FULL | way | {"dataset.path": path, "loss": loss, "dataset.target_weights": spec}
    begun, ended = runner.train([keys | {"trainer.epochs": n} for n in (0, 200)], outputs=tmp_path)
    share = {None: [0.5, 0.5], "y1": [0.75, 0.25], "y2": [1.0, 0.0]}[spec and next(iter(spec))]
    expected = by_torch(begun, LOSSES[loss], share, 200)
    found = runner.load(ended.folder).network.state_dict()
    for name, tensor in expected.state_dict().items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-9, atol=1e-10)
    run = runner.load(ended.folder)
    data = prepare(run.settings)
    y, z = torch.from_numpy(data.y[data.val]), run.network(torch.from_numpy(data.x[data.val])).detach()
    each = LOSSES[loss](reduction="none")(z, y).mean(0) * torch.tensor(share, dtype=torch.float64)
    assert ended.summary["val"]["loss"] == pytest.approx(float(each.sum()), rel=1e-9)


@pytest.mark.parametrize("scaling", ["standardize", "none", "quantile"])
def test_each_target_has_its_metrics_and_they_are_in_its_own_unit(path, tmp_path, way, scaling):
    """As scikit-learn has them, whose mean over the targets is the metric's own name."""
    keys = QUICK | way | {"dataset.path": path, "dataset.target_scaling": scaling, "trainer.metrics": ["mae"]}
    [outcome] = runner.train([keys], outputs=tmp_path)
    run = runner.load(outcome.folder)
    with np.load(path) as arrays:
        x, y = arrays["x"], arrays["y"]
    for split, rows in run.rows.items():
        answers, truth, found = run.predict(x[rows]), y[rows], outcome.summary[split]
        errors = root_mean_squared_error(truth, answers, multioutput="raw_values")
        shares = r2_score(truth, answers, multioutput="raw_values")
        if scaling == "quantile":  # rmse and r2 are those of the target's own unit
            assert [found["y1/r2"], found["y2/r2"]] == pytest.approx(shares.tolist(), rel=1e-5)
        assert [found["y1/rmse"], found["y2/rmse"]] == pytest.approx(errors.tolist(), rel=1e-5)
        assert (found["rmse"], found["r2"]) == pytest.approx((errors.mean(), shares.mean()), rel=1e-5)
        assert found["y2/mae"] == pytest.approx(np.abs(answers - truth)[:, 1].mean(), rel=1e-5)
    assert {"train/y1/r2", "val/y2/mae"} <= set(runner.curves(outcome.folder).columns)


def test_alone_as_together_and_runs_of_other_targets_beside(path, tmp_path, way):
    """Runs of the same targets in one population, a weighted one in another."""
    changes = [{"seed": seed} for seed in range(3)] + [{"dataset.target_scaling": "none"}]
    changes += [{"dataset.target_weights": {"y1": 4}, "trainer.engine": "stacked"}]
    keys = [QUICK | {"dataset.path": path} | way | change for change in changes]
    together = runner.train(keys, outputs=tmp_path)
    for outcome, own in zip(together, keys, strict=True):
        [alone] = runner.train([own], outputs=tmp_path)
        assert curves(alone).equals(curves(outcome)) and weights(alone.folder) == weights(outcome.folder)
    runs = [read(own) for own in keys]
    places = [structure(run, prepare(run)) for run in runs]
    assert len(set(places)) == 2


def test_a_killed_run_resumes_to_the_same(path, tmp_path, way, monkeypatch):
    keys = QUICK | way | {"dataset.path": path, "trainer.checkpoint_seconds": 0, "dataset.target_scaling": "quantile"}
    words = [f"{key}={str(value).replace(' ', '').replace('None', 'null')}" for key, value in keys.items()]
    assert main([*words, f"hydra.run.dir={tmp_path / 'whole'}"]) == 0
    with monkeypatch.context() as patch:
        at_epoch(patch, 3, stop)
        assert main([*words, f"hydra.run.dir={tmp_path / 'cut'}"]) == 130
    assert main(["resume", str(tmp_path / "cut")]) == 0
    whole, cut = (runner.curves(tmp_path / name).drop(columns="seconds") for name in ("whole", "cut"))
    assert whole.equals(cut) and weights(tmp_path / "whole") == weights(tmp_path / "cut")


def test_a_target_that_never_changes_in_a_split_is_left_out_of_the_mean(tmp_path, way):
    draw = np.random.default_rng(1)
    parts = {}
    for part, rows in (("train", 40), ("val", 20), ("test", 20)):
        x = draw.normal(size=(rows, 2))
        parts |= {f"x_{part}": x, f"y_{part}": np.stack([x[:, 0], x[:, 1] * (part == "train")], 1)}
    np.savez(tmp_path / "still.npz", **parts)
    [outcome] = runner.train([QUICK | way | {"dataset.path": str(tmp_path / "still.npz")}], outputs=tmp_path)
    val = outcome.summary["val"]
    assert val["y2/r2"] is None and val["r2"] == val["y1/r2"]
