"""Events: checksum parity, read back by TensorBoard's own reader and by its server over HTTP."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.tensorflow_stub import pywrap_tensorflow
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.util import tensor_util
from tensorboard_server import Server

from runner.errors import RunError
from runner.figures import draw
from runner.records import events
from runner.records.crc import BLOCK, contents, crc32c, masked_crc32c, records
from runner.records.flat import flatten, markdown
from runner.records.names import plain
from runner.records.run_files import EVENTS, RunFiles

TREE = {
    "optimizer": {"name": "adamw", "lr": 0.01, "clip_norm": None, "amsgrad": False},
    "model": {"hidden": [64, 32]},
    "seed": 3,
}


def write_run(folder, seed=3, diverged=False):
    """A run of 20 epochs with everything in it."""
    folder.mkdir(parents=True, exist_ok=True)
    files = RunFiles(folder)
    files.hparams(TREE | {"seed": seed})
    files.text("configuration", markdown(TREE))
    for epoch in range(21):
        loss = math.nan if diverged and epoch > 10 else 1 / (epoch + 1)
        objective = None if epoch == 0 else loss
        files.epoch({"epoch": epoch, "step": epoch * 45, "train/loss": loss, "train/objective": objective, "lr": 0.01})
    for step, loss in enumerate([0.5, 0.25, 0.125], 1):
        files.step(step, loss, 0.01)
    files.histogram("weights/0", 20, np.linspace(-1.0, 1.0, 300))
    files.image("confusion matrix", 20, draw.confusion_matrix(np.eye(3, dtype=int)))
    files.end("diverged" if diverged else "completed", {"test/accuracy": 0.96875, "val/loss": None}, 7)
    files.flush()
    return folder


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"", 0x00000000),
        (b"a", 0xC1D04330),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),  # RFC 3720, B.4, as are the next two
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_published_checksums(data, crc):
    assert crc32c(data) == crc


@pytest.mark.parametrize("length", [*range(12), BLOCK - 1, *range(BLOCK, BLOCK + 6), 3 * BLOCK + 2])
def test_checksum_equals_tensorboards_at_every_block_boundary(length):
    data = random.Random(length).randbytes(length)
    assert masked_crc32c(data) == pywrap_tensorflow.masked_crc32c(data)


@given(st.binary(max_size=300))
def test_checksum_equals_tensorboards(data):
    assert masked_crc32c(data) == pywrap_tensorflow.masked_crc32c(data)


def test_a_record_is_length_checksum_data_checksum():
    framed = records([b"abc"])
    assert framed[:8] == (3).to_bytes(8, "little") and framed[12:15] == b"abc" and len(framed) == 19
    assert int.from_bytes(framed[15:], "little") == pywrap_tensorflow.masked_crc32c(b"abc")


@given(st.lists(st.sampled_from([b"", b"abc", b"abcd", bytes(BLOCK)]) | st.binary(max_size=9)))
def test_records_checked_together_are_those_checked_alone(each):
    assert records(each) == b"".join(records([one]) for one in each)
    assert contents(records(each)) == each


@given(st.integers(0, 2**40), st.lists(st.tuples(st.text(max_size=150), st.floats())))
def test_points_are_written_as_protocol_buffers_write_them(step, points):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events.time, "time", lambda: 1.7e9)
        event = Event(wall_time=1.7e9, step=step)
        for tag, value in points:
            event.summary.value.add(tag=tag, simple_value=value if value == value else math.nan)
        assert events.scalars(step, points) == event.SerializeToString()


@pytest.mark.parametrize("value", [3.4028235677973362e38, 3.4028235677973366e38, -3.4028234663852886e38, 1e300, 1e-46])
def test_points_beyond_single_precision_are_its_infinities(value):
    with np.errstate(over="ignore"):
        expected = float(np.float32(value))
    (point,) = Event.FromString(events.scalars(1, [("a", value)])).summary.value
    assert point.simple_value == expected


@pytest.fixture(scope="module")
def accumulator(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("events") / "run")
    reader = EventAccumulator(str(folder / EVENTS), size_guidance={"tensors": 0, "scalars": 0})
    reader.Reload()
    return reader


def points(reader, tag):
    return [(event.step, event.value) for event in reader.Scalars(tag)]


def test_tensorboards_reader_finds_every_tag(accumulator):
    assert set(accumulator.Tags()["scalars"]) == {
        *("loss/train", "objective/train", "objective/step", "lr", "best/test/accuracy"),
    }
    assert set(accumulator.Tags()["tensors"]) == {
        *("configuration", "weights/0", "confusion matrix"),
        *("_hparams_/session_start_info", "_hparams_/session_end_info"),
    }


def test_scalars_have_the_epoch_as_step_and_single_precision_values(accumulator):
    expected = [(epoch, float(np.float32(1 / (epoch + 1)))) for epoch in range(21)]
    assert points(accumulator, "loss/train") == expected
    assert points(accumulator, "objective/train") == expected[1:]  # None is not drawn
    assert points(accumulator, "objective/step") == [(1, 0.5), (2, 0.25), (3, 0.125)]
    assert points(accumulator, "best/test/accuracy") == [(7, 0.96875)]


def test_histogram_buckets_touch_cover_the_range_and_count_everything(accumulator):
    rows = tensor_util.make_ndarray(accumulator.Tensors("weights/0")[0].tensor_proto)
    assert rows.shape == (30, 3) and rows[:, 2].sum() == 300
    assert rows[0, 0] == -1.0 and rows[-1, 1] == 1.0 and np.array_equal(rows[1:, 0], rows[:-1, 1])


@pytest.mark.parametrize(
    ("array", "count"),
    [([2.0, 2.0], 2), ([], 0), ([math.nan, math.inf], 0), ([1.0, math.nan, 3.0], 2), ([[1.0, 2.0], [3.0, 4.0]], 4)],
)
def test_histograms_of_odd_arrays_count_the_finite_elements(tmp_path, array, count):
    (tmp_path / EVENTS).write_bytes(records([events.header(), events.histogram("h", 1, array)]))
    reader = EventAccumulator(str(tmp_path / EVENTS))
    reader.Reload()
    rows = tensor_util.make_ndarray(reader.Tensors("h")[0].tensor_proto)
    assert rows.shape[1] == 3 and rows[:, 2].sum() == count


def test_png_size_is_read_from_the_picture():
    assert events.png_size(draw.confusion_matrix(np.eye(2, dtype=int))) == (1040, 880)
    with pytest.raises(ValueError, match="not a PNG"):
        events.png_size(b"GIF89a")


def test_equal_calls_give_equal_bytes(monkeypatch):
    monkeypatch.setattr(events.time, "time", lambda: 1.0)
    flat = {f"key{i}": i for i in range(50)}
    assert events.session_start(flat) == events.session_start(flat)
    assert events.scalars(1, [("a", 1e300), ("b", math.nan)]) == events.scalars(1, [("a", 1e300), ("b", math.nan)])


def test_hyper_parameters_are_read_back_as_they_are():
    given = {"switch": True, "whole": 3, "rate": 1e-3, "text": "x" * 300, "empty": "", "zero": 0, "hidden": [64, 32]}
    data = events.session_start(given)
    event = Event.FromString(data)
    content = event.summary.value[0].metadata.plugin_data.content
    listed = HParamsPluginData.FromString(content).session_start_info.hparams
    found = {name: getattr(value, value.WhichOneof("kind")) for name, value in listed.items()}
    assert found == given | {"hidden": "64-32"} and found["switch"] is True


def test_flat_keys_are_never_none_lists_or_nan():
    flat = flatten(TREE)
    assert flat["model.hidden"] == [64, 32] and flat["optimizer.clip_norm"] is None
    assert [plain(v) for v in ([64, 32], [], None, True, 3, 0.5, "x", math.nan, [None, 0.5])] == [
        *("64-32", "none", "null", True, 3, 0.5, "x", "nan", "null-0.5")
    ]


def test_markdown_is_a_table_whose_cells_cannot_break_it():
    lines = markdown({"a": {"b": "x|y\nz", "c": None, "d": True}}).splitlines()
    assert lines[2:] == ["| a.b | x\\|y z |", "| a.c | null |", "| a.d | true |"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp("logdir")
    write_run(root / "000_seed=3")
    write_run(root / "001_seed=4", seed=4, diverged=True)
    server = Server(root, tmp_path_factory.mktemp("server") / "log")
    try:
        server.wait_for("plugin/text/tags", lambda tags: len(tags) == 2)
        yield server
    finally:
        server.stop()


def test_server_draws_scalars(server):
    tags = server.json("plugin/scalars/tags")
    assert set(tags["000_seed=3"]) == {"loss/train", "objective/train", "objective/step", "lr", "best/test/accuracy"}
    series = server.json("plugin/scalars/scalars", run="000_seed=3", tag="loss/train")
    assert [(step, value) for _, step, value in series] == [(e, float(np.float32(1 / (e + 1)))) for e in range(21)]


def test_server_shows_where_a_run_diverged(server):
    series = server.json("plugin/scalars/scalars", run="001_seed=4", tag="loss/train")
    assert len(series) == 21 and all(value in ("NaN", None) or value != value for _, _, value in series[11:])


def test_server_draws_histograms(server):
    ((_, step, buckets),) = server.json("plugin/histograms/histograms", run="000_seed=3", tag="weights/0")
    assert step == 20 and len(buckets) == 30 and sum(count for _, _, count in buckets) == 300


def test_server_shows_the_picture_unchanged(server):
    (meta,) = server.json("plugin/images/images", run="000_seed=3", tag="confusion matrix", sample=0)
    assert meta["step"] == 20
    picture = server.get(f"plugin/images/individualImage?{meta['query']}&x=1")
    assert picture == draw.confusion_matrix(np.eye(3, dtype=int))


def test_server_shows_the_configuration_as_a_table(server):
    (entry,) = server.json("plugin/text/text", run="000_seed=3", tag="configuration")
    assert "<td>optimizer.lr</td>\n<td>0.01</td>" in entry["text"]


def test_server_lists_hyper_parameters_and_results_of_each_run_in_that_run(server):
    experiment = server.json("plugin/hparams/experiment", {"experimentName": ""})
    infos = {info["name"]: info for info in experiment["hparamInfos"]}
    assert set(infos) == set(flatten(TREE)) and infos["seed"]["differs"] and not infos["optimizer.lr"]["differs"]
    question = {
        "experimentName": "",
        "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"],
        "colParams": [
            {"metric": {"tag": "best/test/accuracy", "group": ""}, "includeInResult": True},
            *({"hparam": name, "includeInResult": True} for name in infos),
        ],
        "startIndex": 0,
        "sliceSize": 10,
    }
    groups = server.json("plugin/hparams/session_groups", question)["sessionGroups"]
    found = {group["sessions"][0]["name"]: group for group in groups}
    assert {name: group["sessions"][0]["status"] for name, group in found.items()} == {
        "000_seed=3": "STATUS_SUCCESS",
        "001_seed=4": "STATUS_FAILURE",
    }
    first = found["000_seed=3"]
    assert first["hparams"]["model.hidden"] == "64-32" and first["hparams"]["optimizer.clip_norm"] == "null"
    assert first["hparams"]["seed"] == 3.0 and first["hparams"]["optimizer.amsgrad"] is False
    metrics = {value["name"]["tag"]: value["value"] for value in first["metricValues"]}
    assert metrics["best/test/accuracy"] == 0.96875


def test_an_interrupted_run_is_not_marked_as_ended(tmp_path):
    files = RunFiles(tmp_path)
    files.hparams(TREE)
    files.end("interrupted", {"val/loss": 0.5}, 3)
    offsets = files.flush()
    resumed = RunFiles(tmp_path, offsets)
    resumed.end("completed", {"val/loss": 0.25}, 4)
    resumed.flush()
    reader = EventAccumulator(str(tmp_path / EVENTS))
    reader.Reload()
    assert len(reader.Tensors("_hparams_/session_end_info")) == 1


def test_an_events_file_that_was_damaged_is_not_continued(tmp_path):
    files = RunFiles(tmp_path)
    files.hparams(TREE)
    offsets = files.flush()
    (tmp_path / EVENTS).write_bytes(b"")
    with pytest.raises(RunError, match="tfevents"):
        RunFiles(tmp_path, offsets)
