"""The rules of each kind of device."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch

from runner.population.devices import CPU, CUDA, profile, ran_out


def test_a_device_is_known_by_its_name():
    assert profile("cpu") is CPU and profile(torch.device("cpu")) is CPU
    assert profile("cuda") is CUDA and profile(torch.device("cuda:3")) is CUDA
    with pytest.raises(FrozenInstanceError):
        CPU.cached = None


@pytest.mark.parametrize(("parameters", "rows"), [(9610, 64), (100_000, 10), (1 << 20, 1), (1 << 24, 1)])
def test_a_cpu_takes_side_by_side_what_fits_its_cache(parameters, rows):
    assert CPU.fitting("cpu", parameters, 4.0 * parameters, workers=2) == rows


@pytest.mark.parametrize(("free", "workers", "rows"), [(1e9, 1, 500), (1e9, 2, 250), (1e6, 1, 1)])
def test_a_gpu_takes_side_by_side_what_half_of_its_free_memory_holds(monkeypatch, free, workers, rows):
    asked = []
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: asked.append(device) or (int(free), 1 << 40))
    assert CUDA.fitting("cuda:1", 1 << 30, 1e6, workers) == rows
    assert asked == [torch.device("cuda:1")]


def test_lines_are_numbers_of_the_format_that_the_device_wants():
    places = np.arange(12).reshape(3, 4)[:, ::2]
    assert CPU.lines(places, torch.device("cpu")).dtype == torch.int64
    assert CPU.lines(places, torch.device("cpu")).tolist() == places.tolist()
    assert CUDA.index == "int32"


def test_only_a_device_without_memory_has_run_out():
    assert ran_out(torch.OutOfMemoryError("CUDA out of memory"))
    assert not ran_out(RuntimeError("out of memory")) and not ran_out(MemoryError())
