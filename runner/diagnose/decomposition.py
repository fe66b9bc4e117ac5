"""Expected error taken apart over draws of the training data.

Shapes: K networks, n examples, C classes.
"""

from __future__ import annotations

import numpy as np


def of_squares(predictions_Kn: np.ndarray, truth_n: np.ndarray) -> tuple[float, float]:
    """(bias^2, variance): mean_x (mean_k f_k - truth)^2 and mean_x var_k f_k.

    With the variance over K (not K - 1) their sum is exactly the mean of (f_k - truth)^2.
    """
    mean_n = predictions_Kn.mean(0)
    return float(np.mean((mean_n - truth_n) ** 2)), float(np.mean(predictions_Kn.var(0)))


def of_entropy(probabilities_KnC: np.ndarray, classes_n: np.ndarray) -> tuple[float, float]:
    """(bias, variance) of the cross entropy: mean_x -log q(y), q ~ exp(mean_k log p_k), and mean_x,k KL(q || p_k).

    Their sum is exactly the mean of -log p_k(y) (Yang et al. 2020, "Rethinking Bias-Variance Trade-off", section 2;
    Heskes 1998).
    """
    log_KnC = np.log(np.maximum(probabilities_KnC, np.finfo(np.float64).tiny))
    mean_nC = log_KnC.mean(0)
    total_n = np.log(np.exp(mean_nC - mean_nC.max(1, keepdims=True)).sum(1)) + mean_nC.max(1)
    q_nC = mean_nC - total_n[:, None]
    bias = -q_nC[np.arange(len(classes_n)), classes_n].mean()
    variance = np.mean((np.exp(q_nC) * (q_nC - log_KnC)).sum(-1))
    return float(bias), float(variance)
