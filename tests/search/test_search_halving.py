"""Successive halving and Hyperband on curves that are known: who trains how far."""

import random

import pytest
from simulated import standing, trained

from runner.search.halving import Halving, Hyperband, proportional
from runner.search.rungs import Rungs, brackets, whole_log


def falling(count, total, noise=0.0, seed=0):
    """Curves of losses that fall from 1 towards ever larger ends: the first trial is the best."""
    draws = random.Random(seed)
    return [
        [i / count + 2.0 ** (-epoch) + noise * draws.gauss(0, 1) for epoch in range(total + 1)] for i in range(count)
    ]


def halving(total=27, eta=3, first=1, maximize=False):
    return Halving(["val/loss"], maximize, total, eta, first)


def test_of_27_settings_9_go_on_after_1_epoch_3_after_3_1_after_9():
    assert trained(halving(), falling(27, 27)) == [27, 9, 9, *[3] * 6, *[1] * 18]


def test_with_larger_values_better_the_last_of_them_wins():
    assert trained(halving(total=9, maximize=True), falling(9, 9)) == [*[1] * 6, 3, 3, 9]


def test_without_a_first_rung_it_comes_as_early_as_leaves_one_to_train_to_the_end():
    assert Rungs.of(32, 64, 4, None) == Rungs((4, 16), (32, 8, 2))
    assert Rungs.of(27, 27, 3, None) == Rungs((1, 3, 9), (27, 9, 3, 1))
    assert Rungs.of(2, 30, 3, None) == Rungs((), (2,))
    assert Rungs.of(81, 9, 3, None) == Rungs((1, 3), (81, 27, 9))  # fewer epochs than rungs would take


def test_what_a_bracket_costs_counts_the_epochs_of_a_setting_once():
    assert Rungs.of(27, 27, 3, 1).cost(27) == 27 * 1 + 9 * 2 + 3 * 6 + 1 * 18
    assert Rungs.of(32, 32, 4, 4).cost(32) == 32 * 32 / 4
    assert halving(32, 4, 4).share(32) == 0.25


def test_a_logarithm_of_a_power_is_whole():
    assert [whole_log(value, 3) for value in (1, 2.9, 3, 243, 242)] == [0, 0, 1, 5, 4]


def test_equal_settings_stand_in_the_order_of_the_sweep():
    assert trained(halving(9), [[1.0] * 10] * 9) == [9, 3, 3, *[1] * 6]


def test_a_setting_of_which_a_run_diverged_is_never_promoted():
    curves = falling(9, 9)
    curves[0] = [1.0, 0.5, None]
    assert trained(halving(9), curves)[:4] == [2, 9, 3, 1]  # it was promoted before it diverged
    curves[1] = [1.0, None]
    assert trained(halving(9), curves)[:5] == [2, 1, 9, 3, 1]


def test_if_all_diverge_nothing_is_left_to_ask():
    assert trained(halving(9), [[1.0, None]] * 9) == [1] * 9


def test_one_that_has_ended_early_keeps_its_place_with_the_value_it_ended_with():
    curves = falling(9, 9)
    curves[0] = [*curves[0][:3], -1.0]
    assert trained(halving(9), curves)[:3] == [3, 3, 3]  # the best of the last rung has nothing left to train
    curves[0] = [*curves[0][:2], 0.6]
    assert trained(halving(9), curves)[:4] == [2, 9, 3, 1]


def test_a_value_after_the_rung_has_no_say():
    curves = falling(9, 9)
    curves[8] = [1.0, 0.9, *[-5.0] * 8]
    whole = [standing(curve, 9) for curve in curves]
    assert halving(9).ranked(range(9), 1, whole)[:2] == [0, 1]
    assert halving(9).ranked(range(9), 2, whole)[:2] == [8, 0]


@pytest.mark.parametrize("seed", range(20))
def test_asked_again_at_any_moment_it_says_what_it_said(seed):
    """A sweep that is killed has some runs further than others; who trains how far does not depend on it."""
    draws = random.Random(seed)
    search = halving(27, draws.choice([2, 3, 4]), draws.choice([1, 2, None]))
    curves = falling(draws.randint(2, 40), 27, 0.3, seed)
    whole = trained(search, curves)
    goals = [min(draws.choice([0, 1, 3, 9, made]), made) for made in whole]
    pruned = [draws.random() < 0.5 and goals[i] == made < 27 for i, made in enumerate(whole)]
    made = goals
    for _ in range(100):
        found = search.next([standing(c, made[i], pruned[i]) for i, c in enumerate(curves)])
        if found is None:
            break
        pruned = [each or i in found.pruned for i, each in enumerate(pruned)]
        made = [m if pruned[i] else max(m, min(found.until.get(i, 27), 27)) for i, m in enumerate(made)]
    assert [max(m, w) for m, w in zip(made, whole, strict=True)] == whole


def test_hyperband_has_the_brackets_of_the_paper():
    """Table 1 of Li et al. 2018: R = 81, eta = 3."""
    assert brackets(81, 3, 1) == [(81, 1), (34, 3), (15, 9), (8, 27), (5, 81)]
    found = Hyperband(["val/loss"], False, 81, 3).brackets(81 + 34 + 15 + 8 + 5)
    assert [each.rungs.trials[0] for each in found] == [81, 34, 15, 8, 5]
    assert [each.rungs.epochs for each in found] == [(1, 3, 9, 27), (3, 9, 27), (9, 27), (27,), ()]
    assert sorted(i for each in found for i in each.trials) == list(range(143))


def test_settings_are_shared_out_by_the_largest_remainders():
    assert proportional(10, [81, 34, 15, 8, 5]) == [6, 2, 1, 1, 0]
    assert sum(proportional(143, [81, 34, 15, 8, 5])) == 143


def test_in_hyperband_each_bracket_has_a_winner_that_trains_to_the_end():
    search = Hyperband(["val/loss"], False, 27, 3, seed=5)
    curves = falling(49, 27)
    made = trained(search, curves)
    for bracket in search.brackets(49):
        assert max(made[i] for i in bracket.trials) == 27
        assert made[min(bracket.trials)] == 27  # of curves that do not cross the best


def test_the_lot_of_the_brackets_is_the_same_for_the_same_seed():
    one, same, other = (Hyperband(["val/loss"], False, 27, 3, seed=seed).brackets(20) for seed in (1, 1, 2))
    assert one == same != other


def test_what_is_going_to_happen_is_said():
    assert halving(9).plan(9) == [
        "9 settings to epoch 1, the best 3 to epoch 3, the best 1 to the end (epoch 9)",
        "26% of the epochs of all 9 settings to the end",
    ]
    assert Hyperband(["val/loss"], False, 9, 3).plan(20)[0].startswith("1 bracket of ")
    assert halving(9).next([standing(curve, 0) for curve in falling(9, 9)]).said == "9 settings to epoch 1"
