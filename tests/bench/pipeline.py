"""What pipeline.sh compares with: the same work by pandas and scikit-learn, in chunks.

pipeline.py FILE.csv    cleans each chunk, makes features (fitted on the first), learns from them
"""
import sys

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

CHUNK = 50_000


def clean(table):
    for column in ("city", "channel"):
        table[column] = table[column].str.strip().str.lower()
    table["discount"] = table["discount"].fillna(0)
    return table


def parts(table):
    at = pd.to_datetime(table["ordered_at"])
    return np.column_stack([at.dt.hour, at.dt.day_of_week])


features = ColumnTransformer(
    [
        ("standard", StandardScaler(), ["quantity", "discount"]),
        ("log", make_pipeline(FunctionTransformer(np.log1p), StandardScaler()), ["price"]),
        ("categories", OneHotEncoder(handle_unknown="ignore"), ["city", "channel", "plan"]),
        ("dates", FunctionTransformer(parts), ["ordered_at"]),
    ],
    sparse_threshold=1.0,
)
model = SGDClassifier(loss="log_loss")
fitted = False
for chunk in pd.read_csv(sys.argv[1], chunksize=CHUNK):
    chunk = clean(chunk)
    if not fitted:
        features.fit(chunk)
        fitted = True
    model.partial_fit(features.transform(chunk), chunk["returned"], classes=[0, 1])
