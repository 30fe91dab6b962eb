"""Pure: just enough of the ONNX file format to take a model's weights out and to write another graph round them.

An ONNX file is a protocol buffer; the field numbers are those of ``onnx.proto``. Only 32-bit
floating-point weights and 64-bit shapes are known here, stored as raw little-endian bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Tensor = NDArray[np.float32] | NDArray[np.int64]

_DTYPES: Final[Mapping[int, str]] = {1: "<f4", 7: "<i8"}
_FLOAT, _INT64 = 1, 7
_OPERATORS: Final = 17
"""Version of the operators that a written graph means."""
_IR_VERSION: Final = 8
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


class NotOnnx(ValueError):  # noqa: N818 - named as a fact, like the errors of this package
    """The bytes are not an ONNX model of the kind that this reads."""


@dataclass(frozen=True, slots=True)
class Node:
    operator: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """The parts of a model that are read: what is computed in which order, and the weights."""

    nodes: tuple[Node, ...]
    weights: Mapping[str, Tensor]


def read_graph(model: bytes) -> Graph:
    """Return the graph of *model*; weights of other kinds than the known ones are left out.

    Raises:
        NotOnnx: it is cut off, or something else.
    """
    nodes, weights = [], {}
    try:
        for number, graph in _fields(memoryview(model)):
            if number != 7:
                continue
            for inner, content in _fields(_message(graph)):
                if inner == 1:
                    nodes.append(_node(_message(content)))
                elif inner == 5:
                    name, tensor = _tensor(_message(content))
                    if tensor is not None:
                        weights[name] = tensor
    except (IndexError, OverflowError, ValueError) as cause:
        raise NotOnnx("this is no ONNX model") from cause
    return Graph(tuple(nodes), weights)


class GraphWriter:
    """Add nodes in the order of computing; what they give is named here unless it is named there."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._weights: dict[bytes, str] = {}
        self._ends: list[bytes] = []

    def weight(self, tensor: Tensor) -> str:
        """Keep *tensor* in the model, once however often it is given, and return its name."""
        kind = _INT64 if tensor.dtype == np.int64 else _FLOAT
        shape = b"".join(_number(1, length) for length in tensor.shape)
        content = shape + _number(2, kind) + _bytes(9, tensor.astype(_DTYPES[kind]).tobytes())
        return self._weights.setdefault(content, f"weight {len(self._weights)}")

    def shape(self, *lengths: int) -> str:
        return self.weight(np.array(lengths, dtype=np.int64))

    def add(
        self,
        operator: str,
        *inputs: str,
        outputs: Sequence[str] | None = None,
        **attributes: int | str,
    ) -> str:
        """Add a node and return the name of its last output; ``""`` leaves an output out."""
        names = (f"node {len(self._nodes)}",) if outputs is None else tuple(outputs)
        ends = b"".join(_text(1, name) for name in inputs)
        ends += b"".join(_text(2, name) for name in names)
        details = b"".join(_bytes(5, _attribute(*named)) for named in attributes.items())
        self._nodes.append(_bytes(1, ends + _text(4, operator) + details))
        return names[-1]

    def take(self, name: str, *shape: str | int) -> str:
        """Declare an input; a length that is a word is any length."""
        self._ends.append(_bytes(11, _declared(name, shape)))
        return name

    def give(self, name: str, *shape: str | int) -> None:
        """Declare an output, which some node must have as one of its own."""
        self._ends.append(_bytes(12, _declared(name, shape)))

    def model(self) -> bytes:
        weights = (_bytes(5, content + _text(8, name)) for content, name in self._weights.items())
        graph = b"".join((*self._nodes, _text(2, "mimamori"), *weights, *self._ends))
        operators = _text(1, "") + _number(2, _OPERATORS)
        return _number(1, _IR_VERSION) + _bytes(7, graph) + _bytes(8, operators)


def _attribute(name: str, value: int | str) -> bytes:
    if isinstance(value, str):
        return _text(1, name) + _text(4, value) + _number(20, 3)
    return _text(1, name) + _number(3, value) + _number(20, 2)


def _declared(name: str, shape: Sequence[str | int]) -> bytes:
    lengths = b"".join(
        _bytes(1, _text(2, length) if isinstance(length, str) else _number(1, length))
        for length in shape
    )
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, _FLOAT) + _bytes(2, lengths)))


def _node(message: memoryview) -> Node:
    operator, inputs = "", []
    for number, content in _fields(message):
        if number == 1:
            inputs.append(_word(content))
        elif number == 4:
            operator = _word(content)
    return Node(operator, tuple(inputs))


def _tensor(message: memoryview) -> tuple[str, Tensor | None]:
    name, kind, shape, raw = "", 0, [], None
    for number, content in _fields(message):
        if number == 1:
            shape += [content] if isinstance(content, int) else list(_packed(content))
        elif number == 2 and isinstance(content, int):
            kind = content
        elif number == 8:
            name = _word(content)
        elif number == 9:
            raw = _message(content)
    if raw is None or kind not in _DTYPES:
        return name, None
    tensor: Tensor = np.frombuffer(raw, dtype=_DTYPES[kind]).reshape(shape)
    return name, tensor


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Return each field's number and content: numbers as they are, all else as bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == _LENGTH:
            length, at = _varint(message, at)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError("unknown kind of field")
        if at + length > len(message):
            raise ValueError("cut off")
        yield number, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("no number is that long")


def _packed(content: memoryview) -> Iterator[int]:
    at = 0
    while at < len(content):
        value, at = _varint(content, at)
        yield value


def _message(content: int | memoryview) -> memoryview:
    if isinstance(content, int):
        raise ValueError("a number where a message belongs")  # noqa: TRY004 - the file is wrong, not the caller
    return content


def _word(content: int | memoryview) -> str:
    return str(_message(content), "utf-8")


def _number(field: int, value: int) -> bytes:
    return _written(field << 3 | _VARINT) + _written(value)


def _bytes(field: int, content: bytes) -> bytes:
    return _written(field << 3 | _LENGTH) + _written(len(content)) + content


def _text(field: int, content: str) -> bytes:
    return _bytes(field, content.encode())


def _written(value: int) -> bytes:
    """Return a number that is not negative, seven bits a byte."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*written, value))
