"""Fashion-MNIST: 70,000 photographs of clothes, 28x28 grey pixels, 10 classes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from runner.config.registry import choice, register, text
from runner.data.idx import find_idx, read_idx
from runner.data.sources.base import RawTable, Source
from runner.errors import DataError

LABELS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
INSTALLED = "/usr/share/datasets/fashion-mnist"  # where Debian's dataset-fashion-mnist puts it
TEST_IMAGES = 10_000


@register("dataset", "fashion_mnist", paper="Xiao, Rasul & Vollgraf 2017")
@dataclass
class FashionMNIST(Source):
    """60,000 training and 10,000 test images of clothes; validation is cut from the 60,000, the t10k images are the
    test split.

    Read from the IDX files in `dataset.dir` (Debian: dataset-fashion-mnist); if that folder does not exist, from OpenML
    through scikit-learn, which keeps a copy. With scaling "none" the pixels are divided by 255; all pixels then share
    one scale and every split shares one table.
    """

    brings = ("test",)

    dir: str = text(
        INSTALLED, kind="structural", help="folder with the four IDX files, plain or .gz; if absent: OpenML"
    )
    scaling: str = choice("none", "standardize", "minmax", "none", kind="index", help="none divides the pixels by 255")

    def read(self) -> RawTable:
        """The table; DataError for a truncated file, or if there is neither folder nor network."""
        import numpy as np

        folder = Path(self.dir).expanduser()
        images, codes, tests = _from_idx(folder) if folder.is_dir() else _from_openml(folder)
        return RawTable(
            numeric_ND=images.reshape(len(images), -1),
            target=codes.astype(np.int64),
            task="classification",
            numeric_names=[f"pixel{i + 1}" for i in range(images[0].size)],
            sha256=hashlib.sha256(images.tobytes() + codes.tobytes()).hexdigest(),
            target_name="label",
            labels=list(LABELS),
            split=np.repeat(np.array(["train", "test"], object), [len(images) - tests, tests]),
            image_shape=(1, 28, 28),
            divisor=255.0,
        )


def _from_idx(folder: Path):
    """(images [N, 28, 28], codes [N], number of test images), training images first."""
    import numpy as np

    parts = [_pair(folder, stem) for stem in ("train", "t10k")]
    images, codes = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return images, codes, len(parts[1][1])


def _pair(folder: Path, stem: str):
    image_file, label_file = (
        find_idx(folder, f"{stem}-images-idx3-ubyte"),
        find_idx(folder, f"{stem}-labels-idx1-ubyte"),
    )
    images, codes = read_idx(image_file, 3), read_idx(label_file, 1)
    if images.shape[1:] != (28, 28):
        raise DataError(f"{image_file} holds images of {images.shape[1]}x{images.shape[2]} pixels, expected 28x28.")
    if len(images) != len(codes) or not len(codes):
        raise DataError(f"{image_file} holds {len(images):,} images but {label_file} {len(codes):,} labels.")
    if codes.max() >= len(LABELS):
        raise DataError(f"{label_file} holds the label {codes.max()}, expected 0 to {len(LABELS) - 1}.")
    return images, codes


def _from_openml(folder: Path):
    """The same from OpenML, where the last 10,000 images are the test images."""
    import numpy as np
    from sklearn.datasets import fetch_openml

    try:
        bunch = fetch_openml("Fashion-MNIST", version=1, as_frame=False)
    except OSError as error:  # URLError, HTTPError, timeouts
        raise DataError(
            f"dataset.dir={folder} does not exist and OpenML cannot be reached ({error}). "
            "Install Debian's package dataset-fashion-mnist, or set dataset.dir to a folder with the four IDX files."
        ) from error
    return bunch.data.astype(np.uint8).reshape(-1, 28, 28), bunch.target.astype(np.uint8), TEST_IMAGES
