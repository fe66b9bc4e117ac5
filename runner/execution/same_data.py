"""Whether runs that continue have the data, the files and the plug-ins that they were begun with."""

from __future__ import annotations

import json

from runner.config.settings import Settings
from runner.errors import ConfigError
from runner.execution.session import Session
from runner.execution.stored import refuse_changed
from runner.training import given


def known_data(session: Session, before: dict[str, str]) -> dict[str, str]:
    """Data set, by its keys that are not at their defaults -> SHA-256; ConfigError if one of them, or a plug-in, has
    changed since the runs were begun.
    """
    refuse_changed([run.settings for run in session.runs], session.root)
    now = {}
    for run, table in zip(session.runs, session.data, strict=True):
        key = json.dumps({key: value for key, value in run.given.items() if key.startswith("dataset")}, sort_keys=True)
        now[key] = table.sha256
        if before.get(key, table.sha256) != table.sha256:
            raise ConfigError(
                f"{session.root}: the data of dataset {table.name} has changed since the sweep was begun. Bring the "
                "old data back, or start a new sweep."
            )
        for path, found in _given_files(run.settings):
            now[path] = found
            if before.get(path, found) != found:
                raise ConfigError(
                    f"{session.root}: {path} holds something else than when the sweep was begun. Bring the old file "
                    "back, or start a new sweep."
                )
    return before | now


def _given_files(settings: Settings) -> list[tuple[str, str]]:
    """("key = path", SHA-256) of the files that a run begins with."""
    return [(f"{key} = {settings.value(key)}", found) for key, found in given.digests(settings).items()]
