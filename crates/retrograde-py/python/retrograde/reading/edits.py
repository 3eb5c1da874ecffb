"""One-place changes of a function's source: candidates for the intended line."""

import ast
import contextlib
import re

import numpy as np

_FLIPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
_OPPOSITE = {ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
_AXES = ("0", "1", "2", "-1", "(0, 1)", "(0, 2)", "(1, 2)", "(0, 2, 3)", "(0, 1, 2)", "(2, 3)")
_ORDERS = ("(1, 0)", "(0, 2, 1)", "(1, 0, 2)", "(0, 2, 3, 1)", "(0, 3, 1, 2)", "(1, 0, 2, 3)")
_PRODUCTS = ("dot", "matmul")
#: The largest number of differences and sums in a function that are tried as factors elsewhere in it.
MOST_SUMS = 12
#: The names of functions that return a derivative.
_SLOPE = re.compile(r"grad|prime|deriv|slope", re.I)


def _parsed(text):
    return ast.parse(text, mode="eval").body


class Place:
    """The position of a node: a field of its parent, or an index of a list in it."""

    def __init__(self, parent, field, at, statement):
        self.parent, self.field, self.at, self.statement = parent, field, at, statement

    @property
    def node(self):
        value = getattr(self.parent, self.field)
        return value if self.at is None else value[self.at]

    @contextlib.contextmanager
    def holding(self, node):
        """Within it, another node is at this position."""
        kept = self.node
        self._put(node)
        try:
            yield
        finally:
            self._put(kept)

    def _put(self, node):
        if self.at is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.at] = node


def _fixed(function):
    """Nodes that are not changed, so that every loop terminates: the condition of a ``while``, and its dependencies."""
    fixed = set()
    for loop in (one for one in ast.walk(function) if isinstance(one, ast.While)):
        names = {one.id for one in ast.walk(loop.test) if isinstance(one, ast.Name)}
        fixed.update(ast.walk(loop.test))
        for one in ast.walk(loop):
            if _stored(one) & names or not names or any(isinstance(part, (ast.Break, ast.Continue)) for part in ast.walk(one)):
                fixed.add(one)
    return fixed


def _stored(statement):
    """The names that a statement assigns to, completely or in part."""
    targets = getattr(statement, "targets", [statement.target] if isinstance(statement, (ast.AugAssign, ast.AnnAssign)) else [])
    parts = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    stored = set()
    for part in parts:
        while isinstance(part, (ast.Attribute, ast.Subscript)):
            part = part.value
        stored |= {part.id} if isinstance(part, ast.Name) else set()
    return stored


def places(function):
    """The statements of a function, and the computed expressions in them."""
    statements, expressions = [], []
    fixed = _fixed(function)

    def walk(node, statement):
        for field, value in ast.iter_fields(node):
            if field in ("decorator_list", "args", "returns", "annotation", "targets", "target", "func", "ops", "op", "ctx") and not isinstance(node, ast.Call):
                continue
            for at, one in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if not isinstance(one, ast.AST) or one in fixed:
                    continue
                place = Place(node, field, at, one if isinstance(one, ast.stmt) else statement)
                if isinstance(one, ast.stmt):
                    statements.append(place)
                    walk(one, place)
                elif isinstance(one, ast.expr) and statement is not None:
                    if field == "func":
                        # A method is called on an expression; the function's name is not one.
                        if isinstance(one, ast.Attribute):
                            walk(one, statement)
                        continue
                    expressions.append(Place(node, field, at, statement))
                    walk(one, statement)
                elif isinstance(one, ast.keyword):
                    walk(one, statement)

    walk(function, None)
    return statements, expressions


def structural(function):
    """Changes that need no other values: ``(place, node)``."""
    statements, expressions = places(function)
    for place in statements:
        yield from ((place, one) for one in _of_statement(place.node))
    for place in expressions:
        yield from ((place, one) for one in _of_expression(place))


def _of_statement(node):
    if isinstance(node, ast.AugAssign):
        if type(node.op) in _FLIPPED:
            yield ast.AugAssign(node.target, _FLIPPED[type(node.op)](), node.value)
        load = _parsed(ast.unparse(node.target))
        yield ast.Assign([node.target], ast.BinOp(load, node.op, node.value))
        yield ast.Assign([node.target], node.value)
        yield ast.Pass()
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and not isinstance(node.targets[0], (ast.Tuple, ast.List)):
        target = node.targets[0]
        yield ast.AugAssign(target, ast.Add(), node.value)
        if isinstance(target, ast.Subscript):
            yield ast.Pass()
    if isinstance(node, ast.If) and not node.orelse:
        yield ast.If(ast.Constant(True), node.body, [])


def _of_expression(place):
    node, call = place.node, isinstance(place.parent, ast.Call)
    if isinstance(node, ast.BinOp):
        kind = type(node.op)
        if kind in _FLIPPED:
            yield ast.BinOp(node.left, _FLIPPED[kind](), node.right)
            yield node.left
        if kind in (ast.Add, ast.Mult):
            yield node.right
        if kind is ast.Sub:
            yield ast.BinOp(node.right, ast.Sub(), node.left)
            yield ast.UnaryOp(ast.USub(), node.right)
        if kind is ast.MatMult:
            yield ast.BinOp(node.right, ast.MatMult(), node.left)
            for left, right in _turned(node.left, node.right):
                yield ast.BinOp(left, ast.MatMult(), right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Invert, ast.Not)):
        yield node.operand
    if isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPPOSITE:
        yield ast.Compare(node.left, [_OPPOSITE[type(node.ops[0])]()], node.comparators)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    if isinstance(node, ast.Call):
        yield from _of_call(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        own = isinstance(place.parent, (ast.BinOp, ast.Slice, ast.Subscript)) or call and place.field == "args"
        if own:
            for value in dict.fromkeys((node.value + 1, node.value - 1, 2 * node.value, node.value / 2)):
                if value != node.value:
                    yield ast.Constant(value)
    if _is_value(place) and not _is_part(place, (ast.Mult, ast.Div)):
        yield ast.UnaryOp(ast.USub(), node)
        yield ast.BinOp(node, ast.Mult(), ast.Constant(0.5))
        yield ast.BinOp(node, ast.Mult(), ast.Constant(2))
    if _is_value(place):
        if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
            yield ast.Call(ast.Attribute(node, "copy", ast.Load()), [], [])
            for order in _ORDERS if isinstance(place.parent, (ast.Assign, ast.Return)) else ():
                yield _ordered(node, order)
        elif isinstance(place.parent, (ast.Assign, ast.Return)):
            yield _transposed(node)


def _of_call(node):
    name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
    if name in _PRODUCTS and len(node.args) == 2:
        yield ast.Call(node.func, node.args[::-1], node.keywords)
        for pair in _turned(*node.args):
            yield ast.Call(node.func, list(pair), node.keywords)
    if name in ("sum", "mean") and isinstance(node.func, ast.Attribute):
        other = ast.Attribute(node.func.value, "mean" if name == "sum" else "sum", ast.Load())
        yield ast.Call(other, node.args, node.keywords)
    if name in ("sum", "mean", "max"):
        rest = [one for one in node.keywords if one.arg != "axis"]
        for axis in _AXES:
            yield ast.Call(node.func, node.args, [*rest, ast.keyword("axis", _parsed(axis))])
            if not any(one.arg == "keepdims" for one in rest):
                yield ast.Call(node.func, node.args, [*rest, ast.keyword("axis", _parsed(axis)), ast.keyword("keepdims", ast.Constant(True))])
    if name == "transpose" and isinstance(node.func, ast.Attribute) and node.args:
        yield node.func.value
    if name in ("transpose", "reshape") and isinstance(node.func, ast.Attribute):
        for order in _ORDERS:
            turned = _ordered(node.func.value, order)
            yield turned if name == "transpose" else ast.Call(ast.Attribute(turned, "reshape", ast.Load()), node.args, node.keywords)
    if any(one.arg == "out" for one in node.keywords):
        yield ast.Call(node.func, node.args, [one for one in node.keywords if one.arg != "out"])


def _turned(left, right):
    """A product with one or both factors transposed."""
    yield left, _transposed(right)
    yield _transposed(left), right
    yield _transposed(left), _transposed(right)
    yield _transposed(right), left
    yield right, _transposed(left)


def _ordered(node, order):
    return ast.Call(ast.Attribute(node, "transpose", ast.Load()), [_parsed(order)], [])


def _transposed(node):
    return node.value if isinstance(node, ast.Attribute) and node.attr == "T" else ast.Attribute(node, "T", ast.Load())


def _is_value(place):
    """Whether it is a value, a factor or a term: not an index, a shape, an axis."""
    if isinstance(place.node, (ast.Slice, ast.Tuple, ast.List, ast.Dict, ast.Compare, ast.BoolOp, ast.Lambda, ast.Starred)):
        return False
    parent = place.parent
    if isinstance(parent, (ast.Assign, ast.AugAssign, ast.Return)):
        return True
    if isinstance(parent, (ast.BinOp, ast.UnaryOp)):
        return True
    if isinstance(parent, (ast.Tuple, ast.List)):
        return isinstance(place.statement.node, ast.Return) and place.statement.node.value is parent
    if isinstance(parent, ast.Call) and place.field == "args":
        return place.at == 0 or isinstance(parent.func, ast.Attribute) and parent.func.attr in _PRODUCTS
    return isinstance(parent, ast.Attribute) and isinstance(place.node, (ast.BinOp, ast.Call))


def _is_pure(node):
    return not any(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in ast.walk(node) if one is not node) or isinstance(node, ast.Subscript)


def with_names(function, names, counts, space):
    """Changes that bring in one of the values at hand: a factor, a term, another value in its place. ``names`` have their shapes,
    ``space`` says what words mean in the function."""
    _, expressions = places(function)
    values = [place for place in expressions if _is_value(place) and _is_pure(place.node)]
    for text in counts:
        for place in values:
            if not isinstance(place.parent, ast.BinOp):
                yield place, ast.BinOp(place.node, ast.Div(), _parsed(text))
                yield place, ast.BinOp(place.node, ast.Mult(), _parsed(text))
    sums = dict.fromkeys(ast.unparse(one.node) for one in expressions if isinstance(one.node, ast.BinOp) and isinstance(one.node.op, (ast.Add, ast.Sub)))
    sums = {text: shape for text in list(sums)[:MOST_SUMS] for shape in (_shape(_parsed(text), space),) if shape is not None}
    shaped = [(place, _shape(place.node, space)) for place in values]
    # First the result of a statement and its terms: a missing factor is the same anywhere in a product.
    whole = [one for one in shaped if isinstance(one[0].parent, (ast.Assign, ast.AugAssign, ast.Return)) or _is_part(one[0], (ast.Add, ast.Sub))]
    within = [one for one in shaped if one not in whole]
    slopes = [own for own, value in space.items() if callable(value) and _SLOPE.search(own)]
    for level in (whole, within):
        for change in (_with_value, _with_function):
            for place, own in level:
                for text, shape in names.items():
                    if _fits(shape, own):
                        yield from ((place, node) for node in change(place, text, slopes))
        for place, own in level:
            for text in sums if not _is_part(place, (ast.Mult, ast.Div)) else ():
                if _fits(sums[text], own) and ast.unparse(place.node) != text:
                    yield place, ast.BinOp(place.node, ast.Mult(), _parsed(text))
    for place, own in shaped:
        for text, shape in names.items():
            if not _fits(shape, own) and _fits(own, shape):
                # It changes the shape of the value.
                yield from ((place, node) for node in _with_value(place, text, slopes))


def _with_value(place, text, _):
    """A value with another as a factor or a term, or replaced by it."""
    node, name = place.node, _parsed(text)
    if ast.unparse(node) == text:
        return
    if not _is_part(place, (ast.Mult, ast.Div)):
        yield ast.BinOp(node, ast.Mult(), name)
        yield ast.BinOp(node, ast.Div(), name)
    if not _is_part(place, (ast.Add, ast.Sub)):
        yield ast.BinOp(node, ast.Sub(), name)
        yield ast.BinOp(node, ast.Add(), name)
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        yield name


def _with_function(place, text, slopes):
    """A value with a plain function of another as a factor or a term."""
    node = place.node
    more = [f"1 - {text}", f"1 - {text} ** 2", f"{text} ** 2", f"{text} * (1 - {text})", f"{text} > 0", *(f"{own}({text})" for own in slopes)]
    if ast.unparse(node) == text:
        yield from map(_parsed, more)
    elif not _is_part(place, (ast.Mult, ast.Div)):
        yield from (ast.BinOp(node, ast.Mult(), _parsed(one)) for one in more)
    if not _is_part(place, (ast.Add, ast.Sub)):
        yield ast.BinOp(node, ast.Sub(), _parsed(f"{text} ** 2"))


def _is_part(place, kinds):
    """Whether it is a factor of a larger product, or a term of a larger sum: changes of the whole cover it."""
    return isinstance(place.parent, ast.BinOp) and isinstance(place.parent.op, kinds) and not (isinstance(place.parent.op, ast.Div) and place.field == "right")


def _shape(node, space):
    """The shape of an expression's value, or ``None`` if it needs a call."""
    if any(isinstance(one, (ast.Call, ast.NamedExpr, ast.Await, ast.Yield)) for one in ast.walk(node)):
        return None
    try:
        shape = np.shape(eval(ast.unparse(node), dict(space)))
    except Exception:
        return None
    # Objects that are not arrays may have another kind of shape.
    return shape if isinstance(shape, tuple) else None


def _fits(shape, own):
    """Whether a value of one shape can be a factor or a term of another that keeps its shape, or is a number that it makes an array."""
    if own is None or not own or not shape:
        return True
    try:
        return np.broadcast_shapes(shape, own) == own
    except ValueError:
        return False
