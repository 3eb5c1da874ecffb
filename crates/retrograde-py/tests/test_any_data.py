"""Training on real numbers, classes of any kind, weights and tables. What is expected comes from NumPy."""

import pickle

import numpy as np
import pytest

import retrograde as rg
from retrograde import arrays, tasks


@pytest.fixture
def plane():
    """Rows on a plane, with the noise-free numbers of an affine function: two for each row."""
    random = np.random.default_rng(0)
    x = random.normal(size=(120, 3))
    return x, x @ np.array([[1.0, -2.0], [0.5, 1.0], [-1.0, 0.0]]) + np.array([0.3, -0.7])


def linear(x, t, **keywords):
    """An affine network trained on all rows at each step, in 64 bits: gradient descent on a quadratic function."""
    net = rg.Mlp([x.shape[1], 1 if np.ndim(t) == 1 else np.shape(t)[1]], init="zero")
    run = net.fit(x, t, batch=len(x), replacement=False, dtype="float64", progress=False, **keywords)
    return net, run


def test_a_regression_finds_the_affine_function(plane):
    x, t = plane
    net, run = linear(x, t, epochs=500)
    np.testing.assert_allclose(net.params["affine1.weight"], np.linalg.lstsq(np.c_[x, np.ones(120)], t, rcond=None)[0][:3], atol=1e-6)
    assert net.task == "regression" and net.classes is None
    assert net.score(x, t) > 1 - 1e-10 and run.train_r2[-1] == pytest.approx(1)
    assert net.predict(x).shape == t.shape and net.predict(x[0]).shape == (1, 2)
    assert "train_r2" in repr(run) and "<svg" in run._repr_html_()
    one, _ = linear(x, t[:, 0], epochs=300)
    assert one.predict(x).shape == (120,)
    np.testing.assert_allclose(one.predict(x), t[:, 0], atol=1e-3)
    for run, words in ((lambda: one.predict_proba(x), "no classes"), (lambda: one.accuracy(x, t[:, 0]), "R²")):
        with pytest.raises(rg.Error, match=words):
            run()
    with pytest.raises(rg.Error, match="2 different labels .False, True. for 1 classes\n.* give the network 2 outputs"):
        rg.Mlp([3, 1]).fit(x, t[:, 0] > 0)


def test_losses_are_those_of_numpy(plane):
    x, t = plane
    net, _ = linear(x, t, epochs=1)
    weights = np.linspace(0, 2, 120)
    error = net.predict(x) - t
    size = np.abs(error)
    for name, each in {
        "squared-error": error**2,
        "absolute-error": size,
        "huber:0.5": np.where(size < 0.5, error**2 / 2, 0.5 * (size - 0.25)),
    }.items():
        assert net.loss(x, t, name) == pytest.approx(each.mean(), rel=1e-12)
        assert net.loss(x, t, name, weights) == pytest.approx(np.average(each.mean(axis=1), weights=weights), rel=1e-12)
    logits, labels = net.predict(x), (t > 0).astype(int)
    loss = np.mean(np.log1p(np.exp(-np.abs(logits))) + np.maximum(logits, 0) - labels * logits)
    assert net.loss(x, labels, "bce") == pytest.approx(loss, rel=1e-12)


def test_weights_count_rows(plane):
    x, t = plane
    weights = np.random.default_rng(1).integers(0, 4, size=120)
    repeated = np.repeat(np.arange(120), weights)
    # On all rows at once a row of weight 3 is three rows: the same sums in another order.
    weighted, _ = linear(x, t, epochs=50, sample_weight=weights)
    others, _ = linear(x[repeated], t[repeated], epochs=50)
    for name, value in others.params.items():
        np.testing.assert_allclose(weighted.params[name], value, rtol=1e-10, atol=1e-12)
    assert weighted.score(x, t, weights) == pytest.approx(others.score(x[repeated], t[repeated]))
    for wrong, words in (([1.0, 2.0], "2 weights for 120 rows"), (-weights, "from 0"), (0 * weights, "above 0")):
        with pytest.raises(rg.Error, match=words):
            linear(x, t, epochs=1, sample_weight=wrong)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["ant", "bee", "cat"]),
        np.array(["ant", "bee", "cat"], dtype=object),
        np.array([3, 7, -2]),
        np.array([1.0, 2.0, 4.0]),
        np.array([0, 1, 2], dtype=np.uint16),
    ],
)
def test_classes_of_any_kind_come_back(tmp_path, labels):
    random = np.random.default_rng(2)
    centers = np.array([[3.0, 0], [0, 3], [-3, -3]])
    index = np.arange(150) % 3
    x, t = centers[index] + random.normal(size=(150, 2)), labels[index]
    net = rg.Mlp([2, 3], init="zero")
    net.fit(x, t, epochs=20, validation=(x, t), progress=False)
    assert net.task == "classification" and net.score(x, t) > 0.95
    assert net.predict(x).dtype.kind == np.unique(np.array(t.tolist())).dtype.kind.replace("f", "i").replace("u", "i")
    assert np.mean(net.predict(x) == t) == net.score(x, t)
    assert sorted(net.classes) == sorted(set(t.tolist()))
    np.testing.assert_allclose(net.predict_proba(x).sum(axis=1), 1)
    net.save(tmp_path / "net.safetensors")
    for again in (rg.load(tmp_path / "net.safetensors"), pickle.loads(pickle.dumps(net))):
        assert again.score(x, t) == net.score(x, t) and type(again) is rg.Mlp
    with pytest.raises(rg.Error, match="different labels"):
        net.score(x, np.where(np.arange(150) == 4, "dog", t.astype(str)))
    # Another training may have other classes.
    net.fit(x, np.array([10, 11, 12])[index], epochs=1, progress=False)
    assert net.classes.tolist() == [10, 11, 12]


def test_labels_that_are_true_or_not():
    random = np.random.default_rng(3)
    x = random.normal(size=(200, 4))
    t = (x @ random.normal(size=(4, 3)) > 0).astype(int)
    net = rg.Mlp([4, 3], init="zero")
    with pytest.raises(rg.Error, match="multi_label"):
        net.fit(x, t)
    net.fit(x, t, task="multi_label", epochs=60, progress=False)
    assert net.task == "multi_label" and net.score(x, t) > 0.93
    assert net.predict(x).shape == (200, 3) and set(np.unique(net.predict(x))) == {0, 1}
    assert ((net.predict_proba(x) > 0.5) == net.predict(x)).all()


def test_probabilities_are_targets_of_cross_entropy():
    random = np.random.default_rng(4)
    x = random.normal(size=(60, 4))
    t = tasks.softmax(x @ random.normal(size=(4, 3)))
    net, run = rg.Mlp([4, 3], init="zero"), None
    run = net.fit(x, t, loss="cross-entropy", epochs=300, batch=60, replacement=False, progress=False)
    # The least cross entropy is the entropy of the targets.
    assert run.train_loss[-1] == pytest.approx(-np.mean(np.sum(t * np.log(t), axis=1)), abs=2e-3)
    np.testing.assert_allclose(net.predict_proba(x), t, atol=0.05)


def test_arrays_of_any_layout_are_the_same_numbers(plane):
    x, t = plane
    x, t = np.round(x.astype(np.float32), 3), np.round(t, 3)
    expected, _ = linear(x, t, epochs=3)
    wide = np.zeros((120, 6), np.float32)
    wide[:, ::2] = x

    class Frame:
        def to_numpy(self):
            return x.astype(object)

    for other in (np.asfortranarray(x), x.astype(np.float64), x.astype(">f4"), x.astype(np.longdouble), wide[:, ::2], x.tolist(), Frame()):
        net, _ = linear(np.asarray(other) if isinstance(other, list) else FrameLike(other), t, epochs=3)
        for name, value in expected.params.items():
            np.testing.assert_array_equal(net.params[name], value)


class FrameLike:
    """An array or frame with the shape that `linear` asks for."""

    def __init__(self, value):
        self.value, self.shape = value, (120, 3)

    def __len__(self):
        return 120

    def to_numpy(self):
        return self.value.to_numpy() if hasattr(self.value, "to_numpy") else self.value


def test_whole_numbers_are_no_images(plane):
    _, t = plane
    x = np.random.default_rng(5).integers(0, 200, size=(120, 3))
    assert arrays.features(x, 3).dtype == np.float64 and arrays.features(x.astype(np.uint8), 3).dtype == np.uint8
    np.testing.assert_array_equal(arrays.features(x, 3), x)
    net = rg.Mlp([3, 1], init="he")
    weight = net.params["affine1.weight"][:, 0]
    np.testing.assert_allclose(net.predict(x), x @ weight, rtol=1e-12)
    np.testing.assert_allclose(net.predict(x.astype(np.uint8)), x / 255 @ weight, rtol=1e-12)


def test_small_numbers_are_no_bytes():
    for x in (np.array([[1e-7, 0.0]]), np.array([[0.5, 0.0]]), np.array([[256 / 255, 0]]), np.array([[-1 / 255, 0]])):
        assert arrays.features(x, 2).dtype == np.float64
    for x in (np.array([[3 / 255, 1.0]]), np.array([[7 / 255, 0.0]], dtype=np.float32)):
        assert arrays.features(x, 2).dtype == np.uint8


def test_training_data_of_bytes_and_validation_data_of_numbers():
    x, t = np.array([[0.0, 1.0], [1.0, 0.0]]), [0, 1]
    run = rg.Mlp([2, 2], init="he").fit(x, t, epochs=3, validation=(x * 0.3, t), progress=False)
    assert len(run.test_accuracy) == 3


@pytest.mark.parametrize(
    "x, t, keywords, words",
    [
        ([[1.0, 2.0], [3.0, np.nan]], [0.5, 1.5], {}, r"x\[1, 1\] is nan, as 1 of its 4 numbers"),
        ([[1.0, 2.0], [3.0, 4.0]], [0.5, np.inf], {}, r"t\[1\] is inf"),
        ([[1.0, 2.0], [3.0, 4.0]], [0.5], {}, "1 labels for 2 rows"),
        ([[1.0, 2.0], [3.0, 4.0]], [[0.5, 1], [2, 3]], {}, "2 numbers for each row, and a network with 1 outputs"),
        ([[1.0, "red"], [3.0, "blue"]], [0.5, 1.0], {}, "<U"),
        (np.array([[1.0, "red"], [3.0, 4.0]], dtype=object), [0.5, 1.0], {}, r"x\[0, 1\] is 'red'"),
        ([[1.0, 2.0], [3.0]], [0.5, 1.0], {}, "rows of equal length"),
        ([[1.0, 2.0, 3.0]], [0.5], {}, "the network takes 2"),
        ([[1e39, 2.0]], [0.5], {}, "beyond the range of f32"),
        ([[1.0, 2.0]], [0.5], {"loss": "mean-error"}, "loss: unknown value 'mean-error'"),
        ([[1.0, 2.0]], [0.5], {"loss": "huber:-1"}, "-1"),
        ([[1.0, 2.0]], [0.5], {"task": "clustering"}, "task: unknown value"),
        ([[1.0, 2.0]], [0.5], {"validation": [[1.0, 2.0]]}, "validation"),
        ([[1.0, 2.0]], None, {}, "targets are missing"),
    ],
)
def test_what_is_no_data_is_refused(x, t, keywords, words):
    with pytest.raises(rg.Error, match=words):
        rg.Mlp([2, 1]).fit(x, t, epochs=1, progress=False, **keywords)


def test_patience_and_the_best_epoch():
    random = np.random.default_rng(6)
    x, x_test = random.normal(size=(2, 30, 20))
    t, t_test = (random.integers(0, 2, size=30) for _ in range(2))
    net = rg.Mlp([20, 50, 2], init="he")
    # Labels without any pattern: the loss on other rows grows.
    run = net.fit(
        x, t, epochs=500, batch=10, optimizer=rg.Adam(0.01), validation=(x_test, t_test), patience=4, keep_best=True, progress=False
    )
    best = int(np.argmin(run.test_loss))
    assert run.stopped_early and len(run.test_loss) == best + 5
    assert net.loss(x_test, t_test) == pytest.approx(run.test_loss[best], rel=1e-5)


def test_rows_set_apart_decide_and_the_validation_rows_are_evaluated_once():
    random = np.random.default_rng(8)
    x, x_test = random.normal(size=(2, 60, 20))
    t, t_test = (random.integers(0, 2, size=60) for _ in range(2))
    keywords = {"epochs": 500, "batch": 10, "optimizer": rg.Adam(0.01), "patience": 4, "keep_best": True, "progress": False}
    net = rg.Mlp([20, 50, 2], init="he")
    run = net.fit(x, t, validation=(x_test, t_test), validation_fraction=0.5, **keywords)
    best = int(np.argmin(run.validation_loss))
    assert run.stopped_early and len(run.validation_loss) == len(run.train_accuracy) == best + 5
    assert np.ndim(run.test_loss) == 0 and net.loss(x_test, t_test) == pytest.approx(run.test_loss, rel=1e-5)
    assert "validation_accuracy" in repr(run) and "test_accuracy" not in repr(run) and "polyline" in run._repr_html_()
    # Other validation rows change nothing else.
    other = rg.Mlp([20, 50, 2], init="he")
    again = other.fit(x, t, validation=(x, t), validation_fraction=0.5, **keywords)
    assert (again.losses == run.losses).all() and again.test_loss != run.test_loss
    assert rg.Mlp([20, 50, 2], init="he").fit(x, t, validation_fraction=0.5, **keywords).test_loss is None
    with pytest.raises(rg.Error, match="validation fraction"):
        net.fit(x, t, validation_fraction=1.5, **keywords)


def test_accumulated_batches_are_one_batch():
    random = np.random.default_rng(9)
    x, t = random.normal(size=(48, 5)), random.normal(size=48)
    runs = []
    for batch, accumulate in [(6, 4), (24, 1)]:
        net = rg.Mlp([5, 8, 1], init="he")
        run = net.fit(
            x, t, epochs=5, batch=batch, accumulate=accumulate, optimizer=rg.Adam(0.01), replacement=False, dtype="float64", progress=False
        )
        runs.append((run.losses, net.params["affine1.weight"]))
    # Sums in another order.
    for one, other in zip(*runs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    with pytest.raises(rg.Error, match="accumulate"):
        rg.Mlp([5, 1]).fit(x, t, accumulate=0)


def test_a_table_is_trained_on_in_pieces(tmp_path):
    (tmp_path / "flowers.csv").write_text(FLOWERS)
    runs = []
    for in_pieces in (False, True):
        data = rg.Dataset.from_csv(tmp_path / "flowers.csv", target="kind", in_pieces=in_pieces)
        net = rg.Mlp([data.x_train.shape[1], 8, data.outputs], init="he")
        run = net.fit(data, epochs=5, batch=10, progress=False)
        assert net.check(data).verdict == "right"
        runs.append((run.losses, run.test_loss, net.params["affine1.weight"], data.x_train, data.x_test))
    assert all(np.array_equal(one, other) for one, other in zip(*runs, strict=True))


FLOWERS = "size;colour;kind\n" + "".join(
    f"{number % 7},{number % 3};{('red', 'blue')[number % 2]};{('rose', 'iris')[(number % 7 > 3) != (number % 2)]}\n" for number in range(80)
)


def test_a_table_that_is_sorted_by_class_is_checked(tmp_path):
    (tmp_path / "sorted.csv").write_text("a,b,kind\n" + "".join(f"{n % 9},{n % 4},{'xyz'[n // 20]}\n" for n in range(60)))
    data = rg.Dataset.from_csv(tmp_path / "sorted.csv", target="kind")
    assert len(set(data.y_train[:10])) == 1 and rg.Mlp([2, 4, 3], init="he").check(data).verdict == "right"


def test_a_table_is_trained_checked_saved_and_reloaded(tmp_path):
    (tmp_path / "flowers.csv").write_text(FLOWERS)
    flowers = rg.Dataset.from_csv(tmp_path / "flowers.csv", target="kind")
    assert flowers.feature_names == ["size", "colour=blue", "colour=red"] and flowers.task == "classification"
    assert flowers.classes.tolist() == ["iris", "rose"] and set(flowers.y_train) == {"iris", "rose"}
    assert len(flowers.x_train) == 64 and len(flowers.y_test) == 16 and "flowers" not in flowers.notes[0]
    assert flowers.x_train[:, 0].mean() == pytest.approx(0, abs=1e-12)
    net = rg.Mlp([3, 20, flowers.outputs], init="he")
    assert net.check(flowers).verdict == "right"
    run = net.fit(flowers, epochs=200, batch=16, optimizer=rg.Adam(0.02), progress=False)
    assert net.score(flowers) > 0.9 and run.test_accuracy[-1] == pytest.approx(net.score(flowers))
    net.save(tmp_path / "flowers.safetensors")
    (tmp_path / "new.csv").write_text("colour,size\nred,1.5\nblue,1.5\n")
    again = rg.load(tmp_path / "flowers.safetensors")
    assert again.predict(tmp_path / "new.csv").tolist() == net.predict(str(tmp_path / "new.csv")).tolist()
    (tmp_path / "new.csv").write_text("colour,size\ngreen,1.5\n")
    with pytest.raises(rg.Error, match="green"):
        again.predict(tmp_path / "new.csv")
    with pytest.raises(rg.Error, match="not trained on a table"):
        rg.Mlp([3, 2]).predict(tmp_path / "new.csv")
    with pytest.raises(rg.Error, match="missing.csv"):
        rg.Dataset.from_csv(tmp_path / "missing.csv", target="kind")
    with pytest.raises(rg.Error, match="petals"):
        rg.Dataset.from_csv(tmp_path / "flowers.csv", target="petals")
    with pytest.raises(rg.Error, match="alone"):
        net.fit(flowers, flowers.y_train)


def test_the_numbers_of_a_table_are_in_its_unit(tmp_path):
    rows = "".join(f"{a},{b},{3000 + 500 * a - 200 * b}\n" for a in range(8) for b in range(8))
    (tmp_path / "homes.csv").write_text("size,age,price\n" + rows)
    homes = rg.Dataset.from_csv(tmp_path / "homes.csv", target="price")
    assert homes.task == "regression" and set(homes.y_train.round(6)) <= {3000.0 + 500 * a - 200 * b for a in range(8) for b in range(8)}
    net = rg.Mlp([2, 1], init="zero")
    assert net.check(homes).verdict == "right"
    net.fit(homes, epochs=100, batch=16, progress=False)
    np.testing.assert_allclose(net.predict(homes.x_test), homes.y_test, atol=5)
    assert net.score(homes) > 0.9999 and net.loss(homes.x_test, homes.y_test) < 1e-4
    net.save(tmp_path / "homes.safetensors")
    np.testing.assert_array_equal(rg.load(tmp_path / "homes.safetensors").predict(homes.x_test), net.predict(homes.x_test))
