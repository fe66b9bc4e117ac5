"""What MNIST and its likes share: four IDX files, or the same from OpenML."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from runner.config.registry import choice, text
from runner.data.sources.base import RawTable, Source
from runner.errors import DataError

SIDE = 28
TEST_IMAGES = 10_000
FILES = "set dataset.dir to a folder with the files {train,t10k}-images-idx3-ubyte and {train,t10k}-labels-idx1-ubyte."


@dataclass
class IdxImages(Source):
    """Grey images of 28x28 pixels: validation is cut from the training images, the t10k images are the test split.

    Read from the IDX files in `dataset.dir`; without them from OpenML through scikit-learn, which keeps a copy. With
    scaling "none" the pixels are divided by 255; all pixels then share one scale and every split shares one table.
    """

    brings = ("test",)
    image_shape = (1, SIDE, SIDE)
    classes: ClassVar[tuple[str, ...]]  # their labels by code
    openml: ClassVar[str]  # its name there; version 1, the last 10,000 are the test images
    elsewhere: ClassVar[str] = ""  # where else the files can be had

    dir: str | None = text(None, optional=True, help="folder with the four IDX files, plain or .gz; if absent: OpenML")
    scaling: str = choice(
        "none",
        "standardize",
        "minmax",
        "minmax_symmetric",
        "none",
        kind="index",
        help="none divides the pixels by 255; minmax to [0, 1], minmax_symmetric to [-1, 1], each pixel for itself",
    )

    def read(self) -> RawTable:
        """The table; DataError for a truncated file, or if there is neither folder nor network."""
        import numpy as np

        folder = Path(self.dir).expanduser() if self.dir else None
        found = folder is not None and folder.is_dir()
        images, codes, tests, notes = self._from_idx(folder) if folder and found else self._from_openml(folder)
        return RawTable(
            numeric_ND=images.reshape(len(images), -1),
            target=codes.astype(np.int64),
            task="classification",
            numeric_names=[f"pixel{i + 1}" for i in range(images[0].size)],
            sha256=hashlib.sha256(images.tobytes() + codes.tobytes()).hexdigest(),
            target_name="label",
            labels=list(self.classes),
            split=np.repeat(np.array(["train", "test"], object), [len(images) - tests, tests]),
            image_shape=self.image_shape,
            divisor=255.0,
            notes=notes,
        )

    def _from_idx(self, folder: Path):
        """(images [N, 28, 28], codes [N], number of test images, notes), training images first."""
        import numpy as np

        parts = [self._pair(folder, stem) for stem in ("train", "t10k")]
        images, codes = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return images, codes, len(parts[1][1]), []

    def _pair(self, folder: Path, stem: str):
        from runner.data.idx import find_idx, read_idx

        image_file = find_idx(folder, f"{stem}-images-idx3-ubyte")
        label_file = find_idx(folder, f"{stem}-labels-idx1-ubyte")
        images, codes = read_idx(image_file, 3), read_idx(label_file, 1)
        if images.shape[1:] != (SIDE, SIDE):
            raise DataError(
                f"{image_file} holds images of {images.shape[1]}x{images.shape[2]} pixels, expected {SIDE}x{SIDE}."
            )
        if len(images) != len(codes) or not len(codes):
            raise DataError(f"{image_file} holds {len(images):,} images but {label_file} {len(codes):,} labels.")
        if codes.max() >= len(self.classes):
            raise DataError(f"{label_file} holds the label {codes.max()}, expected 0 to {len(self.classes) - 1}.")
        return images, codes

    def _from_openml(self, folder: Path | None):
        """The same from OpenML."""
        import numpy as np

        from runner.data.openml import fetch

        missing = f"dataset.dir={folder} does not exist" if folder else "dataset.dir is not set"
        bunch, notes = fetch(
            {"name": self.openml, "version": 1},
            as_frame=False,
            parser="pandas",
            read_csv_kwargs={"dtype": None},  # else digits as categories, on which scikit-learn's parser fails
            otherwise=f"{missing}: {self.elsewhere}{FILES}",
        )
        images, codes = bunch.data.astype(np.uint8).reshape(-1, SIDE, SIDE), bunch.target.astype(np.uint8)
        return images, codes, TEST_IMAGES, [f"{missing}: read from OpenML ({self.openml})", *notes]
