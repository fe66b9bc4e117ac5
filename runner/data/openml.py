"""Data sets of OpenML through scikit-learn, which keeps a copy of everything it fetched (ARFF and JSON, no pickle)."""

from __future__ import annotations

import warnings
from typing import Any

from runner.errors import DataError

RETRYING = "A network error occurred"  # scikit-learn says so before each new attempt


def fetch(what: dict[str, Any], *, otherwise: str, **how: Any) -> tuple[Any, list[str]]:
    """(scikit-learn's Bunch, OpenML's remarks on it) of the data set with {"name", "version"} or {"data_id"}.

    DataError if OpenML cannot be reached and there is no copy, ending with `otherwise`, what else one can do; or if it
    has no such data set.
    """
    from sklearn.datasets import fetch_openml

    named = f"data set {what['data_id']}" if "data_id" in what else f"{what['name']} (version {what['version']})"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            bunch = fetch_openml(**what, **how)
        except OSError as error:  # URLError, HTTPError, timeouts, an unreadable or truncated copy
            why = getattr(error, "reason", error)
            raise DataError(
                f"{named} cannot be fetched from OpenML and no copy of it is here ({why}). {otherwise}"
            ) from error
        except Exception as error:  # no such data set, holes in the target, a damaged copy: whatever the parsers raise
            said = str(error.args[0] if error.args else "") or type(error).__name__
            raise DataError(f"OpenML, {named}: {' '.join(said.split())}") from error
    remarks = [str(w.message) for w in caught if w.category is UserWarning]
    return bunch, [f"OpenML: {' '.join(text.split())}" for text in remarks if not text.startswith(RETRYING)]
