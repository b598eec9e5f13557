"""Rows for learn.sh in VW's format.

learn.py FILE LOSS OUT

FILE is CSV with a header, or NDJSON where values may be in an object `features`; the label is y.
Strings become features NAME=VALUE, as wh-update has them; what is missing is left out. With the
loss "squared" the labels are numbers, otherwise classes: -1 and 1, or 1 to K. Prints the number
of classes (0 for numbers) and the mean number of values in a row.
"""
import csv
import json
import math
import re
import sys

FORBIDDEN = re.compile(r"[\s:|]")


def rows(path):
    with open(path, newline="") as file:
        if not path.endswith(".ndjson"):
            yield from csv.DictReader(file)
            return
        for line in file:
            row = json.loads(line)
            yield {"y": row.pop("y"), **row.get("features", row)}


def number(value):
    """The value as a finite number, or None."""
    try:
        result = float(value)
    except ValueError:
        return None
    return result if math.isfinite(result) else None


def features(row):
    for name, value in row.items():
        if name == "y" or value is None or value == "":
            continue
        name = FORBIDDEN.sub("_", name)
        as_number = number(value)
        if as_number is None:
            yield f"{name}=" + FORBIDDEN.sub("_", str(value))
        elif as_number != 0:
            yield f"{name}:{as_number!r}"


def names_of(labels, loss):
    """From a label to what VW wants in its place."""
    classes = sorted(labels, key=lambda label: (number(label) is None, number(label) or 0, label))
    if loss == "squared":
        return 0, {label: label for label in classes}
    if len(classes) == 2:
        return 2, dict(zip(classes, (-1, 1)))
    return len(classes), {label: place for place, label in enumerate(classes, 1)}


def main(path, loss, out):
    count, names = names_of({row["y"] for row in rows(path)} - {"", None}, loss)
    written = values = 0
    with open(out, "w") as file:
        for row in rows(path):
            if row["y"] in names:
                found = list(features(row))
                print(names[row["y"]], "|", *found, file=file)
                written += 1
                values += len(found)
    print(count, round(values / max(written, 1)))


main(*sys.argv[1:])
