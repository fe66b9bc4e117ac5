"""The options of commands about ensembles, and what they allow; nothing here is heavy to import."""

from __future__ import annotations

from runner.errors import ConfigError

TOP, GREEDY, COMBINE = "--top", "--greedy", "--combine"
MEAN, GEOMETRIC, VOTE = "mean", "geometric", "vote"
NAMES = (MEAN, GEOMETRIC, VOTE)


def check_name(name: str) -> None:
    """ConfigError for a way to combine that there is not."""
    if name not in NAMES:
        raise ConfigError(f"{COMBINE} {name}: there is no such way; allowed: {', '.join(NAMES)}")


def check_size(option: str, size: int | None) -> None:
    """ConfigError for fewer than two; None is no choice."""
    if size is not None and size < 2:
        raise ConfigError(
            f"{option} {size}: an ensemble has two members at least. Use {option} 2 or more; the best run alone is "
            f"what `runner best` names, and what `runner predict` takes without {COMBINE}"
        )
