"""Reads a training's event files with TensorBoard and compares their scalars with the CSV file.

    python tensorboard_test.py FOLDER FIGURES.csv

Fails unless TensorBoard finds each series with the same steps and the same values, to the precision of 32 bits.
"""
import collections
import csv
import sys

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

expected = collections.defaultdict(list)
for row in csv.DictReader(open(sys.argv[2])):
    if row["figure"] != "confusion":
        expected[f"{row['figure']}/{row['of']}"].append((int(row["step"]), np.float32(row["value"])))

# 0: keep all points, not a sample.
events = EventAccumulator(sys.argv[1], size_guidance={SCALARS: 0})
events.Reload()
assert sorted(events.Tags()["scalars"]) == sorted(expected), events.Tags()["scalars"]
for tag, points in expected.items():
    seen = [(event.step, np.float32(event.value)) for event in events.Scalars(tag)]
    assert seen == points, f"{tag}: TensorBoard reads {seen[:3]}…, the figures are {points[:3]}…"
print(f"TensorBoard reads {sum(map(len, expected.values()))} numbers of {len(expected)} series")
