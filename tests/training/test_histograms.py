"""When TensorBoard gets histograms of the weights."""

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import runner


@pytest.mark.parametrize(("runs", "figures", "epochs"), [(1, None, [0, 2, 3]), (2, None, []), (2, True, [0, 2, 3])])
def test_histograms_are_of_single_runs_and_of_sweeps_that_ask_for_figures(runs, figures, epochs, tmp_path):
    trainer = {"epochs": 3, "histograms": 2, "progress": False} | ({} if figures is None else {"figures": figures})
    common = {"dataset": {"name": "iris"}, "model": {"hidden": [4]}, "trainer": trainer}
    outcomes = runner.train([common | {"seed": seed} for seed in range(runs)], tmp_path / "outputs")
    for outcome in outcomes:
        reader = EventAccumulator(str(outcome.folder), {"tensors": 0}).Reload()
        tags = [tag for tag in reader.Tags()["tensors"] if tag.startswith("weights/")]
        assert len(tags) == (2 if epochs else 0)
        assert all([event.step for event in reader.Tensors(tag)] == epochs for tag in tags)
