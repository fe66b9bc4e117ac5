"""Initial weights, checkpoints, model files and metrics are NumPy arrays: what handles them does not import torch."""

import json
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy
import torch

from runner.errors import DamagedError
from runner.population.arrays import as_tensors
from runner.training import checkpoint
from runner.training.checksum import TYPES, canonical, digest, to_bytes

CODE = """
import sys
from pathlib import Path
from types import SimpleNamespace as Some
import numpy as np
from runner.config.settings import default_tree
from runner.config.validate import validate
from runner.optimizers import clipping
from runner.population import arrays, draws, links, members
from runner.population.initial import initial_buffers, initial_theta
from runner.population.layout import Layout
from runner.training import checkpoint
from runner.training.metrics.averages import Accuracy, MeanLoss
from runner.training.metrics.base import Chunk, Whole
from runner.training.metrics.classes import BalancedAccuracy
from runner.training.model_file import model_bytes

settings = validate(default_tree())
layout = Layout([64, *settings.model.hidden, 10], settings.model.layers(), aligned=False)
theta, buffers = initial_theta(layout, [1, 2], "torch"), initial_buffers(layout, 2)
checkpoint.write(Path("checkpoint"), {"theta": theta, "buffers": buffers}, [{"epoch": 1}])
read, rows = checkpoint.read(Path("checkpoint"))
assert np.array_equal(read["theta"], theta) and rows == checkpoint.rows(Path("checkpoint")) == [{"epoch": 1}]
ended = dict(kept={"epoch": 1}, last={"epoch": 2}, status="completed", reason="")
trial = Some(settings=settings, data=Some(encoding_json="{}"), **ended)
guess = np.zeros((2, 1), np.int64)
chunk = Chunk(theta[:, None, :10], theta[:, :1], guess, guess, "softmax")
for metric in (MeanLoss(), Accuracy(), BalancedAccuracy()):
    assert metric.value(metric.collect(chunk), Whole(None, chunk.answers)).shape == (2,)
assert len(model_bytes(Some(layout=layout, theta=theta, buffers=buffers), 1, trial)) > 4 * layout.parameters
print(sorted(name for name in sys.modules if name.split(".")[0] == "torch"))
"""


def test_what_a_run_begins_with_and_leaves_behind_needs_no_torch(tmp_path):
    done = subprocess.run([sys.executable, "-c", CODE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr


def states() -> dict[str, torch.Tensor]:
    """Every kind of tensor that is kept: of several formats, empty, of no dimension, seen from the side, no number."""
    random = torch.Generator().manual_seed(1)
    return {
        "theta": torch.randn(3, 5, generator=random),
        "buffers": torch.zeros(3, 0),
        "average.theta": torch.randn(5, 3, generator=random, dtype=torch.float64).T,
        "count": torch.tensor(7),
        "mask": torch.tensor([True, False]),
        "nan": torch.tensor([1.0, -torch.nan]),
    }


def test_a_checkpoint_of_tensors_and_of_arrays_is_the_same(tmp_path):
    arrays = {name: tensor.numpy() for name, tensor in states().items()}
    for name, state in (("tensors", states()), ("arrays", arrays)):
        checkpoint.write(tmp_path / name, state, [{"a": 1}])
        read, rows = checkpoint.read(tmp_path / name)
        assert rows == [{"a": 1}] and read.keys() == arrays.keys()
        for key, array in arrays.items():
            np.testing.assert_array_equal(read[key], array, strict=True)
            assert torch.equal(as_tensors(read)[key].nan_to_num(9), states()[key].nan_to_num(9))


def test_the_checksum_is_that_of_versions_which_kept_tensors():
    """As they worked it out, so that their checkpoints and models are still read."""
    import hashlib

    expected = hashlib.sha256(b"plain")
    for name, tensor in sorted(states().items()):
        tensor = tensor.masked_fill(tensor.isnan(), torch.nan) if tensor.is_floating_point() else tensor
        expected.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        expected.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    assert digest(canonical(states()), "plain") == expected.hexdigest()


@pytest.mark.parametrize("kind", [b"BF16", b"F8_E4M3"])
def test_a_type_that_numpy_has_not_is_damage(kind, tmp_path):
    path = tmp_path / "checkpoint"
    checkpoint.write(path, {"a": np.zeros(2, np.float16 if kind == b"BF16" else np.uint8)}, [])
    data = path.read_bytes()
    header = data[8 : 8 + int.from_bytes(data[:8], "little")]
    changed = header.replace(b'"F16"', b'"BF16"').replace(b'"U8"', b'"F8_E4M3"').rstrip()
    path.write_bytes(len(changed).to_bytes(8, "little") + changed + data[8 + len(header) :])
    with pytest.raises(DamagedError, match="the checkpoint is damaged"):
        checkpoint.read(path)


def test_files_of_tensors_are_those_of_safetensors_with_metadata_in_order():
    random = np.random.default_rng(0)
    shapes = {"a": (2, 3), "10.weight": (5,), "z": (), "none": (0,), "\u00e9": (4, 1, 2)}
    arrays = {f"{n}.{t}": np.asarray(9 * random.random(s)).astype(t) for t in TYPES for n, s in shapes.items()}
    metadata = {"b": 'x"\u00e9', "a": "1"}
    ours, theirs = to_bytes(arrays, metadata), safetensors.numpy.save(arrays, metadata)
    (header, tensors), (other, others) = parts(ours), parts(theirs)
    assert tensors == others and list(header["__metadata__"]) == sorted(metadata)
    assert header == other and [*header] == [*other]
    assert to_bytes(dict(reversed(arrays.items())), dict(reversed(metadata.items()))) == ours


def parts(data: bytes) -> tuple[dict, bytes]:
    """The header of a file of tensors, and the tensors."""
    end = 8 + int.from_bytes(data[:8], "little")
    assert end % 8 == 0
    return json.loads(data[8:end]), data[end:]
