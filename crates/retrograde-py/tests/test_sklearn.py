"""The estimators for scikit-learn: its own checks of estimators, and its own perceptrons on its data."""

import pickle

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn", minversion="1.6")

from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from retrograde.sklearn import MLPClassifier, MLPRegressor


@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
def test_estimators_keep_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
def test_classes_are_learned_as_by_scikit_learn(load):
    from sklearn.neural_network import MLPClassifier as Theirs

    x, t = load(return_X_y=True)
    settings = {"hidden_layer_sizes": (20,), "learning_rate_init": 0.01, "max_iter": 100, "random_state": 0}
    ours, theirs = (
        cross_val_score(make_pipeline(StandardScaler(), kind(**settings)), x, t).mean() for kind in (MLPClassifier, Theirs)
    )
    # Five folds of 150 to 569 rows: one row in a fold of 30 is 0.007 of the mean.
    assert ours > 0.92 and abs(ours - theirs) < 0.04


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_numbers_are_learned_as_by_scikit_learn():
    from sklearn.neural_network import MLPRegressor as Theirs

    x, t = load_diabetes(return_X_y=True)
    settings = {"hidden_layer_sizes": (20,), "learning_rate_init": 0.01, "max_iter": 200, "random_state": 0}
    ours, theirs = (
        cross_val_score(make_pipeline(StandardScaler(), kind(**settings)), x, t).mean() for kind in (MLPRegressor, Theirs)
    )
    # R² of a linear regression is 0.48 here.
    assert ours > 0.35 and abs(ours - theirs) < 0.1


def test_estimators_are_searched_weighted_and_pickled():
    x, t = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[t]
    search = GridSearchCV(MLPClassifier(max_iter=30, random_state=0), {"hidden_layer_sizes": [(5,), (20, 10)], "solver": ["adam", "nesterov"]}, cv=3)
    search.fit(x, names)
    best = search.best_estimator_
    assert set(best.predict(x)) <= set(names) and best.predict_proba(x).shape == (150, 3)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(best)).predict(x), best.predict(x))
    # Without the rows of a class, by weights of zero, it is never predicted.
    net = MLPClassifier(max_iter=50, learning_rate_init=0.01, random_state=0).fit(x, names, sample_weight=(t > 0).astype(float))
    assert "setosa" not in net.predict(x[t > 0])
    stopped = MLPClassifier(early_stopping=True, learning_rate_init=0.02, n_iter_no_change=5, random_state=0).fit(x, t)
    assert stopped.n_iter_ < 200 and stopped.history_.stopped_early and stopped.score(x, t) > 0.9
    balanced = MLPClassifier(class_weight="balanced", learning_rate_init=0.01, random_state=0).fit(x[30:], t[30:])
    assert balanced.score(x, t) > 0.9
    assert [one.shape for one in balanced.coefs_] == [(4, 100), (100, 3)] and balanced.intercepts_[1].shape == (3,)
    with pytest.raises(ValueError, match="lbfgs"):
        MLPClassifier(solver="lbfgs").fit(x, t)
