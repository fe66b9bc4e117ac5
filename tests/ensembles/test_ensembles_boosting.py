"""Boosting: weights of examples and members against scikit-learn's AdaBoostClassifier, residuals against plain sums."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import AdaBoostClassifier
from sklearn.tree import DecisionTreeClassifier

from runner.data.encoding import Encoding
from runner.data.target_scaling import TargetScale
from runner.ensembles.boosting import Residuals, Samme, reweighted, stage_of
from runner.ensembles.fitted import Sum, WeightedVote


def test_a_member_with_three_of_ten_wrong_among_three_classes():
    wrong = np.arange(10) < 3
    stage = stage_of(wrong, np.ones(10), 3)
    assert stage.error == pytest.approx(0.3, abs=1e-15)
    assert stage.weight == pytest.approx(1.540445, abs=5e-7)
    shares = reweighted(np.ones(10), wrong, stage.weight) / 10
    np.testing.assert_allclose(shares[:3], 0.222222, atol=5e-7)
    np.testing.assert_allclose(shares[3:], 0.047619, atol=5e-7)


def said_of(choices: np.ndarray, classes: int) -> np.ndarray:
    """Log-probabilities [n, C] whose likeliest classes are these."""
    return np.log(np.where(np.arange(classes) == choices[:, None], 0.9, 0.1 / (classes - 1)))


@pytest.fixture(scope="module")
def boosted():
    """(scikit-learn's boosting of trees, the table, what its members say about it as answers)."""
    x, y = load_wine(return_X_y=True)
    trees = DecisionTreeClassifier(max_depth=1, random_state=0)
    model = AdaBoostClassifier(trees, n_estimators=6, learning_rate=0.7, random_state=0).fit(x, y)
    said = [said_of(member.predict(x).astype(int), 3) for member in model.estimators_]
    return model, x, y, said


def samme(y: np.ndarray, rate: float = 1.0) -> Samme:
    return Samme(SimpleNamespace(y=y, train=np.arange(len(y)), weights=None, outputs=int(y.max()) + 1), rate)


def test_members_weigh_what_scikit_learn_says(boosted):
    model, _, y, said = boosted
    stages, _ = samme(y, 0.7).stages([{"asked.said": each} for each in said])
    assert len(stages) == 6
    np.testing.assert_allclose([s.error for s in stages], model.estimator_errors_, rtol=1e-12)
    np.testing.assert_allclose([s.weight for s in stages], model.estimator_weights_, rtol=1e-12)


def test_their_vote_is_scikit_learns_probability(boosted):
    model, x, y, said = boosted
    found = samme(y, 0.7).way([{"asked.said": each} for each in said]).of(said)
    np.testing.assert_allclose(np.exp(found), model.predict_proba(x), rtol=1e-12)


def test_of_two_classes_the_vote_is_scikit_learns_too(boosted):
    _, x, y, _ = boosted
    two = (y > 0).astype(int)
    trees = DecisionTreeClassifier(max_depth=1, random_state=0)
    model = AdaBoostClassifier(trees, n_estimators=4, random_state=0).fit(x, two)
    said = [said_of(member.predict(x).astype(int), 2) for member in model.estimators_]
    found = samme(two).way([{"asked.said": each} for each in said])
    np.testing.assert_allclose(found.weights, model.estimator_weights_, rtol=1e-12)
    np.testing.assert_allclose(np.exp(found.of(said)), model.predict_proba(x), rtol=1e-12)


def test_a_member_without_an_error_counts_one_as_in_scikit_learn(boosted):
    _, x, y, _ = boosted
    model = AdaBoostClassifier(DecisionTreeClassifier(random_state=0), n_estimators=4).fit(x, y)
    answers = [{"asked.said": said_of(model.estimators_[0].predict(x).astype(int), 3)}]
    found = samme(y)
    assert list(model.estimator_weights_[:1]) == [found.stages(answers)[0][0].weight] == [1.0]
    assert found.perfect(answers) == "it gets no training row wrong"
    assert found.wrong(answers) == ""


@pytest.mark.parametrize("right", [4, 3])
def test_a_member_is_no_better_than_chance_from_two_thirds_of_three_classes_on(right):
    y = np.arange(9) % 3
    choices = np.where(np.arange(9) < right, y, (y + 1) % 3)
    found = samme(y).wrong([{"asked.said": said_of(choices, 3)}])
    assert found == ("" if right == 4 else "it gets 66.7% of the weight wrong, of 3 classes")


def test_the_next_member_trains_on_the_weights_and_the_others_keep_theirs():
    weights = np.array([2.0, 0.5, 0.5, 1.0, 7.0])
    data = SimpleNamespace(y=np.array([0, 1, 2, 0, 1]), train=np.arange(4), weights=weights, outputs=3)
    answers = [{"asked.said": said_of(np.array([1, 1, 2, 0]), 3)}]
    found, after = Samme(data, 1.0).stages(answers)
    assert found[0].error == 0.5  # of 2 + .5 + .5 + 1
    expected = np.array([2 * 2, 0.5, 0.5, 1.0])  # exp(a) = C - 1
    np.testing.assert_allclose(after, expected / expected.mean(), rtol=1e-15)


def numbers(rows: int = 6):
    """Targets of which four train, scaled by 3 around 10."""
    y = np.array([4.0, 7.0, 10.0, 19.0, 1.0, 16.0])[:rows]
    encoding = Encoding("regression", "y", [], [], [], [], [], target_offset=10.0, target_scale=3.0)
    return SimpleNamespace(
        y=(y - 10) / 3,
        train=np.arange(4),
        val=np.array([4]),
        test=np.array([5]),
        weights=None,
        outputs=1,
        encoding=encoding,
        targets=lambda chosen: y[chosen],
    )


def test_residuals_are_what_the_sum_so_far_leaves():
    data = numbers()
    rule = Residuals(data, 0.5)
    h = np.array([-4.0, -2.0, 0.0, 8.0, -9.0, 6.0])[:, None]
    answers = [{"asked.said": h[:4], "val.said": h[4:5], "test.said": h[5:]}]
    np.testing.assert_allclose(rule.start, [10.0])
    np.testing.assert_allclose(rule.left("asked", answers)[:, 0], [-4, -2, 0, 5])
    np.testing.assert_allclose(rule.left("val", answers)[:, 0], [-4.5])
    assert (rule.wrong(answers), rule.perfect(answers)) == ("", "")
    np.testing.assert_allclose(rule.way(answers).of([h])[:, 0], 10 + 0.5 * h[:, 0])


def test_a_member_that_adds_to_the_error_is_no_better_than_chance():
    rule = Residuals(numbers(), 0.5)
    against = {"asked.said": np.array([[6.0], [3.0], [0.0], [-9.0]])}
    assert rule.wrong([against]) == "it does not lower the squared error on the training rows"
    exact = {"asked.said": np.array([[-12.0], [-6.0], [0.0], [18.0]])}
    assert rule.wrong([exact]) == ""
    assert rule.perfect([exact]) == "it leaves no residual on the training rows"


def test_several_targets_have_residuals_each():
    data = numbers()
    scales = {"a": TargetScale(10.0, 3.0), "b": TargetScale(0.0, 2.0)}
    y = np.stack([data.targets(np.arange(6)), np.arange(6.0)], 1)
    data.encoding.targets, data.outputs, data.targets, data.y = scales, 2, lambda rows: y[rows], y * 0
    h = np.ones((4, 2))
    left = Residuals(data, 1.0).left("asked", [{"asked.said": h}])
    np.testing.assert_allclose(left, y[:4] - y[:4].mean(0) - 1)


def test_what_is_kept_of_a_vote_and_a_sum_makes_them_again():
    from runner.ensembles.fitted import way_of

    vote, total = WeightedVote(np.array([1.0, 2.0])), Sum(np.array([3.0]), np.array(0.5))
    for way, answers in ((vote, [said_of(np.array([0, 1]), 3)] * 2), (total, [np.ones((2, 1))] * 2)):
        again = way_of(way.name, "either", way.arrays)
        assert (again.of(answers) == way.of(answers)).all()
