"""Converts arrays and data frames to the rows of the engine."""

import numpy as np

from .errors import Error


def array(value, what):
    """The value as an array in native byte order; an error if it has no rows, or can have missing values that NumPy does not show."""
    if hasattr(value, "toarray") and not isinstance(value, np.ndarray):
        raise Error(f"{what}: a sparse matrix\n  help: pass {what}.toarray()")
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if isinstance(value, np.ma.MaskedArray):
        raise Error(f"{what}: a masked array\n  help: fill it: {what}.filled(0)")
    try:
        found = np.asarray(value)
    except ValueError as error:
        raise Error(f"{what}: {error}\n  help: pass rows of equal length") from None
    if found.ndim == 0 or found.size == 0:
        raise Error(f"{what}: shape {found.shape}, so that there is no row\n  help: pass at least one row")
    if not found.dtype.isnative:
        found = found.astype(found.dtype.newbyteorder("="))
    return found


def place(index):
    """``[3, 1]``: the place of an element, counted from 0 as in NumPy."""
    return "[" + ", ".join(str(int(one)) for one in index) + "]"


def reals(value, what):
    """An array of finite 64-bit floats of the same shape. Not copied if it is one already."""
    found = array(value, what)
    if found.dtype.kind not in "buifO":
        first = found.flat[0]
        shown = f", for example {str(first)!r}" if found.dtype.kind in "US" else ""
        raise Error(f"{what}: elements of type {found.dtype}{shown}\n  help: pass an array of numbers")
    if found.dtype.kind == "O":
        found = _of_objects(found, what)
    found = np.asarray(found, dtype=np.float64)
    finite = np.isfinite(found)
    if not finite.all():
        at = np.unravel_index(int(np.argmin(finite)), found.shape)
        raise Error(
            f"{what}: {what}{place(at)} is {found[at]}, as {int(finite.size - finite.sum())} of its {found.size} numbers: NaN or infinity\n"
            "  help: leave these rows out, or fill them, for example with the mean of the column"
        )
    return found


def _of_objects(found, what):
    """Numbers that are Python objects, as a data frame with columns of several types gives them."""
    try:
        return found.astype(np.float64)
    except (TypeError, ValueError):
        pass
    for at in np.ndindex(found.shape):
        try:
            float(found[at])
        except (TypeError, ValueError):
            raise Error(
                f"{what}: {what}{place(at)} is {found[at]!r}, of type object, and no number\n"
                "  help: fill what is missing, and make numbers of categories, for example with pandas.get_dummies; "
                "rg.Dataset.from_csv does both for a table"
            ) from None
    return found


def flat(found, what, width):
    """Rows of so many numbers; an array with one axis is one row, or of one number each if the network takes one."""
    alone = found.ndim == 1
    rows = found.reshape(-1, 1) if alone and width == 1 else found.reshape(1, -1) if alone else found.reshape(len(found), -1)
    if rows.shape[1] != width:
        raise Error(
            f"{what}: shape {found.shape}, which are rows of {rows.shape[1]} numbers\n  help: the network takes {width}"
        )
    return rows


def features(value, width, what="x"):
    """Rows of a network's input: bytes where they are images, as uint8 or as floats that are bytes divided by 255, else 64-bit
    floats, used as they are."""
    found = array(value, what)
    if found.dtype == np.uint8:
        return flat(found, what, width)
    found = flat(reals(found, what), what, width)
    images = _bytes(found)
    return found if images is None else images


def _bytes(found):
    """The bytes whose 255th parts these floats are, rounded to 32 bits at most; ``None`` if one is not."""
    for part in (found[:1], found):
        scaled = part * 255.0
        whole = np.rint(scaled)
        if whole.min() < 0 or whole.max() > 255 or (np.abs(scaled - whole) > 1e-6 * whole).any():
            return None
    return whole.astype(np.uint8)


def indices(value, width, what="x"):
    """Rows of indices, of whole numbers at least 0."""
    found = flat(reals(value, what), what, width)
    whole = np.rint(found)
    if not np.array_equal(whole, found) or whole.min() < 0 or whole.max() >= 2**32:
        raise Error(
            f"{what}: numbers from {found.min():g} to {found.max():g}, where the first layer is an embedding\n"
            "  help: pass indices, whole numbers from 0"
        )
    return whole.astype(np.uint32)


def weights(value, count, what="sample_weight"):
    """A weight for each row; ``None`` stays ``None``."""
    if value is None:
        return None
    found = reals(value, what).reshape(-1)
    if len(found) != count:
        raise Error(f"{what}: {len(found)} weights for {count} rows\n  help: pass a number for each row")
    if found.min() < 0 or found.max() == 0:
        raise Error(f"{what}: from {found.min():g} to {found.max():g}\n  help: pass numbers from 0, one of them above 0")
    return found
