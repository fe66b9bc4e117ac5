"""What a run is given in files besides its data: masks (`model.mask`), weights of another run (`model.init_from`), and
what techniques draw from (`augmentation.word_synonyms.file`).
"""

from __future__ import annotations

import functools
import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, is_zipfile

import numpy as np

from runner.config.conflicts.base import active
from runner.config.settings import FLAT_GROUPS, Settings, flat_key
from runner.errors import ConfigError, RunError
from runner.population.export import architecture, layout_of, load_state_dict
from runner.population.layout import Layout
from runner.records.checksums import MODEL, sha256
from runner.training.model_arrays import read_arrays


@dataclass
class Start:
    """The weights of another run, as its model file holds them: those that its network uses."""

    architecture: dict[str, Any]
    state: dict[str, np.ndarray]

    def copy(self, layout: Layout, theta: np.ndarray, buffers: np.ndarray) -> None:
        """Into one row, theta [P] and buffers [Q]."""
        load_state_dict(self.architecture, layout, self.state, theta, buffers)


def start(folder: str) -> Start:
    """The weights of a finished run; RunError if it has none that can be read."""
    path = Path(folder) / MODEL
    return _start(str(path), os.stat(path).st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _start(path: str, changed: int) -> Start:
    metadata, state = read_arrays(Path(path))
    return Start(json.loads(metadata["architecture"]), state)


def mask(path: str, layer: int, shape: tuple[int, ...]) -> np.ndarray:
    """The mask of a layer; ones if the file has none. ConfigError if it is of another shape, or not of 0 and 1."""
    found = _masks(path, os.stat(path).st_mtime_ns).get(layer, np.ones(shape))
    if problem := _wrong_mask(found, layer, shape):
        raise ConfigError(f"model.mask = {path}: {problem}")
    return found


@functools.lru_cache(maxsize=8)
def _masks(path: str, changed: int) -> dict[int, np.ndarray]:
    """Layer -> mask."""
    try:
        if not is_zipfile(path):
            raise ValueError("it is no .npz file")
        with np.load(path, allow_pickle=False) as file:
            return {_layer(name): np.asarray(file[name]) for name in file.files}
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise ConfigError(
            f"model.mask = {path}: cannot be read ({error}); it must be an .npz file with an array a layer, named "
            "0, 1, ..., as numpy.savez(path, **{'0': mask}) writes it"
        ) from error


def _layer(name: str) -> int:
    number = name.removeprefix("layer")
    if not number.isdecimal():
        raise ValueError(f"array {name!r} names no layer")
    return int(number)


def _wrong_mask(found: np.ndarray, layer: int, shape: tuple[int, ...]) -> str:
    if found.shape != shape:
        return f"the mask of layer {layer} has the shape {found.shape}, its weights have {shape} (units, inputs)"
    if found.dtype.kind not in "biuf" or not np.isin(found, (0, 1)).all():
        return f"the mask of layer {layer} holds other numbers than 0 and 1"
    return ""


def problems(run: Settings, inputs: int, outputs: int) -> list[str]:
    """What is wrong with the files that a run with so many inputs and outputs begins with, in words."""
    own, model = architecture(run, inputs, outputs), run.model
    found: list[str] = []
    for path, wrong in ((model.mask, _wrong_masks), (model.init_from, _wrong_start)):
        try:
            found += [] if path is None else wrong(path, own)
        except (ConfigError, RunError) as error:
            found.append(str(error))
    return found


def _wrong_masks(path: str, own: dict[str, Any]) -> Iterator[str]:
    if not os.path.isfile(path):
        yield f"model.mask = {path}: {'is a folder; name an .npz file' if os.path.isdir(path) else 'no such file'}"
        return
    layout = layout_of(own)
    for layer, found in sorted(_masks(path, os.stat(path).st_mtime_ns).items()):
        weight = layout.slots.get(f"{layer}.weight")
        wrong = _wrong_mask(found, layer, weight.shape) if weight else f"there is no layer {layer}"
        if wrong:
            yield f"model.mask = {path}: {wrong}; the layers of {_words(own)} are 0 to {layout.layers - 1}"


def _wrong_start(folder: str, own: dict[str, Any]) -> Iterator[str]:
    key = f"model.init_from = {folder}"
    if not os.path.isfile(os.path.join(folder, MODEL)):
        yield f"{key}: holds no {MODEL}; name the folder of a finished run, such as outputs/<date>/<time>-<n>"
        return
    other = start(folder).architecture
    if _tensors(other) != _tensors(own):
        ends = [(each["widths"][0], each["widths"][-1]) for each in (other, own)]
        way = "choose the same model.* keys" if ends[0] == ends[1] else "take a run on data like these"
        yield f"{key}: its network is {_words(other)}, this one {_words(own)}; {way}"


def _tensors(network: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Name -> shape of what a model file holds of an architecture."""
    layout = layout_of(network)
    return {name: slot.shape for slots in (layout.slots, layout.buffers) for name, slot in slots.items()}


def _words(network: dict[str, Any]) -> str:
    """An architecture as far as its tensors depend on it: 64-128-10 (relu, norm none, biases)."""
    biases = "biases" if network.get("bias", True) else "no biases"
    return f"{'-'.join(map(str, network['widths']))} ({network['activation']}, norm {network['norm']}, {biases})"


def digests(run: Settings) -> dict[str, str]:
    """Key -> SHA-256 of the content of the file that it names, of what a run is given besides its data."""
    folder = run.model.init_from
    files = {"model.mask": run.model.mask, "model.init_from": folder and os.path.join(folder, MODEL)}
    for group in FLAT_GROUPS:
        for entry, *_ in active(run, group):
            keys = (flat_key(entry, key) for key, option in entry.options.items() if option.file)
            files |= {key: run.value(key) for key in keys}
    return {key: sha256(Path(path).read_bytes()) for key, path in files.items() if path}
