"""`runner check`: a table of contracts, what is wrong in words, and the exit code."""

import re
from pathlib import Path

import pytest

from runner.config.location import PACKAGE

HEAD = """\
from dataclasses import dataclass

from runner.config.registry import number, register
from runner.optimizers.rules.base import Rule
from runner.population.pieces.base import Activation
from runner.regularizers.base import Penalty

"""
WRONG_SLOPE = '''
@register("activation", "wrong")
@dataclass
class Wrong(Activation):
    """2x"""

    zero_at_zero = True

    def forward(self, x):
        return 2 * x

    def gradient(self, x, y, g):
        return 3 * g

    def module(self, inputs, width):
        from torch import nn

        return nn.Identity()
'''
FORGETFUL = '''
@register("optimizer", "forgetful")
@dataclass
class Forgetful(Rule):
    """w <- w - lr (g + what it saw last), which it keeps for itself"""

    last = 0.0

    def update(self, w, g, state, h, t):
        w.sub_(h.lr * (g + self.last))
        self.last = g.clone().mean()
'''
SOURCE = '''
from dataclasses import dataclass

import numpy as np

from runner.config.registry import register
from runner.data.sources.base import RawTable, Source


@register("dataset", "halves")
@dataclass
class Halves(Source):
    """points left and right of 0"""

    def read(self):
        x = np.random.default_rng(0).normal(size=(40, 2))

        def table(**changes):
            right = {"numeric_ND": x, "target": (x[:, 0] > 0).astype(int), "task": "classification"}
            right |= {"numeric_names": ["a", "b"], "sha256": "0", "labels": ["left", "right"]}
            return RawTable(**(right | changes))

'''
RAISES = '''
@register("regularizer", "raises")
@dataclass
class Raises(Penalty):
    """strength w[7000]"""

    strength: float = number(0.0, ge=0, neutral=0.0, preset=0.1)
    elementwise = True

    def value(self, w, strength):
        return strength[:, 0] * w[:, 7000]
'''


def test_the_example_of_the_documentation_keeps_all_contracts(mine, says):
    code, out, said = says("check", PACKAGE.parent / "docs" / "examples" / "mine.py")
    assert code == 0, out + said
    assert out.endswith("contracts hold\n") and "FAILED" not in out
    for words in ("gradient = autograd = differences", "alone = together, every key", "export = forward"):
        assert words in out


def test_what_does_not_hold_is_said_in_words(mine, says):
    mine.write_text(HEAD + WRONG_SLOPE + RAISES)
    code, out, _ = says("--plugins", "mine.py", "check")
    table = {tuple(part.strip() for part in line.split("  ") if part.strip())[2:3]: line for line in out.splitlines()}
    slope, export = table[("gradient = autograd = differences",)], table[("export = forward",)]
    assert code == 1
    assert "FAILED: the gradient is not autograd's of `forward`:" in slope and "instead of" in slope
    assert "FAILED: the exported `module` says something else than `forward`:" in export
    place = mine.read_text().splitlines().index("        return strength[:, 0] * w[:, 7000]") + 1
    assert "FAILED: IndexError: index 7000 is out of bounds for dimension 1 with size " in out
    assert f"({mine}:{place})" in out and "Traceback" not in out
    assert out.splitlines()[-1].endswith("contracts hold") and not out.splitlines()[-1].startswith("all")


def test_a_rule_that_keeps_state_of_its_own_is_found(mine, says):
    mine.write_text(HEAD + FORGETFUL)
    code, out, _ = says("check", "mine.py")
    assert code == 1 and re.search(r"alone = together, every key +FAILED: row \d differs from the same run alone", out)
    assert "differ after a checkpoint" in out and "some state is not in `slots`" in out


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        ("x[:0]", "`read` returned a ndarray instead of a RawTable"),
        ("table(target=[0, 1] * 20)", "target must be a NumPy array, not a list"),
        ("table(target=x[:30, 0].astype(int))", "numeric_ND has 40 rows, target has 30"),
        ('table(numeric_names=["a"])', "numeric_ND (40, 2) does not have a column for each of ['a']"),
        ('table(task="classes")', "task = 'classes': must be classification, regression or multitask"),
        ("table(labels=None)", "labels must name the classes"),
        ('table(labels=["u"])', "target must hold whole numbers from 0 to 0, positions in labels"),
        ("table(numeric_ND=np.random.default_rng().normal(size=(40, 2)))", "`numeric_ND` is another when the data are"),
    ],
)
def test_a_data_set_whose_table_will_not_do_is_told_why(mine, says, returned, problem):
    mine.write_text(SOURCE + f"        return {returned}\n")
    code, out, _ = says("check", "mine.py")
    assert code == 1 and problem in out


def test_nothing_to_check_and_a_file_that_is_not_there(mine, says):
    assert says("check")[::2] == (2, "runner: check: name a file or a module, such as `runner check mine.py`\n")
    code, out, said = says("check", "gone.py")
    assert (code, out) == (2, "") and "plug-in gone.py: no such file" in said


def test_each_file_has_its_own_table(mine, says):
    Path("other.py").write_text(HEAD + WRONG_SLOPE)
    mine.write_text(HEAD + WRONG_SLOPE.replace('"wrong"', '"right"').replace("3 * g", "2 * g"))
    code, out, _ = says("check", "other.py", "mine.py", "./mine.py")
    assert code == 1
    assert [line for line in out.splitlines() if line.startswith("plug-in")] == [
        "plug-in other.py: activation=wrong",
        "plug-in mine.py: activation=right",
    ]
