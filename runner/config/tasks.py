"""What a network is trained for."""

from __future__ import annotations

TASKS = ("classification", "regression")  # of one target
MULTITASK = "multitask"  # several targets of which some are classes: the network has a head for each, of its own task
