"""The page of a report: whole without a network, its curves, strips and colours right, names harmless, small."""

import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from made_sweeps import grid, make_sweep

from runner.cli import main
from runner.errors import ConfigError
from runner.reports import bands, heat, html, html_page, html_table, svg
from runner.reports.html import page
from runner.reports.html_curves import COLOURS, top_settings
from runner.reports.runs import read_sources
from runner.reports.sections import make_sections

VOID = {"meta", "input", "br", "img"}


class Page(HTMLParser):
    """Checks that every tag is closed; collects tags, attributes and text."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def rows(self, words):
        """Of the table of settings, those with these words."""
        return [attrs for _, attrs in self.tags if "data-words" in attrs and words in attrs["data-words"]]


def two_keys(**more):
    ends = lambda lr, p: [lr + p / 10 + s / 100 for s in range(3)]  # noqa: E731
    return [
        ({"optimizer.lr": lr, "regularizer.dropout": p, "seed": s, **more}, end if lr < 9 else "diverged")
        for lr in (0.1, 0.2, 10.0)
        for p in (0.0, 0.5)
        for s, end in enumerate(ends(lr, p))
    ]


def sections(folder):
    return make_sections(read_sources(folder))


@pytest.fixture
def sweep(tmp_path):
    return make_sweep(tmp_path / "s", two_keys())


def test_the_page_stands_alone_and_every_tag_is_closed(sweep, capsys):
    assert main(["report", str(sweep), "--html"]) == 0
    assert f"wrote: {sweep}/report.html" in capsys.readouterr().out
    text = (sweep / "report.html").read_text()
    found = Page(text)
    assert not re.search(r'(src|href)=(?!"data:)|url\(|@import|https?://', text)
    assert "prefers-color-scheme: dark" in text
    assert len(found.rows("")) == 6 and len(found.rows("lr=0.1")) == 2
    assert "Best: lr=0.1 dropout=0" in found.text and "9 more" not in found.text
    assert "6 runs diverged" in found.text


def test_the_answer_and_all_numbers_are_those_of_the_table(sweep):
    (section,) = sections(sweep)
    found = Page(page([section], "title"))
    shown = [float(attrs["data-v"]) for tag, attrs in found.tags if tag == "td" and attrs.get("data-v")]
    for setting in section.settings[:4]:
        spread = setting.spread("val/loss")
        for value in (spread.mean, spread.sd, spread.half):
            assert any(math.isclose(value, each, rel_tol=1e-7) for each in shown)


def test_a_curve_is_mean_and_standard_deviation_over_runs():
    curves = [{"epoch": [0, 1, 2], "val/loss": [1.0, 2.0, 3.0]}, {"epoch": [0, 1], "val/loss": [3.0, math.nan]}]
    found = bands.line([*curves, {"epoch": [0]}], "val/loss", "n", "#000")
    assert found.x == [0, 1, 2] and found.y == [2.0, 2.0, 3.0]
    assert found.high[0] - found.y[0] == pytest.approx(np.std([1, 3], ddof=1)) == found.y[0] - found.low[0]
    assert bands.line(curves, "val/r2", "n", "#000") is None
    three = [{"epoch": list(range(n)), "a": [1.0] * n} for n in (2, 3, 9)]
    assert bands.line(three, "a", "n", "#000").x == [0, 1, 2]  # while at least half of the runs train
    assert len(bands.line([{"epoch": list(range(999)), "a": [1.0] * 999}], "a", "n", "#000").x) == bands.POINTS


def test_an_axis_maps_its_ends_and_has_round_ticks():
    linear, log = svg.Axis(0, 1, 10, 110), svg.Axis(0.01, 100, 0, 400, log=True)
    assert (linear(0), linear(1), linear(0.25)) == (10, 110, 35)
    assert (log(0.01), log(1), log(100), log(0)) == (0, 200, 400, 0)
    assert linear.ticks() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1]) and log.ticks() == [0.01, 0.1, 1, 10, 100]
    assert svg.Axis(0.2, 0.9, 0, 1, log=True).ticks() == [0.2, 0.5]


def test_a_chart_of_one_point_and_of_none():
    assert "polyline" in svg.chart([svg.Line("n", "#000", [0.0], [1.0])], "t", "epoch", log=True)
    assert svg.chart([], "t", "epoch") == ""


def test_a_strip_draws_runs_where_they_are_and_an_arrow_for_a_mean_outside():
    drawn = svg.strip([1.0, 2.0, 9.0], 2.0, 0.5, 1.0, 3.0)
    assert re.findall(r'cx="([\d.]+)"', drawn) == ["5.0", "80.0", "155.0"]
    assert "circle" not in svg.strip([9.0], 9.0, None, 1.0, 3.0)


def test_the_best_cell_is_darkest_and_text_is_read_on_it(sweep):
    (section,) = sections(sweep)
    assert heat.choose_keys(section, None) == ("optimizer.lr", "regularizer.dropout")
    text = heat.heat_map(section, ("optimizer.lr", "regularizer.dropout"))
    cells = re.findall(r'<td[^>]* style="background:(#\w+);color:(#\w+)" title="([^"]*)">([\d.]+)', text)
    best = min(cells, key=lambda cell: float(cell[3]))
    assert best[0] == heat.colours(1)[0] and best[2].startswith("lr=0.1 dropout=0") and "n = 3" in best[2]
    assert text.count(">diverged<") == 2
    for background, ink, *_ in cells:
        assert contrast(background, ink) > 4.5


def contrast(a: str, b: str) -> float:
    """WCAG 2 contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_is_read_on_every_colour_of_the_map():
    assert min(contrast(*heat.colours(share)) for share in np.linspace(0, 1, 101)) > 4.5


def test_goodness_is_by_direction_and_by_logarithm_over_decades():
    assert [heat.goodness(v, [1, 3], maximize=True) for v in (1, 2, 3)] == [0, 0.5, 1]
    assert heat.goodness(1, [1, 3], maximize=False) == 1
    assert heat.goodness(10, [1, 100], maximize=False) == pytest.approx(0.5)
    assert heat.goodness(2, [2, 2], maximize=False) == 1


def test_the_map_takes_the_best_over_other_keys(tmp_path):
    runs = [run for units in ([4], [8]) for run in two_keys(**{"model.hidden": units})]
    runs = [(g, end if g["model.hidden"] == [4] or isinstance(end, str) else end + 1) for g, end in runs]
    (section,) = sections(make_sweep(tmp_path / "s", runs))
    text = heat.heat_map(section, heat.choose_keys(section, "lr, dropout"))
    assert "val/loss by lr and dropout, best over hidden" in text
    assert re.findall(r">(\d\.\d+)</td>", text)[0].startswith("0.1")


def test_a_third_key_has_panels_that_share_their_colours_and_a_fourth_its_best(tmp_path):
    runs = [
        ({"optimizer.lr": lr, "regularizer.dropout": p, "optimizer": rule, "trainer.batch_size": size}, end)
        for lr in (0.1, 0.2, 0.3)
        for p in (0.0, 0.5)
        for rule in ("sgd", "adam", "rmsprop")
        for size in (16, 32)
        if (end := round(lr + p / 10 + (rule == "sgd") + size / 1000, 3))
    ]
    (section,) = sections(make_sweep(tmp_path / "s", runs))
    keys = heat.choose_keys(section, None)
    assert keys == ("optimizer.lr", "regularizer.dropout", "optimizer")
    text = heat.heat_map(section, keys)
    assert "val/loss by lr and dropout, a panel for each optimizer, best over batch_size</h3>" in text
    panels = text.split("<caption>")[1:]
    assert [panel.partition("<")[0] for panel in panels] == ["optimizer=adam", "optimizer=rmsprop", "optimizer=sgd"]
    cells = [re.findall(r"background:(#\w+)[^>]*>([\d.]+)", panel) for panel in panels]
    assert cells[0] == cells[1] != cells[2] and len(cells[2]) == 6 and float(cells[0][0][1]) == 0.116
    assert max(float(each) for _, each in cells[0]) < min(float(each) for _, each in cells[2])
    assert text.count('class="best"') == 1 and "The panels share their colours." in text
    assert heat.choose_keys(section, "lr,optimizer,batch_size") == ("optimizer.lr", "optimizer", "trainer.batch_size")
    assert heat.choose_keys(section, None, "batch_size")[2] == "trainer.batch_size"


@pytest.mark.parametrize(
    ("asked", "message"), [("lr", "two keys"), ("lr,drpout", "did you mean dropout"), ("lr,lr", "two keys")]
)
def test_keys_of_the_map_that_do_not_vary_are_refused(asked, message, sweep, capsys):
    (section,) = sections(sweep)
    with pytest.raises(ConfigError, match=message):
        heat.choose_keys(section, asked)
    assert main(["report", str(sweep), "--html", "--heat", asked]) == 2
    assert f"--heat {asked}" in capsys.readouterr().err


def test_the_map_is_drawn_where_its_keys_vary(tmp_path, sweep):
    other = make_sweep(tmp_path / "t", [({"dataset": "iris", "seed": s, "regularizer.l2": s}, 0.5) for s in range(2)])
    found = make_sections([*read_sources(sweep), *read_sources(other)])
    assert len(found) == 2 and page(found, "title", "lr,dropout").count('<table class="heat') == 1
    with pytest.raises(ConfigError, match="did you mean dropout"):
        page(found, "title", "lr,drpout")


def test_names_are_text_and_not_markup(tmp_path):
    runs = [
        ({"dataset": "csv", "dataset.path": "<script>x</script>&.csv", "dataset.target": "y", "seed": s}, 0.1 + s)
        for s in range(2)
    ]
    text = page(sections(make_sweep(tmp_path / "s", runs)), "<b>")
    Page(text)
    assert "<script>x" not in text and "&lt;script&gt;x&lt;/script&gt;&amp;.csv" in text and "<h1>&lt;b&gt;" in text


def test_curves_are_read_of_the_best_settings_only(tmp_path, monkeypatch):
    (section,) = sections(make_sweep(tmp_path / "s", grid({i / 1000: [i, i] for i in range(1, 20)})))
    read = []
    monkeypatch.setattr(bands, "curve", lambda folder: read.append(folder) or {"epoch": [0], "val/loss": [1.0]})
    page([section], "title")
    assert len(read) == 2 * len(COLOURS)
    assert {f.name.partition("_")[0] for f in read} == {f"{i:03d}" for i in range(2 * len(COLOURS))}
    assert len(top_settings(section)) == len(COLOURS)


def test_a_sweep_whose_runs_folders_are_gone_still_has_a_page(sweep):
    for path in sweep.glob("*/metrics.csv"):
        path.unlink()
    found = Page(page(sections(sweep), "title"))
    assert "over the epochs" not in found.text and len(found.rows("")) == 6


def test_a_thousand_settings_stay_small(tmp_path):
    runs = grid({i / 1e4: [i / 7, "diverged" if i % 9 == 0 else i / 8] for i in range(1, 513)})
    text = page(sections(make_sweep(tmp_path / "s", runs)), "title")
    assert len(text) < 1_000_000 and len(Page(text).rows("")) == 512


def test_columns_sort_by_buttons_whose_state_is_told_and_holes_come_last(tmp_path):
    runs = [({"optimizer": "sgd", "optimizer.momentum": m, "seed": 0}, 0.1 + m) for m in (0.0, 0.9)]
    runs += [({"optimizer": "adam", "seed": 0}, 0.5)]
    text = page(sections(make_sweep(tmp_path / "s", runs)), "title")
    found = Page(text)
    heads = [attrs for tag, attrs in found.tags if tag == "th"]
    assert heads and all(attrs["scope"] in ("col", "row") for attrs in heads)
    table = text.partition('<table class="settings">')[2]
    assert table.count('<th scope="col"') == table.count('<button type="button">') == 5
    assert "aria-sort" in html_page.SCRIPT and "<caption>" in text and "<main>" in text
    adam = next(row for row in re.findall(r"<tr data-words.*?</tr>", text) if "optimizer=adam" in row)
    assert '<td data-v="">-</td>' in adam


def test_lists_sort_by_their_numbers_and_stand_so_in_the_map():
    assert sorted(["[16]", "[256]", "[4]", "sgd", "[]", "8", "[4,4]"], key=heat.order) == [
        "8",
        "[]",
        "[4]",
        "[4,4]",
        "[16]",
        "[256]",
        "sgd",
    ]


def test_values_that_are_far_worse_do_not_make_the_others_look_alike():
    """Without the median half of the scale would be for one value."""
    values = [0.119, 0.12, 0.15, 0.17, 2.342]
    shares = [heat.goodness(value, values, maximize=False) for value in values]
    assert shares == sorted(shares, reverse=True) and shares[0] - shares[2] == 0.5
    turned = [heat.goodness(3 - value, [3 - v for v in values], maximize=True) for value in values]
    assert turned[0] == 1 and turned[2] == 0.5 and turned[-1] == 0


def test_of_many_settings_the_first_are_laid_out_and_the_others_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(html_table, "SHOWN", 3)
    text = page(sections(make_sweep(tmp_path / "s", grid({i / 100: [i] for i in range(1, 6)}))), "title")
    shown, _, rest = text.partition("<template>")
    assert shown.count("<tr data-words") == 3 and rest.count("<tr data-words") == 2
    assert "show all 5 settings" in text


def test_a_chart_tells_its_numbers_to_pointer_keyboard_and_screen_reader():
    drawn = svg.chart([svg.Line("a & b", "#000", [0.0, 1.0], [2.0, 1.0], shape=1)], "val/loss", "epoch", kept=1.0)
    assert 'data-v="0,2 1,1"' in drawn and 'tabindex="0"' in drawn and 'class="kept"' in drawn
    assert 'aria-label="val/loss over epoch: a &amp; b ends at 1"' in drawn
    assert "first epochs cut off" in svg.chart([svg.Line("a", "#000", [0, 5, 9], [99, 1, 2])], "loss", "epoch")


def test_the_best_cell_is_outlined_and_the_page_says_data_network_and_command(tmp_path):
    text = page(sections(make_sweep(tmp_path / "s", two_keys(), words=["seed=0,1,2", "optimizer.lr=0.1,0.2"])), "title")
    assert text.count('<td class="best"') == 1
    about = dict(re.findall(r"<dt>(\w+)</dt><dd[^>]*>(.*?)</dd>", text))
    assert about["Command"] == "runner -m seed=0,1,2 optimizer.lr=0.1,0.2"
    assert about["Data"] == "digits" and "hidden 128" in about["Network"] and "lr varies" in about["Training"]


def test_a_page_is_named_by_its_data_and_what_varies(sweep):
    assert html.page_title(sections(sweep)) == "digits: lr x dropout"
