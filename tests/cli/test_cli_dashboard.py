"""`runner dashboard` serves the real TensorBoard and ends cleanly."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from runner.commands.dashboard import flags
from runner.config.location import PACKAGE
from runner.records.run_files import RunFiles


def test_flags_keep_all_points_of_a_curve(tmp_path):
    words = flags(tmp_path, 0)
    assert words[words.index("--logdir") + 1] == str(tmp_path)
    assert "scalars=10000" in words
    assert words[words.index("--port") + 1] == "0"


@pytest.fixture
def dashboard(tmp_path):
    """A started `runner dashboard` over one run with one epoch, and its URL."""
    (tmp_path / "outputs" / "one").mkdir(parents=True)
    files = RunFiles(tmp_path / "outputs" / "one")
    files.epoch({"epoch": 1, "step": 1, "train/loss": 0.5})
    files.flush()
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "dashboard", "--port", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )
    line = process.stdout.readline()
    yield process, re.search(r"http://\S+", line).group()
    if process.poll() is None:
        process.kill()
    process.wait()


def runs(url: str) -> list[str]:
    """The runs TensorBoard has found, asked until there is one."""
    for _ in range(100):
        with urllib.request.urlopen(f"{url}data/runs", timeout=10) as answer:
            found = json.load(answer)
        if found:
            return found
        time.sleep(0.1)
    return []


@pytest.mark.slow
def test_dashboard_shows_the_run_and_ctrl_c_ends_it(dashboard):
    process, url = dashboard
    assert runs(url) == ["one"]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "dashboard closed" in out
    assert "Traceback" not in err


def test_a_port_in_use_is_a_message(tmp_path, capsys, monkeypatch):
    from runner.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs").mkdir()
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        assert main(["dashboard", "--port", str(taken.getsockname()[1])]) == 1
    err = capsys.readouterr().err
    assert "--port 0 for any" in err
    assert "Traceback" not in err
