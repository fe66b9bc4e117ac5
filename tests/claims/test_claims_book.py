"""All claims of the book: what each is made of is whole, and its sweeps are configurations that train."""

import html
import re

import pytest

from runner.claims.claim import Claim, claim, claims, replaced
from runner.cli import main
from runner.config.compose import Composer, hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse, points
from runner.config.words import key_of

COUNT = 138
CLAIMS = claims()
ASKED = {"dropout_slower": 20, "step_decay": 21, "batch_norm_faster": 5, "warmup": 5, "snapshots": 100}  # epochs


def test_no_claim_is_lost():
    assert len(CLAIMS) == COUNT


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_says_where_it_is_taught_what_has_to_come_out_and_what_to_see(name):
    found = CLAIMS[name]
    assert re.fullmatch(r"00\d:\d+(-\d+)?(, 00\d:\d+(-\d+)?)*", found.lecture)
    assert found.says.endswith(".") and len(found.says) < 160
    assert found.expected and found.caption
    assert found.comparable or found.published, "what is not comparable?"


def test_every_sweep_of_every_claim_is_valid_whole_and_coarse():
    """The first and the last job of each."""
    wrong = {}
    with hydra_ready(config_dir()):
        composer = Composer()
        for name, found in CLAIMS.items():
            for words in {tuple(each) for quick in (False, True) for each in found.words(quick=quick).values()}:
                overrides, problems = parse([word for word in words if not word.startswith(("hydra.", "seeds="))])
                ends = [[points(each)[at] for each in overrides] for at in (0, -1)]
                problems += [problem for job in ends for problem in composer.settings(job)[1]]
                wrong |= {f"{name} {words}": problems} if problems else {}
    assert wrong == {}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_coarse_pass_changes_only_what_the_claim_sets_or_its_experiment(name):
    for words in CLAIMS[name].words().values():
        new = {key_of(word) for word in CLAIMS[name].quick} - {key_of(word) for word in words}
        assert not new or words[0].startswith("experiment="), new


@pytest.mark.soak
@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_runs_shortened(name, tmp_path, monkeypatch):
    """The fewest epochs of its coarse pass that it can be asked of give a verdict, a figure and a page."""
    monkeypatch.chdir(tmp_path)
    short = [f"trainer.epochs={ASKED.get(name, 2)}"] if CLAIMS[name].quick else []
    assert main(["claim", name, "--quick", *short]) == 0
    page = (tmp_path / "outputs" / "claims" / name / "page.html").read_text()
    assert "<svg" in page and html.escape(CLAIMS[name].caption[:40]) in page


def test_words_given_for_a_key_take_the_place_of_its_own():
    words = ["dataset=digits", "seed=range(5)", "optimizer.lr=1"]
    assert replaced(words, ["seeds=3", "loss=mse"]) == ["dataset=digits", "seeds=3", "optimizer.lr=1", "loss=mse"]
    assert replaced(words, ["seed=1", "seed=2"])[1] == "seed=2"


@pytest.mark.parametrize("name", ["overfit", "Not-a-name"])
def test_a_name_that_is_taken_or_cannot_be_typed_is_refused(name):
    with pytest.raises(TypeError, match="taken"):
        claim(name, "000:1")(type("Another", (Claim,), {"__doc__": "Says something."}))


def test_a_claim_without_an_expectation_is_refused():
    with pytest.raises(TypeError, match="needs a docstring, expected"):
        claim("new", "000:1")(type("New", (Claim,), {"__doc__": "Says something.", "caption": "See."}))
