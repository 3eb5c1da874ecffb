"""Converts images and labels to the arrays of the engine."""

import numpy as np

from .errors import Error


def _array(value, what):
    """The value as an array of numbers, in native byte order; an error if it is not one."""
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if isinstance(value, np.ma.MaskedArray):
        raise Error(f"{what}: a masked array\n  help: fill it: {what}.filled(0)")
    array = np.asarray(value)
    if array.dtype.kind not in "buif":
        raise Error(f"{what}: elements of type {array.dtype}\n  help: pass an array of numbers")
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.ndim == 0 or array.size == 0:
        raise Error(f"{what}: shape {array.shape}, so that there is no row\n  help: pass at least one row")
    return array


def _flat(array, what, width):
    rows = array.reshape(len(array), -1) if array.ndim > 1 else array.reshape(1, -1)
    if rows.shape[1] != width:
        raise Error(
            f"{what}: shape {array.shape}, which are rows of {rows.shape[1]} numbers\n  help: the network takes {width}"
        )
    return rows


def rows(value, width, what="x"):
    """Rows of 64-bit floats; bytes become numbers from 0 to 1. Not copied if already of this type."""
    array = _array(value, what)
    if array.dtype == np.uint8:
        array = array / 255.0
    array = _flat(np.asarray(array, dtype=np.float64), what, width)
    if not np.isfinite(array).all():
        raise Error(f"{what}: NaN or infinity among the numbers\n  help: look at np.isfinite({what})")
    return array


def images(value, width, what="x"):
    """Rows of bytes. Numbers from 0 to 1 are accepted if each is a byte divided by 255."""
    array = _array(value, what)
    if array.dtype == np.uint8:
        return _flat(array, what, width)
    if array.dtype.kind == "f":
        scaled = array * 255.0
        whole = np.rint(scaled)
        fits = np.isfinite(scaled).all() and np.abs(scaled - whole).max() < 1e-3
    else:
        whole, fits = array, array.dtype.kind != "b"
    if not fits or whole.min() < 0 or whole.max() > 255:
        raise Error(
            f"{what}: {array.dtype} from {array.min():g} to {array.max():g}\n"
            "  help: training takes images of bytes: uint8 from 0 to 255, or those divided by 255"
        )
    return _flat(whole.astype(np.uint8), what, width)


def labels(value, count, classes, what="t"):
    """Classes as a list of integers, from integers or one-hot rows."""
    array = _array(value, what)
    if array.ndim == 2 and array.shape[1] == classes and classes > 1:
        chosen = array.argmax(axis=1)
        if not np.array_equal(array, np.eye(classes, dtype=array.dtype)[chosen]):
            raise Error(f"{what}: rows that are not a single 1 among zeros\n  help: pass classes, or one-hot rows")
        array = chosen
    if array.ndim != 1:
        array = array.reshape(-1)
    if len(array) != count:
        raise Error(f"{what}: {len(array)} labels for {count} rows of x\n  help: pass a label for each row")
    whole = np.rint(array)
    if not np.array_equal(whole, array) or whole.min() < 0 or whole.max() >= classes:
        raise Error(
            f"{what}: labels from {array.min():g} to {array.max():g} for {classes} classes\n"
            f"  help: pass whole numbers from 0 to {classes - 1}"
        )
    return whole.astype(np.uint32).tolist()
