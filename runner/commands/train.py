"""`runner [OVERRIDES]`: Hydra's command line, after everything on it has been checked.

The order: parse and check all overrides, make the output folder exclusively, then let Hydra compose, write
.hydra/ and call the task.
"""

from __future__ import annotations

import argparse
import string
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.commands import COMMANDS
from runner.commands.folders import make_explicit, make_numbered
from runner.commands.screen import INTERRUPTED, report_to
from runner.config.compose import Groups, check_command_line, compose, hydra_ready, is_multirun
from runner.config.location import config_dir

if TYPE_CHECKING:
    from omegaconf import DictConfig

DEFAULT_FOLDER = {"run": "outputs/", "sweep": "outputs/sweeps/"}


def run(arguments: list[str]) -> int:
    """Train what the command line says; with --cfg, --help, --info or --shell-completion, let Hydra answer."""
    args, flags = _parse(arguments)
    overrides = list(args.overrides)
    if args.help:
        with hydra_ready(_folder(args), args.config_dir):
            print(help_text(overrides, args.config_name or "config"))
        return 0
    asks = args.hydra_help or args.shell_completion or args.info is not None
    if not asks and args.experimental_rerun is None:
        with hydra_ready(_folder(args), args.config_dir):
            config = check_command_line(
                overrides, multirun=args.multirun, config_name=args.config_name or "config", commands=COMMANDS
            )
        if not args.cfg:
            overrides.append(_output_folder(config, args.multirun))
    task = Task()
    _call_hydra(task, [*flags, *overrides])
    return task.exit_code()


class Task:
    """What Hydra calls once a job: remembers what came of it, so that no exception reaches Hydra."""

    def __init__(self):
        self.codes: list[int] = []

    def __call__(self, config: DictConfig) -> None:
        from hydra.core.hydra_config import HydraConfig

        folder = Path(HydraConfig.get().runtime.output_dir)
        multirun = str(HydraConfig.get().mode).endswith("MULTIRUN")
        try:
            self.codes.append(_train(config, folder, multirun))
        except Exception as error:  # noqa: BLE001 a run that fails harms itself only; the traceback goes to its log
            self.codes.append(report_to(error, folder / "train.log"))
        if multirun and self.codes[-1] == INTERRUPTED:
            raise KeyboardInterrupt

    def exit_code(self) -> int:
        """Of one run its own; of a sweep 1 if any run failed."""
        return self.codes[0] if len(self.codes) == 1 else int(any(self.codes))


def exit_code(status: str, multirun: bool = False) -> int:
    """0 done (in a sweep a diverged run is a result), 1 failed or diverged, 130 interrupted."""
    if status == "interrupted":
        return INTERRUPTED
    return int(status == "failed" or (status == "diverged" and not multirun))


def help_text(overrides: list[str], config_name: str = "config") -> str:
    """The template hydra.help.template filled in. (Hydra's own --help takes seconds over its listing of choices.)"""
    from omegaconf import OmegaConf

    config = compose(overrides, config_name)
    groups = Groups(config_name)
    listing = "\n".join(f"  {group:<15} {', '.join(sorted(groups.choices(group)))}" for group in groups.names())
    keys = OmegaConf.create({key: config._get_node(key) for key in config if key != "hydra"})
    template = string.Template(config.hydra.help.template)
    return template.safe_substitute(APP_CONFIG_GROUPS=listing, CONFIG=OmegaConf.to_yaml(keys))


def _folder(args: argparse.Namespace) -> Path:
    return Path(args.config_path).resolve() if args.config_path else config_dir()


def conclude(outcomes: list[Any], multirun: bool, overrides: list[str]) -> int:
    """Show how runs ended and what to type next, name those that failed; returns the exit code."""
    from runner.records.console import closing_panel

    closing_panel(*outcomes, overrides=overrides)
    for outcome in outcomes:
        if outcome.status == "failed":
            print(
                f"runner: {outcome.folder} failed: {outcome.reason}; the traceback is in {outcome.folder}/train.log",
                file=sys.stderr,
            )
    return max((exit_code(outcome.status, multirun) for outcome in outcomes), default=0)


def _train(config: DictConfig, folder: Path, multirun: bool) -> int:
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    from runner.config.validate import validate

    tree: Any = OmegaConf.to_container(config, resolve=True)
    settings = validate(tree)
    from runner.execution import session

    outcomes = session.start([(settings, folder)], console=True)
    return conclude(outcomes, multirun, list(HydraConfig.get().overrides.task))


def _parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Hydra's parser; flags may stand between overrides. Returns also the flags alone."""
    from hydra._internal.utils import get_args_parser

    parser = get_args_parser()
    parser.prog = "runner"
    args = parser.parse_intermixed_args(arguments)
    left = list(args.overrides)
    flags = []
    for word in arguments:
        if word in left:
            left.remove(word)
        else:
            flags.append(word)
    return args, flags


def _output_folder(config: DictConfig, multirun: bool) -> str:
    """Make the output folder and return the override that tells Hydra."""
    kind = "sweep" if multirun or is_multirun(config) else "run"
    folder, key = str(config.hydra[kind].dir), f"hydra.{kind}.dir"
    made = make_numbered(folder, key) if _is_default(kind, config) else make_explicit(Path(folder), key)
    return f"{key}='{made}'"


def _is_default(kind: str, config: DictConfig) -> bool:
    """Whether the folder is the one of config.yaml, a pattern of date and time that a number makes unique."""
    from omegaconf import OmegaConf

    raw: Any = OmegaConf.to_container(config.hydra[kind], resolve=False)
    return raw["dir"] == f"{DEFAULT_FOLDER[kind]}${{now:%Y-%m-%d}}/${{now:%H-%M-%S}}"


def _call_hydra(task: Task, words: list[str]) -> None:
    """hydra.main over the words, which it reads from sys.argv."""
    import hydra

    from runner.config.store import store

    def runner(config):
        task(config)

    store()
    argv, sys.argv = sys.argv, ["runner", *words]
    try:
        hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="config")(runner)()
    finally:
        sys.argv = argv
