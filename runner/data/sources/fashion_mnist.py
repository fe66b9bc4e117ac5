"""Fashion-MNIST: 70,000 photographs of clothes, 28x28 grey pixels, 10 classes."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register, text
from runner.data.sources.idx_images import IdxImages

LABELS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
INSTALLED = "/usr/share/datasets/fashion-mnist"  # where Debian's dataset-fashion-mnist puts it


@register("dataset", "fashion_mnist", paper="Xiao, Rasul & Vollgraf 2017")
@dataclass
class FashionMNIST(IdxImages):
    """60,000 training and 10,000 test images of clothes; validation is cut from the 60,000, the t10k images are the
    test split.

    Read from the IDX files in `dataset.dir` (Debian: dataset-fashion-mnist); if that folder does not exist, from OpenML
    through scikit-learn, which keeps a copy. With scaling "none" the pixels are divided by 255; all pixels then share
    one scale and every split shares one table.
    """

    classes = tuple(LABELS)
    openml = "Fashion-MNIST"
    elsewhere = "install Debian's package dataset-fashion-mnist, or "

    dir: str | None = text(
        INSTALLED, optional=True, help="folder with the four IDX files, plain or .gz; if absent: OpenML"
    )
