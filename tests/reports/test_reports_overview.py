"""What the dashboard adds to a sweep: its answer, the metric over the key that varies, columns of HPARAMS."""

from made_sweeps import grid, make_sweep
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from runner.reports import overview

ENDS = {0.01: [0.1, 0.2], 0.1: [0.3, 0.4]}


def written(tmp_path, runs, *, alone=True):
    overview.write(make_sweep(tmp_path / "s", runs), tmp_path / "overview", alone=alone)
    events = EventAccumulator(str(tmp_path / "overview"))
    events.Reload()
    return events


def experiment(events):
    content = events.SummaryMetadata("_hparams_/experiment").plugin_data.content
    return HParamsPluginData.FromString(content).experiment


def test_it_holds_the_answer_and_the_figure_over_the_key(tmp_path):
    events = written(tmp_path, grid(ENDS))
    tags = events.Tags()
    assert "answer" in tags["tensors"] and b"Best: lr=0.01" in events.Tensors("answer")[0].tensor_proto.string_val[0]
    assert {tag for tag in tags["tensors"] + tags["images"] if tag.startswith("over lr/")} == {
        "over lr/loss",
        "over lr/accuracy",
    }


def test_the_columns_are_the_keys_that_vary_and_the_metric_that_ranks_comes_first(tmp_path):
    runs = [(given | {"regularizer.l2": 0.1}, end) for given, end in grid(ENDS)]
    found = experiment(written(tmp_path, runs))
    assert [info.name for info in found.hparam_infos] == ["optimizer.lr", "seed"]
    assert found.metric_infos[0].name.tag == "best/val/loss"


def test_next_to_other_sweeps_it_names_no_columns(tmp_path):
    events = written(tmp_path, grid(ENDS), alone=False)
    assert "_hparams_/experiment" not in events.Tags()["tensors"]


def test_a_sweep_of_which_nothing_has_finished_has_none(tmp_path):
    overview.write(make_sweep(tmp_path / "s", grid({0.1: [None, None]})), tmp_path / "overview", alone=True)
    overview.write(tmp_path / "nowhere", tmp_path / "overview", alone=True)
    assert not (tmp_path / "overview").exists()


def test_it_is_written_again_when_more_runs_have_ended_and_only_then(tmp_path):
    sweep = make_sweep(tmp_path / "s", grid(ENDS))
    follower = overview.Follower(sweep, tmp_path / "overview", alone=True)
    follower.follow()
    assert [path.name for path in (tmp_path / "overview").iterdir()] == ["events.out.tfevents.000001.overview"]
    follower.due = 0
    follower.follow()
    results = sweep / "results.csv"
    results.write_text(results.read_text().replace(",0.1,", ",0.9,"))
    follower.due = float("inf")  # too soon
    follower.follow()
    assert len(list((tmp_path / "overview").iterdir())) == follower.times == 1
    follower.due = 0
    follower.follow()
    assert len(list((tmp_path / "overview").iterdir())) == 2
    events = EventAccumulator(str(tmp_path / "overview"), {"images": 0, "tensors": 0})
    events.Reload()
    assert [event.step for event in events.Tensors("answer")] == [1, 2]
