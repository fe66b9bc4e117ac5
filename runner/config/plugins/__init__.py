"""Code of the user: named by `--plugins FILE|MODULE` or RUNNER_PLUGINS, or by the entry points of installed packages.

Only who starts a process can name a plug-in; no configuration and no folder of a run can. The names stand in
RUNNER_PLUGINS, which every process started from here inherits. A file is imported as a module of this package: a worker
that is handed an object of its classes imports this package first, and with it what finds the file.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

VARIABLE = "RUNNER_PLUGINS"
FLAG = "--plugins"
OURS = Path(__file__).parents[2]  # where runner's own code lies
ROOMS = "runner.rooms"  # the group of entry points: the name is a group of choices, the value a module


def named() -> list[str]:
    """What RUNNER_PLUGINS names, each once: absolute paths of files, names of modules."""
    return list(dict.fromkeys(map(canonical, filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)))))


def name(sources: Iterable[str]) -> None:
    """Add plug-ins to RUNNER_PLUGINS; ConfigError for a path that cannot stand there."""
    more = [canonical(source) for source in sources]
    wrong = [source for source in more if os.pathsep in source]
    if wrong:
        raise ConfigError([f"{FLAG} {source}: {os.pathsep!r} separates plug-ins; rename the file" for source in wrong])
    if more:
        os.environ[VARIABLE] = os.pathsep.join(dict.fromkeys([*named(), *more]))


def installed() -> list[EntryPoint]:
    """The modules that installed packages add to our rooms."""
    if not any(map(_may_extend, sys.path)):
        return []
    from importlib.metadata import entry_points

    return sorted(entry_points(group=ROOMS), key=lambda point: point.value)


def _may_extend(place: str) -> bool:
    """Whether a package installed in a place of sys.path may name our rooms: to parse what all name takes longer."""
    folder = Path(place)
    try:
        files = list(folder.glob("*-*/entry_points.txt")) if folder.is_dir() else []
        return folder.is_file() or any(ROOMS.encode() in path.read_bytes() for path in files)  # a file: an archive
    except OSError:
        return True


def package_of(point: EntryPoint) -> str:
    """Who adds a module, for messages: package and version."""
    return f"package {point.dist.name} {point.dist.version}" if point.dist else "an installed package"


def is_file(source: str) -> bool:
    """Whether a plug-in is named by its file, not as a module."""
    return source.endswith(".py") or os.sep in source


def canonical(source: str) -> str:
    """A plug-in as it is remembered: the absolute path of a file, the name of a module."""
    return os.path.realpath(os.path.expanduser(source)) if is_file(source) else source


def shown(source: str) -> str:
    """A plug-in in a message or a command: a file below the working folder without the path to that."""
    path = Path(source)
    return str(path.relative_to(Path.cwd())) if is_file(source) and path.is_relative_to(Path.cwd()) else source


def command(*words: str) -> str:
    """A command to be typed in a shell: `runner WORDS`, with the plug-ins that this process was given."""
    return shlex.join(["runner", *flags(), *words])


def flags() -> list[str]:
    """What a command line needs so that the plug-ins of this process are imported."""
    return [word for source in named() for word in (FLAG, shown(source))]


def module_of(source: str) -> str:
    """The name of the module that a plug-in is."""
    if not is_file(source):
        return source
    stem, digest = re.sub(r"\W", "_", Path(source).stem), hashlib.sha256(source.encode()).hexdigest()
    return f"{__name__}.{stem}_{digest[:8]}"


def file_of(module: str) -> str | None:
    """The file of a module that is a plug-in named by its file."""
    return sys.modules[module].__file__ if module.startswith(f"{__name__}.") else None


class _Finder(MetaPathFinder):
    """Finds the files that RUNNER_PLUGINS names."""

    def find_spec(self, fullname, path=None, target=None) -> ModuleSpec | None:
        if not fullname.startswith(f"{__name__}."):
            return None
        files = {module_of(source): source for source in named() if is_file(source)}
        found = files.get(fullname)
        return spec_from_file_location(fullname, found, loader=Loader(fullname, found)) if found else None


class Loader(SourceFileLoader):
    """Compiles the very bytes whose hash it keeps, and writes no cache."""

    sha256 = ""

    def get_code(self, fullname):
        source = self.get_data(self.path)
        self.sha256 = hashlib.sha256(source).hexdigest()
        return self.source_to_code(source, self.path)


sys.meta_path.append(_Finder())


@contextmanager
def explained(source: str) -> Iterator[None]:
    """Whatever an import raises as a ConfigError: the error and the line of the plug-in, without a traceback."""
    _refuse_missing(source)
    try:
        yield
    except (Exception, SystemExit) as error:
        raise ConfigError(told(error, source)) from error


def _is_in(source: str, filename: str) -> bool:
    """Whether a file is that of a plug-in; of a module all is that is not runner's."""
    return filename == source if is_file(source) else not filename.startswith(f"{OURS}{os.sep}")


def _refuse_missing(source: str) -> None:
    if is_file(source) and not Path(source).is_file():
        raise ConfigError("is a folder; name a file in it" if Path(source).is_dir() else "no such file")


def told(error: BaseException, source: str) -> str:
    """What a plug-in raised, in one line that ends with the place in it."""
    if isinstance(error, ModuleNotFoundError) and error.name and f"{source}.".startswith(f"{error.name}."):
        file = Path(f"{source.replace('.', os.sep)}.py")
        return "no module of this name is installed" + (f"; for the file write {file}" if file.is_file() else "")
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<frozen")]
    own = [frame for frame in frames if _is_in(source, frame.filename)] or frames
    what = str(error) if isinstance(error, ConfigError) else traceback.format_exception_only(error)[-1].strip()
    return f"{what} ({own[-1].filename}:{own[-1].lineno})"
