"""Pure: Silero v6 written anew, so that one run judges one window of each of many tracks.

The published file takes the windows of *one* track in a row: the memory has no room for a second
one. And its convolutions over four frames leave most of a core idle. Here every convolution is a
product of matrices over all tracks together. The numbers are the same within 2e-6, for less:

    windows a run      1    2    4    8   16   32   64  128
    published file    55    –    –    –    –    –    –    –   µs a window
    written anew      40   23   13   10  7.7  6.9  6.4  6.4
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.onnx_file import Graph, GraphWriter, NotOnnx, Tensor, read_graph

HEARD_SAMPLES: Final = 576
"""The 512 of a window and the 64 before them."""
MEMORY: Final = 128
"""Numbers in each of the two memories of a track."""

_HOP: Final = 128
_MIRRORED: Final = 64
"""So many samples before the end are heard again backwards, to fill the last frame."""
_BANDS: Final = 129
_OPERATORS: Final = [
    *("Pad", "Unsqueeze", "Conv", "Slice", "Slice", "Pow", "Pow", "Add", "Sqrt"),
    *("Conv", "Relu") * 4,
    *("Transpose", "LSTM", "Squeeze", "Relu", "Transpose", "Conv", "Sigmoid", "Reshape"),
]
_SHAPES: Final = {
    "Conv 1": ((2 * _BANDS, 1, 2 * _HOP),),
    "Conv 2": ((128, _BANDS, 3), (128,)),
    "Conv 3": ((64, 128, 3), (64,)),
    "Conv 4": ((64, 64, 3), (64,)),
    "Conv 5": ((128, 64, 3), (128,)),
    "LSTM 1": ((1, 512, 128), (1, 512, 128), (1, 1024)),
    "Conv 6": ((1, 128, 1), (1,)),
}
"""The weights that each node takes."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """A convolution along time, as a matrix for each of its three taps."""

    taps: tuple[NDArray[np.float32], ...]
    bias: NDArray[np.float32]

    def over(self, *taps: int) -> NDArray[np.float32]:
        """Return the matrix for frames that lie side by side, where only these *taps* meet one."""
        return np.concatenate([self.taps[tap] for tap in taps])


def for_many_tracks(published: bytes) -> bytes:
    """Return a model that takes ``heard`` [N, 576], ``h`` and ``c`` [1, N, 128], one row a track.

    It gives ``speech`` [N], the probabilities, and ``hn`` and ``cn``, the memories afterwards.

    Raises:
        NotOnnx: *published* is not Silero v6.
    """
    weights = _weights(read_graph(published))
    graph = GraphWriter()
    heard = graph.take("heard", "tracks", HEARD_SAMPLES)
    magnitudes = _magnitudes(graph, heard, weights["Conv 1"][0])
    features = _features(graph, magnitudes, weights)
    for memory in ("h", "c"):
        graph.take(memory, 1, "tracks", MEMORY)
    step = graph.add("Unsqueeze", features, graph.shape(0))
    kept = (graph.weight(each) for each in weights["LSTM 1"])
    graph.add("LSTM", step, *kept, "", "h", "c", outputs=("", "hn", "cn"), hidden_size=MEMORY)
    weight, bias = weights["Conv 6"]
    answer = graph.add("Relu", graph.add("Reshape", "hn", graph.shape(-1, MEMORY)))
    answer = graph.add("Gemm", answer, graph.weight(weight.reshape(MEMORY, 1)), graph.weight(bias))
    answer = graph.add("Sigmoid", graph.add("Reshape", answer, graph.shape(-1)))
    graph.add("Identity", answer, outputs=("speech",))
    graph.give("speech", "tracks")
    for memory in ("hn", "cn"):
        graph.give(memory, 1, "tracks", MEMORY)
    return graph.model()


def _magnitudes(graph: GraphWriter, heard: str, basis: Tensor) -> str:
    """Return the spectrum of each track's four frames, side by side: [N, 4 * 129]."""
    padded = graph.add("Pad", heard, graph.shape(0, 0, 0, _MIRRORED), mode="reflect")
    hops = graph.add("Reshape", padded, graph.shape(-1, 5, _HOP))
    first, second = (_part(graph, hops, begin, begin + 4) for begin in (0, 1))
    frames = graph.add("Concat", first, second, axis=2)
    turned = np.asarray(basis[:, 0, :].T, dtype=np.float32)
    waves = graph.add("MatMul", frames, graph.weight(turned))
    halves = ("cosine", "sine")
    graph.add("Split", waves, graph.shape(_BANDS, _BANDS), outputs=halves, axis=2)
    power = graph.add("Add", *(graph.add("Mul", half, half) for half in halves))
    return graph.add("Reshape", graph.add("Sqrt", power), graph.shape(-1, 4 * _BANDS))


def _features(graph: GraphWriter, bands: str, weights: Mapping[str, tuple[Tensor, ...]]) -> str:
    """Return what the four convolutions make of the frames of each track: [N, 128].

    They give 4, 2, 1 and 1 frames. Where a tap would meet nothing but the silence
    beyond the ends, its matrix is left out.
    """
    wide, narrow, narrower, last = (_layer(weights[f"Conv {number}"]) for number in (2, 3, 4, 5))

    def convolve(frames: str, layer: _Layer, *taps: int) -> str:
        matrix, bias = graph.weight(layer.over(*taps)), graph.weight(layer.bias)
        return graph.add("Relu", graph.add("Gemm", frames, matrix, bias))

    def side_by_side(*frames: str) -> str:
        return graph.add("Concat", *frames, axis=1)

    four = (
        convolve(_part(graph, bands, 0, 2 * _BANDS), wide, 1, 2),
        convolve(_part(graph, bands, 0, 3 * _BANDS), wide, 0, 1, 2),
        convolve(_part(graph, bands, _BANDS, 4 * _BANDS), wide, 0, 1, 2),
        convolve(_part(graph, bands, 2 * _BANDS, 4 * _BANDS), wide, 0, 1),
    )
    two = (
        convolve(side_by_side(*four[:2]), narrow, 1, 2),
        convolve(side_by_side(*four[1:]), narrow, 0, 1, 2),
    )
    one = convolve(side_by_side(*two), narrower, 1, 2)
    return convolve(one, last, 1)


def _part(graph: GraphWriter, whole: str, begin: int, end: int) -> str:
    return graph.add("Slice", whole, graph.shape(begin), graph.shape(end), graph.shape(1))


def _layer(weights: tuple[Tensor, ...]) -> _Layer:
    kernel, bias = (np.asarray(weight, dtype=np.float32) for weight in weights)
    taps = tuple(np.ascontiguousarray(kernel[:, :, tap].T) for tap in range(kernel.shape[2]))
    return _Layer(taps, bias)


def _weights(graph: Graph) -> dict[str, tuple[Tensor, ...]]:
    """Return the weights of each layer under the operator's name and its place among its like."""
    if [node.operator for node in graph.nodes] != _OPERATORS:
        raise NotOnnx("another network than Silero v6")
    found: dict[str, tuple[Tensor, ...]] = {}
    for operator in ("Conv", "LSTM"):
        layers = [node for node in graph.nodes if node.operator == operator]
        for number, node in enumerate(layers, 1):
            taken = (graph.weights[name] for name in node.inputs if name in graph.weights)
            found[f"{operator} {number}"] = tuple(taken)
    if {name: tuple(weight.shape for weight in taken) for name, taken in found.items()} != _SHAPES:
        raise NotOnnx("another network than Silero v6")
    return found
