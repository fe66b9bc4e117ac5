"""`runner predict DIR INPUT --out FILE`: what a trained network says about each row of a table."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.commands.folders import find_run
from runner.errors import ConfigError, RunError

if TYPE_CHECKING:
    import pandas as pd

PARQUET = (".parquet", ".pq")


def run(arguments: list[str]) -> int:
    """Write the input columns + prediction (+ prob_<label>); print the score if the target is among the columns."""
    args = _parser().parse_args(arguments)
    source, out = Path(args.input), Path(args.out)
    _check_out(source, out)
    folder = find_run(args.dir)
    import runner
    from runner.data.files import data_path
    from runner.data.frames import read_frame

    model = runner.load(folder)
    frame, _ = read_frame(data_path(source, "INPUT"), model.encoding.text_columns)
    for note in model.encoding.transform_with_notes(frame)[1]:
        print(f"note: {note}", file=sys.stderr)
    answer = predictions(model, frame)
    write_table(answer, out)
    print(f"{len(answer):,} predictions in {out}{score(model, frame, answer)}")
    return 0


def predictions(model: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """The table with a column `prediction` and, for classes, one `prob_<label>` a class."""
    import pandas as pd

    new = {"prediction": model.predict(frame)}
    if model.encoding.task == "classification":
        probabilities = model.predict_proba(frame)
        new |= {f"prob_{label}": probabilities[:, i] for i, label in enumerate(model.encoding.labels)}
    taken = [name for name in new if name in frame.columns]
    if taken:
        raise ConfigError(f"INPUT has the column {taken[0]!r}, which predict writes; rename it")
    return pd.concat([frame, pd.DataFrame(new, index=frame.index)], axis=1)


def score(model: Any, frame: pd.DataFrame, answer: pd.DataFrame) -> str:
    """accuracy, or rmse and r2, in words; nothing if the target is not in the table."""
    import numpy as np

    if model.encoding.target not in frame.columns:
        return ""
    true = model.encoding.targets(frame)
    if model.encoding.task == "classification":
        right = np.array(model.encoding.labels, object)[true] == answer["prediction"].to_numpy()
        return f"; accuracy {right.mean():.4f}"
    error = true - answer["prediction"].to_numpy(np.float64)
    spread = np.square(true - true.mean()).sum()
    r2 = f", r2 {1 - np.square(error).sum() / spread:.4f}" if spread > 0 else ""
    return f"; rmse {np.sqrt(np.square(error).mean()):.6g}{r2}"


def write_table(table: pd.DataFrame, out: Path) -> None:
    """CSV or Parquet by the name's ending, whole or not at all. Raises RunError if it cannot be written."""
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        table.to_parquet(temporary) if out.suffix.lower() in PARQUET else table.to_csv(temporary, index=False)
        temporary.replace(out)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RunError(f"--out {out}: cannot be written ({error.strerror or error}); choose another file") from error


def _check_out(source: Path, out: Path) -> None:
    if out.suffix.lower() not in (".csv", *PARQUET):
        raise ConfigError(f"--out {out}: must end in .csv or .parquet")
    if out.resolve() == source.resolve():
        raise ConfigError(f"--out {out}: is the input itself; choose another file")
    if not out.parent.is_dir():
        raise ConfigError(f"--out {out}: there is no folder {out.parent}; make it first")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="runner predict", description="Predictions of a trained network for a table.")
    parser.add_argument("dir", help="folder of the run, or `last` for the newest under outputs/")
    parser.add_argument("input", help="CSV or Parquet file with the columns the network was trained on")
    parser.add_argument("--out", required=True, help="file to write, .csv or .parquet")
    return parser
