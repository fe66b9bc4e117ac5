"""The page of a single run: what was done, its verdict, curves with the epoch that is kept, its figures."""

import re

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import runner
from runner.cli import main
from runner.figures.draw import canvas
from runner.records.events import png_size
from runner.reports import html_page, pictures
from runner.reports.pictures import shown


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run as on the command line, with its default figures."""
    outputs = tmp_path_factory.mktemp("single")
    [outcome] = runner.train([{"trainer.epochs": 3, "trainer.progress": False}], outputs=outputs, console=True)
    return outcome.folder


@pytest.fixture(scope="module")
def text(run):
    assert main(["report", str(run), "--html"]) == 0
    return (run / "report.html").read_text()


def test_it_says_what_was_done(text):
    about = dict(re.findall(r"<dt>(\w+)</dt><dd[^>]*>(.*?)</dd>", text))
    assert about["Data"] == "digits, 1,257 training, 270 validation, 270 test examples"
    assert about["Network"] == "hidden 128, activation relu, 9,610 parameters"
    assert about["Training"] == "adamw, lr 0.001, batch_size 32, epochs 3"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d, runner .*", about["Made"])


def test_its_verdict_its_curves_and_its_figures_are_there_with_captions(text, run):
    assert "Verdict: " in text and "The dotted line is the epoch that was kept, 3." in text
    figures = {name: (caption, png) for name, caption, png in shown(run)}
    assert set(figures) == {"confusion", "reliability", "mistakes", "features"}
    for name, (caption, png) in figures.items():
        assert f'alt="{name}"' in text and len(caption) > 40
        assert png_size(png) == (1040, 880)
    assert text.count("data:image/png;base64,") == 4


def test_its_table_has_no_column_that_only_repeated_runs_fill(text):
    head = re.findall(r'<th scope="col"[^>]*><button type="button">([^<]*)<', text)
    assert head == ["val/loss", "test/loss", "val/accuracy", "test/accuracy"]


def test_tensorboard_shows_training_and_validation_in_one_chart_and_says_what_tags_are(run):
    events = EventAccumulator(str(run))
    events.Reload()
    assert b"^loss/train$" in (run / "events.out.tfevents.0.runner").read_bytes()
    assert "without penalties" in events.SummaryMetadata("loss/val").summary_description
    assert "exactly 0" in events.SummaryMetadata("sparsity").summary_description
    assert "likeliest class" in events.SummaryMetadata("accuracy/train").summary_description
    assert "weights that were kept" in events.SummaryMetadata("best/val/loss").summary_description
    assert len(events.Scalars("loss/val")) == 4


def test_a_picture_of_many_panels_has_a_row_for_itself():
    wide, usual = (canvas.png(canvas.canvas(size=size)) for size in ((8.0, 4.0), (5.2, 4.4)))
    assert pictures._wide(wide) == ' class="across"' and pictures._wide(usual) == ""
    assert ".pictures .across" in html_page.STYLE
