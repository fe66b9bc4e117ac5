"""Runs in this process that are stopped after an epoch, so that a test finds a checkpoint to work on."""

from __future__ import annotations

from pathlib import Path

import crash_scenarios
import pytest
import run_folders
from stopping import at_epoch, stop

from runner.cli import main


def words(csv: Path, folder: Path) -> list[str]:
    """The command line of a small run with everything in it."""
    keys = crash_scenarios.BUSY | {"dataset.path": csv, "trainer.checkpoint_seconds": 0, "hydra.run.dir": folder}
    plain = [
        f"{key}={str(value).replace(' ', '').lower() if isinstance(value, (bool, list)) else value}"
        for key, value in keys.items()
    ]
    return ["dataset=csv", "scheduler=plateau", *plain]


def interrupted(csv: Path, folder: Path, epoch: int = 3) -> Path:
    """A run that was stopped after an epoch."""
    with pytest.MonkeyPatch.context() as patch:
        at_epoch(patch, epoch, stop)
        assert main(words(csv, folder)) == 130
    assert (folder / "checkpoint.safetensors").exists()
    return folder


def resume(folder, capsys) -> tuple[int, str]:
    """(exit code, what `runner resume` says); never a traceback."""
    capsys.readouterr()
    code = main(["resume", str(folder)])
    text = capsys.readouterr().err
    assert "Traceback" not in text
    return code, text


def assert_resumes(folder, whole, capsys):
    """Resuming ends in the files of the undisturbed run."""
    code, text = resume(folder, capsys)
    assert code == 0, text
    assert run_folders.differences({"": run_folders.contents(folder)}, {"": whole}) == []


def cut() -> None:
    """What Ctrl-C does in the middle of an epoch."""
    raise KeyboardInterrupt


def stopped(words: list[str], epoch: int) -> int:
    """Start the command line and cut it off before an epoch of the first population."""
    with pytest.MonkeyPatch.context() as patch:
        at_epoch(patch, epoch, cut)
        return main(words)
