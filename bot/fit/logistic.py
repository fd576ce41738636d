"""Logistic regression with a prior for every weight, in plain floats: the same input gives the same weights to the bit.

It knows nothing of topics or texts (see weights); it reads no file.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, float]
"""A document: its features above 0."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What a weight is taken to be before any document is seen, and the sign that it must keep (1, -1; 0: any)."""

    weight: float = 0.0
    sign: int = 0


@dataclass(frozen=True, slots=True)
class Model:
    """Log-odds are `bias` plus the sum of `weights` times features."""

    bias: float
    weights: Mapping[str, float]


def log_odds(model: Model, row: Row) -> float:
    return model.bias + sum(model.weights.get(name, 0.0) * value for name, value in row.items())


def share(odds: float) -> float:
    """Log-odds as a probability."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))


def fit(
    rows: Sequence[Row], truths: Sequence[bool], priors: Mapping[str, Prior], *, strictness: float, dearness: float,
    rounds: int = 60,
) -> Model:  # fmt: skip
    """The weights that make `truths` likely and stay near `priors`, by coordinate-wise Newton steps (Friedman, Hastie &
    Tibshirani 2010), each clipped to its sign.

    `strictness` is the weight of the priors (squared distance, per weight), `dearness` how many positive documents a
    negative one counts for. Features without a prior are left out.
    """
    columns = {name: [(n, row[name]) for n, row in enumerate(rows) if row.get(name)] for name in sorted(priors)}
    worths = [1.0 if truth else dearness for truth in truths]
    weights = {name: priors[name].weight for name in columns}
    bias, odds = 0.0, [sum(weights.get(name, 0.0) * value for name, value in row.items()) for row in rows]
    everyone = [(n, 1.0) for n in range(len(rows))]
    for _ in range(rounds):
        step = _step(everyone, odds, truths, worths, pull=0.0, stiffness=1e-6)
        bias += step
        _move(odds, everyone, step)
        for name, column in columns.items():
            prior = priors[name]
            pull = strictness * (weights[name] - prior.weight)
            wanted = _signed(weights[name] + _step(column, odds, truths, worths, pull, strictness), prior.sign)
            _move(odds, column, wanted - weights[name])
            weights[name] = wanted
    return Model(bias, weights)


def _step(
    column: Sequence[tuple[int, float]], odds: Sequence[float], truths: Sequence[bool], worths: Sequence[float],
    pull: float, stiffness: float,
) -> float:  # fmt: skip
    """One damped Newton step for one weight."""
    slope, curve = -pull, stiffness
    for n, value in column:
        expected = share(odds[n])
        slope += worths[n] * value * (truths[n] - expected)
        curve += worths[n] * value * value * max(expected * (1 - expected), 0.02)
    return max(-1.0, min(1.0, slope / curve)) if curve else 0.0


def _move(odds: list[float], column: Sequence[tuple[int, float]], step: float) -> None:
    for n, value in column:
        odds[n] += step * value


def _signed(weight: float, sign: int) -> float:
    return weight if not sign or weight * sign > 0 else 0.0


def folds(groups: Sequence[str], count: int) -> list[list[int]]:
    """The places of `groups` dealt out into `count` folds, a group never into two; the same groups make the same folds
    in any order."""
    ranks = {group: rank for rank, group in enumerate(sorted(set(groups)))}
    dealt: list[list[int]] = [[] for _ in range(count)]
    for place, group in enumerate(groups):
        dealt[ranks[group] % count].append(place)
    return dealt
