"""MNIST: 70,000 handwritten digits, 28x28 grey pixels, 10 classes."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.data.sources.idx_images import IdxImages


@register("dataset", "mnist", paper="LeCun, Bottou, Bengio & Haffner 1998")
@dataclass
class MNIST(IdxImages):
    """60,000 training and 10,000 test images of handwritten digits; validation is cut from the 60,000, the t10k images
    are the test split.

    Read from the IDX files in `dataset.dir`; without them from OpenML (mnist_784) through scikit-learn, which keeps a
    copy. With scaling "none" the pixels are divided by 255.
    """

    classes = tuple("0123456789")
    openml = "mnist_784"
