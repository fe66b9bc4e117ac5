"""What a finished run vouches for: checksums worked out here anew, and everything that does not hold is named."""

import hashlib
import json
import shutil

import pytest

from runner.errors import DamagedError
from runner.records.checksums import EVENTS, HYDRA, METRICS, MODEL, below, set_aside, verify
from runner.records.run_files import RunFiles
from runner.records.summary import checksum, read_summary, sealed

CONTENT = {"format": 1, "status": "completed", "monitor": "val/loss", "val": {"loss": 0.1 + 0.2, "accuracy": None}}


def finish(folder, loss=0.25):
    """A run that has ended: three epochs, a model of some bytes, .hydra/."""
    (folder / ".hydra").mkdir(parents=True)
    for name in HYDRA:
        (folder / name).write_text(f"{name}: {loss}\n")
    files = RunFiles(folder)
    for epoch in range(3):
        files.epoch({"epoch": epoch, "val/loss": loss / (epoch + 1)})
        files.flush()
    (folder / MODEL).write_bytes(b"weights" * 40 + str(loss).encode())
    files.summary({**CONTENT, "val": {"loss": loss}})
    return folder


@pytest.fixture
def run(tmp_path):
    return finish(tmp_path / "run")


def test_the_summary_lists_the_sha256_of_every_file_and_of_itself(run):
    content = json.loads((run / "summary.json").read_text())
    assert content["files"].keys() == {MODEL, METRICS, *HYDRA}
    for name, listed in content["files"].items():
        assert listed == hashlib.sha256((run / name).read_bytes()).hexdigest()
    itself = content.pop("sha256")
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert itself == hashlib.sha256(text.encode()).hexdigest()
    assert verify(run) == content | {"sha256": itself}


def test_the_checksum_is_of_the_content_not_of_its_order_or_spaces(run):
    content = json.loads((run / "summary.json").read_text())
    (run / "summary.json").write_text(json.dumps(dict(reversed(content.items())), indent=7))
    assert verify(run) == content
    assert checksum({"a": 1, "b": "ü"}) == hashlib.sha256(b'{"a":1,"b":"\\u00fc"}').hexdigest()


def test_a_flipped_bit_anywhere_in_a_summary_is_found_or_harmless(run):
    path = run / "summary.json"
    data, content = path.read_bytes(), read_summary(run)
    for at in range(0, len(data), 2):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << at // 2 % 8]) + data[at + 1 :])
        try:
            assert read_summary(run) == content
        except DamagedError as error:
            assert str(path) in str(error)


@pytest.mark.parametrize("name", [MODEL, METRICS, *HYDRA])
def test_every_listed_file_that_changed_or_went_is_named(run, name):
    data = (run / name).read_bytes()
    for damaged in (data + b" ", data[:-1], b"", data.swapcase()):
        (run / name).write_bytes(damaged)
        with pytest.raises(DamagedError, match=rf"{name}: does not match its checksum in summary\.json"):
            verify(run)
    (run / name).unlink()
    with pytest.raises(DamagedError, match=f"{name}: not there"):
        verify(run)
    (run / name).mkdir()
    with pytest.raises(DamagedError, match=f"{name}: not there, or no file"):
        verify(run)


def test_a_copy_may_lack_what_is_not_needed_but_what_is_there_must_hold(run):
    shutil.rmtree(run / ".hydra")
    (run / METRICS).unlink()
    assert verify(run, needed=(MODEL,))["status"] == "completed"
    (run / METRICS).write_text("epoch\n0\n")
    with pytest.raises(DamagedError, match="metrics"):
        verify(run, needed=(MODEL,))


def test_the_checksum_of_metrics_goes_on_where_a_run_is_resumed(tmp_path):
    files = RunFiles(tmp_path)
    files.epoch({"epoch": 0, "val/loss": 1.0})
    offsets = files.flush()
    files.epoch({"epoch": 1, "val/loss": 9.0})
    files.flush()  # a kill follows: this epoch is trained again
    files = RunFiles(tmp_path, offsets)
    files.epoch({"epoch": 1, "val/loss": 0.5})
    files.flush()
    assert files.digest() == hashlib.sha256(b"epoch,val/loss\n0,1.0\n1,0.5\n").hexdigest()


def test_a_summary_whose_checksums_were_taken_out_is_damaged_and_one_that_never_had_any_is_read(run):
    content = json.loads((run / "summary.json").read_text())
    for keys in (["files"], ["sha256"]):
        (run / "summary.json").write_text(json.dumps({k: v for k, v in content.items() if k not in keys}))
        with pytest.raises(DamagedError):
            verify(run)
    (run / "summary.json").write_text(json.dumps(CONTENT))
    assert verify(run) == CONTENT


@pytest.mark.parametrize(
    "wrong", [{"status": 3}, {"val": [1]}, {"val": {"loss": "low"}}, {"monitor": None}, {"test": {"loss": {}}}]
)
def test_what_readers_count_on_is_there_also_in_summaries_without_checksums(run, wrong):
    (run / "summary.json").write_text(json.dumps(CONTENT | wrong))
    with pytest.raises(DamagedError):
        read_summary(run, force=True)


def test_what_is_set_aside_overwrites_nothing_and_is_no_run(run):
    summary = (run / "summary.json").read_bytes()
    assert set_aside(run) == run / "damaged-1"
    assert {path.name for path in run.iterdir()} == {".hydra", EVENTS, "damaged-1"}
    shutil.copy(run / "damaged-1" / "summary.json", run)
    (run / METRICS).mkdir()
    (run / "train.log").mkdir()
    assert set_aside(run) == run / "damaged-2"
    assert {path.name for path in (run / "damaged-2").iterdir()} == {METRICS, "train.log", "summary.json"}
    assert (run / "damaged-1" / "summary.json").read_bytes() == summary
    assert below(run.parent, "summary.json") == below(run.parent, METRICS) == []


def test_sealing_leaves_the_content_as_json_has_it():
    assert sealed({"a": float("nan"), 1: (2,)}).items() >= {"a": None, "1": [2]}.items()
