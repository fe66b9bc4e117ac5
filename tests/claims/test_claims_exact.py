"""Exact numbers of the lectures, to the digits given, as `runner claim NAME` finds them."""

import json

import pytest

from runner.cli import main

SERIAL = "hydra.launcher.executor=serial"
EXACT = {  # what `verdict.json` has to say, in order; numbers of the lectures or worked out apart from this program
    "l2_eigen": ("0.2414", "0.2557", "-0.0986", "0.3652", "0.2265", "0.5000", "0.6306"),
    "soft_threshold": ("0.3100", "0.6600", "0.0050", "0.2667", "0.3233", "0"),
    "early_stopping_is_l2": ("2.1", "9.5", "24.5"),
    "autoencoder_is_pca": ("0.270", "0.042"),
}


@pytest.mark.parametrize("name", EXACT)
def test_an_exact_claim_gives_these_digits(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["claim", name, SERIAL]) == 0
    record = json.loads((tmp_path / "outputs" / "claims" / name / "verdict.json").read_text())
    assert [each["text"].split(" ")[0] for each in record["findings"]] == list(EXACT[name])
    assert record["verdict"] == "holds"
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["claim", "here", "verdict"]
