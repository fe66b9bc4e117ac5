"""Training texts, before and after augmentation."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from runner.figures.draw.canvas import BLUE, INK, RED, canvas, cut, plain, png

LETTERS, LINES = 92, 3  # of a text
WIDTH, LINE = 8.0, 0.175  # inches of the figure, and of a line
POINTS = 9.0
LETTER = 0.602 * POINTS / 72  # inches of a letter of the monospaced font
LEFT = 1.0  # inches to the left of the texts
Words = Sequence[str]


def text_pairs(before: Sequence[Words], after: Sequence[Words], captions: Sequence[str], *, title: str = "") -> bytes:
    """Each text as it is and, below it, augmented: what is left out is red and struck through, what is new blue and
    underlined. A text ends after three lines.
    """
    blocks = [_block(*pair) for pair in zip(before, after, strict=True)]
    high = sum(len(block) + 1.6 for block in blocks) * LINE + 0.5
    figure = canvas(size=(WIDTH, high))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(high, 0))
    axes.set_axis_off()
    figure.suptitle(plain(title), fontsize=10, y=1 - 0.12 / high, va="top")
    y = 0.5
    for block, caption in zip(blocks, captions, strict=True):
        axes.text(0.1, y, plain(cut(caption, 90)), fontsize=POINTS, fontweight="bold", va="top")
        y += LINE
        for name, same, other, colour in block:
            axes.text(0.1, y, name, fontsize=POINTS, va="top", color=INK)
            for text, ink in ((same, INK), (other, colour)):
                axes.text(LEFT, y, plain(text), fontsize=POINTS, va="top", color=ink, family="monospace")
            _mark(axes, y + LINE * (0.45 if colour == RED else 0.85), other, colour)
            y += LINE
        y += 0.6 * LINE
    return png(figure)


def _block(before: Words, after: Words) -> list[tuple[str, str, str, str]]:
    """Lines of both texts: (what it is, words that are in both, the others in their places, their colour)."""
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    kept = [(first + i, second + i) for first, second, size in matcher.get_matching_blocks() for i in range(size)]
    found = []
    for name, words, same, colour in (
        ("original", before, {first for first, _ in kept}, RED),
        ("augmented", after, {second for _, second in kept}, BLUE),
    ):
        for i, (common, other) in enumerate(_lines(words, same)):
            found.append(("" if i else name, common, other, colour))
    return found


def _lines(words: Words, same: set[int]) -> list[tuple[str, str]]:
    """Lines of at most LETTERS letters, each twice: words at the positions `same`, and the others, in their places."""
    lines = [["", ""]]
    for i, word in enumerate(words):
        if len(lines[-1][0]) + len(word) > LETTERS:
            if len(lines) == LINES:
                lines[-1][0] += "..."
                break
            lines.append(["", ""])
        blank = " " * len(word)
        lines[-1][0] += f"{word if i in same else blank} "
        lines[-1][1] += f"{blank if i in same else word} "
    return [(common.rstrip(), other.rstrip()) for common, other in lines]


def _mark(axes, y: float, text: str, colour: str) -> None:
    """A line through or below each word of a line."""
    place = 0
    for word in text.split(" "):
        if word:
            ends = [LEFT + LETTER * at for at in (place, place + len(word))]
            axes.plot(ends, [y, y], color=colour, linewidth=1.0)
        place += len(word) + 1
