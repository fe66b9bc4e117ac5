"""Compiled functions on disk: each compiled once, nothing believed that is damaged, nothing needed that cannot be."""

import os
import subprocess
import sys

import numpy as np
import pytest

from runner.compiled import kept, kernels
from runner.compiled.door import Door
from runner.compiled.kernels import Kernel


def doubled(w, h):
    """The compiled form of a constraint."""
    for i in range(w.shape[0]):
        for j in range(w.shape[1]):
            w[i, j] *= w.dtype.type(2)


DOUBLED = Kernel(doubled, "constraint", "float32", called=True)


@pytest.fixture
def forgetful(tmp_path, monkeypatch):
    """A folder of kernels for one test, and what makes this process forget those that it has compiled."""
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "kernels")
    monkeypatch.setattr(kernels, "_made", {})  # what other tests have compiled stays theirs
    return lambda: kernels._made.clear()


def works() -> bool:
    """Whether the compiled function, taken or made, does what it says."""
    call, w = Door(kernels.make(DOUBLED)), np.ones((2, 3), np.float32)
    call(w, np.zeros(1, np.float32))
    return bool((w == 2).all())


def test_a_kernel_is_compiled_once_and_then_taken_from_the_disk(forgetful):
    assert kernels.missing([DOUBLED, DOUBLED]) == [DOUBLED]
    assert works() and kernels.missing([DOUBLED]) == []
    [path] = kept.kept()
    before = path.stat().st_mtime_ns
    forgetful()
    assert kernels.missing([DOUBLED]) == []
    assert works() and path.stat().st_mtime_ns == before
    assert kernels.missing([DOUBLED._replace(dtype="float64")]) != []
    assert kernels.missing([DOUBLED._replace(called=False)]) != []


def empty(content: bytes) -> bytes:
    return b""


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def noise(content: bytes) -> bytes:
    return os.urandom(len(content))


def one_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", [empty, half, noise, one_bit])
def test_a_damaged_kernel_is_compiled_again(forgetful, damage):
    assert works()
    [path] = kept.kept()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    forgetful()
    assert kernels.missing([DOUBLED]) == [DOUBLED]
    assert works()
    forgetful()
    assert kernels.missing([DOUBLED]) == [] and kept.read(path) is not None


def test_kernels_are_compiled_also_where_none_can_be_kept(forgetful, tmp_path):
    (tmp_path / "kernels").write_text("a file where the folder should be")
    assert not kept.writable()
    assert works() and kernels.missing([DOUBLED]) == []
    forgetful()
    assert kernels.missing([DOUBLED]) == [DOUBLED] and works()


def test_a_function_of_another_source_is_another_kernel(forgetful, monkeypatch):
    assert works()
    forgetful()
    monkeypatch.setattr(kept.inspect, "getfile", lambda function: kept.__file__)
    assert kernels.missing([DOUBLED]) == [DOUBLED]


def spacious(w, h):
    """A constraint that asks for memory."""
    space = np.empty_like(w)
    space[0, 0] = w.dtype.type(3)
    w[0, 0] = space[0, 0]


def test_code_that_asks_for_what_is_not_here_is_compiled_again(forgetful, capfd):
    kernel, w = Kernel(spacious, "constraint", "float32", called=True), np.zeros((1, 1), np.float32)
    kernels.make(kernel)
    [path] = kept.kept()
    content = kept.read(path)
    for other in (content.replace(b"NRT_MemInfo_alloc_aligned", b"NRT_MemInfo_nothing_hered"), b"no code"):
        assert other != content
        kept.save(path, other)
        forgetful()
        assert kernels.missing([kernel]) == [kernel]
        Door(kernels.make(kernel))(w, np.zeros(1, np.float32))
        assert w == 3
        forgetful()
        assert kernels.missing([kernel]) == []
    assert capfd.readouterr().err == ""


FRESH = """
import sys
import numpy as np
from runner.compiled import multiplier, products, row
from runner.compiled.kernels import address, compiled_as

multiplier.load()
address(products.times, "product", "float32")
x = np.arange(6.0).reshape(2, 3)
into = np.empty((3, 3))
compiled_as(products.transposed_times, "product", "float64")(x, x, into)
assert np.array_equal(into, x.T @ x)
print(row.norm_and_zeros(np.array([3.0, 0.0, 4.0])))
print([name for name in ("numba", "scipy.linalg") if name in sys.modules])
"""


WITH_PACKAGES = """
from runner.compiled import code
code._by_itself = lambda name: 1 / 0
"""


def test_where_modules_cannot_be_loaded_by_themselves_their_packages_are_imported():
    said = subprocess.run([sys.executable, "-c", WITH_PACKAGES + FRESH], capture_output=True, text=True)
    assert (said.stderr, said.stdout.splitlines()) == ("", ["(5.0, 1)", "['numba', 'scipy.linalg']"])


def test_what_is_kept_runs_without_a_compiler():
    said = [subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True) for _ in range(2)]
    assert [each.stderr for each in said] == ["", ""]
    assert said[1].stdout.splitlines() == ["(5.0, 1)", "[]"]
