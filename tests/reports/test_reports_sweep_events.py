"""TensorBoard of a sweep, asked over HTTP: one row a run on the HPARAMS page, the layout, a mean a setting."""

import csv
import math
import statistics

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard_server import Server

from runner import results
from runner.cli import main
from runner.errors import RunError
from runner.execution import run_list
from runner.execution.session import Session
from runner.plan.read_data import data_of
from runner.records.folders import newest
from runner.records.summary import read_summary
from runner.reports.means import mean_curves, settings_of
from runner.reports.sweep_events import band_of, write_means
from runner.training.outcome import Outcome

SMALL = ("dataset.train_size=100", "model.hidden=[4]", "trainer.progress=false", "hydra.launcher.executor=serial")
STATUSES = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]
WORDS = ("optimizer=sgd,adam,radam,rmsprop", "regularizer.dropout=0,0.5", "seed=0,1", "trainer.epochs=2")
PAIRS = [f"optimizer={kind} dropout={p}" for kind in ("sgd", "adam", "radam", "rmsprop") for p in ("0", "0.5")]


def train(folder, *words):
    assert main(["-m", *words, *SMALL, f"hydra.sweep.dir={folder}"]) == 0
    return folder


def loaded(folder):
    """The sweep in a folder as the parent process has it at its end."""
    runs, _ = run_list.load(folder)
    sweep = Session(folder, runs, data_of([run.settings for run in runs]))
    summaries = [read_summary(run.folder) for run in runs]
    sweep.outcomes = {i: Outcome(runs[i].folder, s["status"], s["reason"], s) for i, s in enumerate(summaries)}
    return sweep


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """16 runs in 8 settings of four optimizers, and four more that have no dropout and one seed each."""
    folder = train(tmp_path_factory.mktemp("sweeps") / "one", *WORDS)
    return train(folder, "optimizer=sgd,adam,radam,rmsprop", "seed=7", "trainer.epochs=1", "--extend")


@pytest.fixture(scope="module")
def server(sweep, tmp_path_factory):
    server = Server(sweep, tmp_path_factory.mktemp("server") / "log")
    try:
        server.wait_for("runs", lambda runs: len(runs) == 20 + 8 + 1)
        yield server
    finally:
        server.stop()


def rows_of(folder):
    with (folder / "results.csv").open(newline="") as file:
        return {row["run"]: row for row in csv.DictReader(file)}


def test_hparams_has_a_row_a_run_with_its_metrics_and_none_for_a_mean(server, sweep):
    body = {"experimentName": "", "startIndex": 0, "sliceSize": 100, "allowedStatuses": STATUSES, "colParams": []}
    groups = server.json("plugin/hparams/session_groups", body)["sessionGroups"]
    rows = rows_of(sweep)
    assert sorted(group["sessions"][0]["name"] for group in groups) == sorted(rows)
    for group in groups:
        (session,) = group["sessions"]  # no sub-run
        row = rows[session["name"]]
        assert session["status"] == "STATUS_SUCCESS"
        assert group["hparams"]["optimizer"] == (row["optimizer"] or "radam")
        assert group["hparams"]["seed"] == float(row["seed"])
        assert group["hparams"]["regularizer.dropout"] == float(row["regularizer.dropout"])
        metrics = {metric["name"]["tag"]: metric["value"] for metric in group["metricValues"]}
        assert metrics["best/test/accuracy"] == pytest.approx(float(row["test/accuracy"]), rel=1e-6)
        assert metrics["best/val/loss"] == pytest.approx(float(row["val/loss"]), rel=1e-6)
        assert {"loss/train", "loss/val", "accuracy/train", "accuracy/val"} <= metrics.keys()


def test_hparams_has_a_column_a_key_those_that_differ_first(server):
    infos = server.json("plugin/hparams/experiment", {"experimentName": ""})["hparamInfos"]
    names = [info["name"] for info in infos]
    differ = {info["name"] for info in infos if info["differs"]}
    assert {"optimizer", "optimizer.lr", "regularizer.dropout", "seed", "trainer.epochs"} <= differ
    assert set(names[: len(differ)]) == differ
    assert "model.hidden" in names and "early_stopping.patience" in names


def test_train_and_val_are_in_one_chart_and_means_in_their_bands(server):
    first, second = server.json("plugin/custom_scalars/layout")["category"]  # once, though two files have it
    charts = {chart["title"]: chart["multiline"]["tag"] for chart in first["chart"]}
    assert charts == {name: [f"^{name}/train$", f"^{name}/val$"] for name in ("loss", "accuracy")}
    for regex in charts["loss"]:
        found = server.json("plugin/custom_scalars/scalars", run="000_optimizer=sgd_dropout=0_seed=0", tag=regex)
        assert list(found["tag_to_events"]) == [regex.strip("^$")]
    bands = {chart["title"]: chart["margin"]["series"][0] for chart in second["chart"]}
    ends = {"value": "sd/loss/val/mean", "lower": "sd/loss/val/lower", "upper": "sd/loss/val/upper"}
    assert bands["loss/val"] == ends
    assert set(bands) == {"loss/train", "loss/val", "accuracy/train", "accuracy/val"}


def test_a_setting_with_two_seeds_has_a_mean_with_its_band(server, sweep):
    means = sorted(path.name for path in (sweep / "mean").iterdir())
    assert [name.partition("_")[0] for name in means] == [str(rank) for rank in range(1, 9)]
    labels = {name.partition("_")[2].replace("_epochs=2", "").replace("_", " ") for name in means}
    assert labels == set(PAIRS)
    name = next(name for name in means if "optimizer=adam_" in name and "dropout=0.5" in name)
    runs = [run for run in rows_of(sweep) if "optimizer=adam_dropout=0.5" in run]
    assert len(runs) == 2
    for tag in ("loss/val", "accuracy/train", "lr"):
        curves = [points(server, run, tag) for run in runs]
        mean = points(server, f"mean/{name}", tag)
        assert [step for step, _ in mean] == ([1, 2] if tag == "lr" else [0, 1, 2])
        for (_, value), *own in zip(mean, *curves, strict=True):
            assert value == pytest.approx(statistics.mean(v for _, v in own), rel=1e-6)
    values = [points(server, run, "loss/val")[-1][1] for run in runs]
    ends = [points(server, f"mean/{name}", tag)[-1][1] for tag in band_of("loss/val")]
    middle, sd = statistics.mean(values), statistics.stdev(values)
    assert ends == pytest.approx([middle, middle - sd, middle + sd], rel=1e-5)


def test_a_run_has_none_of_the_tags_of_a_band_so_that_tensorboard_misses_none(server):
    tags = server.json("plugin/scalars/tags")
    assert not {*band_of("loss/val")} & {*tags["000_optimizer=sgd_dropout=0_seed=0"]}
    assert all({*band_of("loss/val")} <= {*own} for run, own in tags.items() if run.startswith("mean/"))


def points(server, run, tag):
    return [(step, value) for _, step, value in server.json("plugin/scalars/scalars", run=run, tag=tag)]


def test_the_best_setting_is_the_first(sweep):
    settings = [setting for setting in settings_of(loaded(sweep)) if len(setting.runs) > 1]
    values = [statistics.mean(setting.best.values()) for setting in settings]
    assert values == sorted(values)
    names = sorted(path.name for path in (sweep / "mean").iterdir())
    assert names == [f"{rank}_{setting.label}" for rank, setting in enumerate(settings, 1)]


def test_what_reads_runs_does_not_take_means_for_runs(sweep):
    assert len(results(sweep)) == 20
    assert newest(sweep, sweeps=False).parent == sweep
    assert not list((sweep / "mean").rglob("summary.json"))
    assert main(["report", str(sweep)]) == 0


def test_means_are_written_anew_and_old_ones_go(sweep):
    old = sweep / "mean" / "9_optimizer=gone"
    old.mkdir()
    (old / "events.out.tfevents.1.mean").write_bytes(b"")
    before = sorted(path.name for path in (sweep / "mean").iterdir() if path != old)
    assert write_means(loaded(sweep)) == 8
    assert sorted(path.name for path in (sweep / "mean").iterdir()) == before
    for folder in (sweep / "mean").iterdir():
        assert len(list(folder.iterdir())) == 1


def test_runs_that_diverged_are_left_out_and_said_to_be(tmp_path):
    folder = train(tmp_path / "one", "optimizer=sgd", "optimizer.lr=0.01,1e30", "seed=0,1", "trainer.epochs=2")
    (mean,) = (folder / "mean").iterdir()
    assert mean.name == "1_lr=0.01"
    sweep = loaded(folder)
    for i in (0, 1):
        sweep.outcomes[i] = Outcome(sweep.runs[i].folder, "diverged", "", sweep.outcomes[i].summary)
    assert write_means(sweep) == 0
    assert not (folder / "mean").exists()


def test_one_seed_has_no_mean(tmp_path):
    folder = train(tmp_path / "one", "optimizer.lr=0.01,0.02", "trainer.epochs=1")
    assert not (folder / "mean").exists()
    assert (folder / "events.out.tfevents.0.layout").exists()


def test_only_seeds_make_one_mean_called_all(tmp_path):
    folder = train(tmp_path / "one", "seed=0,1,2", "trainer.epochs=1")
    (mean,) = (folder / "mean").iterdir()
    assert mean.name == "1_all"
    reader = EventAccumulator(str(mean)).Reload()
    text = reader.Tensors("mean/text_summary" if "mean/text_summary" in reader.Tags()["tensors"] else "mean")
    said = text[0].tensor_proto.string_val[0].decode()
    assert said.startswith("Mean of 3 runs over the epochs") and "- 002_seed=2" in said


def test_the_mean_ends_where_the_first_run_ends_and_holes_stay_holes(tmp_path):
    for name, losses in (("a", ["1.0", "", "3.0"]), ("b", ["3.0", "2.0"])):
        (tmp_path / name).mkdir()
        rows = [f"{epoch},{epoch * 10},0.1,{loss}" for epoch, loss in enumerate(losses)]
        (tmp_path / name / "metrics.csv").write_text("\n".join(["epoch,step,seconds,val/loss", *rows]) + "\n4,40")
    curves = mean_curves([tmp_path / "a", tmp_path / "b"])
    assert curves.columns == ["val/loss"] and curves.epochs == [0, 1]
    assert curves.mean[0] == [2.0] and curves.sd[0] == [pytest.approx(math.sqrt(2))]
    assert math.isnan(curves.mean[1][0])


@pytest.mark.parametrize("text", ["epoch,val/loss\n0,1\n1\n", "epoch,val/loss\n0,x\n", ""])
def test_a_damaged_table_is_named(tmp_path, text):
    (tmp_path / "metrics.csv").write_text(text)
    with pytest.raises(RunError, match=r"metrics\.csv: damaged"):
        mean_curves([tmp_path, tmp_path])
