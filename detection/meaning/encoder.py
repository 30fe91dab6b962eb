"""Adapter: runs the sentence encoder in eight-bit whole numbers through CTranslate2, one thread."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from typing import Final

import ctranslate2
import numpy as np
from ctranslate2.specs import common_spec, transformer_spec

from detection.meaning.encoder_file import Array, EncoderWeights

_EPSILON: Final = 1e-12


class SentenceEncoder:
    """Reads pieces, returns one vector a piece. One text or several in one run."""

    def __init__(self, weights: EncoderWeights, layers: int) -> None:
        """Build the encoder's first *layers* layers; takes half a second and 34 MB."""
        with tempfile.TemporaryDirectory(prefix="mimamori-encoder-") as folder:
            _specification(weights, layers).save(folder)
            self._encoder = ctranslate2.Encoder(
                folder, device="cpu", compute_type="int8", inter_threads=1, intra_threads=1
            )

    def states(self, texts: Sequence[Sequence[int]]) -> list[Array]:
        """Return for each text its (pieces, width) vectors."""
        if not texts:
            return []
        found = self._encoder.forward_batch([list(ids) for ids in texts]).last_hidden_state
        states = np.asarray(found, dtype=np.float32)
        return [states[n, : len(ids)] for n, ids in enumerate(texts)]


def _specification(
    weights: EncoderWeights, layers: int
) -> transformer_spec.TransformerEncoderModelSpec:
    # Copies: the specification rounds in place, and the weights may be used again.
    facts, arrays = weights.facts, {name: array.copy() for name, array in weights.arrays.items()}
    encoder = transformer_spec.TransformerEncoderSpec(
        layers,
        facts.heads,
        pre_norm=False,
        activation=common_spec.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=common_spec.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = arrays["emb.word"]
    encoder.embeddings[1].weight = arrays["emb.type"][:1]
    encoder.position_encodings.encodings = arrays["emb.pos"]
    _norm(encoder.layernorm_embedding, arrays, "emb.ln")
    for number, layer in enumerate(encoder.layer):
        _layer(layer, arrays, number)
    model = transformer_spec.TransformerEncoderModelSpec(encoder, pooling_layer=False)
    model.register_vocabulary(list(weights.pieces))
    model.config.unk_token = weights.pieces[3]
    model.config.layer_norm_epsilon = _EPSILON
    model.validate()
    model.optimize(quantization="int8")
    return model


def _layer(
    layer: transformer_spec.TransformerEncoderLayerSpec, arrays: Mapping[str, Array], number: int
) -> None:
    def of(name: str) -> Array:
        return arrays[f"l{number}.{name}"]

    attention, inner = layer.self_attention, layer.ffn
    attention.linear[0].weight = np.concatenate([of("q.w"), of("k.w"), of("v.w")])
    attention.linear[0].bias = np.concatenate([of("q.b"), of("k.b"), of("v.b")])
    attention.linear[1].weight, attention.linear[1].bias = of("ao.w"), of("ao.b")
    _norm(attention.layer_norm, arrays, f"l{number}.aln")
    inner.linear_0.weight, inner.linear_0.bias = of("fi.w"), of("fi.b")
    inner.linear_1.weight, inner.linear_1.bias = of("fo.w"), of("fo.b")
    _norm(inner.layer_norm, arrays, f"l{number}.oln")


def _norm(spec: common_spec.LayerNormSpec, arrays: Mapping[str, Array], name: str) -> None:
    spec.gamma, spec.beta = arrays[f"{name}.w"], arrays[f"{name}.b"]
