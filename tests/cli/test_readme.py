"""Every `runner` line of the README's code blocks runs as typed (shortened), and so does every shipped experiment."""

import re
import shlex
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from runner.cli import main
from runner.config.location import config_dir

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
FENCED = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
BLOCKS = [text for language, text in FENCED if not language]
LINES = [line for block in BLOCKS for line in block.splitlines() if line.startswith("runner")]
SHORT = ["trainer.epochs=1", "trainer.progress=false"]


def test_the_lines_are_found():
    assert len(LINES) >= 8


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder with the table the README speaks of."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    people = pd.DataFrame({"age": random.integers(18, 90, 60), "town": random.choice(["Ulm", "Bonn"], 60)})
    people["income"] = np.where(people.age > 50, "high", "low")
    people.to_csv("people.csv", index=False)
    people.drop(columns="income").to_csv("people_new.csv", index=False)
    return tmp_path


@pytest.mark.parametrize("line", LINES)
def test_line(line, here):
    words = shlex.split(line)[1:]
    if words[0] == "predict":
        assert main([*shlex.split(LINES[LINES.index(line) - 1])[1:], *SHORT]) == 0
        assert main(words) == 0
        assert "prediction" in pd.read_csv("predicted.csv").columns
        return
    assert main([*words, *SHORT]) == 0
    trained = list(here.rglob("summary.json"))
    assert bool(trained) == ("--cfg" not in words)


def write_idx(path: Path, array: np.ndarray) -> None:
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


@pytest.mark.parametrize("name", sorted(p.stem for p in (config_dir() / "experiment").glob("*.yaml")))
def test_experiment(name, here):
    """On small files of the right format where the real data are large."""
    random = np.random.default_rng(0)
    for part, count in (("train", 200), ("t10k", 50)):
        write_idx(here / f"{part}-images-idx3-ubyte", random.integers(0, 256, (count, 28, 28)))
        write_idx(here / f"{part}-labels-idx1-ubyte", np.arange(count) % 10)
    data = [f"dataset.dir={here}"] if "fashion_mnist" in (config_dir() / f"experiment/{name}.yaml").read_text() else []
    assert main([f"experiment={name}", *SHORT, *data, "hydra.run.dir=run"]) == 0
    assert (here / "run" / "summary.json").is_file()
