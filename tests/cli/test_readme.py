"""The commands of the README and of the pages in docs/ run as typed (shortened); so does every shipped experiment."""

import json
import re
import shlex
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from runner.cli import main
from runner.commands import COMMANDS
from runner.config.compose import hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import points
from runner.plan.command_line import read_command_line
from runner.plan.sweeper import SweeperOptions

ROOT = Path(__file__).parents[2]
PAGES = ["README", *(f"docs/{name}" for name in ("index", "students", "table", "researchers"))]
TEXTS = {page: (ROOT / f"{page}.md").read_text(encoding="utf-8") for page in PAGES}
SHORT = ["trainer.epochs=1", "trainer.progress=false", "trainer.figures=false"]


def commands(page: str) -> list[str]:
    """The lines of a page's blocks that are typed, in their order."""
    blocks = re.findall(r"^```\n(.*?)^```$", TEXTS[page], flags=re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line.startswith("runner")]


def shortened(words: list[str]) -> list[str]:
    """The same command with one epoch, two members, no figures of runs, which take longest; of claims a coarse pass."""
    if words[0] == "claim":
        return [*words, "--quick"]
    if words[0] == "diagnose":
        return [*words, SHORT[0]] if "=" in words[-1] else words
    if words[0] in COMMANDS and words[0] != "repeat":
        return words
    members = ["ensemble.size=2"] if "ensemble=deep" in words else []
    return [*words, *SHORT, *members, *(["hydra.launcher.workers=1"] if "-m" in words else [])]


def test_the_lines_are_found():
    assert sum(len(commands(page)) for page in PAGES) > 25
    assert len(commands("docs/students")) == 10


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


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_do_what_it_says_one_after_the_other(page, here):
    """A line that trains leaves runs; the others read what those before them left."""
    for line in commands(page):
        words, before = shlex.split(line)[1:], {*here.rglob("summary.json")}
        trains = words[0] not in COMMANDS or words[0] == "repeat"
        assert main(shortened(words)) == 0, line
        if words[0] not in ("claim", "diagnose"):
            assert (before < {*here.rglob("summary.json")}) == (trains and "--cfg" not in words), line
        if words[0] == "predict":
            assert "prediction" in pd.read_csv(here / "predicted.csv").columns


def write_idx(path: Path, array: np.ndarray) -> None:
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def write_fashion(folder: Path, count: int) -> None:
    """Noise in the format of Fashion-MNIST."""
    random = np.random.default_rng(0)
    for part, images in (("train", count), ("t10k", 50)):
        write_idx(folder / f"{part}-images-idx3-ubyte", random.integers(0, 256, (images, 28, 28)))
        write_idx(folder / f"{part}-labels-idx1-ubyte", np.arange(images) % 10)


def shortest(rules: SweeperOptions) -> list[str]:
    """Words of a sweep over the same keys: the first and the last value of each; of seeds the first, unless zipped."""
    tied, words = {key for tie in rules.zip for key in tie}, []
    for override in rules.overrides():
        first, *_, last = [point.input_line for point in points(override)]
        alone = override.key_or_group == "seed" and "seed" not in tied
        words.append(first if alone else f"{first},{last.split('=', 1)[1]}")
    return words


@pytest.mark.parametrize("name", sorted(p.stem for p in (config_dir() / "experiment").glob("*.yaml")))
def test_experiment(name, here):
    """Every job is checked; trained is a sweep of the ends, on files of the right format where the data are large."""
    with hydra_ready(config_dir()):
        whole = read_command_line([f"experiment={name}"])
        swept = shortest(SweeperOptions.of(whole.config.hydra.sweeper)) if whole.multirun else []
        jobs = len(read_command_line([f"experiment={name}", *swept]).jobs)
    words = [f"experiment={name}", *swept, *SHORT, "hydra.run.dir=run", "hydra.sweep.dir=run"]
    if whole.config.dataset.name == "fashion_mnist":
        images = int(1.25 * max(settings.dataset.train_size or 0 for settings in whole.settings))
        write_fashion(here, max(200, images))
        words.append(f"dataset.dir={here}")
    assert main(words) == 0
    summaries = [json.loads(path.read_text()) for path in (here / "run").rglob("summary.json")]
    assert len(summaries) == jobs
    assert (jobs > 1) == whole.multirun
    assert {summary["status"] for summary in summaries} <= {"completed", "diverged"}
