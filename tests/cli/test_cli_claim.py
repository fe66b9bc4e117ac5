"""`runner claim`: the list, one claim, several with their book; what is finished is not run again."""

import json
import re
import shutil
from pathlib import Path

import pytest

from runner.claims.claim import claims
from runner.cli import main

SERIAL = "hydra.launcher.executor=serial"
EXACT = "soft_threshold"
FOLDER = Path("outputs", "claims", EXACT)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A folder in which one claim was run."""
    folder = tmp_path_factory.mktemp("ran")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["claim", EXACT, SERIAL]) == 0
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def there(ran, here):
    """A copy of it."""
    shutil.copytree(ran, here, dirs_exist_ok=True)
    return here


def without_times(page: str) -> str:
    return re.sub(r'<dd class="when">.*?</dd>', "", page)


def test_claims_are_listed_by_lecture(here, capsys):
    assert main(["claim"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[2:]] == list(claims())


def test_the_list_has_the_last_verdict_here(there, capsys):
    assert main(["claim"]) == 0
    ends = {line.split()[0]: line.split("  ")[-1].strip() for line in capsys.readouterr().out.splitlines()[2:]}
    assert ends.pop(EXACT) == "holds"
    assert "holds" not in ends.values()


def test_what_is_finished_is_not_trained_again_what_is_not_goes_on_and_the_page_is_the_same(there):
    first = (FOLDER / "page.html").read_text()
    [lost] = there.glob(f"{FOLDER}/full-*/*/summary.json")
    lost.unlink()
    [kept] = there.glob(f"{FOLDER}/diagonal-*/*/model.safetensors")
    before = kept.stat().st_mtime_ns
    assert main(["claim", EXACT, SERIAL]) == 0
    assert lost.exists() and kept.stat().st_mtime_ns == before
    assert without_times((FOLDER / "page.html").read_text()) == without_times(first)


def test_runs_that_failed_are_tried_again_and_say_why_if_none_succeeds(there, monkeypatch, capsys):
    def broken(*_):
        raise OSError("no such device")

    shutil.rmtree(next(FOLDER.glob("full-*")))
    with monkeypatch.context() as patch:
        patch.setattr("runner.training.trial.Trial.__init__", broken)
        assert main(["claim", EXACT, SERIAL]) == 1
    assert "all runs failed: OSError: no such device; the traceback is in" in capsys.readouterr().err
    assert main(["claim", EXACT, SERIAL]) == 0


def test_what_is_changed_is_trained_apart_and_said(there, capsys):
    assert main(["claim", EXACT, SERIAL, "trainer.epochs=3"]) == 0
    assert "verdict  does not hold" in capsys.readouterr().out
    assert "changed: trainer.epochs=3" in (FOLDER / "page.html").read_text()
    assert len(list(FOLDER.glob("*/sweep.yaml"))) == 4
    assert main(["claim"]) == 0
    assert "does not hold (changed)" in capsys.readouterr().out


def test_several_claims_make_a_book_and_one_that_cannot_run_does_not_stop_the_others(there, capsys):
    only_this = "dataset.start=[0,0,0]"  # a key that the first claim's data lack
    assert main(["claim", "overfit", EXACT, "--html", "book.html", SERIAL, only_this]) == 1
    said = capsys.readouterr().out
    assert "1/2  overfit  not run: dataset.start" in said and "2/2  soft_threshold  holds" in said
    page = Path("book.html").read_text()
    assert "2 claims; holds: 1, not run: 1." in page and '<a href="#soft_threshold">' in page
    assert page.count("<figure>") == 1 and "dataset=fashion_mnist has no such key" in page


def test_a_defect_in_one_claim_does_not_stop_the_others(there, capsys, monkeypatch):
    monkeypatch.setattr(type(claims()["l2_eigen"]), "words", lambda *_, **__: {})  # so that it finds no runs
    assert main(["claim", "l2_eigen", EXACT, SERIAL]) == 1
    shown = capsys.readouterr()
    assert "1/2  l2_eigen  not run: unexpected error" in shown.out and "2/2  soft_threshold  holds" in shown.out
    assert "the traceback is in" in shown.err


def test_a_verdict_that_cannot_be_read_is_none(there, capsys):
    (FOLDER / "verdict.json").write_text('{"claim": "soft_thr')
    assert main(["claim"]) == 0
    assert "holds" not in [line.split("  ")[-1] for line in capsys.readouterr().out.splitlines()]


def test_the_verdict_is_kept_with_its_intervals(there):
    record = json.loads((FOLDER / "verdict.json").read_text())
    assert record["verdict"] == "holds" and record["runs"] == "2 runs" and not record["quick"]
    assert all({"what", "value", "low", "high", "over", "rule", "verdict"} <= set(each) for each in record["findings"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["soft_treshold"], "runner claim soft_treshold: there is no such claim; did you mean soft_threshold?"),
        (["xyz"], "`runner claim` lists them"),
        ([EXACT, "optimizer.lrr=1"], "did you mean optimizer.lr?"),
        ([EXACT, "--html", "a.txt"], "allowed: .html"),
        (["--all", EXACT], "leave it out"),
        (["--quick"], "name a claim, or say --all"),
        (["policies", "trainer.epochs=3"], "trainer.epochs=3: changes nothing of policies, whose numbers come without"),
        (["trainer.epochs=3"], "name a claim, or say --all"),
    ],
)
def test_bad_input_is_refused_with_a_way_out(here, capsys, words, says):
    try:
        code = main(["claim", *words])
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    assert says in capsys.readouterr().err
    assert not (here / FOLDER).exists()
