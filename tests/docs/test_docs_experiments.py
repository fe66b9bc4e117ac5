"""The figures in the headers of configs/experiment are those of the runs that the experiment makes."""

import re
from pathlib import Path

import numpy as np
import pytest

import runner
from runner.cli import main

FOLDER = Path(__file__).parents[2] / "configs" / "experiment"
KINDS = {"none": 0, "l2": 1, "l1": 2, "l1, proximal": 3, "elastic net": 4, "elastic net, proximal": 5}
DEPTHS = (2, 10, 30)
SLACK = {"overfit": 0.05}  # its header says that the last epochs are chaotic


def cell(values):
    """(mean, standard deviation) of repetitions."""
    return float(np.mean(values)), float(np.std(values, ddof=1))


def penalties(found, folder):
    """Share of zeros, norm, test loss and accuracy of each penalty."""
    ends = [runner.curves(folder / run) for run in found["run"]]
    found["zero"], found["norm"] = ([end[name].iloc[-1] for end in ends] for name in ("sparsity", "weight_norm"))
    keys = [f"regularizer.{key}" for key in ("l2", "l1", "elastic_net.alpha")] + ["optimizer.proximal"]
    parts = [part for _, part in found.groupby(keys, sort=False)]
    columns = ("zero", "norm", "test/loss", "test/accuracy")
    return {name: [cell(parts[i][column]) for column in columns] for name, i in KINDS.items()}


def overfit(found, _):
    """Epochs of the lowest validation loss, then loss and accuracy of both ways to end."""
    rows = {}
    for noise, label in ((0, "right labels"), (0.2, "20% wrong")):
        part = found[found["dataset.label_noise"].astype(float) == noise]
        on, stopped = (part[part["early_stopping"] == name] for name in ("none", "default"))
        ends = [cell(each[f"test/{name}"]) for each in (on, stopped) for name in ("loss", "accuracy")]
        rows[label] = [*((float(v), None) for v in (part["best_epoch"].min(), part["best_epoch"].max(), 100)), *ends]
    return rows


def init_depth(found, _):
    """Training loss by depth."""
    depth = found["model.hidden"].map(lambda hidden: str(hidden).count("64"))
    names = {name: "normal 0.01" if name == "normal" else name for name in found["model.init"].unique()}
    return {
        label: [cell(found[(found["model.init"] == name) & (depth == each)]["train/loss"]) for each in DEPTHS]
        for name, label in names.items()
    }


def optimizers(found, _):
    """The rate with the lowest training loss, that loss, test accuracy."""
    rows = {}
    for name, part in found.groupby("optimizer"):
        by_rate = {rate: each for rate, each in part.groupby("optimizer.lr") if each["train/loss"].notna().all()}
        rate = min(by_rate, key=lambda each: by_rate[each]["train/loss"].mean())
        best = by_rate[rate]
        rows[name] = [(float(rate), None), cell(best["train/loss"]), cell(best["test/accuracy"])]
    return rows


def adamw_decoupling(found, _):
    """The decay with the best test accuracy at each rate, and that accuracy; AdamW's at its default."""
    means = found.groupby(["optimizer", "optimizer.lr", "optimizer.weight_decay"])["test/accuracy"].mean()
    rows = {}
    for name in ("adam", "adamw"):
        best = means[name].groupby("optimizer.lr").idxmax()
        rows[name] = [(float(v), None) for at in best for v in (at[1], means[name][at])]
    plain = means["adamw"].xs(0.001, level="optimizer.weight_decay")
    return rows | {"adamw at 0.001": [(float(value), None) for value in plain]}


def dropout_by_size(found, _):
    """Test accuracy without dropout, and the mean and standard error of what dropout adds in the same split."""
    table = found.pivot_table("test/accuracy", ["dataset.train_size", "seed"], "regularizer.dropout")
    gain = (table[0.5] - table[0.0]).groupby("dataset.train_size")
    without = table[0.0].groupby("dataset.train_size").mean()
    series = {"without": without, "with dropout": gain.mean(), "+-": gain.sem()}
    return {label: [(float(value), None) for value in values] for label, values in series.items()}


def fashion_mnist(found, _):
    """Test accuracy over seeds."""
    return {"here test accuracy": [cell(found["test/accuracy"])]}


TOLD = {each.__name__: each for each in (penalties, adamw_decoupling, optimizers, init_depth, overfit)}
TOLD |= {each.__name__: each for each in (dropout_by_size, fashion_mnist)}


def said(header, label):
    """[(number, decimals, whether it is a deviation)] behind a label of a header."""
    words = r"\s+".join(map(re.escape, label.split()))
    found = re.search(rf"(?:^#|\s\s){words}\s+(.*)", header, re.MULTILINE)
    assert found, f"no row {label}"
    numbers = re.findall(r"(\+- )?([-+]?\d+(?:\.\d+)?)", found[1])
    return [(float(text), len(text.partition(".")[2]), bool(sd)) for sd, text in numbers]


def differing(header, label, cells, slack):
    """What a row of the header says otherwise than the runs."""
    wrong, at = [], -1
    for number, decimals, is_sd in said(header, label):
        at += not is_sd
        if at == len(cells):
            break
        true = cells[at][is_sd]
        if true is None or abs(number - true) > slack + 10.0**-decimals:
            wrong.append(f"{label}: {number} is {true}")
    return wrong if at >= len(cells) - 1 else [*wrong, f"{label}: numbers are missing"]


def disagreement(name, folder):
    """All that the header of an experiment says otherwise than its runs, those that diverged among it."""
    header = (FOLDER / f"{name}.yaml").read_text().partition("\ndefaults:")[0]
    found = runner.results(folder)
    lost = int((~found["status"].isin(["completed", "stopped_early"])).sum())
    told = re.search(r"(\d+) of \d+ runs diverged", header)
    wrong = [] if lost == (int(told[1]) if told else 0) else [f"{lost} runs did not end well"]
    rows = TOLD[name](found, folder)
    return wrong + [
        each for label, cells in rows.items() for each in differing(header, label, cells, SLACK.get(name, 0))
    ]


def test_every_experiment_with_figures_of_its_own_is_checked():
    own = {path.stem for path in FOLDER.glob("*.yaml") if "docs/benchmarks.md" not in path.read_text()}
    assert own == set(TOLD)


def test_a_number_that_is_not_that_of_the_runs_is_found():
    header = "#    here   at rate 0.1\n#      l2    0.884   7.9 +- 0.2    3\n"
    right = [(0.8844, 0.001), (7.93, 0.24), (3.2, None)]
    assert differing(header, "l2", right, 0) == []
    assert differing(header, "l2", [right[0], (7.93, 0.4), right[2]], 0) == ["l2: 0.2 is 0.4"]
    assert differing(header, "l2", [(0.887, 0.001), *right[1:]], 0) == ["l2: 0.884 is 0.887"]
    assert differing(header, "l2", [*right, (1.0, None)], 0) == ["l2: numbers are missing"]


@pytest.mark.soak
@pytest.mark.parametrize("name", TOLD)
def test_the_figures_in_an_experiments_header_are_those_of_its_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seeds = ["-m", "seed=0,1,2"] if name == "fashion_mnist" else []
    assert main([*seeds, f"experiment={name}", "hydra.sweep.dir=runs"]) == 0
    assert disagreement(name, tmp_path / "runs") == []
