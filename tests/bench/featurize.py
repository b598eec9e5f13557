"""What featurize.sh compares with: FILE.csv by scikit-learn, in chunks, on one core.

featurize.py FILE.csv whole         reads, and transforms each chunk (fitted on the first)
featurize.py FILE.csv transform     the same, and prints the rate of transform() alone
"""
import os
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import FeatureHasher
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

CHUNK = 50_000


def keys(table):
    """The strings that FeatureHasher hashes of two columns."""
    return [
        [f"customer_id={customer}", f"note={note}"]
        for customer, note in zip(table["customer_id"], table["note"])
    ]


def parts(table):
    at = pd.to_datetime(table["ordered_at"])
    return np.column_stack([at.dt.hour, at.dt.day_of_week])


features = ColumnTransformer(
    [
        ("as is", "passthrough", ["returned"]),
        ("standard", StandardScaler(), ["quantity", "discount"]),
        ("log", make_pipeline(FunctionTransformer(np.log1p), StandardScaler()), ["price"]),
        (
            "categories",
            OneHotEncoder(min_frequency=100, handle_unknown="infrequent_if_exist"),
            ["city", "channel", "plan"],
        ),
        (
            "hash",
            make_pipeline(FunctionTransformer(keys), FeatureHasher(1024, input_type="string")),
            ["customer_id", "note"],
        ),
        ("dates", FunctionTransformer(parts), ["ordered_at"]),
    ],
    sparse_threshold=1.0,
)

rows = 0
seconds = 0.0
fitted = False
for chunk in pd.read_csv(sys.argv[1], chunksize=CHUNK):
    if not fitted:
        features.fit(chunk)
        fitted = True
    begun = time.perf_counter()
    features.transform(chunk)
    seconds += time.perf_counter() - begun
    rows += len(chunk)
if sys.argv[2] == "transform":
    print(f"ColumnTransformer.transform alone: {rows / seconds / 1e3:.0f} k rows/s")
