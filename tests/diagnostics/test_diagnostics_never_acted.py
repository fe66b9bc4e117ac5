"""What a run was asked for and ended before: said in words, in its summary, its log and on the screen."""

import json

import pytest

from runner.cli import main
from runner.diagnostics.never_acted import never_acted
from runner.execution.configurations import read

STEPS = 20  # an epoch


def found(last, kept, dropped=True, **changes):
    return never_acted(read(changes), STEPS, last, kept, dropped=dropped)


@pytest.mark.parametrize(
    ("changes", "last", "kept", "groups", "words"),
    [
        (
            {"averaging": "swa"},
            76,
            76,
            ["averaging"],
            "comes in epoch 77, but training ended after epoch 76: the result",
        ),
        ({"averaging": "swa"}, 92, 60, ["averaging"], "epoch 77, but the weights of epoch 60 are kept: the result is"),
        ({"averaging": "swa"}, 92, 77, [], ""),
        ({"averaging": "swa", "averaging.start": 0.0}, 2, 2, [], ""),
        ({"averaging": "ema"}, 1, 1, [], ""),
        ({"scheduler": "step"}, 30, 30, ["scheduler"], "scheduler.step_size = 30: the first drop of the rate comes in"),
        ({"scheduler": "step"}, 31, 31, [], ""),
        ({"scheduler": "step"}, 50, 30, ["scheduler"], "in epoch 31, but the weights of epoch 30 are kept"),
        (
            {"scheduler": "multistep"},
            60,
            60,
            [],
            "[50, 75]: the drop of the rate at 75 comes in epoch 76, but training",
        ),
        ({"scheduler": "multistep"}, 60, 50, ["scheduler"], "the drop of the rate at 50 comes in epoch 51, but the"),
        (
            {"scheduler": "multistep", "scheduler.unit": "steps"},
            3,
            3,
            [],
            "the drop of the rate at 75 comes in epoch 4",
        ),
        ({"scheduler": "cosine"}, 100, 40, [], ""),
        (
            {"scheduler": "cosine"},
            40,
            40,
            [],
            "scheduler = cosine: the end of the decay comes in epoch 100, but training",
        ),
        ({"scheduler": "cosine", "scheduler.t_max": 30}, 40, 20, [], ""),
        (
            {"scheduler": "linear", "scheduler.total_iters": 50},
            40,
            40,
            [],
            "scheduler.total_iters = 50: the end of the",
        ),
        ({"scheduler": "cosine_restarts"}, 10, 10, [], "scheduler.t_0 = 10: the first restart comes in epoch 11"),
        ({"scheduler.warmup": 5}, 4, 4, [], "scheduler.warmup = 5: the end of the warm-up comes in epoch 5, but"),
        ({"scheduler": "plateau"}, 7, 7, ["scheduler"], "scheduler.patience = 5: the first drop of the rate comes in"),
        ({"early_stopping.patience": 50}, 20, 20, [], ""),
        ({"averaging": "swa"}, 0, 0, [], ""),
        ({}, 30, 20, [], ""),
    ],
)
def test_what_never_acted(changes, last, kept, groups, words):
    result = found(last, kept, **changes)
    assert result.groups == groups
    assert len(result.sentences) == bool(words)
    assert words in " ".join(result.sentences)
    assert result.summary() == ({"notes": result.sentences} if words else {}) | (
        {"without_effect": groups} if groups else {}
    )


def test_a_plateau_that_never_dropped_had_no_effect():
    assert found(50, 50, dropped=True, scheduler="plateau").groups == []
    never = found(50, 50, dropped=False, scheduler="plateau")
    assert never.groups == ["scheduler"]
    assert never.sentences == ["scheduler = plateau: the rate never dropped, so that it had no effect"]


def test_a_run_that_stops_before_its_average_says_so_everywhere(tmp_path, capsys):
    words = ["dataset=two_moons", "averaging=swa", "trainer.epochs=40", "early_stopping.patience=1", "optimizer.lr=0.2",
             "early_stopping.min_delta=1", "trainer.progress=false", "trainer.figures=false"]  # fmt: skip
    folder = tmp_path / "run"
    assert main([*words, f"hydra.run.dir={folder}"]) == 0
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["status"] == "stopped_early" and summary["without_effect"] == ["averaging"]
    (note,) = summary["notes"]
    assert note == (
        f"averaging.start = 0.75: the first mean over epochs comes in epoch 32, but training ended after epoch "
        f"{summary['epochs']}: the result is that of a run without it"
    )
    assert f"  note        {note}\n" in capsys.readouterr().out
    assert f"note: {note}\n" in (folder / "train.log").read_text()
    assert main(["report", str(folder)]) == 0
    assert "averaging=swa (no effect)" in capsys.readouterr().out


def test_a_run_that_reaches_its_average_has_nothing_to_say(tmp_path):
    words = ["dataset=two_moons", "averaging=swa", "averaging.start=0", "trainer.epochs=3", "early_stopping=none",
             "trainer.progress=false", "trainer.figures=false"]  # fmt: skip
    assert main([*words, f"hydra.run.dir={tmp_path / 'run'}"]) == 0
    assert not {"notes", "without_effect"} & set(json.loads((tmp_path / "run" / "summary.json").read_text()))
