"""Adapter: tunes the upper layers of the sentence encoder to this field with JAX; deterministic on one machine.

The lower layers stay as they are and run once; only what is tuned runs again with every pass. The head starts
from a logistic regression on the untuned vectors, or the first pass would be spent on finding the scale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from detection.meaning.encoder_file import Array, EncoderWeights
from detection.meaning.tuned import TunedEncoder
from detection.training.start import head_to_start_from

_EPSILON: Final = 1e-12
_NOWHERE: Final = -1e9


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the encoder is tuned; part of the model's version."""

    layers: int = 8
    """How many of the encoder's layers are used: eight of twelve take two thirds of the time."""
    frozen: int = 4
    """How many of them stay as they are."""
    passes: int = 3
    batch: int = 32
    body_rate: float = 2e-4
    head_rate: float = 1e-3
    warmup: float = 0.1
    body_dropout: float = 0.1
    head_dropout: float = 0.2
    decay: float = 0.01
    largest_step: float = 1.0
    smoothing: float = 0.01
    seed: int = 4


Parameters = dict[str, Any]
Tree = Any
"""Arrays in dicts and lists, as JAX takes them."""


def tune(
    weights: EncoderWeights,
    texts: Sequence[Sequence[int]],
    answers: npt.NDArray[np.float32],
    importance: npt.NDArray[np.float32],
    recipe: Recipe,
    advance: Callable[[float], None],
) -> TunedEncoder:
    """Tune on *texts* (pieces) with *answers* (examples, outputs; NaN where unknown).

    *importance* (outputs,) weighs the outputs; *advance* hears the share of the work that is done.
    """
    lower = _lower_states(weights, texts, recipe, advance)
    pooled = _pooled(weights, texts, lower, recipe)
    mean, spread = pooled.mean(axis=0), pooled.std(axis=0) + 1e-6
    head = head_to_start_from((pooled - mean) / spread, answers)
    train: Parameters = {
        "body": [_layer_arrays(weights, n) for n in range(recipe.frozen, recipe.layers)],
        "head": {"slopes": head.slopes, "offsets": head.offsets},
    }
    lengths = np.array([len(text) for text in texts])
    rng = np.random.default_rng(recipe.seed)
    steps = recipe.passes * -(-len(texts) // recipe.batch)
    step = _step(recipe, steps, weights.facts.heads, jnp.asarray(mean), jnp.asarray(spread))
    moments = jax.tree.map(lambda a: (jnp.zeros_like(a), jnp.zeros_like(a)), train)
    key = jax.random.PRNGKey(recipe.seed)
    number = 0
    for _ in range(recipe.passes):
        for chosen in _batches(lengths, recipe.batch, rng):
            states, mask = _padded([lower[n] for n in chosen], recipe.batch)
            key, dropped = jax.random.split(key)
            known = _filled(answers[chosen], recipe.batch, np.nan)
            train, moments = step(train, moments, states, mask, known, importance, dropped, number)
            number += 1
            advance(0.2 + 0.8 * min(1.0, number / steps))
    return _tuned(train, mean, spread, recipe)


def _tuned(train: Parameters, mean: Array, spread: Array, recipe: Recipe) -> TunedEncoder:
    arrays = {
        f"l{recipe.frozen + n}.{name}": np.asarray(
            array.T if name.endswith(".w") and array.ndim == 2 else array
        )
        for n, layer in enumerate(train["body"])
        for name, array in layer.items()
    }
    slopes = np.asarray(train["head"]["slopes"]) / spread[:, None]
    offsets = np.asarray(train["head"]["offsets"]) - mean @ slopes
    return TunedEncoder(
        recipe.layers, arrays, slopes.astype(np.float32), offsets.astype(np.float32)
    )


def _layer_arrays(weights: EncoderWeights, number: int) -> Parameters:
    """Return a layer's arrays with matrices as (in, out)."""
    prefix = f"l{number}."
    return {
        name.removeprefix(prefix): jnp.asarray(array.T if array.ndim == 2 else array)
        for name, array in weights.arrays.items()
        if name.startswith(prefix)
    }


def _normal(x: jax.Array, gain: jax.Array, shift: jax.Array) -> jax.Array:
    centred = x - x.mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + _EPSILON) * gain + shift


def _dropped(key: jax.Array | None, x: jax.Array, share: float) -> jax.Array:
    if key is None or share == 0:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - share, x.shape), x / (1 - share), 0)


def _layer(
    layer: Mapping[str, jax.Array],
    x: jax.Array,
    mask: jax.Array,
    heads: int,
    key: jax.Array | None = None,
    dropout: float = 0.0,
) -> jax.Array:
    """Run one layer on *x* (texts, pieces, width) where *mask* is 1."""
    texts, pieces, width = x.shape
    keys = (None, None) if key is None else tuple(jax.random.split(key))

    def headed(name: str) -> jax.Array:
        found = x @ layer[f"{name}.w"] + layer[f"{name}.b"]
        return found.reshape(texts, pieces, heads, width // heads)

    scores = jnp.einsum("blhd,bmhd->bhlm", headed("q"), headed("k")) / np.sqrt(width // heads)
    shares = jax.nn.softmax(scores + (1 - mask)[:, None, None, :] * _NOWHERE)
    seen = jnp.einsum("bhlm,bmhd->blhd", shares, headed("v")).reshape(x.shape)
    out = seen @ layer["ao.w"] + layer["ao.b"]
    x = _normal(x + _dropped(keys[0], out, dropout), layer["aln.w"], layer["aln.b"])
    inner = jax.nn.gelu(x @ layer["fi.w"] + layer["fi.b"], approximate=False)
    out = inner @ layer["fo.w"] + layer["fo.b"]
    return _normal(x + _dropped(keys[1], out, dropout), layer["oln.w"], layer["oln.b"])


def _lower_states(
    weights: EncoderWeights,
    texts: Sequence[Sequence[int]],
    recipe: Recipe,
    advance: Callable[[float], None],
) -> list[npt.NDArray[np.float16]]:
    layers = [_layer_arrays(weights, n) for n in range(recipe.frozen)]
    table = {
        name: weights.arrays[f"emb.{name}"] for name in ("word", "pos", "type", "ln.w", "ln.b")
    }
    heads = weights.facts.heads

    @jax.jit
    def run(layers: Tree, table: Tree, ids: jax.Array, mask: jax.Array) -> jax.Array:
        x = table["word"][ids] + table["pos"][: ids.shape[1]] + table["type"][0]
        x = _normal(x, table["ln.w"], table["ln.b"])
        for layer in layers:
            x = _layer(layer, x, mask, heads)
        return x

    lengths = np.array([len(text) for text in texts])
    states: list[npt.NDArray[np.float16]] = [np.zeros((0, 0), np.float16)] * len(texts)
    done = 0
    for chosen in _batches(lengths, 64, None):
        ids, mask = _padded_ids([texts[n] for n in chosen], 64)
        found = np.asarray(run(layers, table, ids, mask), np.float16)
        for row, n in enumerate(chosen):
            states[n] = found[row, : lengths[n]]
        done += len(chosen)
        advance(0.15 * done / len(texts))
    return states


def _pooled(
    weights: EncoderWeights,
    texts: Sequence[Sequence[int]],
    lower: list[npt.NDArray[np.float16]],
    recipe: Recipe,
) -> Array:
    body = [_layer_arrays(weights, n) for n in range(recipe.frozen, recipe.layers)]
    heads = weights.facts.heads

    @jax.jit
    def run(body: Tree, x: jax.Array, mask: jax.Array) -> jax.Array:
        for layer in body:
            x = _layer(layer, x, mask, heads)
        return _mean(x, mask)

    pooled = np.zeros((len(texts), weights.facts.width), np.float32)
    for chosen in _batches(np.array([len(text) for text in texts]), 64, None):
        states, mask = _padded([lower[n] for n in chosen], 64)
        pooled[chosen] = np.asarray(run(body, states, mask))[: len(chosen)]
    return pooled


def _mean(x: jax.Array, mask: jax.Array) -> jax.Array:
    return (x * mask[:, :, None]).sum(1) / jnp.maximum(mask.sum(1, keepdims=True), 1)


def _step(
    recipe: Recipe, steps: int, heads: int, mean: jax.Array, spread: jax.Array
) -> Callable[..., tuple[Parameters, Tree]]:
    def loss(
        train: Parameters,
        x: jax.Array,
        mask: jax.Array,
        known: jax.Array,
        importance: jax.Array,
        key: jax.Array,
    ) -> jax.Array:
        for n, layer in enumerate(train["body"]):
            x = _layer(layer, x, mask, heads, jax.random.fold_in(key, n), recipe.body_dropout)
        pooled = (_mean(x, mask) - mean) / spread
        pooled = _dropped(jax.random.fold_in(key, 99), pooled, recipe.head_dropout)
        logits = pooled @ train["head"]["slopes"] + train["head"]["offsets"]
        there = ~jnp.isnan(known)
        wanted = jnp.where(there, known, 0) * (1 - 2 * recipe.smoothing) + recipe.smoothing
        losses = jnp.maximum(logits, 0) - logits * wanted + jnp.log1p(jnp.exp(-jnp.abs(logits)))
        found: jax.Array = (losses * there * importance).sum() / mask.any(1).sum()
        return found

    def rate(number: jax.Array, highest: float) -> jax.Array:
        warm = number / max(1.0, steps * recipe.warmup)
        through = (number - steps * recipe.warmup) / max(1.0, steps * (1 - recipe.warmup))
        falling = 0.5 * (1 + jnp.cos(jnp.pi * jnp.clip(through, 0, 1)))
        return highest * jnp.where(warm < 1, warm, jnp.maximum(falling, 0.02))

    @jax.jit
    def step(
        train: Parameters, moments: Tree, x: jax.Array, mask: jax.Array, known: jax.Array,
        importance: jax.Array, key: jax.Array, number: jax.Array,
    ) -> tuple[Parameters, Tree]:  # fmt: skip
        slopes = jax.grad(loss)(train, x, mask, known, importance, key)
        length = jnp.sqrt(sum((s**2).sum() for s in jax.tree.leaves(slopes)))
        shrink = jnp.minimum(1.0, recipe.largest_step / (length + 1e-9))
        moved = {
            part: jax.tree.map(
                lambda a, s, m, high=high: _adam(
                    a, s * shrink, m, rate(number, high), number, recipe.decay
                ),
                train[part], slopes[part], moments[part],
            )
            for part, high in (("body", recipe.body_rate), ("head", recipe.head_rate))
        }  # fmt: skip
        pairs = lambda found: isinstance(found, _Moved)  # noqa: E731
        return (
            jax.tree.map(lambda m: m.array, moved, is_leaf=pairs),
            jax.tree.map(lambda m: m.moments, moved, is_leaf=pairs),
        )

    return step


@dataclass(frozen=True, slots=True)
class _Moved:
    array: jax.Array
    moments: tuple[jax.Array, jax.Array]


def _adam(
    array: jax.Array, slope: jax.Array, moments: tuple[jax.Array, jax.Array],
    rate: jax.Array, number: jax.Array, decay: float,
) -> _Moved:  # fmt: skip
    """Take one step of AdamW (Loshchilov and Hutter 2019)."""
    first = 0.9 * moments[0] + 0.1 * slope
    second = 0.999 * moments[1] + 0.001 * slope**2
    told = number + 1
    direction = (first / (1 - 0.9**told)) / (jnp.sqrt(second / (1 - 0.999**told)) + 1e-8)
    return _Moved(array - rate * (direction + decay * array), (first, second))


def _batches(
    lengths: npt.NDArray[np.int64], size: int, rng: np.random.Generator | None
) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the examples in groups of like length, in an order that *rng* chooses."""
    order = np.arange(len(lengths)) if rng is None else rng.permutation(len(lengths))
    groups: list[npt.NDArray[np.int64]] = []
    for first in range(0, len(order), size * 24):
        pool = order[first : first + size * 24]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        groups += [pool[at : at + size] for at in range(0, len(pool), size)]
    if rng is not None:
        groups = [groups[n] for n in rng.permutation(len(groups))]
    yield from groups


def _room(longest: int) -> int:
    return -(-longest // 8) * 8


def _padded(
    states: Sequence[npt.NDArray[np.float16]], rows: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    room = _room(max(len(s) for s in states))
    x = np.zeros((rows, room, states[0].shape[1]), np.float32)
    mask = np.zeros((rows, room), np.float32)
    for row, state in enumerate(states):
        x[row, : len(state)] = state
        mask[row, : len(state)] = 1
    return x, mask


def _padded_ids(
    texts: Sequence[Sequence[int]], rows: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    room = _room(max(len(text) for text in texts))
    ids = np.ones((rows, room), np.int32)
    mask = np.zeros((rows, room), np.float32)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return ids, mask


def _filled(rows: npt.NDArray[np.float32], count: int, value: float) -> npt.NDArray[np.float32]:
    full = np.full((count, rows.shape[1]), value, np.float32)
    full[: len(rows)] = rows
    return full
