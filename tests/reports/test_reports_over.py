"""A metric over a key: which key is drawn, where values stand, that points are the table's means."""

import re

import numpy as np
import pytest
from made_sweeps import grid, make_sweep
from matplotlib import image

import runner
from runner.cli import main
from runner.errors import ConfigError
from runner.figures.draw.over import Curve, metric_over_key
from runner.reports import over, svg
from runner.reports.html import page
from runner.reports.html_curves import over_key
from runner.reports.runs import read_sources
from runner.reports.sections import make_sections

SIZES = {50: [1.37, 1.39], 100: [0.98, 1.0], 800: [0.15, 0.17]}


def split(value, seed=0):
    return {
        "val": {"loss": value, "accuracy": 1 - value / 2},
        "train": {"loss": value / 2, "accuracy": 1 - value / 4},
        "test": {"loss": value + 0.1, "accuracy": 0.9 - value / 2},
    }


@pytest.fixture(scope="module")
def sizes(tmp_path_factory):
    """Three training sizes with two seeds each."""
    ends = {size: [split(value) for value in values] for size, values in SIZES.items()}
    return make_sweep(tmp_path_factory.mktemp("over") / "sizes", grid(ends, key="dataset.train_size"))


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Two rates for each of two sizes of a batch and two optimizers."""
    runs = [
        ({"trainer.batch_size": size, "optimizer.lr": lr, "optimizer": rule, "seed": seed}, split(size / 1000 + lr))
        for size in (100, 200)
        for lr in (0.01, 0.1)
        for rule in ("sgd", "adam")
        for seed in range(2)
    ]
    return make_sweep(tmp_path_factory.mktemp("over") / "both", runs)


def sections(folder):
    return make_sections(read_sources(folder))


def test_the_only_key_with_numbers_is_drawn_without_being_named(sizes):
    (section,) = sections(sizes)
    (drawn,) = over.choose([section], None)
    assert (drawn.key, drawn.name, drawn.metrics) == ("dataset.train_size", "train_size", ["loss", "accuracy"])
    frame = runner.results(sizes)
    points = drawn.groups[0].curve("val/loss")
    assert [x for x, _ in points] == [50, 100, 800]
    for x, spread in points:
        values = frame[frame["dataset.train_size"] == x]["val/loss"]
        assert (spread.mean, spread.sd) == (pytest.approx(values.mean()), pytest.approx(values.std()))


def test_validation_is_solid_in_a_band_training_dashed_and_test_dotted(sizes):
    (section,) = sections(sizes)
    text = over_key(over.choose([section], "")[0])
    lines = re.findall(r'<polyline class="line (\w*)"[^>]*data-name="(\w+)" data-v="([^"]+)"', text)
    assert [(style, name) for style, name, _ in lines[:3]] == [
        ("", "validation"),
        ("dashed", "training"),
        ("dotted", "test"),
    ]
    assert lines[0][2] == "50,1.38 100,0.99 800,0.16"
    assert text.count('class="band"') == 2  # of validation, in the charts of loss and of accuracy
    assert "train_size (logarithmic)" in text and "Solid: validation, dashed: training, dotted: test." in text


def test_asked_for_a_key_with_two_others_one_has_colours_and_one_has_panels_with_the_same_axes(both, capsys):
    assert main(["report", str(both), "--over", "lr"]) == 0
    out = capsys.readouterr().out
    rows = [line.split() for line in out.partition("over lr:")[2].splitlines()[2:10]]
    assert [row[0] for row in rows] == ["0.01", "0.1"] * 4 and f"wrote: {both}/report.html" in out
    others = {frozenset((f"optimizer={rule}", f"batch_size={n}")) for rule in ("sgd", "adam") for n in (100, 200)}
    assert {frozenset(row[1:3]) for row in rows} == others
    text = (both / "report.html").read_text()
    first = text.partition("over lr</h3>")[2].partition("</figure>")[0]
    panels = first.split('<div class="plot">')[1:]
    assert [len(set(re.findall(r'stroke="(#\w+)" points', panel))) for panel in panels] == [2] * 4
    ticks = [re.findall(r'text-anchor="end">([^<]+)', panel) for panel in panels]
    assert ticks[0] == ticks[1] != ticks[2] == ticks[3] and first.count('<div class="charts">') == 2
    assert re.search(r">loss, (optimizer=adam|batch_size=100)[ <]", panels[0]) and "Panels share their axes" in first


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("", "several keys with numbers vary .*lr.*; name one"),
        ("batch_sise", "did you mean batch_size"),
        ("optimizer", "an axis needs two numbers or more, and its values are"),
        ("lr,optimiser", "--over optimiser: .*did you mean optimizer"),
        ("lr,optimizer,lr", "up to three different keys"),
    ],
)
def test_what_cannot_be_an_axis_is_refused_with_a_way_out(both, asked, message, capsys):
    with pytest.raises(ConfigError, match=message):
        over.choose(sections(both), asked)
    assert main(["report", str(both), *(["--over", asked] if asked else ["--over"])]) == 2
    assert "--over" in capsys.readouterr().err


@pytest.fixture(scope="module")
def three_others(tmp_path_factory):
    """Two values of each of four keys: the dropout of 0.5 is better by 0.001."""
    runs = [
        (
            {"optimizer.lr": lr, "optimizer": rule, "trainer.batch_size": size, "regularizer.dropout": p},
            split(size / 1000 + lr + (rule == "sgd") - p / 500),
        )
        for size in (100, 200)
        for lr in (0.01, 0.1)
        for rule in ("sgd", "adam")
        for p in (0.0, 0.5)
    ]
    return make_sweep(tmp_path_factory.mktemp("over") / "four", runs)


def test_over_a_fourth_key_points_are_the_best_and_the_page_says_so(three_others, capsys):
    assert main(["report", str(three_others), "--over", "lr,batch_size,optimizer"]) == 0
    out = capsys.readouterr().out
    assert "over lr (best over dropout):" in out
    rows = out.partition("over lr")[2].splitlines()[2:10]
    assert len(rows) == 8 and all("dropout=0.5" in row for row in rows)
    [drawn] = over.choose(sections(three_others), "lr,batch_size,optimizer")
    assert (drawn.panels, drawn.colours) == (["optimizer=adam", "optimizer=sgd"], ["batch_size=100", "batch_size=200"])
    assert "the best over dropout by val/loss" in (three_others / "report.html").read_text()


def test_by_names_the_key_of_the_colours_and_the_best_of_all_others_is_drawn(three_others, capsys):
    assert main(["report", str(three_others), "--over", "lr", "--by", "optimizer"]) == 0
    assert "over lr (best over batch_size, dropout):" in capsys.readouterr().out.replace(
        "dropout, batch_size", "batch_size, dropout"
    )
    text = (three_others / "report.html").read_text()
    drawn = text.partition("over lr</h3>")[2].partition("</figure>")[0]
    assert set(re.findall(r'data-name="([^"]+), validation"', drawn)) == {"optimizer=adam", "optimizer=sgd"}
    assert re.findall(r'data-name="optimizer=adam, validation" data-v="([^"]+)"', drawn)[0] == "0.01,0.109 0.1,0.199"
    assert text.count("<tr data-words") == 2


def test_keys_that_always_go_together_have_a_colour_together(tmp_path):
    zipped = {"sgd": 16, "adam": 32, "rmsprop": 64}
    runs = [
        ({"optimizer.lr": lr, "optimizer": rule, "trainer.batch_size": size}, split(lr + size / 1000))
        for lr in (0.01, 0.1)
        for rule, size in zipped.items()
    ]
    [drawn] = over.choose(sections(make_sweep(tmp_path / "s", runs)), "lr")
    assert drawn.panels == [""] and not drawn.best_over
    assert {frozenset(name.split()) for name in drawn.colours} == {
        frozenset((f"optimizer={rule}", f"batch_size={size}")) for rule, size in zipped.items()
    }


def test_keys_drawn_at_random_are_no_colours_as_each_would_have_one_point(tmp_path):
    runs = [
        ({"optimizer.lr": 0.01 * i, "regularizer.dropout": 0.05 * i, "optimizer": rule}, split(i / 10))
        for i, rule in enumerate(7 * ["sgd", "adam"], 1)
    ]
    [drawn] = over.choose(sections(make_sweep(tmp_path / "s", runs)), "lr")
    assert drawn.colours == ["optimizer=sgd", "optimizer=adam"] and drawn.best_over == "dropout"
    [drawn] = over.choose(make_sections(read_sources(tmp_path / "s"), where=["optimizer=sgd"]), "dropout")
    assert len(drawn.groups) == 1 and len(drawn.groups[0].settings) == 7


def test_without_a_key_nothing_is_drawn_where_several_could_be(both):
    assert over.choose(sections(both), None) == [None]
    assert "over lr</h3>" not in page(sections(both), "title")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["0", "0.001", "0.1"], {"0": 0, "0.001": 0.001, "0.1": 0.1}),
        (["[4]", "[16]"], {"[4]": 4, "[16]": 16}),
        (["[4,4]", "[16,16]", "[]"], {"[4,4]": 4, "[16,16]": 16}),
        (["[8]", "[8,8]", "[]"], {"[8]": 1, "[8,8]": 2, "[]": 0}),
        (["[4]", "[8,8]"], {}),
        (["[4,8]", "[8,4]"], {}),
        (["true", "false"], {}),
        (["sgd", "0.1"], {}),
        (["null", "10", "20"], {"10": 10, "20": 20}),
        (["null", "10"], {}),
        (["0.1 (no effect)", "0.2"], {"0.1 (no effect)": 0.1, "0.2": 0.2}),
    ],
)
def test_numbers_stand_where_they_say_and_lists_at_their_width_or_their_length(values, expected):
    assert over.places(values) == expected


def test_an_axis_of_a_key_is_logarithmic_from_a_decade_on_and_zero_stands_at_its_left():
    assert not svg.across_key([1, 2, 9], 0, 100).log and not svg.across_key([-1, 1, 100], 0, 100).log
    found = svg.across_key([0, 0.001, 0.01, 0.1], 0, 100)
    assert found.log and found(0) == 0 < found(0.001) < found(0.01) < found(0.1) < 100
    assert found(0.01) - found(0.001) == pytest.approx(found(0.001) - found(0), abs=1e-9)


def test_the_figure_for_tensorboard_has_a_curve_where_its_values_are(tmp_path):
    x = np.array([1.0, 10.0, 100.0])
    curves = [Curve("", "val", x, np.full(3, level), np.zeros(3)) for level in (0.2, 0.8)]
    pictures = [metric_over_key([curve], "accuracy", "width") for curve in curves]
    rows = []
    for i, picture in enumerate(pictures):
        (tmp_path / f"{i}.png").write_bytes(picture)
        pixels = image.imread(tmp_path / f"{i}.png")[100:760, 200:900, :3]
        rows.append(np.argwhere(np.abs(pixels - np.array([0x44, 0x77, 0xAA]) / 255).sum(2) < 0.05).shape[0])
    assert min(rows) > 500 and pictures[0] != pictures[1]


def test_a_condition_that_parts_the_settings_is_an_axis_all_the_same(tmp_path):
    """Settings are compared within each size; the chart goes over all of them."""
    runs = [
        ({"dataset.train_size": size, "optimizer": rule, "seed": seed}, split(10 / size + (rule == "sgd")))
        for size in (50, 100, 800)
        for rule in ("sgd", "adam")
        for seed in range(2)
    ]
    folder = make_sweep(tmp_path / "s", runs)
    sources = read_sources(folder)
    parted = make_sections(sources)
    assert len(parted) == 3
    [drawn] = over.across_conditions(sources, parted)
    assert {group.name: sorted(group.settings) for group in drawn.groups} == {
        "optimizer=sgd": [50, 100, 800],
        "optimizer=adam": [50, 100, 800],
    }
    assert over.across_conditions(sources, make_sections(sources, across="train_size")) == []
    for words in (["--html"], ["--over", "train_size"]):
        for chosen, lines in (([], 2), (["--where", "optimizer=adam"], 1), (["--by", "optimizer"], 2)):
            assert main(["report", str(folder), *words, *chosen]) == 0
            text = (folder / "report.html").read_text()
            assert text.count("over train_size</h3>") == 1
            assert text.partition("</figure>")[0].count('class="line "') == 2 * lines  # of loss and of accuracy


def test_a_column_of_metrics_csv_is_drawn_over_a_key_too(tmp_path):
    folder = make_sweep(tmp_path / "s", grid({0.01: [0.1, 0.2], 0.1: [0.2, 0.3]}))
    for run in folder.glob("0*"):
        run.joinpath("metrics.csv").write_text("epoch,val/loss,sparsity\n0,1,0\n1,1,0\n2,1,0.25\n3,1,0.5\n")
    (section,) = make_sections(read_sources(folder, force=True), "sparsity")
    (drawn,) = over.choose([section], None)
    text = over_key(drawn)
    assert drawn.metrics[0] == "sparsity" and 'data-name="sparsity" data-v="0.01,0.25 0.1,0.25"' in text
    assert over.columns(drawn)[1].name == "sparsity"
