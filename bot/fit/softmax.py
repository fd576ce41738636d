"""Multinomial logistic regression that adds to weights given by hand: what each feature adds to each answer.

It knows nothing of events or texts (see event). Only sums in a fixed order are taken, no matrix product of a library
that may share work among threads, so that the same input gives the same weights to the bit.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHARPNESS = 0.5
"""Log-odds for each unit of the weights given by hand, before any document is seen."""

FIRMNESS = 5.0
"""How firmly the sharpness stays near that."""

_START = ""
"""A feature of every document: its weights are what the answers start with."""

Row = Mapping[str, float]
"""A document: its features above 0."""


@dataclass(frozen=True, slots=True)
class Model:
    """Log-odds are `sharpness` times the sum of what was given by hand, `start`, and `weights` times features; one
    number for each answer."""

    sharpness: float
    start: Sequence[float]
    weights: Mapping[str, Sequence[float]]


class _Matrix:
    """Rows of features as a sparse matrix, summed along rows or columns in one fixed order."""

    def __init__(self, rows: Sequence[Row], names: Mapping[str, int]) -> None:
        entries = [
            (n, names[name], value) for n, row in enumerate(rows) for name, value in row.items() if name in names
        ]
        entries.sort()
        self._row = np.array([entry[0] for entry in entries], dtype=np.intp)
        self._column = np.array([entry[1] for entry in entries], dtype=np.intp)
        self._value: Floats = np.array([entry[2] for entry in entries], dtype=np.float64)[:, None]
        self._by_column = np.lexsort((self._row, self._column))
        self._shape = (len(rows), len(names))

    def times(self, weights: Floats) -> Floats:
        """One line for each row."""
        return _gathered(self._value * weights[self._column], self._row, self._shape[0])

    def transposed_times(self, slopes: Floats) -> Floats:
        """One line for each column."""
        order = self._by_column
        return _gathered(self._value[order] * slopes[self._row[order]], self._column[order], self._shape[1])

    def largest(self, worths: Floats) -> float:
        """About the greatest eigenvalue of the weighted squares."""
        guess = np.ones((self._shape[1], 1))
        size = 1.0
        for _ in range(20):
            guess = self.transposed_times(self.times(guess) * worths)
            size = math.sqrt(float(np.cumsum(guess * guess)[-1])) if guess.size else 0.0
            guess = guess / (size or 1.0)
        return size


def _gathered(lines: Floats, places: NDArray[np.intp], count: int) -> Floats:
    """The sum of the lines of each place; the places rise."""
    found = np.zeros((count, lines.shape[1]))
    if len(places):
        first = np.flatnonzero(np.diff(places, prepend=-1))
        found[places[first]] = np.add.reduceat(lines, first, axis=0)
    return found


def chances(odds: Floats) -> Floats:
    """Log-odds, one line a document, as probabilities."""
    raised = np.exp(odds - odds.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def fit(
    rows: Sequence[Row], by_hand: Sequence[Sequence[float]], truths: Sequence[Sequence[float]],
    worths: Sequence[float], *, strictness: Mapping[str, float], rounds: int = 200,
) -> Model:  # fmt: skip
    """The weights that make `truths` (shares of each answer, 1 together) likely beside what is given `by_hand`, and
    that stay near 0; by accelerated gradient steps (Nesterov 1983) that start afresh where they overshoot (O'Donoghue &
    Candès 2015).

    `worths` are how much each document counts, `strictness` how firmly each feature's weights are held; a feature that
    it does not name is left out.
    """
    held = {**strictness, _START: 1.0}
    names = {name: n for n, name in enumerate(sorted(held))}
    softness: Floats = np.array([[1 / math.sqrt(held[name])] for name in names])
    scaled = [
        {name: value * softness[names[name], 0] for name, value in {**row, _START: 1.0}.items() if name in names}
        for row in rows
    ]
    matrix = _Matrix(scaled, names)
    hand, truth = np.array(by_hand, dtype=np.float64), np.array(truths, dtype=np.float64)
    worth: Floats = np.array(worths, dtype=np.float64)[:, None]
    pace = 1 / (0.5 * matrix.largest(worth) + 1)
    weights = ahead = np.zeros((len(names), truth.shape[1]))
    sharpness, speed = SHARPNESS, 1
    for _ in range(rounds):
        found = chances(sharpness * hand + matrix.times(ahead))
        slope = (found - truth) * worth
        incline = matrix.transposed_times(slope) + ahead
        last, weights = weights, ahead - pace * incline
        speed = 1 if float(np.cumsum(incline * (weights - last))[-1]) > 0 else speed + 1
        ahead = weights + (speed - 1) / (speed + 2) * (weights - last)
        sharpness -= 0.3 * _step(hand, found, slope, worth, sharpness)
    unit = weights * softness / sharpness
    learned = {name: unit[n].tolist() for name, n in names.items()}
    return Model(sharpness, learned.pop(_START), learned)


def _step(hand: Floats, found: Floats, slope: Floats, worth: Floats, sharpness: float) -> float:
    """A Newton step for the sharpness."""
    pull = float(np.cumsum(slope * hand)[-1]) + FIRMNESS * (sharpness - SHARPNESS)
    return pull / (float(np.cumsum(hand * hand * found * (1 - found) * worth)[-1]) + FIRMNESS)
