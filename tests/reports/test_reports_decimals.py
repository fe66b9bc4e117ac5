"""Decimals: two digits of the smallest half-width, nothing hidden, no rounding shown as a number."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_sweeps import grid, make_sweep

from runner.cli import main
from runner.reports.decimals import digits
from runner.reports.statistics import Spread, spread


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0.05, 0.052, 0.051], [1.0, 2.0, 9.0]], 4),  # ± 0.0025 beside ± 11
        ([[14 / 15] * 3], 4),  # equal values: their spread is rounding, 1.4e-16
        ([[0.1 + 0.2, 0.3, 0.3]], 4),
        ([[120.0, 135.0, 128.0]], 0),  # ± 19
        ([[1200.0, 1210.0, 1203.0]], 0),  # ± 13
        ([[0.0, 0.0, 0.0]], 0),
        ([[0.25], [3e-5]], 8),  # one run each: four digits of each mean
        ([[31.25]], 2),
        ([[0.5, 0.5 + 1e-10, 0.5]], 8),  # no more than the numbers hold
    ],
)
def test_the_decimals_of_a_column(values, expected):
    assert digits([spread(each) for each in values]) == expected


def test_a_column_without_values_has_some():
    assert digits([None]) == digits([]) == 4


@given(st.lists(st.tuples(st.floats(1e-3, 1e3), st.floats(1e-4, 1)), min_size=1, max_size=9))
def test_every_half_width_shows_two_digits_and_every_mean_its_first(found):
    spreads = [Spread(mean, mean * share, 5) for mean, share in found]
    places = digits(spreads)
    for each in spreads:
        assert len(re.sub(r"[.]", "", f"{each.half:.{places}f}").lstrip("0")) >= 2
        assert abs(float(f"{each.mean:.{places}f}") - each.mean) <= 0.051 * each.half


def test_equal_values_have_no_spread():
    found = spread([14 / 15] * 3)
    assert found.sd == 0 and found.half is None
    assert spread([0.1 + 0.2, 0.3]).sd == 0 and spread([0.3, 0.3000001]).sd > 0


def test_small_and_large_losses_are_both_readable_in_every_table(tmp_path, capsys):
    ends = {0.1: [0.0512, 0.0498, 0.0505], 0.2: [0.011, 0.048, 0.012], 0.3: [2.3, 4.9, 3.1]}
    folder = make_sweep(tmp_path / "s", grid(ends))
    assert main(["report", str(folder), "--html"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if re.match(r"\d[~ ] ", line)]
    assert {row[1]: row[2:5] for row in rows} == {
        "0.1": ["0.0505", "±", "0.0017"],
        "0.2": ["0.0237", "±", "0.0524"],
        "0.3": ["3.4333", "±", "3.3080"],
    }
    page = (folder / "report.html").read_text()
    assert "± 0.0017" in page and ">3.4333<" in page
