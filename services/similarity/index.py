"""An inverted index over many texts: IDF-weighted cosine.

What a query holds that no text ever held stays in the query's norm, so an unknown topic lowers every score.
"""

from array import array
from bisect import bisect_left
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
MANY: Final = 50
"""After so many changes, or one in so many texts, all norms are measured anew."""
ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Match:
    """Which text (its row, counted from 0) and how alike, from 0 to 1."""

    row: int
    score: float


class Index:
    """Texts that come and go, each in a row. Many threads may read it while nobody changes it.

    A text more or less changes what every feature is worth, and so every row's norm by a little. Measuring them all anew
    for each text would take as long as building the index. So norms grow old, and bounds on how far they are off tell
    which few rows may be among the nearest: only those are measured exactly. Scores are those of a new index.
    """

    def __init__(self) -> None:
        self._rows: dict[str, array[int]] = {}
        self._weights: dict[str, array[float]] = {}
        self._texts: list[str | None] = []
        self._places: array[int] = array("q")
        self._free: list[int] = []
        self._norms: array[float] = array("d")
        self._measured_size = 0
        self._counted: dict[str, int] = {}
        """In how many texts those features were that have come or gone since the norms were measured."""
        self._late: set[int] = set()
        """Rows that weren't there when the norms were measured."""
        self._changes = 0

    @classmethod
    def build(cls, texts: Iterable[str]) -> Self:
        """The index of these texts, in rows from 0 on."""
        index = cls()
        for text in texts:
            index.add(text)
        index.measure()
        return index

    def __len__(self) -> int:
        return len(self._texts) - len(self._free)

    def add(self, text: str, place: int | None = None) -> int:
        """One more text; gives its row, perhaps that of one which is gone. `place`: of equal ones the last comes first; the
        row unless given."""
        row = self._free.pop() if self._free else self._append()
        self._texts[row], self._places[row] = text, row if place is None else place
        self._late.add(row)
        self._changes += 1
        for name, weight in features(text).items():
            rows, weights = self._rows.setdefault(name, array("I")), self._weights.setdefault(name, array("f"))
            self._counted.setdefault(name, len(rows))
            at = bisect_left(rows, row)
            rows.insert(at, row)
            weights.insert(at, weight)
        return row

    def remove(self, row: int) -> None:
        """This row's text is gone."""
        for name in features(self._text(row)):
            rows, weights = self._rows[name], self._weights[name]
            self._counted.setdefault(name, len(rows))
            at = bisect_left(rows, row)
            del rows[at], weights[at]
            if not rows:
                del self._rows[name], self._weights[name]
        self._texts[row] = None
        self._late.discard(row)
        self._free.append(row)
        self._changes += 1

    def measure(self) -> None:
        """Measure all norms (10,000 in about 0.1 s)."""
        squares = [0.0] * len(self._texts)
        for name in sorted(self._rows):  # the order of `_norm`, so that both round alike
            squared = self._idf(name) ** 2
            for row, weight in zip(self._rows[name], self._weights[name], strict=True):
                squares[row] += squared * weight * weight
        self._norms = array("d", (sqrt(square) or 1.0 for square in squares))
        self._measured_size, self._changes = len(self), 0
        self._counted, self._late = {}, set()

    def nearest(self, query: str, limit: int = 5) -> list[Match]:
        """At most `limit` rows that reach `FAINT`, the most alike first; of equal ones the last first."""
        if self._changes > max(MANY, len(self) // MANY):
            self.measure()
        weighed = {name: weight * self._idf(name) for name, weight in features(query).items()}
        rest = sum(weight * weight for weight in weighed.values())
        norm = sqrt(rest)
        scores: dict[int, float] = {}
        # Rare features first: once the rest can't lift a new row to FAINT (Cauchy-Schwarz), no new rows are taken in.
        for name, weight in sorted(weighed.items(), key=lambda pair: len(self._rows.get(pair[0], ()))):
            if name in self._rows:
                self._collect(scores, name, weight * self._idf(name), new=sqrt(rest) >= FAINT * norm)
            rest = max(0.0, rest - weight * weight)
        norms = self._exact(scores, norm, limit) if self._changes else self._norms
        rows = norms if isinstance(norms, dict) else scores
        found = ((min(1.0, scores[row] / (norm * norms[row])), self._places[row], row) for row in rows)
        return [Match(row, value) for value, _, row in nlargest(limit, (one for one in found if one[0] >= FAINT))]

    def _append(self) -> int:
        self._texts.append(None)
        self._places.append(0)
        self._norms.append(1.0)
        return len(self._texts) - 1

    def _text(self, row: int) -> str:
        text = self._texts[row]
        assert text is not None, f"row {row} is gone"
        return text

    def _collect(self, scores: dict[int, float], name: str, weight: float, *, new: bool) -> None:
        pairs = zip(self._rows[name], self._weights[name], strict=True)
        if new:
            for row, value in pairs:
                scores[row] = scores.get(row, 0.0) + weight * value
        else:
            for row, value in pairs:
                if row in scores:
                    scores[row] += weight * value

    def _exact(self, scores: dict[int, float], norm: float, limit: int) -> dict[int, float]:
        """The norms of all rows that may be among the nearest."""
        low, high = self._drift()
        guessed = {row: value / (norm * self._norms[row]) for row, value in scores.items() if row not in self._late}
        surest = nlargest(limit, guessed.values())
        least = max(FAINT, surest[-1] / high) if len(surest) == limit else FAINT
        maybe = [row for row, value in guessed.items() if value / low >= least]
        return {row: self._norm(row) for row in (*maybe, *(row for row in scores if row in self._late))}

    def _drift(self) -> tuple[float, float]:
        """Between what and what a norm is now, where it was 1 when it was measured."""
        # By the logarithm's concavity no feature's worth has grown or shrunk more than the number of all texts has.
        grown = (len(self) + PRIOR + 1.0) / (self._measured_size + PRIOR + 1.0)
        ratios = [1.0, grown]
        for name, count in self._counted.items():
            if count and name in self._rows:
                ratios.append(self._idf(name) / _idf(self._measured_size, count))
        return min(ratios) * (1.0 - ROUNDING), max(ratios) * (1.0 + ROUNDING)

    def _norm(self, row: int) -> float:
        square = 0.0
        for name in sorted(found := features(self._text(row))):
            weight = array("f", (found[name],))[0]
            square += self._idf(name) ** 2 * weight * weight
        return sqrt(square) or 1.0

    def _idf(self, name: str) -> float:
        return _idf(len(self), len(self._rows.get(name, ())))


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
