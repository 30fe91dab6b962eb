"""Glue: what is written as an ONNX model is read as one, and whatever else is read is refused."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.onnx_file import Graph, GraphWriter, Node, NotOnnx, read_graph
from asr.silero import model_path

DOUBLED = np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)


def doubling() -> GraphWriter:
    graph = GraphWriter()
    sound = graph.take("sound", "rows", 2)
    turned = graph.add("Transpose", graph.weight(DOUBLED))
    graph.add("Gemm", sound, turned, outputs=("louder",), transB=1)
    graph.give("louder", "rows", 2)
    return graph


def test_a_written_graph_is_read_as_it_was_written() -> None:
    graph = read_graph(doubling().model())

    assert [node.operator for node in graph.nodes] == ["Transpose", "Gemm"]
    (weight,) = graph.weights.values()
    assert np.array_equal(weight, DOUBLED)


def test_a_written_graph_computes_what_it_says() -> None:
    session = onnxruntime.InferenceSession(doubling().model(), providers=["CPUExecutionProvider"])
    sound = np.array([[1.0, 10.0], [0.5, 0.0], [0.0, 1.0]], dtype=np.float32)

    (louder,) = session.run(None, {"sound": sound})

    assert np.array_equal(louder, sound @ DOUBLED)


def test_a_weight_that_is_given_twice_is_kept_once() -> None:
    graph = GraphWriter()

    names = [graph.weight(DOUBLED), graph.weight(DOUBLED.copy()), graph.weight(DOUBLED[:1])]

    assert names[0] == names[1] != names[2]
    assert len(read_graph(graph.model()).weights) == 2


def test_a_published_model_can_be_read() -> None:
    graph = read_graph(model_path().read_bytes())

    assert {"Conv", "LSTM", "Sigmoid"} <= {node.operator for node in graph.nodes}
    assert Node("Relu", ("/encoder/conv_layers.0/Conv_output_0",)) in graph.nodes
    assert graph.weights["encoder.conv_layers.0.weight"].shape == (128, 129, 3)


@given(content=st.binary(max_size=200))
def test_whatever_is_read_is_a_graph_or_refused(content: bytes) -> None:
    try:
        graph = read_graph(content)
    except NotOnnx:
        return

    assert isinstance(graph, Graph)


@pytest.mark.parametrize("left_out", [1, 100, 1_000_000])
def test_a_model_that_is_cut_off_is_refused(left_out: int) -> None:
    whole = model_path().read_bytes()

    with pytest.raises(NotOnnx):
        read_graph(whole[:-left_out])
