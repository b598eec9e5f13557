"""The rows at which River's tests for drift raise an alarm: drift.py TEST FILE...

TEST is adwin or page-hinkley, with the settings that River has by itself. The files hold losses, as
`drift losses` writes them. River's tests want values of a known range: losses of classes (the kind
of rows is the second word of the file's name) are cut at 8, those of numbers at 8 times the usual
one, which is the median of means of eight among the first 128, but for the very first.
"""

import os
import statistics
import struct
import sys

from river import drift


def values(path):
    with open(path, "rb") as file:
        data = file.read()
    losses = struct.unpack(f"{len(data) // 8}d", data)
    kind = os.path.basename(path).split(".")[1]
    limit = 8.0
    if kind not in ("balanced", "rare"):
        losses = losses[1:2] + losses[1:]
        limit *= statistics.median(sum(losses[i : i + 8]) / 8 for i in range(0, 128, 8))
    return [min(loss / limit, 1) for loss in losses]


def main():
    test, paths = sys.argv[1], sys.argv[2:]
    for path in paths:
        detector = drift.ADWIN() if test == "adwin" else drift.PageHinkley(mode="up")
        alarms = []
        before = 0.0
        for row, value in enumerate(values(path), 1):
            if test == "adwin":
                before = detector.estimation
            detector.update(value)
            if not detector.drift_detected:
                continue
            # Of ADWIN's changes the rises count.
            if test != "adwin" or detector.estimation > before:
                alarms.append(row)
        print(path, *alarms)


main()
