"""Boosting and stacking, trained: what each member learns from, what they say together, kills, company, bad input."""

import csv
import json
import re
import statistics
from pathlib import Path

import numpy as np
import pytest
from interrupting import stopped
from sklearn.linear_model import LogisticRegression
from stopping import at_record
from sweep_folders import run_content

import runner
from runner.cli import main
from runner.data.prepare import prepare
from runner.execution import ensembles
from runner.execution.stored import read_config
from runner.records.summary import read_summary
from runner.training import answers, outcome
from runner.training.answers import read_answers
from runner.training.model_arrays import read_arrays
from runner.training.trial import Trial

BRIEF = ["trainer.progress=false", "trainer.figures=false", "dataset.train_size=200", "trainer.epochs=2"]
CLASSES = [*BRIEF, "model.hidden=[4]", "optimizer.lr=0.02"]
NUMBERS = [*BRIEF, "dataset=diabetes", "model.hidden=[4]", "optimizer.lr=0.02"]
BOOSTING = ["ensemble=boosting", "ensemble.size=3"]
STACKING = ["ensemble=stacking", "ensemble.size=2", "ensemble.folds=3"]
KINDS = {"boosting": BOOSTING, "stacking": STACKING}
TASKS = {"classes": CLASSES, "numbers": NUMBERS}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """(kind, task) -> the folder of an ensemble that nothing disturbed."""
    root = tmp_path_factory.mktemp("trained")
    found = {}
    for kind, words in KINDS.items():
        for task, others in TASKS.items():
            found[kind, task] = root / f"{kind}-{task}"
            assert main([*others, *words, f"hydra.run.dir={found[kind, task]}"]) == 0
    return found


def members(folder: Path) -> list[Path]:
    return sorted((folder / "members").iterdir())


def contents(folder: Path) -> dict:
    """What of an ensemble must not depend on its company or on kills."""
    summary = read_summary(folder)
    keys = ("status", "reason", "train", "val", "test", "ensemble", "epochs", "seed", "examples", "parameters")
    assert not [*folder.rglob("*.tmp"), *folder.rglob("population-*"), *folder.rglob("checkpoint*")]
    files = {name: (folder / name).read_bytes() for name in ("sizes.csv", "combination.safetensors")}
    kept = {key: summary[key] for key in keys} | {"notes": summary.get("notes")}
    return {"summary": kept} | files | {each.name: run_content(each) for each in members(folder)}


def said(member: Path, x: np.ndarray) -> np.ndarray:
    """Probabilities [n, C], or numbers [n], of a member alone."""
    run = runner.load(member)
    outputs = run.outputs(x)
    return run.probabilities(outputs) if run.encoding.task == "classification" else run.decode(outputs)


# ---- what members learn from


def test_a_stage_is_the_run_of_a_table_with_the_weights_that_those_before_leave(here):
    """The weights are worked out here, from what the first member says."""
    random = np.random.default_rng(0)
    rows = [(*random.normal(size=2), split) for split in ["train"] * 90 + ["val"] * 15 + ["test"] * 15]
    label = [("a", "b", "c")[int(u > 0) + int(v > 0.3)] for u, v, _ in rows]
    plain = [f"{u},{v},{name},{split}" for (u, v, split), name in zip(rows, label, strict=True)]
    (here / "plain.csv").write_text("\n".join(["u,v,kind,part", *plain]) + "\n")
    words = [*BRIEF[:2], "trainer.epochs=3", "model.hidden=[3]", "optimizer.lr=0.03", "dataset=csv"]
    words += ["dataset.target=kind", "dataset.split_column=part"]
    assert main([*words, "dataset.path=plain.csv", *BOOSTING, "ensemble.size=2", "hydra.run.dir=e"]) == 0
    assert main([*words, "dataset.path=plain.csv", "hydra.run.dir=first"]) == 0
    assert run_content(here / "e/members/000") == run_content(here / "first")
    data = prepare(read_config(here / "e"))
    wrong = said(here / "e/members/000", data.x).argmax(1) != data.y
    error = wrong[data.train].mean()
    assert 0 < error < 2 / 3
    weights = np.where(wrong, (1 - error) / error * 2, 1.0)
    assert read_summary(here / "e")["ensemble"]["errors"][0] == pytest.approx(error, rel=1e-12)
    weighted = [f"{line},{weight!r}" for line, weight in zip(plain, weights.tolist(), strict=True)]
    (here / "weighted.csv").write_text("\n".join(["u,v,kind,part,w", *weighted]) + "\n")
    words += ["dataset.path=weighted.csv", "dataset.sample_weight=w", "seed=1"]
    assert main([*words, "hydra.run.dir=alone"]) == 0
    mine, theirs = (read_arrays(here / run / "model.safetensors")[1] for run in ("e/members/001", "alone"))
    for name in mine:
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-4, atol=1e-5)


def test_a_stage_of_numbers_learns_the_residuals_of_every_split(trained):
    folder = trained["boosting", "numbers"]
    data = prepare(read_config(folder))
    y = data.encoding.decode(data.y)
    left = y - y[data.train].mean()
    for member in members(folder):
        summary, h = read_summary(member), said(member, data.x)
        for split in ("train", "val", "test"):
            rows = getattr(data, split)
            errors = (left[rows] - h[rows]) / data.encoding.target_scale
            assert summary[split]["loss"] == pytest.approx(np.square(errors).mean(), rel=1e-4)
        left = left - h
    summary = read_summary(folder)
    assert summary["test"]["rmse"] == pytest.approx(np.sqrt(np.square(left[data.test]).mean()), rel=1e-5)


def test_the_vote_of_boosting_is_the_formula(trained):
    folder = trained["boosting", "classes"]
    data, about = prepare(read_config(folder)), read_summary(folder)["ensemble"]
    votes = [np.eye(10)[said(member, data.x[data.test]).argmax(1)] for member in members(folder)]
    share = np.average(votes, axis=0, weights=about["weights"])
    decision = share - (1 - share) / 9
    powers = np.exp(decision / 9)
    expected = powers / powers.sum(1, keepdims=True)
    found = runner.load(folder)
    outputs = found.outputs([data.x[data.test]])
    np.testing.assert_allclose(found.probabilities(outputs), expected, rtol=1e-12)
    loss = -np.log(expected[np.arange(len(data.test)), data.y[data.test]]).mean()
    assert read_summary(folder)["test"]["loss"] == pytest.approx(loss, rel=1e-9)
    e, a = np.array(about["errors"]), np.array(about["weights"])
    np.testing.assert_allclose(a, np.log((1 - e) / e) + np.log(9), rtol=1e-12)


def test_stacking_fits_on_rows_that_did_not_train_the_network_that_answers(trained):
    folder = trained["stacking", "classes"]
    data = prepare(read_config(folder))
    inputs = np.zeros((len(data.x), 20))
    for k in range(2):
        seen: list[int] = []
        for f in range(3):
            member = folder / "members" / f"00{k}-{f}"
            rows = read_answers(member)["asked.rows"]
            assert read_summary(member)["examples"]["train"] == len(data.train) - len(rows)
            inputs[rows, 10 * k : 10 * k + 10] = said(member, data.x[rows])
            seen += rows.tolist()
        assert sorted(seen) == data.train.tolist()
    model = LogisticRegression(C=1.0, tol=1e-9, max_iter=10_000).fit(inputs[data.train], data.y[data.train])
    whole = np.hstack([said(folder / "members" / f"00{k}", data.x[data.test]) for k in range(2)])
    found = runner.load(folder)
    probabilities = found.probabilities(found.outputs([data.x[data.test]]))
    np.testing.assert_allclose(probabilities, model.predict_proba(whole), atol=2e-4)
    assert read_summary(folder)["test"]["accuracy"] == (probabilities.argmax(1) == data.y[data.test]).mean()


def test_the_members_of_stacking_are_runs_alone(trained, here):
    folder = trained["stacking", "numbers"]
    for k in range(2):
        assert main([*NUMBERS, f"seed={k}", f"hydra.run.dir=alone{k}"]) == 0
        assert run_content(folder / "members" / f"00{k}") == run_content(here / f"alone{k}")
    mean = read_summary(folder)["ensemble"]["mean"]["test"]["loss"]
    alone = [read_summary(folder / "members" / f"00{k}")["test"]["loss"] for k in range(2)]
    assert mean == pytest.approx(statistics.fmean(alone), rel=1e-12)


# ---- when boosting ends


def test_boosting_ends_with_a_stage_that_leaves_nothing_to_learn(here, capsys):
    words = [*BRIEF[:3], "trainer.epochs=60", "early_stopping=none", "optimizer.lr=0.02", "model.hidden=[64]"]
    assert main([*words, *BOOSTING, "hydra.run.dir=e"]) == 0
    note = "stage 1 leaves nothing to learn: it gets no training row wrong. Boosting ends with it"
    assert note in capsys.readouterr().out
    summary = read_summary(here / "e")
    assert (summary["status"], summary["notes"]) == ("completed", [note])
    assert (summary["ensemble"]["members"], summary["ensemble"]["weights"]) == (["000"], [1.0])
    assert [each.name for each in members(here / "e")] == ["000"]
    before = contents(here / "e")
    assert main(["resume", "e"]) == 0
    assert contents(here / "e") == before


@pytest.fixture
def contrary(monkeypatch):
    """Call it with a seed, whose member then says the opposite of what it has learned."""

    def of(seed: int) -> None:
        write, tell, turned = answers.answers_bytes, answers._said, [False]

        def watched(engine, data):
            turned[0] = engine.runs[0].seed == seed
            return write(engine, data)

        monkeypatch.setattr(outcome, "answers_bytes", watched)
        monkeypatch.setattr(answers, "_said", lambda outputs, *given: tell(-outputs if turned[0] else outputs, *given))

    return of


def test_boosting_ends_before_a_stage_that_is_no_better_than_chance(here, contrary, capsys):
    contrary(1)
    assert main([*CLASSES, *BOOSTING, "hydra.run.dir=e"]) == 0
    said = r"stage 2 is no better than chance: it gets 9\d\.\d% of the weight wrong, of 10 classes\. .* without it"
    assert re.search(said, capsys.readouterr().out)
    summary = read_summary(here / "e")
    assert summary["ensemble"]["members"] == ["000"]
    assert summary["reason"] == "1 of 3 members, combined by weighted vote"
    assert [each.name for each in members(here / "e")] == ["000", "001"]
    assert main(["resume", "e"]) == 0
    assert [each.name for each in members(here / "e")] == ["000", "001"]


def test_a_first_stage_that_is_no_better_than_chance_answers_alone(here, contrary, capsys):
    contrary(0)
    assert main([*CLASSES, *BOOSTING, "hydra.run.dir=e"]) == 0
    assert "Boosting ends, with this stage alone" in capsys.readouterr().out
    about = read_summary(here / "e")["ensemble"]
    assert about["errors"][0] > 0.9 and about["weights"] == [1.0]


def test_residuals_that_grow_end_boosting(here, contrary, capsys):
    contrary(1)
    assert main([*NUMBERS, *BOOSTING, "trainer.epochs=10", "hydra.run.dir=e"]) == 0
    assert "stage 2 is no better than chance: it does not lower the squared error" in capsys.readouterr().out
    assert read_summary(here / "e")["reason"] == "1 of 3 members, combined by sum"


def test_a_stage_that_diverged_ends_boosting(here, monkeypatch, capsys):
    record = Trial.record

    def diverging(self, epoch, row):
        return record(self, epoch, row | ({"train/loss": np.nan} if self.settings.seed == 1 and epoch == 2 else {}))

    monkeypatch.setattr(Trial, "record", diverging)
    assert main([*CLASSES, *BOOSTING, "hydra.run.dir=e"]) == 0
    assert "stage 2 has diverged: boosting ends without it" in capsys.readouterr().out
    assert read_summary(here / "e")["ensemble"]["members"] == ["000"]


def test_a_member_of_stacking_without_one_of_its_folds_has_no_say(here, monkeypatch):
    record = Trial.record

    def diverging(self, epoch, row):
        lost = self.files.folder.name == "001-2" and epoch == 2
        return record(self, epoch, row | ({"train/loss": np.nan} if lost else {}))

    monkeypatch.setattr(Trial, "record", diverging)
    assert main([*CLASSES, *STACKING, "ensemble.size=3", "hydra.run.dir=e"]) == 0
    summary = read_summary(here / "e")
    assert summary["ensemble"]["members"] == ["000", "002"]
    assert summary["notes"] == ["without a say, as they diverged: 1 member"]


# ---- its folder


@pytest.mark.parametrize(("kind", "task"), [("boosting", "numbers"), ("stacking", "classes")])
def test_sizes_say_what_the_first_members_reach(trained, kind, task):
    folder = trained[kind, task]
    rows = list(csv.DictReader((folder / "sizes.csv").open()))
    assert [row["size"] for row in rows] == [str(k + 1) for k in range(len(rows))]
    summary = read_summary(folder)
    assert [row["member"] for row in rows] == summary["ensemble"]["members"]
    for name, value in rows[-1].items():
        split, _, metric = name.partition("/")
        assert not metric or float(value) == summary[split][metric]


def test_a_picture_shows_the_sizes_where_figures_are_wanted(here):
    assert main([*CLASSES, "ensemble=deep", "ensemble.size=2", "trainer.figures=null", "hydra.run.dir=e"]) == 0
    assert (here / "e/figures/ensemble.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader((here / "e/sizes.csv").open()))
    first = read_summary(here / "e/members/000")["test"]
    assert float(rows[0]["test/accuracy"]) == first["accuracy"]
    assert float(rows[0]["test/loss"]) == pytest.approx(first["loss"], rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_predicts_reports_and_repeats_as_any_run(here, kind, capsys):
    words = ["dataset=csv", "dataset.path=table.csv", "dataset.target=kind"]
    lines = [f"{i % 7},{i % 5},{'a' if i % 7 > i % 5 else 'b'}" for i in range(120)]
    (here / "table.csv").write_text("\n".join(["u,v,kind", *lines]) + "\n")
    brief = [*BRIEF[:2], "trainer.epochs=2", "model.hidden=[2]"]
    assert main([*brief, *words, *KINDS[kind], "hydra.run.dir=e"]) == 0
    assert main(["predict", "e", "table.csv", "--out", "said.csv"]) == 0
    found = runner.load(here / "e")
    table = list(csv.DictReader((here / "said.csv").open()))
    inputs = np.array([[float(row["u"]), float(row["v"])] for row in table])
    assert [float(row["prob_a"]) for row in table] == pytest.approx(found.predict_proba(inputs)[:, 0], rel=1e-12)
    if kind == "boosting":
        for words in (["predict", "e", "table.csv", "--out", "x.csv", "--combine", "mean"], ["ensemble", "e"]):
            assert main(words) == 2
            assert "is no answer by itself. `runner predict e`" in capsys.readouterr().err
    assert main(["report", "e"]) == 0
    assert main(["repeat", "e", "hydra.run.dir=again"]) == 0
    assert "finished" in capsys.readouterr().out
    assert contents(here / "again") == contents(here / "e")
    (here / "e/combination.safetensors").write_bytes(b"?")
    assert main(["predict", "e", "table.csv", "--out", "x.csv"]) == 1
    assert "combination.safetensors: does not match its checksum" in capsys.readouterr().err


# ---- kills and company


@pytest.mark.parametrize(
    ("kind", "task", "epoch"),
    [
        ("boosting", "classes", 2),
        ("boosting", "classes", 3),
        ("boosting", "classes", 6),
        ("boosting", "numbers", 4),
        ("stacking", "classes", 1),
        ("stacking", "classes", 4),
        ("stacking", "numbers", 3),
    ],
)
def test_resumed_after_a_kill_in_any_stage_or_fold_it_is_what_it_would_have_been(here, trained, kind, task, epoch):
    words = [*TASKS[task], *KINDS[kind], "trainer.checkpoint_seconds=0"]
    assert stopped([*words, "hydra.run.dir=cut"], epoch) == 130
    assert not (here / "cut/summary.json").exists()
    assert main(["resume", "cut"]) == 0
    assert contents(here / "cut") == contents(trained[kind, task])


@pytest.mark.parametrize("kind", KINDS)
def test_killed_before_it_is_combined_it_resumes(here, trained, monkeypatch, kind):
    def killed(*_given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ensembles, "end", killed)
        assert main([*CLASSES, *KINDS[kind], "hydra.run.dir=cut"]) == 130
    assert main(["resume", "cut"]) == 0
    assert contents(here / "cut") == contents(trained[kind, "classes"])


def test_a_stage_that_is_damaged_is_trained_again_and_those_after_it_hold(here, trained, capsys):
    assert main([*CLASSES, *BOOSTING, "hydra.run.dir=e"]) == 0
    (here / "e/members/001/answers.safetensors").write_bytes(b"?")
    assert main(["resume", "e"]) == 0
    assert "answers.safetensors: does not match its checksum" in capsys.readouterr().err
    for aside in (here / "e").rglob("damaged-1"):
        for file in aside.iterdir():
            file.unlink()
        aside.rmdir()
    assert contents(here / "e") == contents(trained["boosting", "classes"])


def test_in_a_sweep_with_workers_they_are_what_they_are_alone(here, trained):
    words = ["-m", *CLASSES, "ensemble=boosting,stacking", "ensemble.size=3", "hydra.launcher.workers=2"]
    assert main([*words, "hydra.sweep.dir=s"]) == 0
    rows = list(csv.DictReader((here / "s/results.csv").open()))
    assert [row["run"] for row in rows] == ["000_ensemble=boosting", "001_ensemble=stacking"]
    assert main([*CLASSES, "ensemble=stacking", "ensemble.size=3", "hydra.run.dir=stacking"]) == 0
    for row, alone in zip(rows, (trained["boosting", "classes"], here / "stacking"), strict=True):
        assert contents(here / "s" / row["run"]) == contents(alone)
        assert float(row["test/accuracy"]) == read_summary(alone)["test"]["accuracy"]


@pytest.mark.parametrize(("kind", "task"), [("boosting", "numbers"), ("stacking", "classes")])
def test_side_by_side_in_torch_and_resumed_they_are_what_they_are_alone(here, kind, task):
    words = [*TASKS[task], f"ensemble={kind}", "ensemble.size=2", "trainer.engine=stacked"]
    sweep = ["-m", *words, "seed=0,5", "hydra.launcher.workers=1", "trainer.checkpoint_seconds=0", "hydra.sweep.dir=s"]
    with pytest.MonkeyPatch.context() as patch:
        at_record(patch, 6, 1)
        assert main(sweep) == 130
    assert main(["resume", "s"]) == 0
    for run in sorted((here / "s").glob("00*")):
        seed = run.name.rpartition("=")[2]
        assert main([*words, f"seed={seed}", f"hydra.run.dir=alone{seed}"]) == 0
        assert contents(run) == contents(here / f"alone{seed}")


def test_bagging_boosting_and_stacking_have_a_place_in_each_fold(here):
    for kind, more in (("bagging", []), ("boosting", []), ("stacking", ["ensemble.folds=2"])):
        words = [*CLASSES, f"ensemble={kind}", "ensemble.size=2", *more, "dataset.folds=2"]
        assert main([*words, f"hydra.run.dir={kind}"]) == 0
        for fold in ("fold=0", "fold=1"):
            summary = read_summary(here / kind / fold)
            assert summary["ensemble"]["members"] == ["000", "001"]
            if kind == "bagging":
                assert summary["val"]["loss"] <= summary["ensemble"]["mean"]["val"]["loss"]
        status = json.loads((here / kind / "folds.json").read_text())["status"]
        assert status == {"fold=0": "completed", "fold=1": "completed"}


# ---- what is refused


BAD = {
    "ensemble=boosting ensemble.size=1": r"ensemble\.size = 1: out of range; allowed: a whole number >= 2",
    "ensemble=boosting ensemble.rate=0": r"ensemble\.rate = 0: out of range; allowed: a number > 0 and <= 1",
    "ensemble=boosting dataset=diabetes dataset.target_scaling=log": r"dataset\.target_scaling = log: "
    r"ensemble=boosting adds up residuals.*; set dataset\.target_scaling=standardize",
    "ensemble=boosting ensemble.combine=mean": r"ensemble\.combine",
    "ensemble=stacking ensemble.folds=0": r"ensemble\.folds = 0: out of range; allowed: a whole number >= 2",
    "ensemble=stacking ensemble.folds=1": r"ensemble\.folds = 1: out of range; .*for example ensemble\.folds=5",
    "ensemble=stacking ensemble.folds=300": r"ensemble\.folds = 300: there are 200 training rows to deal; set "
    r"ensemble\.folds=200 or fewer, or use ensemble=deep",
    "ensemble=stacking ensemble.ridge=0": r"ensemble\.ridge = 0: out of range",
    "ensemble=stacking early_stopping.then=retrain": r"early_stopping\.then = retrain: .*ensemble=stacking",
}


@pytest.mark.parametrize("words", BAD)
def test_what_cannot_be_is_refused_with_a_way_out(here, capsys, words):
    assert main([*words.split(), *BRIEF, "hydra.run.dir=e"]) == 2
    assert re.search(BAD[words], capsys.readouterr().err)
    assert not (here / "e").exists()


OTHER = [("group=v", "stacking"), ("task=autoencoder", "boosting"), ("task=autoencoder", "stacking")]


@pytest.mark.parametrize(("word", "kind"), OTHER)
def test_tables_that_a_kind_cannot_deal_with_are_refused(here, capsys, word, kind):
    lines = [f"{i % 7},{i % 5},{'a' if i % 7 > i % 5 else 'b'}" for i in range(60)]
    (here / "table.csv").write_text("\n".join(["u,v,kind", *lines]) + "\n")
    target = [] if "autoencoder" in word else ["dataset.target=kind"]
    assert main(["dataset=csv", "dataset.path=table.csv", *target, f"dataset.{word}", f"ensemble={kind}"]) == 2
    key, _, value = word.partition("=")
    error = capsys.readouterr().err
    assert f"dataset.{key} = {value}: ensemble={kind}" in error and "use ensemble=deep" in error
