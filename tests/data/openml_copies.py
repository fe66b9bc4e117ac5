"""Writes what scikit-learn would have kept of a data set of OpenML, for its own reader to read without a network."""

import gzip
import hashlib
import json


def write_copy(home, name, number, version, columns, rows, targets, **description):
    """`columns` are {name: "numeric" or the list of values in braces}; `rows` are texts by column, "?" is a hole."""
    header = [f"@attribute {column} {kind}" for column, kind in columns.items()]
    arff = "\n".join([f"@relation {name}", *header, "@data", *(",".join(row) for row in rows)]).encode()
    found = {"did": number, "name": name, "version": version, "status": "active"}
    about = {
        "id": str(number),
        "name": name,
        "version": str(version),
        "description": "",
        "format": "ARFF",
        "status": "active",
        "url": f"https://www.openml.org/data/v1/download/{number}/table.arff",
        "md5_checksum": hashlib.md5(arff, usedforsecurity=False).hexdigest(),
    } | description
    features = [
        {
            "index": str(i),
            "name": column,
            "data_type": "numeric" if kind == "numeric" else "nominal",
            "is_target": str(column in targets).lower(),
            "is_ignore": "false",
            "is_row_identifier": "false",
            "number_of_missing_values": str(sum(row[i] == "?" for row in rows)),
        }
        for i, (column, kind) in enumerate(columns.items())
    ]
    qualities = [{"name": "NumberOfInstances", "value": len(rows)}]
    answers = {
        f"list/data_name/{name}/limit/2/data_version/{version}": {"data": {"dataset": [found]}},
        f"list/data_name/{name}/limit/2/status/active/": {"data": {"dataset": [found]}},
        f"{number}": {"data_set_description": about},
        f"features/{number}": {"data_features": {"feature": features}},
        f"qualities/{number}": {"data_qualities": {"quality": qualities}},
    }
    site = home / "openml" / "openml.org"
    for place, answer in answers.items():
        _write(site / "api/v1/json/data" / f"{place}.gz", json.dumps(answer).encode())
    _write(site / f"data/v1/download/{number}/table.arff.gz", arff)


def _write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content))
