"""What a run's metrics say about it, in words, and what to type next: an ordered list of situations.

Some say all there is to say (`ENDS`: the first that applies is the verdict): the run diverged, the untrained network
was kept, nothing was learned. The others (`FINDINGS`) may be true together, and `REMARKS` are added to them. A
learner's error splits into what it cannot even fit (bias, shown by the training error) and what it does not carry over
to new examples (variance, shown by the gap to the validation error); the two ask for opposite remedies (Ng, "Machine
Learning Yearning", chapters 20 to 27; Geman et al. 1992). Errors are shares of the best constant answer's, as `facts`
makes them.

- high bias: training error > BIAS of it. Errors that no model could avoid are unknown and count as bias.
- high variance: gap > VARIANCE of it, and larger than two standard errors of what is measured, so that few examples
  are not taken for a sign, nor few training rows where train/* is measured on a sample of them.
"""

from __future__ import annotations

from collections.abc import Callable

from runner.diagnostics import ends, findings
from runner.diagnostics.facts import Errors, Facts
from runner.diagnostics.findings import Finding
from runner.diagnostics.words import numbers

ENDS: tuple[Callable[[Facts], str | None], ...] = (
    ends.diverged,
    ends.not_finite,
    ends.not_trained,
    ends.untrained_is_best,
    ends.too_small_a_sample,
    ends.learned_nothing,
    ends.nothing_that_holds,
)
FINDINGS: tuple[Callable[[Facts, Errors], Finding | None], ...] = (
    findings.underfits,
    findings.overfits,
    findings.too_sure,
)
REMARKS: tuple[Callable[[Facts, Errors], str | None], ...] = (
    findings.may_improve,
    findings.stays_open,
    findings.too_good,
)


def verdict(facts: Facts) -> str | None:
    """ "high variance (overfitting): train accuracy 1.00, validation 0.93 (...). Try ..."; None if nothing is known."""
    for end in ENDS:
        if said := end(facts):
            return said
    errors = facts.errors
    if errors is None:
        return None
    found = [each for finding in FINDINGS if (each := finding(facts, errors))]
    found = found or [findings.nothing_wrong(facts, errors)]
    remarks = [said for remark in REMARKS if (said := remark(facts, errors))]
    sentences = [numbers(facts, errors), *(advice for _, advice in found), *remarks]
    return f"{' and '.join(name for name, _ in found)}: {'. '.join(sentences)}."
