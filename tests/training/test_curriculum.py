"""Easy examples first: which they are, how many an epoch draws from, and that this is a run's own affair."""

import numpy as np
import pytest

import runner
from runner.checks.populations import data, settings
from runner.cli import main
from runner.errors import ConfigError
from runner.execution.configurations import read
from runner.population.arrays import as_array
from runner.training.curriculum import easiest
from runner.training.engine import Engine
from runner.training.loop import Training

LINEAR = (5, [], 3, 29)
FIRST = {"trainer.curriculum": "loss", "trainer.curriculum_start": 0.25, "trainer.curriculum_epochs": 3}


def log_probabilities(engine, row, index):
    """Of the classes [n, C], in double precision, of a row without hidden layers."""
    w, b = (as_array(slot.true(engine.theta))[row].astype(np.float64) for slot in engine.layout.slots.values())
    z = engine.tables.data[row].x[index] @ w.T + b
    return z - np.log(np.exp(z).sum(1, keepdims=True))


HARDNESS = {
    "loss": lambda log_p, y: -log_p[np.arange(len(y)), y],
    "confidence": lambda log_p, y: -log_p.max(1),
}


@pytest.mark.parametrize("score", HARDNESS)
def test_an_epoch_draws_from_the_easiest_whose_share_grows_to_all(way, score):
    run = settings(LINEAR, **FIRST | way | {"trainer.curriculum": score, "trainer.dtype": "float64"})
    table = data(5, 3, dtype="float64")
    engine = Engine([run], [table])
    n = len(table.train)
    for epoch in range(5):
        share = 0.25 + 0.75 * min(epoch / 3, 1)
        hardness = HARDNESS[score](log_probabilities(engine, 0, table.train), table.y[table.train])
        expected = table.train[np.argsort(hardness, kind="stable")[: int(np.ceil(share * n - 1e-9))]]
        (order,) = engine.plan([1.0]).order
        seen, times = np.unique(order, return_counts=True)
        assert len(order) == n
        assert seen.tolist() == sorted(expected.tolist())
        assert times.max() - times.min() <= 1
        engine.train_epoch([1.0])
    plain = Engine([settings(LINEAR, **way | {"trainer.dtype": "float64"})], [table])
    plain.epochs[:] = 4
    assert engine.plan([1.0]).order.tolist() != plain.plan([1.0]).order.tolist()
    plain.epochs[:] = 5
    assert engine.plan([1.0]).order.tolist() == plain.plan([1.0]).order.tolist()


def test_of_equally_hard_examples_the_first_are_taken_and_one_at_least():
    assert easiest(np.array([3.0, 1.0, np.nan, 1.0, 2.0]), 0.4).tolist() == [1, 3]
    assert easiest(np.array([2.0, 2.0, 2.0]), 0.5).tolist() == [0, 1]
    assert easiest(np.array([2.0, 1.0]), 1e-6).tolist() == [1]


MIXED = [
    FIRST,
    {},
    FIRST | {"trainer.curriculum": "confidence", "trainer.curriculum_epochs": 2, "averaging": "ema"},
    FIRST | {"trainer.sampling": "bootstrap", "trainer.curriculum_start": 0.5},
    FIRST | {"trainer.sampling": "replacement"},
]


def test_rows_with_and_without_a_curriculum_are_those_of_each_alone(way):
    shape, table = (13, [7, 5], 2, 29), data(13, 2)
    runs = [settings(shape, **change | way | {"seed": i}) for i, change in enumerate(MIXED)]
    together, alone = Engine(runs, [table] * len(runs)), [Engine([run], [table]) for run in runs]
    for _ in range(3):
        for engine in (together, *alone):
            engine.train_epoch([1.0] * len(engine.runs))
    for row, engine in enumerate(alone):
        assert np.array_equal(as_array(together.theta)[row], as_array(engine.theta)[0]), MIXED[row]


QUICK = {
    "dataset": "iris", "model.hidden": [5], "model.norm": "batch", "optimizer.lr": 0.01, "trainer.epochs": 8,
    "trainer.figures": False, "early_stopping.patience": None, "trainer.keep_checkpoint": True,
    "trainer.curriculum": "loss", "trainer.curriculum_epochs": 6,
}  # fmt: skip


def test_a_run_whose_easy_examples_its_network_says_resumes_as_if_uninterrupted(tmp_path):
    whole, half = (runner.train([QUICK | {"trainer.epochs": n}], outputs=tmp_path)[0] for n in (8, 3))
    assert main(["resume", str(half.folder), "trainer.epochs=8"]) == 0
    curves = [runner.curves(each.folder).drop(columns="seconds") for each in (whole, half)]
    assert curves[0].equals(curves[1])
    assert (whole.folder / "model.safetensors").read_bytes() == (half.folder / "model.safetensors").read_bytes()


def test_the_shortest_texts_come_first(tmp_path):
    words = [" ".join(["word"] * (1 + i % 10)) for i in range(60)]
    path = tmp_path / "texts.csv"
    path.write_text("\n".join(["text,label", *(f"{text},{i % 2}" for i, text in enumerate(words))]))
    chosen = [f"dataset.path={path}", "dataset.target=label", "dataset.text=[text]", "trainer.curriculum=length"]
    run = read(["dataset=csv", *chosen, "trainer.curriculum_epochs=2"])
    from runner.plan.read_data import data_of

    (table,) = data_of([run])
    (order,) = Engine([run], [table]).plan([1.0]).order
    found, rest = np.unique(order), np.setdiff1d(table.train, order)
    assert len(found) == int(np.ceil(0.2 * len(table.train) - 1e-9))
    length = np.array([len(text.split()) for text in table.texts["text"]])
    assert length[found].max() <= length[rest].min()


@pytest.mark.parametrize(("then", "again"), [("retrain", True), ("continue", False)])
def test_a_second_phase_has_a_curriculum_where_it_begins_anew(tmp_path, monkeypatch, then, again):
    phases = {1: [], 2: []}
    epoch = Training._epoch

    def seen(self):
        (trial,), order = self.trials, self.engine.plan([1.0]).order
        epoch(self)
        phases[trial.phase].append(len(np.unique(order)) / len(trial.data.train))

    monkeypatch.setattr(Training, "_epoch", seen)
    change = {"early_stopping.then": then, "early_stopping.patience": 3, "early_stopping.then_cap": 2}
    digits = {"dataset": "digits", "dataset.train_size": 200, "trainer.epochs": 20, "model.norm": "none"}
    runner.train([QUICK | digits | change], outputs=tmp_path)
    assert phases[1][0] == pytest.approx(0.2, abs=0.01)
    assert phases[2][0] == pytest.approx(0.2 if again else 1, abs=0.01)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trainer.curriculum=length"], "trainer.curriculum = length: counts the words of texts"),
        (["dataset=diabetes", "loss=mse", "trainer.curriculum=confidence"], "is about the probabilities of classes"),
        (["trainer.curriculum=los"], "did you mean trainer.curriculum=loss"),
        (["trainer.curriculum_start=0"], "trainer.curriculum_start = 0"),
        (["trainer.curriculum_epochs=0"], "trainer.curriculum_epochs = 0"),
    ],
)
def test_a_curriculum_without_a_score_is_refused(words, said):
    with pytest.raises(ConfigError) as caught:
        read(words)
    assert said in str(caught.value)
