"""When TensorBoard gets histograms of the weights."""

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import runner


@pytest.mark.parametrize(
    ("runs", "histograms", "epochs"),
    [(1, None, [0, 10, 12]), (1, 0, []), (2, None, []), (2, 0, []), (2, 5, [0, 5, 10, 12])],
)
def test_histograms_are_of_single_runs_and_of_sweeps_that_ask_for_them(runs, histograms, epochs, tmp_path):
    trainer = {"epochs": 12, "histograms": histograms, "progress": False, "figures": False}
    fixed = {"dataset": {"name": "iris"}, "model": {"hidden": [4]}, "early_stopping.patience": None}
    outcomes = runner.train([fixed | {"trainer": trainer, "seed": seed} for seed in range(runs)], tmp_path / "outputs")
    for outcome in outcomes:
        reader = EventAccumulator(str(outcome.folder), {"tensors": 0}).Reload()
        tags = [tag for tag in reader.Tags()["tensors"] if tag.startswith("weights/")]
        assert len(tags) == (2 if epochs else 0)
        assert all([event.step for event in reader.Tensors(tag)] == epochs for tag in tags)
