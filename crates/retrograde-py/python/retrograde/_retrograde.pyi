from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from numpy import float64
from numpy.typing import NDArray

Array = NDArray[float64]
Limits = tuple[float | None, Callable[[float, str], object] | None]

__version__: str

class Forms(TypedDict):
    json: str
    text: str
    html: str
    markdown: str

class EngineError(ValueError): ...
class InternalError(RuntimeError): ...

def check_layer(reading: Any, x: Array, limits: Limits) -> Forms: ...
def check_loss(reading: Any, x: Array, labels: Any, limits: Limits) -> Forms: ...
def check_network(
    layers: Sequence[tuple[str, Any]], loss: Any, x: Array, labels: Any, names: Mapping[str, str], limits: Limits
) -> Forms: ...
def check_function(
    arguments: Sequence[tuple[str, Array]],
    loss: Callable[[list[Array]], float],
    gradients: Callable[[list[Array]], Sequence[Array]],
    limits: Limits,
) -> Forms: ...
def check_vjp(
    arguments: Sequence[tuple[str, Array]],
    forward: Callable[[list[Array]], Sequence[Array]],
    backward: Callable[[list[Array], list[Array]], Sequence[Array | None]],
    limits: Limits,
) -> Forms: ...
