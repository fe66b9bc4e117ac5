"""S13: the loss on a plane, and ways over it; and a minimum that is never reached (S12)."""

import numpy as np
import pytest

from runner.cli import main
from runner.diagnose.contours import levels_of
from runner.diagnose.kinds.surface import filter_normalized
from runner.diagnose.landscape import Landscape
from runner.diagnose.subject import Case
from runner.execution.configurations import read

BOWL = ["dataset=quadratic", "model.hidden=[]", "early_stopping=none"]
RINGS = [*BOWL, "dataset.hessian=[[1,0],[0,100]]", "dataset.optimum=[0,0]"]


def test_the_bowl_of_three_weights_along_two_of_them(ask):
    """a^2 - ab + b^2"""
    words = [*BOWL, "dataset.start=[0.81,0.91,0.13]", "--directions", "axes", "--points", "3", "--at", "initial"]
    found = ask("surface", *words)
    a, b, loss = (np.array(found.numbers[key]) for key in ("a", "b", "loss"))
    at = {(a[i], b[j]): loss[j, i] for i in range(3) for j in range(3)}
    assert [at[place] for place in ((0, 0), (1, 0), (1, 1), (1, -1))] == pytest.approx([0, 1, 1, 3], abs=1e-14)
    assert found.numbers["lowest_at"] == [0, 0] and "no point of the plane is lower" in found.said


def test_a_random_direction_has_the_norm_of_each_units_weights():
    land = Landscape(Case("run", read(["model.hidden=[5,3]"])))
    direction = filter_normalized(land, np.random.default_rng(0))
    for name, where in land.slots.items():
        if land.kind(name).kind == "weight":
            norms = [np.linalg.norm(w[where], axis=-1) for w in (direction, land.start)]
            assert norms[0] == pytest.approx(norms[1], rel=1e-12)
        else:
            assert not direction[where].any()


def test_many_points_at_once_have_the_values_of_each_alone():
    keys = ["model.hidden=[5,3]", "model.norm=batch", "regularizer.l2=0.1", "dataset.class_weights=balanced"]
    land = Landscape(Case("run", read(keys)), rows=50)
    points = land.start + 0.1 * np.random.default_rng(0).normal(size=(4, land.size))
    assert land.values(points) == pytest.approx([land.value(point) for point in points], rel=1e-12)


def test_the_way_of_a_run_ends_at_its_weights(ask):
    words = [*RINGS, "dataset.start=[-10,1]", "optimizer=momentum", "optimizer.lr=0.01", "trainer.epochs=30"]
    found = ask("surface", *words, "early_stopping.restore_best=false", "--directions", "path", "--points", "5")
    path = np.array(found.numbers["path"])
    assert path.shape == (31, 2) and np.abs(path[-1]).max() < 1e-4 * np.abs(path[0]).max()


def test_levels_rise_in_equal_ratios_where_the_loss_spans_decades():
    loss = np.geomspace(1e-6, 1e3, 400)
    rises = np.diff(np.log(levels_of(loss) - loss[0]))
    assert rises == pytest.approx(np.full(13, rises[0]), rel=1e-6)
    even = np.diff(levels_of(np.linspace(1.0, 2.0, 30)))
    assert even == pytest.approx(np.full(13, even[0]), rel=1e-9)


def test_a_diverged_run_has_no_surface(tmp_path, refused, capsys):
    keys = [
        "dataset=sine",
        "model.hidden=[4]",
        "optimizer=sgd",
        "optimizer.lr=1e9",
        f"hydra.run.dir={tmp_path / 'run'}",
    ]
    assert main([*keys, "trainer.epochs=3", "trainer.figures=false"]) == 1
    capsys.readouterr()
    for what, thing in (("surface", "surface"), ("hessian", "curvature"), ("sharpness", "minimum")):
        reason = refused(what, "run", code=1)
        assert "the run diverged" in reason and f"there is no {thing} to speak of" in reason and "lr_range" in reason


def test_weights_of_zero_have_no_random_directions(refused):
    reason = refused("surface", "dataset=iris", "model.hidden=[]", "model.init=zeros", "--at", "initial")
    assert "all weights are 0" in reason and "--directions axes" in reason


def test_nesterov_damps_what_momentum_rings(ask):
    words = ["-m", *RINGS, "dataset.start=[-10,1]", "optimizer=momentum,nesterov", "optimizer.lr=0.01"]
    found = ask("trajectories", *words, "trainer.epochs=100")
    heavy, ahead = (found.numbers["runs"][f"optimizer={name}"] for name in ("momentum", "nesterov"))
    ends = heavy["distance"], ahead["behind"]["distance"], ahead["distance"]
    assert [round(end, 6) for end in ends] == [0.026371, 0.004348, 0.007083]
    changes = [(each["sign_changes_with_zero"][1], each["sign_changes"][1]) for each in (heavy, ahead["behind"], ahead)]
    assert changes == [(35, 33), (1, 0), (2, 1)]
    assert ahead["detour"] < heavy["detour"] and "optimizer=nesterov ends lowest" in found.said


def test_momentum_survives_a_rate_at_which_nesterov_diverges(ask):
    words = ["-m", *RINGS, "dataset.start=[-10,1]", "optimizer=momentum,nesterov", "optimizer.lr=0.015"]
    found = ask("trajectories", *words, "optimizer.momentum=0.95", "trainer.epochs=100").numbers["runs"]
    assert round(found["optimizer=momentum"]["distance"], 3) == 0.66
    assert f"{found['optimizer=nesterov']['distance']:.1e}" == "3.7e+12"


@pytest.mark.parametrize(
    ("keys", "steps", "factor"),
    [
        (["optimizer=sgd", f"optimizer.lr={2 / 101}"], 300, 0.980198),
        (["optimizer=momentum", f"optimizer.lr={(2 / 11) ** 2}", f"optimizer.momentum={(9 / 11) ** 2}"], 30, 0.818182),
    ],
    ids=["descent", "heavy ball"],
)
def test_the_slowest_direction_falls_by_the_factor_of_the_rule(ask, keys, steps, factor):
    """A7: condition 100."""
    found = ask("trajectories", *RINGS, "dataset.start=[1,1]", *keys, f"trainer.epochs={steps}")
    assert found.numbers["runs"]["run"]["factor"] == pytest.approx(factor, abs=2e-6)


def test_weights_that_separate_grow_for_ever(ask, tmp_path):
    """A pair at +-1 (twice), logistic loss: w - ln t = -.0393, -.0159, -.0027 at 10, 100 and 1,000 steps of rate 1."""
    np.savez(tmp_path / "pair.npz", x=np.array([[1.0], [-1], [1], [-1]]), y=np.array([1, 0, 1, 0]))
    words = ["dataset=npz", "dataset.path=pair.npz", "dataset.task=classification", "dataset.scaling=none"]
    words += ["dataset.val_fraction=0", "dataset.test_fraction=0", "early_stopping=none", "model.hidden=[]"]
    words += ["model.bias=false", "model.init=zeros", "optimizer=sgd", "optimizer.lr=0.5", "trainer.epochs=1000"]
    found = ask("trajectories", *words).numbers["runs"]["run"]
    at = dict(zip(found["at_steps"], found["weights"], strict=True))
    gaps = [at[t][1] - at[t][0] - np.log(t) for t in (10, 100, 1000)]
    assert [round(gap, 4) for gap in gaps] == [-0.0393, -0.0159, -0.0027]


def test_ways_over_different_data_are_refused(refused):
    reason = refused("trajectories", "-m", "dataset=sine", "dataset.noise=0,0.1", "trainer.epochs=1")
    assert "the runs are on different data" in reason
