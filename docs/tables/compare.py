"""Compares `retrograde train` with scikit-learn's MLP on five data sets of scikit-learn.

    python compare.py RETROGRADE

RETROGRADE is the program. Both have 50 hidden units with relu, Adam with learning rate 0.001, batches of 32, and 200 passes over the
training rows, four fifths of each set, standardized; a classification is stratified. Ten splits each, of their own generators. Prints
a table of the means over the splits and their standard errors: accuracy of a classification, R² of a regression.
"""
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SPLITS = range(10)
SETS = ["iris", "wine", "breast_cancer", "diabetes", "digits"]


def theirs(data, is_regression, seed):
    stratify = None if is_regression else data.target
    x, test_x, y, test_y = train_test_split(
        data.data, data.target, test_size=0.2, random_state=seed, stratify=stratify)
    options = dict(hidden_layer_sizes=(50,), batch_size=32, max_iter=200, alpha=0.0, tol=0.0,
                   n_iter_no_change=1000, random_state=seed)
    if is_regression:
        net = TransformedTargetRegressor(MLPRegressor(**options), transformer=StandardScaler())
    else:
        net = MLPClassifier(**options)
    return make_pipeline(StandardScaler(), net).fit(x, y).score(test_x, test_y)


def ours(program, table, is_regression, seed):
    command = [program, "train", "--data", table, "--target", "target", "--split-seed", str(seed), "--seed", str(seed),
               "--threads", "1", "--json", "--quiet"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return json.loads(lines[-1])["test_r2" if is_regression else "test_accuracy"]


def main(program):
    warnings.simplefilter("ignore", ConvergenceWarning)
    print("| data | rows × features | score | Retrograde | scikit-learn |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name in SETS:
            data = getattr(datasets, f"load_{name}")()
            is_regression = name == "diabetes"
            table = Path(folder) / f"{name}.csv"
            names = [f"x{i}" for i in range(data.data.shape[1])] + ["target"]
            label = (lambda t: t) if is_regression else (lambda t: f"class {t}")
            rows = [",".join([*map(repr, map(float, x)), str(label(t))]) for x, t in zip(data.data, data.target)]
            table.write_text("\n".join([",".join(names), *rows]) + "\n")
            scores = [[ours(program, str(table), is_regression, seed) for seed in SPLITS],
                      [theirs(data, is_regression, seed) for seed in SPLITS]]
            shown = [f"{np.mean(s):.3f} ± {np.std(s, ddof=1) / len(s) ** 0.5:.3f}" for s in scores]
            size = " × ".join(map(str, data.data.shape))
            print(f"| {name} | {size} | {'R²' if is_regression else 'accuracy'} | {' | '.join(shown)} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
