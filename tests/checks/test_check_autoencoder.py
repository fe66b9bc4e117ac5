"""A network that gives back its inputs: the linear one is PCA (S17)."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA

import runner

WHOLE = {
    "dataset": "iris", "dataset.task": "autoencoder", "dataset.val_fraction": 0, "dataset.test_fraction": 0,
    "model.activation": "identity", "optimizer": "lbfgs", "trainer.batch_size": 150, "trainer.epochs": 200,
    "trainer.dtype": "float64", "early_stopping.patience": None, "early_stopping.restore_best": False,
    "early_stopping.monitor": "train/loss", "trainer.figures": False, "trainer.progress": False,
}  # fmt: skip
EXPECTED = {2: 0.041868, 1: 0.270376}  # units -> mean square of what is left


@pytest.mark.parametrize("units", EXPECTED)
def test_a_linear_autoencoder_leaves_what_principal_components_leave(tmp_path, units):
    [outcome] = runner.train([WHOLE | {"model.hidden": [units]}], outputs=tmp_path)
    x = load_iris().data
    z = (x - x.mean(0)) / x.std(0)
    pca = PCA(units).fit(z)
    left = z - pca.inverse_transform(pca.transform(z))
    train = outcome.summary["train"]
    assert round(float(np.square(left).mean()), 6) == EXPECTED[units] == round(train["loss"], 6)
    assert train["r2"] == pytest.approx(pca.explained_variance_ratio_.sum(), abs=1e-6)
    answers = runner.load(outcome.folder).predict(x)
    np.testing.assert_allclose((answers - x.mean(0)) / x.std(0), z - left, atol=1e-3)
