"""Texts as numbers: how often each word, and each pair of neighbours, stands in a text, in a fixed number of buckets.

No vocabulary has to be learned, so that a word that training never saw is no problem. As scikit-learn's
HashingVectorizer: texts in lower case; words of two letters or digits or more; n-grams of neighbouring words.
MurmurHash3 names the bucket of an n-gram and the sign with which it counts (Weinberger et al. 2009), so that n-grams
that share a bucket cancel rather than add up. The counts of a text have the L2 norm 1; those of a text without words
are 0.

Shapes: n texts, W words of the longest, F features.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

WORD = re.compile(r"\b\w\w+\b")
NONE = -1  # in place of a word behind the last one
WIDE = 31  # bits of the number of a word
CHUNK = 4096  # texts at once


def words_of(text: str | None) -> list[str]:
    """The words of a text, in order."""
    return WORD.findall(text.lower()) if text else []


def murmur(texts: Sequence[str]) -> np.ndarray:
    """MurmurHash3 of 32 bits with seed 0 (Appleby 2011) of each text in UTF-8, signed: int64 [n]."""
    data = [text.encode() for text in texts]
    length = np.array([len(each) for each in data], np.uint32)
    width = -(-int(length.max(initial=0)) // 4) * 4 + 4  # one block of zeros behind the longest
    blocks = np.array(data, f"S{width}").view(np.uint8).reshape(-1, width).view("<u4")
    whole, h = length // 4, np.zeros(len(data), np.uint32)
    for i in range(int(whole.max(initial=0))):
        mixed = h ^ _scrambled(blocks[:, i])
        h = np.where(i < whole, _turned(mixed, 13) * np.uint32(5) + np.uint32(0xE6546B64), h)
    h ^= _scrambled(np.take_along_axis(blocks, whole[:, None].astype(np.int64), 1)[:, 0])  # the bytes that are left
    h ^= length
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        h = (h ^ h >> np.uint32(shift)) * np.uint32(factor)
    return h.view(np.int32).astype(np.int64)


def _scrambled(k: np.ndarray) -> np.ndarray:
    return _turned(k * np.uint32(0xCC9E2D51), 15) * np.uint32(0x1B873593)


def _turned(k: np.ndarray, by: int) -> np.ndarray:
    return k << np.uint32(by) | k >> np.uint32(32 - by)


class Vocabulary:
    """Words and their n-grams by number, in the order in which they were met, with the bucket and sign of each.

    Args:
        features: number of buckets F.
        ngrams: words of the longest n-gram.
    """

    def __init__(self, features: int, ngrams: int):
        self.features, self.ngrams = features, ngrams
        self.words: list[str] = []
        self.numbers: dict[str, int] = {}
        self._grams: list[str] = []
        self._known: dict[int, int] = {}  # number of all words but the last + 1, number of the last -> of the n-gram
        self._buckets = np.zeros(0, np.int64)
        self._signs = np.zeros(0)

    def number(self, word: str) -> int:
        """The number of a word, which is one of the vocabulary from now on."""
        if word not in self.numbers:
            self.numbers[word] = len(self.words)
            self.words.append(word)
        return self.numbers[word]

    def read(self, texts: Iterable[str | None]) -> list[np.ndarray]:
        """Each text as the numbers of its words."""
        return [np.array([self.number(word) for word in words_of(text)], np.int64) for text in texts]

    def hashed(self, ids_nW: np.ndarray) -> np.ndarray:
        """Features [n, F], float64, of texts as numbers of words, those behind the last one NONE."""
        n, counts = len(ids_nW), np.zeros(len(ids_nW) * self.features)
        row, last = np.nonzero(ids_nW != NONE)[0], ids_nW[ids_nW != NONE]
        begin, gram = np.arange(len(last)), np.full(len(last), NONE)
        for length in range(self.ngrams):
            end = begin + length
            inside = end < len(last)
            inside[inside] = row[begin[inside]] == row[end[inside]]
            begin, gram = begin[inside], gram[inside]
            gram = self._longer(gram, last[begin + length])
            places = row[begin] * self.features + self._buckets[gram]
            counts += np.bincount(places, self._signs[gram], minlength=len(counts))
        found_nF = counts.reshape(n, self.features)
        norms = np.sqrt(np.square(found_nF).sum(1, keepdims=True))
        return found_nF / np.where(norms == 0, 1, norms)

    def _longer(self, grams: np.ndarray, words: np.ndarray) -> np.ndarray:
        """The numbers of n-grams with one word more behind each."""
        keys, which = np.unique((grams + 1 << WIDE) + words, return_inverse=True)
        found = [self._known.get(key, NONE) for key in keys.tolist()]
        if new := [key for key, number in zip(keys.tolist(), found, strict=True) if number == NONE]:
            self._add(new)
            found = [self._known[key] for key in keys.tolist()]
        return np.array(found, np.int64)[which]

    def _add(self, keys: list[int]) -> None:
        begins = [f"{self._grams[(key >> WIDE) - 1]} " if key >> WIDE else "" for key in keys]
        texts = [begin + self.words[key & (1 << WIDE) - 1] for begin, key in zip(begins, keys, strict=True)]
        self._known |= {key: len(self._grams) + i for i, key in enumerate(keys)}
        self._grams += texts
        h = murmur(texts)
        self._buckets = np.concatenate([self._buckets, np.abs(h) % self.features])
        self._signs = np.concatenate([self._signs, np.where(h >= 0, 1.0, -1.0)])


def padded(texts: Sequence[np.ndarray], width: int) -> np.ndarray:
    """Texts as numbers of words in one array [n, width], NONE behind the last word of each."""
    found = np.full((len(texts), width), NONE, np.int64)
    for row, ids in zip(found, texts, strict=True):
        row[: len(ids)] = ids
    return found


def compact(ids_nW: np.ndarray) -> np.ndarray:
    """The same with the words of each text moved to its beginning, in their order."""
    order = np.argsort(ids_nW == NONE, axis=1, kind="stable")
    return np.take_along_axis(ids_nW, order, axis=1)


def features_of(texts: Sequence[str | None] | np.ndarray, features: int, ngrams: int) -> np.ndarray:
    """Features [n, F] of texts."""
    vocabulary, found = Vocabulary(features, ngrams), np.empty((len(texts), features))
    read = vocabulary.read(texts)
    for start in range(0, len(read), CHUNK):
        part = read[start : start + CHUNK]
        found[start : start + CHUNK] = vocabulary.hashed(padded(part, max(map(len, part))))
    return found


class Corpus:
    """The texts of a column, read once for all that changes them: numbers of words by row."""

    def __init__(self, texts: Sequence[str | None] | np.ndarray, features: int, ngrams: int):
        self.vocabulary = Vocabulary(features, ngrams)
        self.texts = self.vocabulary.read(texts)
        self.longest = max(map(len, self.texts), default=0)

    def of(self, rows: np.ndarray) -> np.ndarray:
        """The texts of some rows [n] as numbers of words [n, longest]."""
        return padded([self.texts[row] for row in rows.tolist()], self.longest)
