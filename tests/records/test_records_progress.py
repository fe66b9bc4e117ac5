"""Progress and the panels: readable lines when piped, a bar on a terminal, nothing when switched off."""

import contextlib
import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from runner.config.settings import default_tree
from runner.config.validate import validate
from runner.records import progress as progress_module
from runner.records.command import Command
from runner.records.console import (
    Progress,
    active_regularizers,
    banner,
    closing_panel,
    next_commands,
    shown_path,
)
from runner.records.progress import TimeLeft, duration

ROW = {"train/loss": 0.5, "val/loss": 0.25, "val/accuracy": 0.9}


class Clock:
    """A clock that moves only when told."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress_module, "time", clock)
    return clock


def settings(**changes):
    tree = default_tree()
    for key, value in changes.items():
        node = tree
        *path, last = key.split("__")
        for part in path:
            node = node[part]
        node[last] = value
    return validate(tree)


def outcome(**changes):
    base = {
        "folder": Path("outputs/some run"),
        "status": "stopped_early",
        "reason": "val/loss has not improved for 10 epochs",
        "summary": {"best_epoch": 7, "val": {"loss": 0.25}, "test": {"loss": 0.3, "accuracy": 0.97}, "seconds": 75.0},
        "error": None,
    }
    return SimpleNamespace(**{**base, **changes})


def test_piped_progress_is_one_plain_line_every_two_seconds_and_always_the_last(clock):
    stream = io.StringIO()
    with Progress(100, stream=stream) as progress:
        for epoch in range(1, 101):
            clock.now += 0.5
            progress.update(epoch, ROW, ("val/loss", 0.25, epoch))
    lines = stream.getvalue().splitlines()
    assert [int(re.match(r"epoch +(\d+)/100", line)[1]) for line in lines] == [*range(1, 101, 4), 100]
    assert lines[1] == (
        "epoch   5/100  train/loss 0.5000  val/loss 0.2500  best 0.2500 at 5  val/accuracy 0.9000  about 48 s left"
    )
    assert "\x1b" not in stream.getvalue() and "\r" not in stream.getvalue()


def test_time_left_counts_from_the_epoch_a_resumed_run_starts_at(clock):
    stream = io.StringIO()
    with Progress(100, stream=stream) as progress:
        progress.update(90, ROW)
        clock.now += 5.0
        progress.update(95, ROW)
    assert stream.getvalue().splitlines()[-1].endswith("about 5.0 s left")


def test_progress_of_several_members_counts_them(clock):
    stream = io.StringIO()
    with Progress(10, members=8, stream=stream) as progress:
        progress.update(3, ROW, running=5, done=3)
    assert "5 running, 3 done" in stream.getvalue()


def test_progress_that_is_switched_off_prints_nothing(clock):
    stream = io.StringIO()
    with Progress(10, enabled=False, stream=stream) as progress:
        progress.update(1, ROW)
    assert stream.getvalue() == ""


def test_progress_shows_diverged_and_missing_values(clock):
    stream = io.StringIO()
    with Progress(10, stream=stream) as progress:
        progress.update(1, {"train/loss": float("nan"), "val/loss": None, "train/objective": 3.0})
    assert stream.getvalue() == "epoch  1/10  train/loss nan\n"


def drawn_on(master: int) -> str:
    """All that came to a terminal whose other end is closed; it may come in parts."""
    found = b""
    with contextlib.suppress(OSError):  # at the end
        while part := os.read(master, 65536):
            found += part
    os.close(master)
    return found.decode()


def test_the_bar_on_a_terminal_fits_and_shows_losses_best_and_time_left():
    master, slave = pty.openpty()
    os.set_inheritable(slave, False)
    with os.fdopen(slave, "w") as stream, Progress(20, stream=stream) as progress:
        progress.update(9, ROW)
        progress._began -= 10.0  # an epoch of ten seconds
        progress._shown_at = 0.0
        progress.update(10, ROW, ("val/loss", 0.25, 9))
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn_on(master))
    last = [line for line in re.split(r"[\r\n]+", text) if line.startswith("epoch 10/20")][-1]
    for part in ("loss 0.5000", "val 0.2500", "best 0.2500 at 9", "~1 min 4"):
        assert part in last
    assert len(last.rstrip()) <= 80


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (0.42, "0.42 s"), (9.94, "9.9 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599.7, "1 h 00 min")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_the_default_run_has_no_regularizer_but_early_stopping():
    assert active_regularizers(settings()) == ["early stopping (val/loss, patience 10)"]


def test_every_active_regularizer_is_listed():
    chosen = settings(
        regularizer__dropout=0.5,
        regularizer__l2=[0.1, 0.0],
        regularizer__max_norm=3.0,
        regularizer__elastic_net={"alpha": 0.01, "l1_ratio": 0.5},
        optimizer__weight_decay=0.01,
        early_stopping__patience=None,
    )
    assert sorted(active_regularizers(chosen)) == [
        "dropout 0.5",
        "elastic_net alpha=0.01 l1_ratio=0.5",
        "l2 [0.1, 0]",
        "max_norm 3",
        "weight_decay 0.01",
    ]


def test_neutral_strengths_are_not_listed():
    chosen = settings(regularizer__l2=[0.0, 0.0], regularizer__max_norm=None, early_stopping__patience=None)
    assert active_regularizers(chosen) == []


def test_piped_banner_is_plain_and_names_what_matters():
    stream = io.StringIO()
    banner(settings(), ["digits: 1,797 rows", "train 1,257"], 9610, "outputs/run", stream=stream)
    text = stream.getvalue()
    assert text.isascii()
    for part in ("digits: 1,797 rows", "train 1,257", "128 relu, 9,610 parameters", "adamw lr=0.001", "early stopping"):
        assert part in text
    assert text.splitlines()[-1].split() == ["folder", "outputs/run"]


def test_the_banner_says_what_of_network_and_loss_is_not_the_default():
    stream = io.StringIO()
    chosen = settings(loss={"name": "huber"}, model__hidden=[8, 8], model__norm="batch", model__residual=True)
    banner(chosen, [], 100, "outputs/run", stream=stream)
    lines = [line.split(maxsplit=1) for line in stream.getvalue().splitlines()[1:]]
    assert ["model", "8-8 relu norm=batch residual=true, 100 parameters"] in lines
    assert ["loss", "huber"] in lines
    stream = io.StringIO()
    banner(settings(), [], 100, "outputs/run", stream=stream)
    assert not any(line.split()[0] == "loss" for line in stream.getvalue().splitlines())


def command(*words):
    return Command(words)


def test_piped_closing_panel_has_result_folder_and_commands_that_can_be_pasted():
    stream = io.StringIO()
    closing_panel(
        outcome(), command=command("regularizer.dropout=0.5", "seed=3", "model.hidden=[64,32]"), stream=stream
    )
    text = stream.getvalue()
    assert text.splitlines()[0] == "stopped_early"
    assert "loss 0.3000  accuracy 0.9700" in text and "1 min 15 s" in text and "best epoch  7" in text
    assert text.splitlines()[-4:] == [
        "next:",
        "  runner dashboard 'outputs/some run'",
        "  runner predict 'outputs/some run' INPUT --out FILE",
        "  runner -m regularizer.dropout=0.5 'model.hidden=[64,32]' seed=0,1,2,3,4",
    ]


def test_a_failed_run_is_told_to_resume_and_shows_its_error():
    assert next_commands(outcome(status="failed"))[0] == "runner resume 'outputs/some run'"
    stream = io.StringIO()
    closing_panel(
        outcome(status="failed", reason="ValueError: boom", summary={}, error="Traceback ...\nValueError: boom"),
        stream=stream,
    )
    assert stream.getvalue().count("ValueError: boom") == 1 and "Traceback" not in stream.getvalue()
    assert not any("predict" in command for command in next_commands(outcome(status="diverged")))


def test_a_panel_of_several_runs_counts_statuses_and_lists_them():
    stream = io.StringIO()
    closing_panel(outcome(), outcome(status="diverged", summary={}), outcome(), stream=stream)
    assert stream.getvalue().splitlines()[0] == "2 stopped_early, 1 diverged"
    assert stream.getvalue().count("test/accuracy 0.9700") == 2


def test_runs_started_together_are_resumed_together():
    done, failed = outcome(folder=Path("outputs/x-1/000_a")), outcome(folder=Path("outputs/x-1/001_b"), status="failed")
    assert next_commands(done, failed) == ["runner resume outputs/x-1", "runner dashboard outputs/x-1"]
    assert next_commands(done, done) == ["runner dashboard outputs/x-1"]


def test_no_command_is_suggested_whose_words_are_not_known():
    assert len(next_commands(outcome())) == 2
    assert next_commands(outcome(status="diverged")) == ["runner dashboard 'outputs/some run'"]
    [_, lower] = next_commands(outcome(status="diverged"), command=command("++optimizer.lr=1", "seed=3"))
    assert lower == "runner seed=3 optimizer.lr=LOWER"


def test_paths_are_relative_where_that_is_shorter(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown_path(tmp_path / "outputs" / "a") == os.path.join("outputs", "a")
    assert shown_path("/elsewhere/a") == "/elsewhere/a"


def test_a_stream_without_unicode_gets_replacements_instead_of_an_error():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    closing_panel(outcome(reason="größer als erlaubt"), stream=stream)
    assert b"gr??er als erlaubt" in raw.getvalue()


def test_importing_the_console_imports_no_rich_torch_or_matplotlib():
    code = (
        "import sys, runner.records.console;"
        "print(sorted({'rich', 'torch', 'matplotlib', 'pandas', 'tensorboard', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def said(estimates):
    """What is shown second by second for the times left that the pace makes of it."""
    left = TimeLeft()
    return [left.shown(seconds, float(now)) for now, seconds in enumerate(estimates)]


def test_time_left_is_about_and_counts_down_while_the_pace_wavers():
    wavering = [60.0, 67.0, 62.0, 65.0, 56.0, 60.0, 54.0]
    assert said(wavering) == ["about 1 min 00 s", *(f"about {n} s" for n in (59, 58, 57, 56, 55, 54))]


def test_a_pace_that_halves_is_said():
    assert said([100.0, 200.0]) == ["about 1 min 40 s", "about 3 min 20 s"]
    assert said([100.0, 20.0, 19.0]) == ["about 1 min 40 s", "about 20 s", "about 19 s"]


def test_time_left_is_said_no_finer_than_it_is_known():
    assert said([3601.0]) == ["about 1 h 00 min"] and said([601.0]) == ["about 10 min 00 s"]
    assert said([67.4]) == ["about 1 min 05 s"] and said([12.4]) == ["about 12 s"]


def test_time_left_never_reaches_nothing_before_the_end():
    assert said([1.0, 1.5, 1.5, 2.5])[1:] == ["about 1.0 s", "about 1.5 s", "about 1.0 s"]
