"""Whether `runner resume` trains a damaged run again, and the command that messages suggest."""

from __future__ import annotations

from pathlib import Path

from runner.config import plugins
from runner.errors import RunError
from runner.execution.run_list import home_of, resumed_in
from runner.execution.stored import is_as_written
from runner.records.checksums import changed_files
from runner.records.names import shown_path
from runner.records.run_folder import CONFIG, HYDRA, LIST, METRICS, MODEL, STEPS

RESTORE = "restore it, or start the run again"


def changed_in(folder: Path) -> list[str]:
    """The files of a run that are not as its summary lists them; none if it is the summary that is of another run."""
    changed = changed_files(folder, (MODEL, METRICS, STEPS, *HYDRA))
    others = {MODEL, METRICS, str(CONFIG)} <= {*changed} and is_as_written(folder)
    return [] if others else changed


def settings_lost(folder: Path) -> bool:
    """Whether nothing says any more what the run trained: its configuration is damaged, no list has it, and it is no
    fold of a run whose configuration holds.
    """
    place = home_of(folder)
    if place != folder:
        return is_as_written(place) is False
    if any((parent / LIST).is_file() for parent in folder.resolve().parents):
        return False
    return is_as_written(folder) is False or str(CONFIG) in changed_in(folder)


def resume_command(folder: Path) -> str | None:
    """`runner resume PLACE`, which trains a damaged run again; None where its settings are lost."""
    if settings_lost(folder):
        return None
    try:
        place = resumed_in(folder)
    except RunError:  # the list of the runs that were started together is damaged too
        place = folder
    return f"`{plugins.command('resume', shown_path(place))}`"
