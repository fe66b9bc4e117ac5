"""Files of a run: exact numbers, nothing overwritten, and the same files after a kill at any write, fsync or rename."""

import errno
import math
import os
import random
import re

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from runner.errors import RunError
from runner.records import disk, run_files
from runner.records.run_files import EVENTS, LOG, METRICS, RunFiles
from runner.records.summary import SUMMARY, read_summary
from runner.records.tags import tag_of
from runner.reports.curves import curves

EPOCHS = 12


class Killed(BaseException):
    """The process dies here; nothing may handle it."""


def row(epoch, **more):
    rng = random.Random(epoch)
    metrics = ("train/loss", "train/accuracy", "val/loss", "val/accuracy", "grad_norm", "weight_norm", "sparsity")
    return {"epoch": epoch, "step": 45 * epoch, "lr": 1e-3} | {m: rng.random() for m in metrics} | more


def train(folder, checkpoint):
    """A run that stores its state in `checkpoint` at every third epoch and goes on from what it finds there."""
    files = RunFiles(folder, checkpoint.get("offsets", {}) if checkpoint.get("started") else None)
    checkpoint["started"] = True
    if not checkpoint.get("offsets"):
        files.hparams({"optimizer.lr": 1e-3, "model.hidden": [64, 32], "name": None})
        files.log("started")
    for epoch in range(checkpoint.get("epoch", 0), EPOCHS):
        files.epoch(row(epoch))
        for step, loss in enumerate([0.1 * epoch, 0.2, 0.3], epoch * 3):
            files.step(step, loss, 0.01)
        files.histogram("weights/0", epoch, np.arange(50.0) * epoch)
        files.log(f"epoch {epoch}")
        if epoch % 3 == 2:
            checkpoint |= {"offsets": files.flush(sync=True), "epoch": epoch + 1}
        elif epoch % 2:
            files.flush()
    files.end("completed", {"val/loss": 0.1}, 4)
    files.summary({"format": 1, "status": "completed", "epochs": EPOCHS})


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def stopped_clock():
    """All time stamps equal, so that files can be compared byte by byte."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: 1.7e9)
        yield


@pytest.fixture(scope="module")
def whole(stopped_clock, tmp_path_factory):
    """The files of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole")
    train(folder, {})
    return contents(folder)


class Injector:
    """Lets `after` calls of os.write, os.fsync and os.replace through, then kills: a write stops halfway."""

    def __init__(self, monkeypatch, after):
        self.left = after
        for name in ("write", "fsync", "replace"):
            monkeypatch.setattr(os, name, self.wrap(name, getattr(os, name)))

    def wrap(self, name, real):
        def call(*args):
            self.left -= 1
            if self.left == -1:
                if name == "write":
                    real(args[0], args[1][: len(args[1]) // 2])
                raise Killed
            return real(*args)

        return call


def killed_runs(folder, monkeypatch, delays):
    """Run until it ends, killed after each number of calls in turn; return how many kills there were."""
    checkpoint, kills = {}, 0
    for after in [*delays, 10**9]:
        with monkeypatch.context() as patch:
            Injector(patch, after)
            try:
                train(folder, checkpoint)
                return kills
            except Killed:
                kills += 1
    raise AssertionError("the run never ended")


def test_a_kill_at_every_single_call_leaves_the_same_files(tmp_path, monkeypatch, whole):
    calls = 0
    while True:
        folder = tmp_path / str(calls)
        folder.mkdir()
        if not killed_runs(folder, monkeypatch, [calls]):
            break
        assert contents(folder) == whole
        calls += 1
    assert calls > 40


@pytest.mark.parametrize("seed", range(15))
def test_many_kills_in_one_run_leave_the_same_files(tmp_path, monkeypatch, whole, seed):
    rng = random.Random(seed)
    assert killed_runs(tmp_path, monkeypatch, [rng.randrange(14) for _ in range(12)]) >= 3
    assert contents(tmp_path) == whole


def test_summary_appears_only_when_everything_else_is_whole(tmp_path, monkeypatch, whole):
    calls = 0
    while killed_runs_once(tmp_path / str(calls), monkeypatch, calls):
        folder = tmp_path / str(calls)
        if (folder / SUMMARY).exists():
            assert read_summary(folder)["status"] == "completed"
            assert contents(folder) == whole
        calls += 1
    assert calls > 40


def killed_runs_once(folder, monkeypatch, after):
    folder.mkdir()
    with monkeypatch.context() as patch:
        Injector(patch, after)
        try:
            train(folder, {})
        except Killed:
            return True
    return False


def test_numbers_in_metrics_csv_read_back_exactly(tmp_path):
    awkward = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 2.0**-1074 * 3, float(np.float32(0.1)), 123456789.123]
    files = RunFiles(tmp_path)
    for epoch, value in enumerate(awkward):
        files.epoch({"epoch": epoch, "val/loss": value, "lr": np.float64(value), "w": np.float32(0.3)})
    files.flush()
    frame = curves(tmp_path)
    assert [v.hex() for v in frame["val/loss"]] == [v.hex() for v in awkward]
    assert list(frame["lr"]) == awkward
    assert frame["epoch"].dtype == np.int64 and frame["w"][0] == float(np.float32(0.3))


def test_missing_and_not_finite_values(tmp_path):
    files = RunFiles(tmp_path)
    files.epoch({"epoch": 0, "a": None, "b": float("nan"), "c": float("inf"), "d": -math.inf})
    files.epoch({"epoch": 1, "c": 2.0})
    files.flush()
    assert (tmp_path / METRICS).read_text() == "epoch,a,b,c,d\n0,,nan,inf,-inf\n1,,,2.0,\n"
    assert curves(tmp_path)["c"].tolist() == [math.inf, 2.0]


def test_a_row_with_an_unknown_column_is_refused_and_leaves_no_trace(tmp_path):
    files = RunFiles(tmp_path)
    files.epoch({"epoch": 0, "a": 1.0})
    with pytest.raises(ValueError, match=r"metrics\.csv.*'b'"):
        files.epoch({"epoch": 1, "b": 1.0})
    files.flush()
    assert (tmp_path / METRICS).read_text() == "epoch,a\n0,1.0\n"


def test_a_resumed_run_keeps_the_columns_of_its_file(tmp_path):
    files = RunFiles(tmp_path)
    files.epoch({"epoch": 0, "a": 1.0, "b": 2.0})
    offsets = files.flush()
    resumed = RunFiles(tmp_path, offsets)
    resumed.epoch({"b": 4.0, "a": 3.0, "epoch": 1})
    resumed.flush()
    assert (tmp_path / METRICS).read_text() == "epoch,a,b\n0,1.0,2.0\n1,3.0,4.0\n"


def test_a_folder_with_a_run_in_it_is_never_overwritten(tmp_path):
    files = RunFiles(tmp_path)
    files.epoch(row(0))
    files.flush()
    before = (tmp_path / METRICS).read_bytes()
    with pytest.raises(RunError, match=re.escape(str(tmp_path)) + r" already holds a run"):
        RunFiles(tmp_path)
    assert (tmp_path / METRICS).read_bytes() == before


def test_files_without_an_offset_are_emptied_on_resume(tmp_path):
    files = RunFiles(tmp_path)
    files.epoch(row(0))
    files.log("a line")
    files.flush()
    assert RunFiles(tmp_path, {}).flush() == {}
    assert [(tmp_path / name).stat().st_size for name in (METRICS, EVENTS, LOG)] == [0, 0, 0]


def test_a_file_shorter_than_its_offset_is_an_error_that_names_it(tmp_path):
    files = RunFiles(tmp_path)
    files.epoch(row(0))
    offsets = files.flush()
    os.truncate(tmp_path / METRICS, 10)
    with pytest.raises(RunError, match=r"metrics\.csv: holds 10 bytes, but \d+ were written"):
        RunFiles(tmp_path, offsets)
    (tmp_path / METRICS).unlink()
    with pytest.raises(RunError, match=r"metrics\.csv"):
        RunFiles(tmp_path, offsets)


def test_offsets_can_name_no_other_file(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "precious").write_text("data")
    with pytest.raises(RunError, match=r"\.\./precious"):
        RunFiles(tmp_path / "run", {"../precious": 0})
    assert (tmp_path / "precious").read_text() == "data"


def test_a_full_disk_is_an_error_with_path_and_cause_and_leaves_whole_lines(tmp_path, monkeypatch):
    files = RunFiles(tmp_path)
    files.epoch(row(0))
    files.flush()
    before = (tmp_path / METRICS).read_bytes()
    files.epoch(row(1))
    real = os.write

    def full(fd, data):
        if len(data) < 30:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data[: len(data) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(RunError, match=r"metrics\.csv: No space left on device; free some space"):
            files.flush()
    assert (tmp_path / METRICS).read_bytes() == before
    files.epoch(row(2))
    files.flush()  # space was freed: nothing is lost, nothing is there twice
    assert curves(tmp_path)["epoch"].tolist() == [0, 1, 2]
    assert events_of(tmp_path) == [0, 1, 2]


def events_of(folder):
    return [e.step for e in EventFileLoader(str(folder / EVENTS)).Load() if e.HasField("summary")]


def test_a_device_that_is_always_full(tmp_path):
    (tmp_path / LOG).symlink_to("/dev/full")
    files = RunFiles(tmp_path)
    files.log("a line")
    with pytest.raises(RunError, match=r"train\.log: No space left on device"):
        files.flush()


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, code):
    files = RunFiles(tmp_path)
    files.epoch(row(0))

    def refuse(*_args):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(RunError, match=re.escape(f"{tmp_path / METRICS}: {os.strerror(code)}; choose a folder")):
        files.flush()


def test_a_folder_that_is_gone_or_is_a_file(tmp_path):
    gone = RunFiles(tmp_path / "gone")
    gone.epoch(row(0))
    with pytest.raises(RunError, match=r"gone.*No such file or directory; the folder is gone"):
        gone.flush()
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="Not a directory"):
        disk.replace(tmp_path / "file" / "summary.json", b"{}")


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_failed_replacement_keeps_the_old_file_and_no_half_new_one(tmp_path, monkeypatch, call):
    disk.replace(tmp_path / "a", b"old")

    def fail(*_args):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(RunError, match="Input/output error"):
            disk.replace(tmp_path / "a", b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"old")]


def test_flush_writes_each_file_once_and_holds_none_open(tmp_path, monkeypatch):
    files = RunFiles(tmp_path)
    written = []
    real = os.write
    monkeypatch.setattr(run_files.disk.os, "write", lambda fd, data: written.append(len(data)) or real(fd, data))
    before = set(os.listdir("/proc/self/fd"))
    for epoch in range(1000):
        files.epoch(row(epoch))
        files.log("line")
    sizes = files.flush()
    assert sorted(written) == sorted(sizes.values()) and len(written) == 3
    assert set(os.listdir("/proc/self/fd")) == before
    assert files.flush() == sizes and len(written) == 3


def test_the_log_is_time_stamped_and_takes_tracebacks(tmp_path):
    files = RunFiles(tmp_path)
    files.log("Traceback (most recent call last):\n  File 'x'\nValueError: \udcff ü\n")
    files.flush()
    text = (tmp_path / LOG).read_text()
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  Traceback", text)
    assert text.endswith("ValueError: \\udcff ü\n") and text.count("\n") == 3


@pytest.mark.parametrize(("column", "tag"), [("train/loss", "loss/train"), ("val/r2", "r2/val"), ("gap", "gap")])
def test_tags_are_grouped_by_metric(column, tag):
    assert tag_of(column) == tag
