"""An inverted index over many texts: IDF-weighted cosine.

What a query holds that no text ever held stays in the query's norm, so an unknown topic lowers every score.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nlargest
from math import log, sqrt
from typing import Final

from services.similarity.tokens import features

SCORER: Final = 1
"""Version of the scorer: an artifact built for another one is built anew."""
KNOWN: Final = 0.40
"""From this score on a question counts as known."""
SUGGEST: Final = 0.20
"""From this score on a question is worth a "Did you mean ...?"."""


@dataclass(frozen=True, slots=True)
class Match:
    """Which text (its row, counted from 0) and how alike, from 0 to 1."""

    row: int
    score: float


class Index:
    """Built once over all texts; `nearest` reads it. Rows keep the order in which the texts came."""

    def __init__(self) -> None:
        self._rows: dict[str, array[int]] = {}
        self._weights: dict[str, array[float]] = {}
        self._norms: array[float] = array("d")
        self._size = 0

    @classmethod
    def build(cls, texts: Iterable[str]) -> "Index":
        """The index of these texts."""
        index = cls()
        for text in texts:
            index._add(text)
        index._weigh()
        return index

    def __len__(self) -> int:
        return self._size

    def nearest(self, query: str, limit: int = 5) -> list[Match]:
        """At most `limit` rows, the most alike first; of equal ones the latest first."""
        weighed = {name: weight * self._idf(name) for name, weight in features(query).items()}
        norm = sqrt(sum(weight * weight for weight in weighed.values()))
        if not norm:
            return []
        scores: dict[int, float] = {}
        # Rare features first: once the rest can't lift a new row over the threshold, no new rows are taken in.
        rest = sum(weight * weight for weight in weighed.values())
        for name, weight in sorted(weighed.items(), key=lambda pair: len(self._rows.get(pair[0], ()))):
            rows = self._rows.get(name)
            if rows is not None:
                self._collect(scores, name, weight, new=sqrt(rest) >= SUGGEST / 2 * norm)
            rest = max(0.0, rest - weight * weight)
        best = nlargest(limit, scores.items(), key=lambda pair: (pair[1] / self._norms[pair[0]], pair[0]))
        return [Match(row, min(1.0, score / (norm * self._norms[row]))) for row, score in best]

    def _collect(self, scores: dict[int, float], name: str, weight: float, *, new: bool) -> None:
        pairs = zip(self._rows[name], self._weights[name], strict=True)
        if new:
            for row, value in pairs:
                scores[row] = scores.get(row, 0.0) + weight * value
        else:
            for row, value in pairs:
                if row in scores:
                    scores[row] += weight * value

    def _add(self, text: str) -> None:
        row, self._size = self._size, self._size + 1
        for name, weight in features(text).items():
            if name not in self._rows:
                self._rows[name], self._weights[name] = array("l"), array("d")
            self._rows[name].append(row)
            self._weights[name].append(weight)

    def _weigh(self) -> None:
        norms = [0.0] * self._size
        for name, rows in self._rows.items():
            idf = self._idf(name)
            weighed = array("d", (weight * idf for weight in self._weights[name]))
            self._weights[name] = weighed
            for row, weight in zip(rows, weighed, strict=True):
                norms[row] += weight * weight
        self._norms = array("d", (sqrt(norm) or 1.0 for norm in norms))

    def _idf(self, name: str) -> float:
        seen = len(self._rows.get(name, ()))
        return log(1.0 + (self._size + 1.0) / (seen + 0.5))


def score(first: str, second: str) -> float:
    """How alike two texts are, from 0 to 1, without knowing any others."""
    one, other = features(first), features(second)
    dot = sum(weight * other.get(name, 0.0) for name, weight in one.items())
    norms = sqrt(sum(w * w for w in one.values())) * sqrt(sum(w * w for w in other.values()))
    return min(1.0, dot / norms) if norms else 0.0
