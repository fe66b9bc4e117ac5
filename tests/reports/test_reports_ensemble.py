"""What runs reach together, against plain formulas on what each run says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from measured_ensembles import found
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error

import runner
from runner.data.prepare import prepare
from runner.execution.stored import read_config
from runner.figures.calibration import calibration
from runner.reports.ensemble import words
from runner.reports.ensemble.members import candidates
from runner.reports.runs import read_sources


def alone(row, csv, split) -> tuple[np.ndarray, np.ndarray]:
    """(what `runner.load` says of the rows of a split: probabilities [n, C] or numbers [n]; the truth)."""
    run, data = runner.load(row.folder), prepare(read_config(row.folder))
    table = pd.read_csv(csv).iloc[getattr(data, split)]
    truth = table[run.encoding.target].to_numpy()
    return (run.predict_proba(table) if run.encoding.labels else run.predict(table)), truth


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("split", ["val", "test"])
def test_metrics_together_are_those_of_the_mean_of_the_probabilities(sweeps, csv, split):
    ensemble = found(sweeps["classes"])
    said = [alone(row, csv, split) for row in ensemble.members]
    truth = (said[0][1] == "yes").astype(int)
    p = np.mean([probabilities for probabilities, _ in said], axis=0)
    part = ensemble.parts[split]
    expected = {
        "accuracy": accuracy_score(truth, p.argmax(1)),
        "nll": log_loss(truth, p),
        "ece": calibration(p, truth).ece,
    }
    assert part.together == pytest.approx(expected, abs=1e-9)
    assert part.mean["nll"] == pytest.approx(np.mean([log_loss(truth, p) for p, _ in said]), rel=1e-9)
    assert part.gain["nll"] == pytest.approx(part.mean["nll"] - part.together["nll"])
    assert part.gain["accuracy"] == pytest.approx(part.together["accuracy"] - part.mean["accuracy"])


@pytest.mark.parametrize("combine", ["mean", "geometric"])
@pytest.mark.parametrize("name", ["classes", "folds", "no validation", "copies"])
def test_the_log_loss_together_is_at_most_that_of_a_member_in_the_mean(sweeps, name, combine):
    for part in found(sweeps[name], combine).parts.values():
        assert part.together["nll"] <= part.mean["nll"] + 1e-12


@pytest.mark.parametrize("split", ["val", "test"])
def test_members_have_the_metrics_that_their_summaries_hold(sweeps, split):
    ensemble = found(sweeps["classes"])
    summaries = [runner.load(row.folder).summary[split] for row in ensemble.members]
    assert list(ensemble.parts[split].members["accuracy"]) == [each["accuracy"] for each in summaries]
    np.testing.assert_allclose(ensemble.parts[split].members["nll"], [each["loss"] for each in summaries], rtol=1e-12)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["numbers", "scales"])
def test_numbers_are_averaged_in_the_unit_of_the_target_whatever_each_was_trained_on(sweeps, csv, name):
    ensemble = found(sweeps[name])
    said = [alone(row, csv, "test") for row in ensemble.members]
    mean, truth = np.mean([each for each, _ in said], axis=0), said[0][1]
    part = ensemble.parts["test"]
    assert part.together["rmse"] == pytest.approx(root_mean_squared_error(truth, mean), rel=1e-9)
    assert part.together["r2"] == pytest.approx(r2_score(truth, mean), rel=1e-9)
    squares = np.square(part.members["rmse"]).mean()
    kind, spread = part.diversity
    assert kind == "spread" and part.together["rmse"] ** 2 == pytest.approx(squares - spread**2, rel=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_in_folds_each_row_of_validation_is_judged_by_the_runs_that_were_not_trained_on_it(sweeps, csv):
    ensemble = found(sweeps["folds"])
    part = ensemble.parts["val"]
    p: dict[int, list[np.ndarray]] = {}
    for row in ensemble.members:
        data = prepare(read_config(row.folder))
        for place, each in zip(data.val, alone(row, csv, "val")[0], strict=True):
            p.setdefault(int(place), []).append(each)
    assert {len(each) for each in p.values()} == {2}  # the two seeds of its fold
    truth = (pd.read_csv(csv)["sold"].iloc[sorted(p)] == "yes").to_numpy().astype(int)
    mean = np.array([np.mean(p[place], axis=0) for place in sorted(p)])
    assert part.together["nll"] == pytest.approx(log_loss(truth, mean), rel=1e-9)
    assert ensemble.out_of_fold and not part.sizes and ensemble.parts["test"].sizes
    assert "best alone" not in "\n".join(words.lines(ensemble)) and "out of fold" in "\n".join(words.lines(ensemble))


def test_sizes_begin_with_the_best_and_end_with_all(sweeps):
    ensemble = found(sweeps["classes"])
    val = ensemble.parts["val"]
    assert val.members["nll"].argmin() == 0
    for name, of in val.sizes.items():
        assert (of[0], of[-1]) == (val.members[name][0], val.together[name])


def test_the_top_are_the_best_on_validation(sweeps):
    everyone = found(sweeps["classes"])
    three = found(sweeps["classes"], top=3)
    assert [row.folder for row in three.members] == [row.folder for row in everyone.members[:3]]
    assert three.parts["test"].together["nll"] == everyone.parts["test"].sizes["nll"][2]


def test_greedy_choices_are_no_worse_on_validation_than_any_number_of_the_best(sweeps):
    ensemble = found(sweeps["classes"], choose=12)
    reached = ensemble.parts["val"].sizes["nll"]
    best_alone = found(sweeps["classes"]).parts["val"].members["nll"].min()
    assert len(ensemble.members) == 12 and reached[0] == best_alone
    assert reached.min() < best_alone


def test_runs_that_are_the_same_are_one_member(sweeps):
    ensemble = found(sweeps["copies"])
    assert len(ensemble.members) == 2 and ensemble.candidates.left_out == ["2 the same as others"]


def test_a_run_named_twice_is_one_member(sweeps):
    folder = sweeps["classes"]
    run = next(path for path in sorted(folder.iterdir()) if path.is_dir())
    sources = [*read_sources(folder), *read_sources(run)]
    assert len(candidates(sources, "both").rows) == 5


def test_where_losses_do_not_compare_something_else_ranks(sweeps):
    assert candidates(read_sources(sweeps["scales"]), "").metric == "val/r2"
    assert candidates(read_sources(sweeps["numbers"]), "").metric == "val/loss"
