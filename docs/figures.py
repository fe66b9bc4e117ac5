"""docs/figures from the commands that the pages show: `make figures`, or one with `python docs/figures.py NAME`.

Under a block of commands stands what the last of them has drawn. A page is the only place where these commands are
written; here stands where each leaves its figure.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
FOLDER = DOCS / "figures"
LEFT_AT = {  # figure -> where its commands leave it, from the folder in which they are typed
    "boundary.png": "outputs/20*/*/figures/boundary.png",
    "overfitting.png": "outputs/20*/*/figures/learning_curves.png",
    "trajectories.png": "outputs/diagnose/trajectories/*/figure.png",
    "bias_variance.png": "outputs/diagnose/bias_variance/*/figure.png",
    "l2_eigen.svg": "outputs/claims/l2_eigen/figure.svg",
    "ensemble.png": "outputs/20*/*/figures/ensemble.png",
}
SHOWN = re.compile(r"^```\n((?:(?!```).*\n)+)```\n\n!\[[^\]]+\]\(figures/([\w.]+)\)$", re.MULTILINE)


def shown() -> dict[str, list[str]]:
    """Figure -> the commands of the block above it, of all pages."""
    pages = [page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md"))]
    return {name: block.splitlines() for page in pages for block, name in SHOWN.findall(page)}


def make(name: str, commands: list[str]) -> None:
    """Type the commands in an empty folder and keep the figure that they leave."""
    with tempfile.TemporaryDirectory() as folder:
        for command in commands:
            words = shlex.split(command)[1:]
            subprocess.run([sys.executable, "-m", "runner", *words], cwd=folder, check=True)
        (left,) = Path(folder).glob(LEFT_AT[name])
        FOLDER.mkdir(exist_ok=True)
        shutil.copy(left, FOLDER / name)


if __name__ == "__main__":
    for name, commands in shown().items():
        if name in sys.argv[1:] or not sys.argv[1:]:
            make(name, commands)
