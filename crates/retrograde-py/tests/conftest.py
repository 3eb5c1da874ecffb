"""Examples and arrays for the tests."""

import numpy as np
import pytest


@pytest.fixture
def random():
    return np.random.default_rng(11)


@pytest.fixture
def one_hot():
    return np.eye(4)[[2, 0, 1]]
