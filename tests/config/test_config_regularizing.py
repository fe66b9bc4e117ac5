"""Regularizing groups on the command line: presets that compose, batch norm among them, and `none` in each."""

import pytest
import yaml

from runner.commands.catalogue import group_table
from runner.config.compose import hydra_ready
from runner.config.location import config_dir
from runner.config.overlay import lay_over
from runner.config.settings import FLAT_GROUPS, default_tree
from runner.plan.command_line import check_command_line


def composed(*words: str) -> dict:
    """The configuration of a command line, checked."""
    with hydra_ready(config_dir()):
        return lay_over(check_command_line(list(words)), [])


@pytest.mark.parametrize("group", FLAT_GROUPS)
@pytest.mark.parametrize("value", ["none", "[none]", "[]"])
def test_none_is_the_default(group, value):
    assert composed(f"{group}={value}") == composed()
    assert composed(f"{group}={value}")[group] == default_tree()[group]


def test_none_beside_others_changes_nothing():
    assert (
        composed("regularizer=[none,dropout]") == composed("regularizer=dropout") == composed("regularizer=[dropout]")
    )


def test_no_averaging_and_no_stopping():
    found = composed("averaging=none", "early_stopping=none")
    assert found["averaging"] == {"name": "none"}
    assert found["early_stopping"]["patience"] is None


def test_batch_norm_is_a_preset_of_the_model():
    plain, found = composed(), composed("regularizer=[batch_norm]")
    assert (plain["model"]["norm"], found["model"]["norm"]) == ("none", "batch")
    found["model"]["norm"] = "none"
    assert found == plain


def test_batch_norm_composes_with_presets_and_gives_way_to_a_value():
    found = composed("regularizer=[batch_norm,dropout,l2]", "regularizer.dropout=0.1")
    assert found["model"]["norm"] == "batch"
    assert found["regularizer"]["dropout"] == 0.1
    assert found["regularizer"]["l2"] > 0
    assert composed("regularizer=[batch_norm]", "model.norm=layer")["model"]["norm"] == "layer"
    assert composed("model=mlp", "regularizer=[batch_norm]", "model.hidden=[7]")["model"]["norm"] == "batch"


def test_batch_norm_is_listed():
    assert any("regularizer=batch_norm" in line for line in group_table("regularizer").lines)
    preset = yaml.safe_load((config_dir() / "regularizer/batch_norm.yaml").read_text())
    assert preset == {"model": {"norm": "batch"}}
