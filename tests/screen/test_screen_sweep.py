"""What a sweep says on the screen and in sweep.log."""

import io
import itertools
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from rich.console import Console

from runner.errors import RunError
from runner.execution.configurations import read
from runner.execution.events import Broken, Done, Ended, Given, Paused, Progressed
from runner.execution.options import Options
from runner.execution.work import Run, Work
from runner.plan.populations import Population
from runner.records.sweep_log import SweepLog
from runner.screen import conclusion, sweep_state
from runner.screen import sweep as screen
from runner.screen.sweep import Display, display, ranges
from runner.screen.sweep_state import State, label
from runner.training.loop import Interrupted
from runner.training.outcome import Outcome

SETTINGS = read({"trainer.epochs": 10})


def made(root, runs=6, settings=SETTINGS, **options):
    """What the display sees of a sweep, without its training."""
    named = [Run(root / f"{i:03d}_lr=0.1_seed={i}", replace(settings, seed=i)) for i in range(runs)]
    results = SimpleNamespace(metrics=["train/loss", "val/loss"], keys=[])
    return SimpleNamespace(
        root=root,
        runs=named,
        asked=runs,
        teams={},
        outcomes={},
        options=Options(**options),
        workers=options.get("workers", 2),
        results=results,
        notes=[],
        warnings=[],
        paused={},
        searching=None,
    )


def ended(sweep, run, value=1.0, status="completed", reason=""):
    """The outcome of a run as the sweep takes it in before it tells of it."""
    summary = {"monitor": "val/loss", "val": {"loss": value}, "epochs": 7}
    sweep.outcomes[run] = Outcome(sweep.runs[run].folder, status, reason, summary)
    return Ended(run, sweep.outcomes[run])


def work(*members, width=2, path="population-000.safetensors"):
    return Work((Population(members, width),), path)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    now = [100.0]
    monkeypatch.setattr(sweep_state.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(screen.time, "monotonic", lambda: now[0])
    return now


def test_runs_are_waiting_then_running_then_done(tmp_path, clock):
    sweep = made(tmp_path)
    state = State(sweep)
    both = [work(0, 1, 2), work(3, 4, 5)]
    assert state.counts() == {"done": 0, "diverged": 0, "failed": 0, "running": 0, "waiting": 6}
    for i in range(2):
        list(state.hear(Given(i, both[i], 1 - i)))
    assert state.counts()["running"] == 4 and state.counts()["waiting"] == 2  # two side by side in each
    list(state.hear(Progressed(0, {0: (5, 0.5), 1: (5, 0.7)})))
    assert state.fraction() == pytest.approx(1.0 / 6)
    assert list(state.hear(ended(sweep, 0, 0.4))) == [0]
    list(state.hear(Progressed(0, {1: (6, 0.7), 2: (1, 2.0)})))
    list(state.hear(ended(sweep, 1, status="diverged")))
    assert state.counts() == {"done": 1, "diverged": 1, "failed": 0, "running": 3, "waiting": 1}
    list(state.hear(ended(sweep, 2)))
    list(state.hear(Done(both[0])))
    sweep.outcomes[3] = Outcome(sweep.runs[3].folder, "failed", "ValueError: no", {})
    assert list(state.hear(Broken(both[1], "ValueError: no", ""))) == [3]
    assert state.counts() == {"done": 2, "diverged": 1, "failed": 1, "running": 0, "waiting": 2}
    assert state.counts_text() == "2 done, 1 diverged, 1 failed, 2 waiting"


def test_the_best_is_of_runs_in_training_too_but_not_of_those_that_diverged(tmp_path, clock):
    sweep = made(tmp_path)
    state = State(sweep)
    assert state.best_text() == ""
    list(state.hear(Given(0, work(0, 1, 2), 0)))
    list(state.hear(Progressed(0, {0: (5, 0.5), 1: (5, 0.25)})))
    assert state.best_text() == "best so far: val/loss 0.2500 (lr=0.1_seed=1), 10 of 60 epochs"
    list(state.hear(ended(sweep, 0, 0.125)))
    list(state.hear(ended(sweep, 2, 0.0625, status="diverged")))
    assert state.best_text() == "best so far: val/loss 0.1250 (lr=0.1_seed=0), 19 of 60 epochs"


def test_larger_is_better_where_accuracy_is_monitored(tmp_path, clock):
    sweep = made(tmp_path, settings=read({"early_stopping.monitor": "val/accuracy"}))
    state = State(sweep)
    list(state.hear(Given(0, work(0, 1), 0)))
    list(state.hear(Progressed(0, {0: (5, 0.5), 1: (5, 0.25)})))
    assert state.best_text() == "best so far: val/accuracy 0.5000 (lr=0.1_seed=0), 10 of 600 epochs"


def test_time_left_and_pace_count_only_what_was_trained_now(tmp_path, clock):
    sweep = made(tmp_path, runs=10)
    for run in range(4):
        ended(sweep, run)
    state = State(sweep)
    assert state.left() is None
    clock[0] += 30.0
    assert state.left() is None  # nothing has moved
    for run in range(4, 7):
        list(state.hear(ended(sweep, run)))
    assert state.left() == pytest.approx(30.0)
    assert state.pace_text() == "6 runs a minute, about 30 s left, 2 workers"


def test_epochs_of_before_a_resume_do_not_make_the_time_left_shorter(tmp_path, clock):
    sweep = made(tmp_path, runs=2)
    state = State(sweep)
    list(state.hear(Given(0, replace(work(0, 1), source=tmp_path / "population-000.safetensors"), 0)))
    list(state.hear(Progressed(0, {0: (6, 0.5), 1: (6, 0.5)})))
    clock[0] += 10.0
    assert state.left() is None
    list(state.hear(Progressed(0, {0: (8, 0.5), 1: (8, 0.5)})))
    assert state.left() == pytest.approx(10.0)  # two epochs in ten seconds, two to go


@pytest.mark.parametrize(("workers", "said"), [(1, "1 worker"), (8, "6 workers")])
def test_no_more_workers_than_runs(tmp_path, workers, said):
    assert sweep_state.workers_text(made(tmp_path, workers=workers)) == said


def test_what_will_happen_is_said_first(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one").mkdir()
    sweep = made(tmp_path / "one")
    Display(sweep, stream=io.StringIO()).hear(sweep, Given(0, work(0, 1, 2), 2))
    assert capsys.readouterr().out == "6 runs in 3 shares on 2 workers, one\n"
    ended(sweep, 4)
    Display(sweep, stream=io.StringIO()).hear(sweep, Given(0, work(0, 1), 0))
    assert capsys.readouterr().out == "6 runs, 1 ended before; 5 to go in 1 share on 2 workers, one\n"


def test_members_of_ensembles_are_told_from_runs(tmp_path, clock):
    sweep, stream = made(tmp_path), io.StringIO()
    sweep.asked = 2
    assert sweep_state.State(sweep).total_text() == "2 runs and 4 members"
    shown = Display(sweep, stream=stream)
    shown.hear(sweep, Given(0, work(0, 1, 2), 1))
    clock[0] += 12.0
    shown.hear(sweep, ended(sweep, 0, 0.5))
    assert stream.getvalue().startswith("1/6 runs and members: 1 done")


def test_lines_come_every_two_seconds_and_then_more_rarely(tmp_path, clock):
    sweep, stream = made(tmp_path), io.StringIO()
    shown = Display(sweep, stream=stream)
    shown.hear(sweep, Given(0, work(0, 1, 2), 1))
    at = []
    for _ in range(1800):
        clock[0] += 0.5
        before = stream.tell()
        shown.hear(sweep, None)
        if stream.tell() > before:
            at.append(clock[0] - 100.0)
    gaps = [b - a for a, b in itertools.pairwise(at)]
    assert at[0] == 2.0 and gaps[:5] == [2.0] * 5
    assert gaps == sorted(gaps) and 40.0 < gaps[-1] <= 60.0
    assert len(at) < 60


def test_a_line_says_it_all(tmp_path, clock):
    sweep, stream = made(tmp_path), io.StringIO()
    shown = Display(sweep, stream=stream)
    shown.hear(sweep, Given(0, work(0, 1, 2), 1))
    clock[0] += 12.0
    shown.hear(sweep, ended(sweep, 0, 0.5))
    assert stream.getvalue() == (
        "1/6 runs: 1 done, 1 running, 4 waiting; 5 runs a minute, about 1 min 00 s left, 2 workers; "
        "best so far: val/loss 0.5000 (lr=0.1_seed=0), 7 of 60 epochs\n"
    )


def test_progress_false_is_silent_and_the_log_is_written(tmp_path, clock, capsys):
    sweep = made(tmp_path, settings=read({"trainer.progress": False}))
    with display(sweep) as watch:
        watch(sweep, Given(0, work(0, 1, 2), 1))
        clock[0] += 100.0
        watch(sweep, None)
        watch(sweep, ended(sweep, 3, status="diverged", reason="the loss was not finite"))
    assert capsys.readouterr().err == ""
    log = (tmp_path / "sweep.log").read_text()
    assert "003_lr=0.1_seed=3 diverged: the loss was not finite" in log


@pytest.mark.parametrize("width", [80, 60])
def test_the_live_display_has_three_lines_that_fit(tmp_path, clock, width):
    sweep = made(tmp_path, runs=2000)
    long = tmp_path / ("0007_" + "key=value_" * 12)
    sweep.runs[7] = Run(long, sweep.runs[7].settings)
    state = State(sweep)
    list(state.hear(Given(0, work(*range(1000), width=500), 1)))
    for run in range(900):
        list(state.hear(ended(sweep, run, 0.1 if run == 7 else 1.0, status="failed" if run % 5 == 0 else "completed")))
    clock[0] += 7200.0
    stream = io.StringIO()
    Console(file=stream, width=width, force_terminal=True, color_system=None).print(screen._picture(state))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3 and max(map(len, lines)) <= width
    assert lines[0].startswith("900/2,000 runs") and "720 done, 180 failed" in lines[0]
    assert "7.5 runs a minute" in lines[1] and "2 workers" in lines[1]
    assert lines[2].startswith("  best so far: val/loss 0.1000 (key=value_") and lines[2].rstrip().endswith("…")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("kind, moves", [("xterm-256color", True), ("dumb", False)])
def test_a_terminal_is_redrawn_without_a_thread(tmp_path, clock, monkeypatch, kind, moves):
    import threading

    monkeypatch.setenv("TERM", kind)
    before = threading.active_count()
    sweep, stream = made(tmp_path), Terminal()
    shown = Display(sweep, stream=stream)
    for run in range(6):
        clock[0] += 3.0
        shown.hear(sweep, ended(sweep, run))
    assert threading.active_count() == before
    shown.end("interrupted")
    assert ("\x1b[1A" in stream.getvalue()) == moves  # cursor up
    assert "6 done" in stream.getvalue()


def test_the_log_tells_what_happened_and_when(tmp_path, clock):
    sweep = made(tmp_path)
    shown = Display(sweep, enabled=False)
    shown.hear(sweep, Given(0, work(0, 1, 2), 1))
    other = work(5, 3, path=tmp_path / "population-001.safetensors")
    shown.hear(sweep, Given(1, other, 0))
    sweep.outcomes[3] = Outcome(sweep.runs[3].folder, "failed", "ValueError: no\nmore", {})
    shown.hear(sweep, Broken(other, "ValueError: no", ""))
    clock[0] += 5.0
    shown.end("interrupted")
    lines = (tmp_path / "sweep.log").read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ", line) for line in lines)
    assert [line[21:] for line in lines] == [
        "begun: 6 runs in 2 shares on 2 workers",
        "worker 0 trains 3 runs: 0-2",
        "worker 1 trains 2 runs: 3, 5",
        "population-001 broke: ValueError: no",
        "003_lr=0.1_seed=3 failed: ValueError: no more",
        "interrupted after 5.0 s: 0 done, 1 failed, 2 running, 3 waiting",
    ]


def test_a_log_goes_on_after_a_line_that_was_cut(tmp_path):
    (tmp_path / "sweep.log").write_text("whole\nhalf of a li")
    log = SweepLog(tmp_path)
    log.add("next")
    log.flush()
    first, second = (tmp_path / "sweep.log").read_text().splitlines()
    assert first == "whole" and second.endswith("  next")
    assert log.goes_on


def test_a_sweep_that_goes_on_is_said_to_be_resumed(tmp_path, clock, capsys):
    for word in ("begun", "resumed"):
        sweep = made(tmp_path)
        shown = Display(sweep, enabled=False)
        shown.hear(sweep, Given(0, work(0, 1, 2), 1))
        shown.end("interrupted")
        assert f"{word}: 6 runs in 2 shares" in (tmp_path / "sweep.log").read_text()


@pytest.mark.parametrize(
    "error, said", [(Interrupted("stop"), "interrupted"), (RunError("disk"), "broken off: RunError")]
)
def test_the_log_says_how_it_was_stopped(tmp_path, error, said):
    sweep = made(tmp_path, settings=read({"trainer.progress": False}))
    with pytest.raises(type(error)), display(sweep) as watch:
        watch(sweep, None)
        raise error
    assert said in (tmp_path / "sweep.log").read_text().splitlines()[-1]


def test_a_sweep_that_was_refused_leaves_nothing(tmp_path):
    with pytest.raises(RunError), display(made(tmp_path)):
        raise RunError("in use")
    assert list(tmp_path.iterdir()) == []


def test_numbers_of_runs_in_short():
    assert ranges([3, 1, 2, 7, 9, 10]) == "1-3, 7, 9-10"
    assert ranges([4]) == "4"


@pytest.mark.parametrize("name, said", [("012_lr=0.1_seed=3", "lr=0.1_seed=3"), ("mine_2", "mine_2"), ("003", "003")])
def test_a_label_is_a_folders_name_without_its_number(name, said):
    assert label(name) == said


def outcomes(root, *statuses):
    return [
        Outcome(root / f"{i:03d}_seed={i}", status, "ValueError: bad" if status == "failed" else "", {})
        for i, status in enumerate(statuses)
    ]


def test_failures_are_a_table_on_standard_error_and_resume_is_suggested(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "a sweep"
    conclusion.SECONDS[root] = 12.3
    conclusion.conclude_sweep(outcomes(root, *["failed"] * 21, "diverged"), root)
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "22 runs, in 12 s: 21 failed, 1 diverged"
    assert "  runner resume 'a sweep'" in out and "  runner dashboard 'a sweep'" in out
    lines = err.splitlines()
    assert lines[0].startswith("runner: 21 runs failed") and lines[1] == "  000_seed=0   ValueError: bad"
    assert len(lines) == 22 and lines[-1] == "  and 1 more: results.csv"


def test_without_failures_resume_is_not_suggested(tmp_path, capsys):
    conclusion.conclude_sweep(outcomes(tmp_path, "diverged"), tmp_path)
    out, err = capsys.readouterr()
    assert out.startswith("1 run: 1 diverged") and "runner resume" not in out and err == ""


def test_a_search_says_its_round_and_how_much_of_the_epochs_that_it_plans_is_behind(tmp_path):
    sweep = made(tmp_path)
    sweep.searching = SimpleNamespace(said="6 settings to epoch 3", share=0.5)
    state = State(sweep)
    assert state.begins_round() and not state.begins_round()
    given = Work((Population((0, 1), 2),), tmp_path / "population-000.safetensors")
    list(state.hear(Given(0, given, 0)))
    list(state.hear(Progressed(0, {0: (3, 0.5), 1: (3, 0.7)})))
    assert state.fraction() == pytest.approx(6 / 30)  # of 6 runs of 10 epochs half are planned
    list(state.hear(Paused(1, 3)))
    assert state.counts() == {"done": 0, "pruned": 0, "diverged": 0, "failed": 0, "running": 1, "waiting": 5}
    assert state.fraction() == pytest.approx(6 / 30)
    sweep.searching.said = "3 settings to epoch 9"
    assert state.begins_round() and state.round_text() == ["3 settings to epoch 9"]
    event = ended(sweep, 1, status="pruned")
    event.outcome.summary["epochs"] = 3
    list(state.hear(event))
    assert state.counts()["pruned"] == 1 and state.fraction() == pytest.approx(6 / 30)
