"""`runner [OVERRIDES]`: Hydra's command line, after everything on it has been checked.

The order: parse and check all overrides, lock the output folder, then let Hydra compose, write .hydra/ and call the
task.
"""

from __future__ import annotations

import argparse
import os
import string
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.commands import COMMANDS
from runner.commands.conclude import conclude, exit_code
from runner.commands.folder_lock import clean, has_trained, hold
from runner.commands.messages import INTERRUPTED, report, report_to
from runner.commands.parser import with_way_out
from runner.config import plugins
from runner.config.compose import Groups, compose, hydra_ready
from runner.config.launchers import answer_to_stock_names, cluster_of
from runner.config.location import config_dir
from runner.config.overrides import parse_word
from runner.config.store import RUN_DIR, SWEEP_DIR, store
from runner.config.words import key_of, spelled, word
from runner.errors import ConfigError, DataError, RunError
from runner.records.command import Command
from runner.records.folders import find_run, make_numbered
from runner.records.run_folder import LIST, LOG

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from omegaconf import DictConfig

    from runner.config.compose import Composer
    from runner.config.settings import Settings
    from runner.execution.session import Session, Watch
    from runner.plan.command_line import CommandLine
    from runner.training.outcome import Outcome

EXTEND, DRY_RUN, ALL, DETACH = "--extend", "--dry-run", "--all", "--detach"
DETACHED = "++hydra.launcher.detach=true"
STARTS_FROM, LAST = "model.init_from", "last"  # a key that names a run, and the run that was started last
OURS = (EXTEND, DRY_RUN, DETACH)  # flags that Hydra does not know
DEFAULT_FOLDER = {"run": RUN_DIR, "sweep": SWEEP_DIR}


def run(arguments: list[str]) -> int:
    """Train what the command line says; with --cfg, --help, --info or --shell-completion, let Hydra answer."""
    extend, dry = EXTEND in arguments, DRY_RUN in arguments
    args, flags = _parse([word for word in arguments if word not in OURS and (word != ALL or not dry)])
    if args.help:
        with hydra_ready(_folder(args), args.config_dir):
            print(help_text(list(args.overrides), args.config_name or "config"))
        return 0
    asks = args.hydra_help or args.shell_completion or args.info is not None
    task = Task()
    if asks or args.experimental_rerun is not None:
        _call_hydra(task, [*flags, *args.overrides])
        return task.exit_code()
    kind = {"extend": extend, "dry": dry, "everything": ALL in arguments, "detach": DETACH in arguments}
    return _checked(task, args, flags, **kind)


def _checked(
    task: Task,
    args: argparse.Namespace,
    flags: list[str],
    *,
    extend: bool = False,
    dry: bool = False,
    everything: bool = False,
    detach: bool = False,
) -> int:
    """Show, plan or train what the words say, once all of them have been checked."""
    from runner.plan.command_line import read_command_line

    with hydra_ready(_folder(args), args.config_dir):
        line = read_command_line(
            [last_named(each) for each in args.overrides],
            multirun=args.multirun,
            config_name=args.config_name or "config",
            commands=COMMANDS,
            flags=Command((), (), args.config_path or "", args.config_name or "", args.config_dir or "").flags(),
        )
    if detach:
        line.words.append(_detached(line))
    for note in line.notes:
        print(f"runner: {note}", file=sys.stderr)
    if args.cfg:
        _call_hydra(task, [*flags, *line.words])
    elif dry:
        from runner.commands.dry_run import preview

        return preview(line, everything)
    else:
        if line.remarks:
            print("\n".join(line.remarks))
        if line.together:  # other launchers may send the task to other processes
            _say_repeated(line)
            task.composer = line.composer
        _start(task, line.config, [*flags, *line.words], line.multirun, extend)
    return task.exit_code()


def _detached(line: CommandLine) -> str:
    """The word that has the launcher leave its tasks; ConfigError if it has none."""
    if not line.multirun or cluster_of(line.config.hydra.launcher) is None:
        raise ConfigError(
            f"{DETACH}: only tasks of a cluster go on by themselves; add -m and hydra/launcher=submitit_slurm"
        )
    return DETACHED


def last_named(given: str) -> str:
    """A word, with the folder of the run that was started last in the place of `last` if its key names a run."""
    key, _, value = given.partition("=")
    if key_of(given) != STARTS_FROM or LAST not in value.split(","):
        return given
    folder = spelled(os.path.abspath(find_run(LAST)))
    return f"{key}={','.join(folder if each == LAST else each for each in value.split(','))}"


def _say_repeated(line: CommandLine) -> None:
    from runner.plan.duplicates import describe, repeated

    if repeating := describe(line.settings, repeated(line.settings)):
        print(repeating)


class Task:
    """What Hydra calls once a job: remembers what came of it, so that no exception reaches Hydra."""

    def __init__(self, multirun: bool = False):
        self.codes: list[int] = []  # of jobs that were stopped
        self.statuses: list[str] = []  # of runs that ended
        self.multirun = multirun
        self.composer: Composer | None = None  # has checked the jobs of the command line
        self.refused: list[Path] = []  # folders of jobs whose configuration or data would not do

    def __call__(self, config: DictConfig) -> None:
        from hydra.core.hydra_config import HydraConfig

        folder = Path(HydraConfig.get().runtime.output_dir)
        self.multirun = str(HydraConfig.get().mode).endswith("MULTIRUN")
        self.attempt(folder, lambda: _train(config, folder))
        if self.multirun and INTERRUPTED in self.codes:
            raise KeyboardInterrupt

    def attempt(self, folder: Path, train: Callable[[], list[Outcome]]) -> None:
        """Train something in `folder` and note how its runs ended; whatever stops it is reported."""
        try:
            self.statuses += [outcome.status for outcome in train()]
        except Exception as error:  # noqa: BLE001 a run that fails harms itself only; the traceback goes to its log
            self.codes.append(self._report(error, folder))

    def screen(self, session: Session) -> AbstractContextManager[Watch]:
        """What a sweep that trains as populations is shown by."""
        from runner.screen.sweep import display

        return display(session)

    def ended(self, outcomes: list[Outcome], root: Path) -> None:
        """A sweep that trained as populations has ended."""
        from runner.screen.sweep import conclude_sweep

        conclude_sweep(outcomes, root)
        self.multirun = True
        self.statuses += [outcome.status for outcome in outcomes]

    def _report(self, error: Exception, folder: Path) -> int:
        """Say what stopped a job; returns the exit code. One that never began to train leaves nothing in its folder."""
        if not isinstance(error, (ConfigError, DataError)) or has_trained(folder):
            return report_to(error, folder / LOG)
        report(error)
        self.refused.append(folder)
        return error.exit_code

    def exit_code(self) -> int:
        """The worst: 130 interrupted, 2 configuration or data, 1 failed or none trained to its end, 0 done."""
        return max([*self.codes, exit_code(self.statuses, self.multirun)])

    def clean(self, root: Path, made: bool) -> None:
        """Remove what refused jobs left, and `root` (of the run or the sweep) if all were refused."""
        for folder in self.refused:
            if folder.resolve() != root.resolve():
                clean(folder, made=True)
        if len(self.refused) == len(self.codes) and not self.statuses:
            clean(root, made)


class _Unsaid(Task):
    """A sweep whose end somebody else tells of."""

    def ended(self, outcomes: list[Outcome], _root: Path) -> None:
        """Note how its runs ended."""
        self.statuses += [outcome.status for outcome in outcomes]


def sweep(words: Sequence[str], folder: Path) -> None:
    """Train the sweep of these words in `folder`, without a word about what came of it.

    Raises ConfigError or DataError if it is refused.
    """
    args, flags = _parse(["-m", *words, word("hydra.sweep.dir", str(folder))])
    _checked(_Unsaid(), args, flags)


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
    return Path(args.config_path) if args.config_path else config_dir()


def _train(config: DictConfig, folder: Path) -> list[Outcome]:
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    from runner.config.presets import names_chosen
    from runner.config.validate import validate

    tree: Any = OmegaConf.to_container(config, resolve=True)
    settings = validate(tree)
    settings.chosen = names_chosen(settings, HydraConfig.get().runtime.choices)
    from runner.execution.start import start
    from runner.screen.run import run_screen

    outcomes = start(settings, folder, run_screen, pictured=True)
    conclude(outcomes, _command(settings, config, HydraConfig.get()))
    return outcomes


def _command(settings: Settings, config: DictConfig, node: Any) -> Command:
    """The command that trains the run again: as it was typed, unless with -m it would sweep over more."""
    from runner.execution.repeat_command import by_settings
    from runner.plan.sweeper import OURS as SWEEPERS

    sweeper = node.sweeper
    plain = SWEEPERS.get(sweeper.get("_target_")) == "grid" and not sweeper.get("params") and not sweeper.get("zip")
    return Command.of(node) if plain and "seed" in config else by_settings(settings)


def _parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Hydra's parser; flags may stand between overrides. Returns also the flags alone, as Hydra is to read them.

    Their paths are absolute: Hydra would look for a relative --config-path next to this file. ConfigError for flags of
    which Hydra does one only.
    """
    from hydra._internal.utils import get_args_parser

    parser = get_args_parser()
    parser.prog = "runner"
    known = [flag for action in parser._actions for flag in action.option_strings]

    def refuse(message: str):
        raise ConfigError(with_way_out(message, [*known, *OURS, ALL, plugins.FLAG], "runner"))

    parser.error = refuse  # type: ignore[method-assign, assignment]
    args = parser.parse_intermixed_args(arguments)
    given = {"-m": args.multirun, "--run": args.run, "--cfg": args.cfg, "--info": args.info is not None}
    asked = [flag for flag, value in given.items() if value]
    if len(asked) > 1:
        raise ConfigError(f"{' and '.join(asked)}: each asks for something else; leave one out")
    for place in ("config_path", "config_dir"):
        if folder := getattr(args, place):
            setattr(args, place, os.path.abspath(os.path.expanduser(folder)))
    flags = []
    for action in parser._actions:
        value = getattr(args, action.dest, action.default)
        if action.option_strings and value != action.default:
            flags += [action.option_strings[0], *([] if value is True else [value])]
    return args, flags


def _start(task: Task, config: DictConfig, words: list[str], sweep: bool, extend: bool) -> None:
    """Let Hydra run the jobs in a folder that is this process's alone."""
    kind = "sweep" if sweep else "run"
    folder, key = Path(str(config.hydra[kind].dir)), f"hydra.{kind}.dir"
    if "${" in str(folder):  # Hydra resolves it once more wherever it reads it
        raise ConfigError(f"{key} = {folder}: a folder of this name cannot be passed on; choose one without ${{")
    if folder == Path():
        raise ConfigError(f"{key} is empty: name a folder for the run, such as {key}=outputs/mine")
    made = not folder.exists()
    if extend:
        _check_extend(folder, sweep)
    elif _is_default(kind, config):
        name = None if sweep and _names_differ(config, words) else config.name
        folder, made = make_numbered(str(folder), key, name), True
    with hold(folder, key, extend=extend):
        try:
            _call_hydra(task, [*words, word(key, str(folder))])
        except (ConfigError, DataError):  # a sweep refused as a whole
            if not extend:
                clean(folder, made)
            raise
        if not extend:
            task.clean(folder, made)


def _check_extend(folder: Path, sweep: bool) -> None:
    """ConfigError unless the command line names a sweep that can grow."""
    if not sweep:
        raise ConfigError(f"{EXTEND}: adds runs to a sweep; add -m, and name it with hydra.sweep.dir=FOLDER")
    if not (folder / LIST).is_file():
        raise ConfigError(
            f"{EXTEND}: hydra.sweep.dir = {folder} holds no sweep; name the folder of the sweep to extend"
        )


def _names_differ(config: DictConfig, words: list[str]) -> bool:
    """Whether the jobs of a sweep may have different names, so that the sweep has none."""
    swept = [parse_word(word) for word in words if word.lstrip("+").startswith("name=")]
    return any(each.is_sweep_override() for each in swept) or "name" in (config.hydra.sweeper.get("params") or {})


def _is_default(kind: str, config: DictConfig) -> bool:
    """Whether the folder is the one by default, a pattern of date and time that a number makes unique."""
    from omegaconf import OmegaConf

    raw: Any = OmegaConf.to_container(config.hydra[kind], resolve=False)
    return raw["dir"] == DEFAULT_FOLDER[kind]


def _call_hydra(task: Task, words: list[str]) -> None:
    """hydra.main over the words, which it reads from sys.argv; its exceptions as messages instead of its tracebacks."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    def runner(config):
        task(config)

    runner.screen = task.screen  # type: ignore[attr-defined]
    runner.ended = task.ended  # type: ignore[attr-defined]  # how the launcher of populations tells what came of a sweep
    runner.composer = task.composer  # type: ignore[attr-defined]  # spares it composing what has been checked

    store()
    answer_to_stock_names()
    argv, sys.argv = sys.argv, ["runner", *words]
    before = os.environ.get("HYDRA_FULL_ERROR")
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="config")(runner)()
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(str(error)) from error
    except OSError as error:  # what Hydra writes before the run begins
        where = error.filename or "the output folder"
        raise RunError(f"can't write {where}: {error.strerror}; free some space or choose another disk.") from error
    finally:
        sys.argv = argv
        os.environ.pop("HYDRA_FULL_ERROR")
        if before is not None:
            os.environ["HYDRA_FULL_ERROR"] = before
