"""Damaged checkpoints and configurations: said with the file and the fix, never taken for whole."""

from __future__ import annotations

import numpy as np
import pytest
from interrupting import resume

from runner.errors import RunError
from runner.training import checkpoint


def test_a_flipped_bit_anywhere_is_found_or_harmless(resumable, tmp_path):
    path = resumable / "checkpoint.safetensors"
    data = path.read_bytes()
    tensors, rows = checkpoint.read(path)
    damaged = tmp_path / "damaged.safetensors"
    found, places = 0, range(0, len(data), 61)
    for at in places:
        damaged.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        try:
            others, same = checkpoint.read(damaged)
        except RunError as error:
            assert str(damaged) in str(error)
            found += 1
            continue
        assert same == rows
        assert all(np.array_equal(others[name], tensor) for name, tensor in tensors.items())
    assert found > 0.98 * len(places)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\x80\x81", "damaged"),
        (b"a: [1", "damaged"),
        (b"a: ${b", "damaged"),
        (b"just words", "damaged"),
        ("half", "incomplete"),
        ("typo", "optimiser"),
    ],
)
def test_a_damaged_configuration_is_said(resumable, capsys, content, said):
    path = resumable / ".hydra" / "config.yaml"
    whole_file = path.read_bytes()
    lines = whole_file.splitlines(keepends=True)
    half = b"".join(lines[: len(lines) // 2])
    special = {"half": half, "typo": whole_file.replace(b"optimizer:", b"optimiser:")}
    path.write_bytes(special.get(content, content))
    code, text = resume(resumable, capsys)
    assert code == 2
    assert str(path) in text
    assert said in text
    assert (resumable / "checkpoint.safetensors").exists()
