"""An inverted index over many texts: IDF-weighted cosine.

What a query holds that no text ever held stays in the query's norm, so an unknown topic lowers every score.
"""

from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import log, sqrt
from typing import Final, Self

from services.similarity.tokens import features

SCORER: Final = 2
"""Version of the scorer: what was counted for another one is counted anew."""
KNOWN: Final = 0.40
"""From this score on a question counts as known."""
SUGGEST: Final = 0.20
"""From this score on a question is worth a "Did you mean ...?"."""
FAINT: Final = 0.10
"""Rows that can't reach this score may be left out."""
PRIOR: Final = 50
"""Texts that we pretend to have seen besides, so that a score means the same among 1 text as among 60."""


@dataclass(frozen=True, slots=True)
class Match:
    """Which text (its row, counted from 0) and how alike, from 0 to 1."""

    row: int
    score: float


class Index:
    """Rows keep the order in which the texts came. Many threads may read it while nobody adds."""

    def __init__(self) -> None:
        self._rows: dict[str, array[int]] = {}
        self._weights: dict[str, array[float]] = {}
        self._norms: array[float] = array("d")
        self._size = 0

    @classmethod
    def build(cls, texts: Iterable[str]) -> Self:
        """The index of these texts."""
        index = cls()
        for text in texts:
            index.add(text)
        index._norms = index._measured()
        return index

    def __len__(self) -> int:
        return self._size

    def add(self, text: str) -> int:
        """One more text; gives its row. The next `nearest` measures all rows anew (10,000 in about 0.1 s)."""
        row, self._size = self._size, self._size + 1
        for name, weight in features(text).items():
            rows = self._rows.get(name)
            if rows is None:
                self._rows[name], self._weights[name] = array("I", (row,)), array("f", (weight,))
            else:
                rows.append(row)
                self._weights[name].append(weight)
        return row

    def nearest(self, query: str, limit: int = 5) -> list[Match]:
        """At most `limit` rows that reach `FAINT`, the most alike first; of equal ones the latest first."""
        if len(self._norms) != self._size:
            self._norms = self._measured()
        weighed = {name: weight * self._idf(name) for name, weight in features(query).items()}
        rest = sum(weight * weight for weight in weighed.values())
        norm = sqrt(rest)
        scores: dict[int, float] = {}
        # Rare features first: once the rest can't lift a new row to FAINT (Cauchy-Schwarz), no new rows are taken in.
        for name, weight in sorted(weighed.items(), key=lambda pair: len(self._rows.get(pair[0], ()))):
            if name in self._rows:
                self._collect(scores, name, weight * self._idf(name), new=sqrt(rest) >= FAINT * norm)
            rest = max(0.0, rest - weight * weight)
        norms = self._norms
        found = ((min(1.0, value / (norm * norms[row])), row) for row, value in scores.items())
        best = nlargest(limit, (pair for pair in found if pair[0] >= FAINT))
        return [Match(row, value) for value, row in best]

    def _collect(self, scores: dict[int, float], name: str, weight: float, *, new: bool) -> None:
        pairs = zip(self._rows[name], self._weights[name], strict=True)
        if new:
            for row, value in pairs:
                scores[row] = scores.get(row, 0.0) + weight * value
        else:
            for row, value in pairs:
                if row in scores:
                    scores[row] += weight * value

    def _measured(self) -> "array[float]":
        squares = [0.0] * self._size
        for name, rows in self._rows.items():
            squared = self._idf(name) ** 2
            for row, weight in zip(rows, self._weights[name], strict=True):
                squares[row] += squared * weight * weight
        return array("d", (sqrt(square) or 1.0 for square in squares))

    def _idf(self, name: str) -> float:
        return _idf(self._size, len(self._rows.get(name, ())))


Counts = Callable[[Collection[str]], Mapping[str, int]]
"""Given names of features, in how many texts each occurs; a name may be missing when in none."""


def rank(query: str, texts: Sequence[str], size: int, counts: Counts, limit: int = 5) -> list[Match]:
    """As `Index.nearest` of `size` texts would rank these few of them; `counts` is asked once, about all texts."""
    asked, given = features(query), [features(text) for text in texts]
    seen = counts({*asked, *(name for one in given for name in one)})
    one = _weigh(asked, size, seen)
    scores = ((_cosine(one, _weigh(other, size, seen)), row) for row, other in enumerate(given))
    return [Match(row, score) for score, row in nlargest(limit, (pair for pair in scores if pair[0] >= FAINT))]


def score(first: str, second: str) -> float:
    """How alike two texts are, from 0 to 1, without knowing any others."""
    return _cosine(features(first), features(second))


def _weigh(found: dict[str, float], size: int, seen: Mapping[str, int]) -> dict[str, float]:
    return {name: weight * _idf(size, seen.get(name, 0)) for name, weight in found.items()}


def _cosine(one: dict[str, float], other: dict[str, float]) -> float:
    dot = sum(weight * other.get(name, 0.0) for name, weight in one.items())
    norms = sqrt(sum(w * w for w in one.values())) * sqrt(sum(w * w for w in other.values()))
    return min(1.0, dot / norms) if norms else 0.0


def _idf(size: int, seen: int) -> float:
    """Smoothed as in BM25, above 0 for every count."""
    return log(1.0 + (size + PRIOR + 1.0) / (seen + 0.5))
