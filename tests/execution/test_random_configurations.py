"""A thousand configurations made by chance: refused with the key that is wrong, or trained to numbers that can be.

No traceback, no warning with a source line, no run that failed, no number that is none where the run ended well.
"""

from __future__ import annotations

import traceback
from collections import Counter
from pathlib import Path

import pytest
import soak
from judged import SOURCE_LINE, accepted, judged, listening, problems_of
from random_configurations import ELSEWHERE, configuration, typed

import runner
from runner.cli import main
from runner.config.registry import entries
from runner.config.settings import CHOICE_GROUPS

TYPED = 10  # one in so many goes through the command line


def trained(config: dict, seed: int, folder: Path) -> list[Path]:
    """The folders of the runs that trained for a configuration."""
    if seed % TYPED:
        outcomes = runner.train([config], folder / "outputs")
        return [run for outcome in outcomes for run in members(outcome.folder) or [outcome.folder]]
    into = folder / f"typed-{seed}"
    main([*typed(config), f"hydra.run.dir={into}"])
    runs = sorted(path.parent for path in into.rglob("train.log"))
    main(["report", str(into)])
    if config["dataset"] in ("csv", "parquet"):
        out = folder / f"predicted.{config['dataset']}"
        main(["predict", str(runs[0]), config["dataset.path"], "--out", str(out)])
    return runs


def members(folder: Path) -> list[Path]:
    """The runs that trained for an ensemble; none if it has trained itself."""
    return sorted(path.parent for path in folder.glob("members/*/train.log"))


def tried(seed: int, folder: Path, seen: Counter, printed) -> list[str]:
    """What is wrong with what comes of one configuration; `seen` counts what was covered."""
    with listening() as wrong:
        config, refused, unclear = accepted(configuration(seed, folder))
        seen.update({"refusals": len(refused), "unusable": config is None})
        folders = trained(config, seed, folder) if config is not None else []
        runs = problems_of(config)[0] if config is not None else []
    wrong += [*unclear, *(["shown: " + text[-3000:]] if SOURCE_LINE.search(text := printed()) else [])]
    if config is not None and config.get("ensemble") == "boosting" and folders:  # which may end before its size
        runs = runs[: len(folders)]
    if len(runs) != len(folders):
        return [*wrong, f"{len(runs)} runs, but {len(folders)} folders: {text[-3000:]}"]
    for path, (run, data) in zip(folders, runs, strict=True):
        wrong += judged(path, run, data)
        seen.update(("trained", *(f"{key}={name}" for key, name in run.choices().items()), *config))
    return wrong


def search(what: range, folder: Path, capfd) -> Counter:
    """Try all; AssertionError with everything that is wrong, and how to see each again."""

    def printed() -> str:
        return "".join(capfd.readouterr())

    seen, found = Counter(), []
    for seed in what:
        wrong: list[str] = []
        try:
            wrong = tried(seed, folder, seen, printed)
        except Exception:  # noqa: BLE001 whatever it is, it is what is looked for
            wrong = [traceback.format_exc()[-2000:]]
        if wrong:
            how = soak.again("CONFIGURATIONS", seed, "test_random_configurations.py")
            found.append("\n".join([f"seed {seed}; {how}", *wrong[:5]]))
    assert not found, f"{len(found)} of {len(what)}\n" + "\n\n".join(found[:20])
    return seen


def never(seen: Counter) -> list[str]:
    """Choices that no run was trained with."""
    alone = [f"{g}.name={n}" for g in CHOICE_GROUPS for n in entries(g) if n not in ELSEWHERE]
    return [key for key in alone if not seen[key]]


def test_twenty_configurations_made_by_chance(tmp_path, capfd):
    seen = search(soak.seeds("SOME_CONFIGURATIONS", 20), tmp_path, capfd)
    assert seen["trained"] >= 15


@pytest.mark.soak
def test_a_thousand_configurations_made_by_chance(tmp_path, capfd):
    what = soak.seeds("CONFIGURATIONS", 1000)
    seen = search(what, tmp_path, capfd)
    with capfd.disabled():
        covered = sum("." in key for key in seen)
        print(f"\n{len(what)} configurations: {seen['trained']} runs, {seen['refusals']} refusals on the way,")
        print(f"{seen['unusable']} tables that will not do; {covered} choices and keys, never: {never(seen)}")
    if len(what) >= 1000:
        assert seen["trained"] >= 0.9 * len(what)
        assert never(seen) == []
