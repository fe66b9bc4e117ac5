"""The Makefile's environment: made once, made anew when broken or half made, installed again when the lock changes.

The real Makefile runs here with a stand-in for Python that makes a folder instead of an environment and notes what it
is asked.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}  # not those of `make test`

PYTHON = """#!/bin/sh
echo "$*" >> "{calls}"
case "$*" in
    "-m venv"*)
        for last; do :; done
        rm -rf "$last"; mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;;
    *"pip install"*) [ ! -e "{broken}" ] ;;
    *"print(1)"*) echo 1 ;;
esac
"""


class Checkout:
    """A folder with the Makefile, and what was asked of Python in it."""

    def __init__(self, folder: Path):
        self.folder, self.calls, self.no_network = folder, folder / "calls", folder / "no_network"
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, folder / name)
        self.python = folder / "python3"
        self.python.write_text(PYTHON.format(calls=self.calls, broken=self.no_network))
        self.python.chmod(0o755)

    def make(self) -> tuple[int, list[str]]:
        """(exit code, "venv" and "install" in the order they were asked for) of `make install`."""
        self.calls.write_text("")
        done = subprocess.run(
            ["make", "install", f"PYTHON={self.python}"],
            cwd=self.folder,
            env=os.environ,
            capture_output=True,
            timeout=60,
        )
        asked = self.calls.read_text().splitlines()
        kinds = [
            "venv" if "-m venv" in call else "install" for call in asked if "-m venv" in call or "pip install" in call
        ]
        return done.returncode, kinds


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    return Checkout(tmp_path)


def test_first_call_makes_everything_and_the_second_nothing(checkout):
    assert checkout.make() == (0, ["venv", "install"])
    assert checkout.make() == (0, [])


def test_the_lock_is_what_is_installed(checkout):
    checkout.make()
    (install,) = [call for call in checkout.calls.read_text().splitlines() if "pip install" in call]
    assert install.endswith("-c constraints.txt -e .[dev]")


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml"])
def test_a_changed_lock_is_installed_into_the_same_environment(checkout, name):
    checkout.make()
    later = time.time() + 5
    os.utime(checkout.folder / name, (later, later))
    assert checkout.make() == (0, ["install"])


def test_an_installation_that_was_cut_off_starts_anew(checkout):
    checkout.no_network.touch()
    assert checkout.make() == (2, ["venv", "install"])
    checkout.no_network.unlink()
    assert checkout.make() == (0, ["venv", "install"])
    assert checkout.make() == (0, [])


def test_an_environment_whose_python_is_gone_is_made_anew(checkout):
    checkout.make()
    (checkout.folder / ".venv/bin/python").unlink()
    assert checkout.make() == (0, ["venv", "install"])


def test_an_empty_environment_folder_is_made_anew(checkout):
    (checkout.folder / ".venv").mkdir()
    assert checkout.make() == (0, ["venv", "install"])


def test_help_lists_every_target_without_installing(checkout):
    shown = subprocess.run(["make"], cwd=checkout.folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert [line.split()[1] for line in shown.stdout.splitlines()] == [
        "help", "install", "train", "test", "test-gpu", "test-engines", "test-processors", "check", "format", "docs",
        "figures", "bench", "bench-sweep", "tables", "soak",
    ]  # fmt: skip
    assert not (checkout.folder / ".venv").exists()
