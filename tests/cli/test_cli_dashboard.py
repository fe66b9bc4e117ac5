"""`runner dashboard` serves the real TensorBoard and ends cleanly."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import pytest

from runner.commands.dashboard import BY_SETTING, deep_link, flags, link, place
from runner.config.location import PACKAGE
from runner.execution import run_list
from runner.execution.configurations import read
from runner.execution.results_csv import Results
from runner.execution.work import Run
from runner.records.checksums import write_summary
from runner.records.run_files import RunFiles
from runner.reports.shown import BEST, choose
from runner.training.outcome import Outcome


def test_flags_keep_all_points_of_a_curve(tmp_path):
    words = flags(tmp_path, 0)
    assert words[words.index("--logdir") + 1] == str(tmp_path)
    assert words[words.index("--samples_per_plugin") + 1] == "scalars=10000,text=1"  # of texts the latest
    assert words[words.index("--port") + 1] == "0"


def make_run(folder):
    """A run with one epoch."""
    folder.mkdir(parents=True)
    files = RunFiles(folder)
    files.epoch({"epoch": 1, "step": 1, "train/loss": 0.5})
    files.flush()
    return folder


def make_sweep(folder, losses, means=0, **given):
    """A sweep whose runs have ended with these validation losses; None has not ended."""
    folder.mkdir(parents=True, exist_ok=True)
    runs = [Run(folder / f"{i:03d}_seed={i}", read({"seed": i, **given})) for i in range(len(losses))]
    for run in runs:
        make_run(run.folder)
    for rank in range(means):
        make_run(folder / "mean" / f"{rank + 1:02d}_lr={rank}")
    (folder / "events.out.tfevents.0.layout").write_bytes(b"")
    run_list.write(folder, runs, {})
    ended = {i: end(runs[i].folder, loss) for i, loss in enumerate(losses) if loss is not None}
    Results(folder, runs, [("classification",)] * len(runs)).start(ended)
    return folder


def end(folder, loss, status="completed"):
    """Let a run end with this validation loss, and a like accuracy."""
    content = {"format": 1, "status": status, "best_epoch": 1, "epochs": 1, "val": {"loss": loss, "accuracy": loss}}
    return Outcome(folder, status, "", write_summary(folder, content, {}))


def names(folder, shown):
    return [path.relative_to(folder).as_posix() for path in shown.paths]


QUICKLY = (
    "import sys; from runner.commands import dashboard; from runner.cli import main;"
    "dashboard.RELOAD_SECONDS = 1; sys.exit(main())"
)


def start(folder, *words):
    """`runner dashboard` that looks for news every second."""
    process = subprocess.Popen(
        [sys.executable, "-c", QUICKLY, "dashboard", *words, "--port", "0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), "TMPDIR": str(folder)},
    )
    line = process.stdout.readline()
    return process, re.search(r"http://\S+", line).group()


@pytest.fixture
def dashboard(tmp_path):
    """A started `runner dashboard` over one run with one epoch, and its URL."""
    make_run(tmp_path / "outputs" / "one")
    process, url = start(tmp_path)
    yield process, url
    if process.poll() is None:
        process.kill()
    process.wait()


def runs(url: str) -> list[str]:
    """The runs TensorBoard has found, asked until there is one."""
    for _ in range(100):
        with urllib.request.urlopen(f"{url}data/runs", timeout=10) as answer:
            found = json.load(answer)
        if found:
            return found
        time.sleep(0.1)
    return []


@pytest.mark.slow
def test_dashboard_shows_the_run_and_ctrl_c_ends_it(dashboard):
    process, url = dashboard
    assert runs(url) == ["one"]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "dashboard closed" in out
    assert "Traceback" not in err


def test_a_port_in_use_is_a_message(tmp_path, capsys, monkeypatch):
    from runner.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs").mkdir()
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        assert main(["dashboard", "--port", str(taken.getsockname()[1])]) == 1
    err = capsys.readouterr().err
    assert "--port 0 for any" in err
    assert "Traceback" not in err


def test_few_runs_are_all_shown(tmp_path):
    make_sweep(tmp_path / "sweeps" / "a", [0.5] * 5, means=1)
    for i in range(7):
        make_run(tmp_path / f"run{i}")
    shown = choose(tmp_path)
    assert shown.whole and len(shown.paths) == 12 + 1 + 1  # a mean and the layout
    make_run(tmp_path / "run7")
    shown = choose(tmp_path)
    assert shown.runs == 13 and not shown.whole
    shown = choose(tmp_path, everything=True)
    assert shown.whole and len(shown.paths) == 13 + 1 + 1


def test_of_a_large_sweep_the_means_and_the_best_are_shown(tmp_path):
    sweep = make_sweep(tmp_path, [1.0 - i / 100 for i in range(20)], means=14)
    shown = choose(sweep)
    best = [f"{i:03d}_seed={i}" for i in range(19, 9, -1)]
    means = [f"mean/{rank:02d}_lr={rank - 1}" for rank in range(1, 11)]
    assert names(sweep, shown) == ["events.out.tfevents.0.layout", *means, *best]
    assert shown.said == [f"{sweep.name}: the best 10 of 20 runs by val/loss, 10 of 14 means"]


def test_what_was_monitored_says_which_are_the_best(tmp_path):
    sweep = make_sweep(tmp_path, [i / 100 for i in range(20)], **{"early_stopping.monitor": "val/accuracy"})
    shown = choose(sweep)
    assert names(sweep, shown)[1:4] == ["019_seed=19", "018_seed=18", "017_seed=17"]
    assert "by val/accuracy" in shown.said[0]


def test_runs_that_diverged_and_half_a_line_are_not_among_the_best(tmp_path):
    sweep = make_sweep(tmp_path, [i / 100 for i in range(20)])
    table = sweep / "results.csv"
    end(sweep / "000_seed=0", 0.0, "diverged")
    table.write_text(table.read_text() + "019_se")
    found = names(sweep, choose(sweep))
    assert "000_seed=0" not in found and found[1:] == [f"{i:03d}_seed={i}" for i in range(1, 1 + BEST)]


def test_a_sweep_of_which_nothing_has_ended_shows_its_first_runs(tmp_path):
    sweep = make_sweep(tmp_path, [None] * 20)
    (sweep / "results.csv").unlink()
    shown = choose(sweep)
    assert names(sweep, shown)[1:] == [f"{i:03d}_seed={i}" for i in range(BEST)]
    assert "none has ended" in shown.said[0]


def test_of_many_sweeps_and_runs_the_newest_are_shown(tmp_path):
    for i in range(5):
        make_sweep(tmp_path / "sweeps" / f"s{i}", [0.1, 0.2], means=1)
        os.utime(tmp_path / "sweeps" / f"s{i}" / "sweep.yaml", (1000 + i, 1000 + i))
    for i in range(14):
        os.utime(make_run(tmp_path / "days" / f"r{i:02d}"), (1000 + i, 1000 + i))
    shown = choose(tmp_path)
    assert {path.split("/")[1] for path in names(tmp_path, shown) if path.startswith("sweeps")} == {"s2", "s3", "s4"}
    assert [path for path in names(tmp_path, shown) if path.startswith("days")] == [
        f"days/r{i:02d}" for i in range(2, 14)
    ]
    assert shown.said == ["the newest 3 of 5 sweeps", "the newest 12 of 14 single runs"]


def test_links_are_what_is_wanted_and_nothing_else(tmp_path):
    folder, links = tmp_path / "runs", tmp_path / "links"
    paths = [make_run(folder / "a" / "one"), make_run(folder / "two")]
    links.mkdir()
    link(paths, folder, links)
    assert (links / "a" / "one" / "metrics.csv").is_file() and (links / "two").is_symlink()
    link(paths[1:], folder, links)
    assert [path.name for path in links.rglob("*") if path.is_symlink()] == ["two"]
    assert (folder / "a" / "one" / "metrics.csv").is_file()


def test_nothing_is_called_by_a_dot(tmp_path):
    run = make_run(tmp_path / "one")
    shown = choose(run)
    assert [place(path, run).as_posix() for path in shown.paths] == ["one/events.out.tfevents.0.runner"]
    sweep = make_sweep(tmp_path / "s", [0.1])
    assert {place(path, sweep).parts[0] for path in choose(sweep).paths} == {"overview", "000_seed=0"}


def test_the_link_pins_losses_and_accuracies_that_the_runs_have_and_smooths_nothing(tmp_path):
    run = make_run(tmp_path / "one")
    (run / "metrics.csv").write_text("epoch,train/loss,val/loss,train/r2,val/r2\n")
    found = urllib.parse.urlsplit(deep_link("http://localhost:6006/", [tmp_path, run]))
    told = urllib.parse.parse_qs(found.query)
    assert found.fragment == "timeseries" and told["smoothing"] == ["0"]
    assert [card["tag"] for card in json.loads(told["pinnedCards"][0])] == [
        "loss/val",
        "loss/train",
        "r2/val",
        "r2/train",
    ]
    assert told["runColorGroup"] == [f"regex:{BY_SETTING}"]


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("s/003_hidden=4_lr=0.01_seed=0", "hidden=4_lr=0.01"),
        ("mean/01_hidden=4_lr=0.01", "hidden=4_lr=0.01"),
        ("12_lr=0.1_split_seed=3_fold=0_seed=11", "lr=0.1"),
        ("000_seed=0", ""),
    ],
)
def test_runs_of_a_setting_and_their_mean_have_one_colour(name, setting):
    assert re.search(BY_SETTING, name).group(1) == setting


def eventually(url, wanted):
    """The runs TensorBoard has, when they are those wanted or after half a minute."""
    deadline = time.monotonic() + 30
    while set(found := runs(url)) != wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    return set(found)


@pytest.mark.slow
def test_the_best_are_served_and_follow_a_sweep_that_goes_on(tmp_path):
    sweep = make_sweep(tmp_path / "one", [0.5 + i / 100 for i in range(20)], means=2)
    process, url = start(tmp_path, "one")
    said = [process.stdout.readline().strip() for _ in range(2)]
    assert said == [
        "one: the best 10 of 20 runs by val/loss, 2 means",
        "--all shows all 20 runs, in the table of HPARAMS as well",
    ]
    try:
        shown = {"overview", "mean/01_lr=0", "mean/02_lr=1"} | {f"{i:03d}_seed={i}" for i in range(10)}
        assert eventually(url, shown) == shown
        end(sweep / "015_seed=15", 0.1)
        shown = shown - {"009_seed=9"} | {"015_seed=15"}
        assert eventually(url, shown) == shown
        for _ in range(2):  # an impatient user
            process.send_signal(signal.SIGINT)
            time.sleep(0.002)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0 and "Traceback" not in err
    assert not list(tmp_path.glob("runner-dashboard-*"))
    assert len(list(sweep.iterdir())) == 20 + 4


@pytest.mark.slow
def test_all_serves_everything(tmp_path):
    make_sweep(tmp_path / "one", [0.5] * 20)
    process, url = start(tmp_path, "one", "--all")
    try:
        shown = {"overview"} | {f"{i:03d}_seed={i}" for i in range(20)}
        assert eventually(url, shown) == shown
    finally:
        process.kill()
        process.communicate()
