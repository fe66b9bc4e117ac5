"""Words of texts left out, moved, repeated or replaced, before the texts become features (Wei & Zou 2019, EDA).

Other texts that mean the same (by back translation, or written by another model) have to be made beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from runner.config.registry import number, register, text
from runner.data.augmentation.base import Words
from runner.errors import DataError

PAPER = "Wei & Zou 2019 (EDA)"


@register("augmentation", "word_deletion", paper=PAPER, lecture="003:630")
@dataclass
class WordDeletion(Words):
    """each word is left out with probability p"""

    p: float = number(0.0, ge=0, le=1, neutral=0.0, preset=0.1, help="probability that a word is left out")

    def words(self, chance, ids, vocabulary, p):
        import numpy as np

        return np.where(chance(0) < p, -1, ids)


@register("augmentation", "word_swap", paper=PAPER, lecture="003:629")
@dataclass
class WordSwap(Words):
    """each word, from the first to the last, changes places with any word of its text with probability p"""

    order_only = True
    p: float = number(0.0, ge=0, le=1, neutral=0.0, preset=0.1, help="probability that a word changes places")

    def words(self, chance, ids, vocabulary, p):
        import numpy as np

        swapped, count = ids.copy(), (ids >= 0).sum(1)
        chosen, other = (chance(0) < p) & (ids >= 0), (chance(1) * count[:, None]).astype(np.int64)
        for place in np.flatnonzero(chosen.any(0)):
            rows = np.flatnonzero(chosen[:, place])
            to = other[rows, place]
            swapped[rows, place], swapped[rows, to] = swapped[rows, to], swapped[rows, place]
        return swapped


@register("augmentation", "word_insertion", paper=PAPER, lecture="003:628")
@dataclass
class WordInsertion(Words):
    """behind each word stands any word of the same text once more with probability p"""

    p: float = number(0.0, ge=0, le=1, neutral=0.0, preset=0.1, help="probability that a word follows each word")

    def words(self, chance, ids, vocabulary, p):
        import numpy as np

        count = (ids >= 0).sum(1)
        drawn = np.take_along_axis(ids, (chance(1) * count[:, None]).astype(np.int64), axis=1)
        more = np.where((chance(0) < p) & (ids >= 0), drawn, -1)
        return np.stack([ids, more], axis=2).reshape(len(ids), -1)


@register("augmentation", "word_synonyms", paper=PAPER, lecture="003:627")
@dataclass
class WordSynonyms(Words):
    """each word that has synonyms in `file` becomes any of them with probability p"""

    p: float = number(0.0, ge=0, le=1, neutral=0.0, preset=0.1, help="probability that a word is replaced")
    file: str | None = text(
        None, optional=True, file=True, kind="segment", help="CSV with lines word,synonym or word,synonym,synonym,..."
    )

    def missing(self):
        """What is wrong with the file."""
        if not self.file:
            return "by which synonyms? set augmentation.word_synonyms.file=FILE, a CSV with lines word,synonym"
        try:
            synonyms(self.file)
        except DataError as error:
            return f"{error}"
        return ""

    def words(self, chance, ids, vocabulary, p):
        import numpy as np

        first, count, others = _numbers(self.file, vocabulary)
        chosen = (chance(0) < p) & (count[ids] > 0)
        drawn = (chance(1)[chosen] * count[ids[chosen]]).astype(np.int64)
        replaced = ids.copy()
        replaced[chosen] = others[first[ids[chosen]] + drawn]
        return replaced


@lru_cache(maxsize=8)
def _numbers(path: str, vocabulary):
    """(the first of its synonyms and how many it has, by number of a word and 0 of no word, the numbers of all)."""
    import numpy as np

    many = {
        vocabulary.number(word): [vocabulary.number(each) for each in found] for word, found in synonyms(path).items()
    }
    lengths = [len(found) for found in many.values()]
    first, count = np.zeros((2, len(vocabulary.words) + 1), np.int64)
    count[list(many)], first[list(many)] = lengths, np.cumsum([0, *lengths[:-1]])
    return first, count, np.concatenate(list(many.values()))


def synonyms(path: str) -> dict[str, list[str]]:
    """Word -> its synonyms, from the lines word,synonym[,synonym...] of a file. DataError naming file and line."""
    from runner.data.files import data_path, read_bytes
    from runner.data.hashing import words_of

    found: dict[str, list[str]] = {}
    raw = read_bytes(data_path(Path(path), "augmentation.word_synonyms.file"))
    for i, line in enumerate(raw.decode("utf-8-sig", errors="replace").splitlines(), 1):
        cells = [cell.strip().strip('"').lower() for cell in line.split(",")]
        if not any(cells) or cells[:2] == ["word", "synonym"]:
            continue
        if wrong := [cell for cell in cells if words_of(cell) != [cell]]:
            what = f"{wrong[0]!r} is no single word of two letters or more"
            raise DataError(f"{path}, line {i}: {what}. Write lines such as big,large")
        if len(cells) > 1:
            found.setdefault(cells[0], []).extend(cells[1:])
    if not found:
        raise DataError(f"{path} has no line with a word and a synonym. Write lines such as big,large")
    return found
