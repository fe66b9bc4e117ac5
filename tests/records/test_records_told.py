"""How far something has come."""

from runner.records import told as module
from runner.records.told import Told


def test_what_takes_long_is_told_every_two_seconds(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    told = Told()
    for done in range(1, 51):
        now[0] += 0.1
        told(done, 1000, "runs read")
    assert capsys.readouterr().err.splitlines() == ["20/1,000 runs read", "40/1,000 runs read"]
