"""Starting and resuming runs in this process: prepare data, plan populations, train each, report outcomes."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runner.config.settings import Settings
from runner.errors import ConfigError, RunnerError
from runner.execution.lock import lock
from runner.records import disk
from runner.training.outcome import Outcome

CONFIG = Path(".hydra") / "config.yaml"
CHECKPOINT = "checkpoint.safetensors"

__all__ = ["Outcome", "resume", "start"]


def start(runs: list[tuple[Settings, Path]], *, console: bool = False) -> list[Outcome]:
    """Train runs, each into its own existing folder; outcomes come in the order of `runs`.

    Raises ConfigError / DataError before anything trains, Interrupted after SIGINT or SIGTERM (all state saved). A run whose data or
    training fails otherwise becomes an outcome "failed"; the others go on.
    """
    data = _prepare([settings for settings, _ in runs])
    for settings, folder in runs:
        _write_config(settings, folder)
    return _train_all(runs, data, console, None)


def resume(folder: Path, *, console: bool = False) -> list[Outcome]:
    """Continue an interrupted run from its checkpoint, or from its beginning if it has none yet. A finished run is left alone."""
    folder = Path(folder)
    settings = read_config(folder)
    from runner.records.summary import SUMMARY, read_summary

    if (folder / SUMMARY).exists():
        summary = read_summary(folder)
        return [Outcome(folder, summary["status"], summary.get("reason", ""), summary)]
    return _train_all([(settings, folder)], _prepare([settings]), console, folder / CHECKPOINT)


def read_config(folder: Path) -> Settings:
    """The settings a run was started with; ConfigError if the folder holds no run."""
    from omegaconf import OmegaConf
    from yaml import YAMLError

    from runner.config.validate import validate

    path = Path(folder) / CONFIG
    if not path.exists():
        raise ConfigError(f"{folder} is not the folder of a run: it has no {CONFIG}. Runs lie in outputs/<date>/<time>-<n>.")
    try:
        tree = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
    except (YAMLError, OSError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); start the run again.") from error
    if not isinstance(tree, dict) or not tree:
        raise ConfigError(f"{path} is empty: the run was killed before it began. Start it again.")
    tree.pop("hydra", None)
    return validate(tree)


def _write_config(settings: Settings, folder: Path) -> None:
    """Leave the configuration where resume looks for it, unless Hydra has done so."""
    if not (folder / CONFIG).exists():
        from omegaconf import OmegaConf

        (folder / CONFIG).parent.mkdir(exist_ok=True)
        disk.replace(folder / CONFIG, OmegaConf.to_yaml(OmegaConf.create(settings.tree())).encode())


def _prepare(runs: list[Settings]) -> list[Any]:
    """The data of each run, read once where runs agree; checks that need the data are made here, before any training."""
    from runner.data.prepare import prepare
    from runner.plan.checks import check_against_data

    cache: dict = {}
    data = [prepare(settings, cache) for settings in runs]
    problems = [p for settings, table in zip(runs, data, strict=True) for p in check_against_data(settings, table)]
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return data


def _train_all(runs: list[tuple[Settings, Path]], data: list, console: bool, checkpoint: Path | None) -> list[Outcome]:
    import torch

    from runner.optimizers.segments import segment_key
    from runner.plan.populations import populations

    torch.set_num_threads(runs[0][0].trainer.threads)
    outcomes: dict[Path, Outcome] = {}
    with _stop_signals() as asked_to_stop:
        for number, members in enumerate(populations([s for s, _ in runs], data, segment_key)):
            mine = [runs[i] for i in members]
            for outcome in _train_population(mine, [data[i] for i in members], number, console, checkpoint, asked_to_stop):
                outcomes[outcome.folder] = outcome
    return [outcomes[folder] for _, folder in runs]


def _train_population(runs, data, number: int, console: bool, checkpoint: Path | None, asked_to_stop) -> list[Outcome]:
    """One population to its end; any unexpected exception makes failed outcomes of the rows that had not ended."""
    from runner.execution.population import open_training

    folders = [folder for _, folder in runs]
    path = checkpoint or (folders[0] / CHECKPOINT if len(runs) == 1 else folders[0].parent / f"population-{number:03d}.safetensors")
    training = None
    try:
        with lock(path.parent), open_training(runs, data, path, resumed=checkpoint is not None, console=console) as training:
            training.asked_to_stop = asked_to_stop
            return training.run()
    except RunnerError:
        raise
    except Exception as error:
        done = {o.folder: o for o in training.outcomes} if training else {}
        return [done.get(folder) or _failed(folder, error) for folder in folders]


def _failed(folder: Path, error: Exception) -> Outcome:
    """Leave the traceback in the run's own log."""
    text = "".join(traceback.format_exception(error))
    log = folder / "train.log"
    disk.append(log, text.encode(), log.stat().st_size if log.exists() else 0)
    return Outcome(folder, "failed", f"{type(error).__name__}: {error}", {}, error=text)


@contextmanager
def _stop_signals() -> Iterator[Any]:
    """SIGINT and SIGTERM ask for a checkpoint and an orderly end; a second one ends at once (the last checkpoint stands)."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def handle(number, _frame):
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        print("\nstopping after this epoch (once more to stop at once)", file=sys.stderr)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


