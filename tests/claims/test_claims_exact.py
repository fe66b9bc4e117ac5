"""Exact numbers of the lectures, to the digits given, as `runner claim NAME` finds them."""

import json
import re
from pathlib import Path

import pytest

from runner.cli import main

SERIAL = "hydra.launcher.executor=serial"
EXACT = {  # what `verdict.json` has to say, in order; numbers of the lectures or worked out apart from this program
    "l2_eigen": "0.2414 0.2557 -0.0986 0.3652 0.2265 0.5000 0.6306",
    "soft_threshold": "0.3100 0.6600 0.0050 0.2667 0.3233 0",
    "early_stopping_is_l2": "2.1 9.5 24.5",
    "velocity": "-6.4390 -3.5149 0.000000000000",
    "newton_saddle": "0.000000000000 0.000000000 2.000000000",
    "dropout_error": "1.265000 0.005000 1.260000",
    "dropconnect": "2.000000000 5.142857",
    "alpha_dropout": "-1.75810 0.92128 0.16197 0.000000 1.000000",
    "fast_dropout": "0.697797 0.553441 0.395593 0.682063",
    "mc_dropout_moments": "1.600000 0.562500",
    "batch_variance": "0.500000 0.666667 0.750000 1.000000",
    "group_norm": "-1.069043 -0.534522 0.000000 1.603565 -0.999980 0.999980 -0.999998 0.999998",
    "weight_norm": "1.200000 1.600000 2.200000 -0.128000 0.096000 0.000000000",
    "weight_standardization": "-1.341641 -0.447214 0.447214 1.341641",
    "hinge_scale": "2.900000 0.000000 12.900000 5.266667 0.000000000",
    "label_smoothing_optimum": "0.50029 4.5109",
    "combinations": "0.400000 0.400000 0.200000 0.337386 0.441742 0.220871 0.500000 0.500000 0.000000",
    "saddle": "-1.000000 1.000000 0.000000 2.000000 0.000000 4.250000",
    "softmax_curvature": (
        "0.972833 0.972833 0.333333 0.333333 0.304677 0.304677 0.048919 0.048919 "
        "0.006905 0.006905 0.000000 0.000000 0.000000 0.000000 0.000000 3.333333"
    ),
    "separable_norm": "-0.0393 -0.0159 -0.0027 -0.0004",
    "vanishing_chain": "3.874 3.874 1.41 0.12 5120 0.0452 0.0266 0.00148",
    "matrix_powers": "0.000 58.695 0.000 117.391",
    "difference_check": "1.0 3.2 1.3 2.4",
    "adagrad_slows": "1.0000 0.7071 0.1000 1.000",
    "hutchinson": "2.000000000 2.000000000 2.000000000 6.000000000 8.000000000",
    "sparse_representation": "5.500000 5.265000 0.588575",
    "adam_first_step": "0.990 1.000 3.1623",
    "momentum_rings": "35 1 0.0264 0.00435",
    "conditioning": "0.980198 0.81818",
    "why_half": "0.50 1.500000",
    "adamw_old_weights": "0.890000 0.001000",
    "autoencoder_is_pca": "0.270 0.042",
    "distinct_rows": "0.651322 0.65 0.633968 0.63 0.632267 0.63 0.632121",
    "dropout_keeps_share": "0.405000 0.455000 0.065000 0.607500 0.682500 0.097500",
    "direct_dropout": "0.596125 0.408346 0.298063 0.204173 0.298063 0.204173",
    "jacobians": "0.85 0.49",
    "minimum_norm": "1 3.5 4.25",
    "nesterov_limit": "0.660",
    "newton_one_step": "0.000000000000 0.000000 0.000000 0.000000000000 0.000000 0.000000 0.000000000000",
    "damped_newton": "0.241429 0.255714 -0.098571 0.000000000",
    "ball_is_penalty": "0.24143 0.25571 -0.09857 0.31000 0.66000 0.00500",
    "lagrangian": "0.2414 0.2557 -0.0986 2.000",
    "penalty_conditions": "5.83 5.8284 5.12 5.1244 2.09 2.0938",
    "step_against_curvature": "0.20683 0.64570",
    "policies": (
        "8 0.359955 0.569533 1.752287 0.448927 0.573645 13 0.643105 0.768109 1.393859 12 0 16 2000 0.1028 0.3484"
    ),
}
BOUNDS = {  # claims whose numbers have to lie in bounds, in order: below these; between these, of U, Glorot's and He's
    "dropout_geometric_mean": "below 1e-12, below -0.01",
    "batch_norm_scale": "below 1e-08, below 1e-12",
    "signals_through_depth": (
        "between 0.3895 and 0.4305, between -0.30103 and 0.30103, between 0.6745 and 0.7455, between -0.30103 and "
        "0.30103, between 0.95 and 1.05, between -0.30103 and 0.30103, between 0.437 and 0.483, between -0.30103 and "
        "0.30103, between 0.5985 and 0.6615, between -0.30103 and 0.30103"
    ),
}
PLACES = {  # number of the experiments' list (A) and of the seeds (S) -> where it is asserted: claims here, other tests
    "A1": "l2_eigen damped_newton", "A2": "soft_threshold ball_is_penalty", "A3": "early_stopping_is_l2",
    "A4": "dropout_keeps_share direct_dropout", "A5": "dropout_geometric_mean",
    "A6": "momentum_rings nesterov_limit diagnose/surface::nesterov_damps_what_momentum_rings", "A7": "conditioning",
    "A8": "signals_through_depth", "A9": "jacobians", "A10": "alpha_dropout", "A11": "batch_variance batch_norm_scale",
    "A12": "label_smoothing_optimum", "A13": "minimum_norm", "A14": "adam_first_step",
    "S9": (
        "diagnose/bias_variance::of_two_lines_bias_and_variance_are_those_by_hand "
        "diagnose/bias_variance::least_squares_on_a_sine_trade_bias_for_variance"
    ),
    "S10": "minimum_norm",
    "S11": "difference_check "
        "diagnose/gradients::central_differences_confirm_the_gradient_with_all_that_is_switched_on",
    "S12": (
        "softmax_curvature saddle penalty_conditions separable_norm vanishing_chain matrix_powers "
        "step_against_curvature diagnose/hessian::a_step_gains_until_curvature_takes_it_back "
        "diagnose/hessian::the_spectrum_of_softmax_regression_at_zero"
    ),
    "S13": (
        "velocity diagnose/surface::the_bowl_of_three_weights_along_two_of_them "
        "diagnose/surface::momentum_survives_a_rate_at_which_nesterov_diverges "
        "diagnose/surface::the_slowest_direction_falls_by_the_factor_of_the_rule"
    ),
    "S14": (
        "diagnose/paths::columns_enter_one_after_the_other diagnose/paths::ridge_makes_the_weights_smaller "
        "diagnose/paths::of_equal_columns_ridge_and_elastic_net_take_both"
    ),
    "S15": "policies early_stopping_is_l2",
}  # fmt: skip
NUMBER = r"-?\d+(\.\d+)?"  # the rule of a finding that is to equal it


def test_every_exact_number_of_the_course_has_a_place_where_it_is_asserted():
    assert list(PLACES) == [f"A{i}" for i in range(1, 15)] + [f"S{i}" for i in range(9, 16)]
    for place in " ".join(PLACES.values()).split():
        file, _, name = place.partition("::")
        folder, _, topic = file.partition("/")
        test = Path(__file__).parents[1] / folder / f"test_{folder}_{topic}.py"
        assert f"def test_{name}(" in test.read_text() if name else place in EXACT | BOUNDS, place


@pytest.fixture
def findings(tmp_path, monkeypatch, capsys):
    """What a claim found, which holds."""
    monkeypatch.chdir(tmp_path)

    def of(name):
        assert main(["claim", name, SERIAL]) == 0
        record = json.loads((tmp_path / "outputs" / "claims" / name / "verdict.json").read_text())
        assert record["verdict"] == "holds"
        assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["claim", "here", "verdict"]
        return record["findings"]

    return of


@pytest.mark.parametrize("name", EXACT)
def test_an_exact_claim_gives_these_digits(name, findings):
    found = [each["text"].split(" ")[0] for each in findings(name) if re.fullmatch(NUMBER, each["rule"])]
    assert found == EXACT[name].split()


@pytest.mark.parametrize("name", BOUNDS)
def test_a_claim_keeps_within_these_bounds(name, findings):
    assert ", ".join(each["rule"] for each in findings(name) if each["verdict"]) == BOUNDS[name]
