"""How a sweep is shared out: native runs by estimated time, stacked ones by structure, what has begun by checkpoint."""

import itertools
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.plan import native_shares, stacked_shares
from runner.plan.estimate import run_seconds, share_seconds
from runner.plan.native_shares import LEAST, TOGETHER, cut
from runner.plan.shares import share_out
from runner.population.devices import CPU, CUDA, PROFILES

STACKED = {"trainer.engine": "stacked"}
SIZES, BATCHES, RULES = ([16], [64, 64], [128, 128]), (16, 128), ("sgd", "adamw")
MIXED = [
    read({"model.hidden": hidden, "trainer.batch_size": batch, "optimizer": rule, "seed": seed})
    for hidden, batch, rule, seed in itertools.product(SIZES, BATCHES, RULES, range(16))
]


def data_of(runs):
    cache = {}
    return [prepare(run, cache) for run in runs]


def shared_out(runs, workers=1, **options):
    return share_out(range(len(runs)), runs, data_of(runs), workers, **options)


def lengths(seconds, workers):
    return [len(seconds[part]) for part in cut(seconds, workers)]


# ---- native


def test_a_part_takes_a_third_of_each_workers_part_of_what_is_left():
    # of 12 s a part takes 12/6 = 2 s; of 10 s 5/3, which 2 s come nearer to than 1 s; of 8 s 4/3, and so on
    assert lengths([1.0] * 12, 2) == [2, 2, 1, 1, 1, 1, 1, 1, 1, 1]
    # of 12 s 4 s for one worker alone, of 8 s 8/3, of 5 s 5/3, of 3 s 1
    assert lengths([1.0] * 12, 1) == [4, 3, 2, 1, 1, 1]


def test_a_long_run_is_a_part_for_itself_and_short_ones_make_one_of_its_length():
    # 24 s: a part takes 4 s, which the first run alone exceeds; of 14 s 7/3; of 12, 10 and 8 s 2, 5/3 and 4/3
    assert lengths([10.0, *[2.0] * 3, *[1.0] * 8], 2) == [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    # 20 s: 10/3 s; of 10 s 5/3, in which six runs of 0.25 s and one more fit
    assert lengths([10.0, *[0.25] * 40], 2)[:2] == [1, 7]


def test_parts_are_no_shorter_than_is_worth_handing_out_while_every_worker_gets_one():
    assert lengths([LEAST / 10] * 16, 2) == [8, 8]
    assert lengths([LEAST / 10] * 3, 4) == [1, 1, 1]
    # of 8 LEAST a part takes 4/3 LEAST, of 6.7 1.1, from then on one
    assert lengths([LEAST / 10] * 80, 2) == [13, 11, 10, 10, 10, 10, 10, 6]
    assert lengths([], 2) == []


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("workers", [2, 3, 8])
def test_workers_end_together_even_if_runs_end_sooner_than_estimated(seed, workers):
    random = np.random.default_rng(seed)
    estimated = sorted(random.lognormal(0, 1.0, 200), reverse=True)
    real = estimated * random.uniform(0.2, 1, 200)
    free = [0.0] * workers
    for part in cut(estimated, workers):
        free[free.index(min(free))] += real[part].sum()
    assert max(free) < 1.1 * sum(free) / workers


def test_native_runs_of_any_structure_share_a_work():
    shares, data = shared_out(MIXED, workers=2), data_of(MIXED)
    assert sorted(i for share in shares for i in share.members) == list(range(len(MIXED)))
    populations = [population for share in shares for population in share.populations]
    for members, width in populations:
        assert len({(*MIXED[i].model.hidden, MIXED[i].trainer.batch_size) for i in members}) == 1
        assert width == min(TOGETHER, len(members))
    assert any(len(share.populations) > 1 for share in shares)
    begun = [run_seconds(MIXED[i], data[i], 1) for share in shares for i in share.members]
    assert begun[0] == max(begun) and begun[-1] == min(begun)
    took = [share_seconds(share, MIXED, data) for share in shares]
    assert took == sorted(took, reverse=True)
    free = [0.0, 0.0]
    for seconds in took:
        free[free.index(min(free))] += seconds
    assert max(free) < 1.01 * sum(free) / 2


def test_a_mixed_sweep_is_cut_as_a_uniform_one():
    uniform = [read({"seed": i, "model.hidden": [64, 64]}) for i in range(len(MIXED))]
    assert abs(len(shared_out(MIXED, 2)) - len(shared_out(uniform, 2))) <= 3


def test_no_more_train_side_by_side_than_asked_for_or_fit_in_memory():
    runs = [read({"seed": i}) for i in range(40)]
    assert max(width for share in shared_out(runs) for _, width in share.populations) == min(TOGETHER, 13)
    assert {width for share in shared_out(runs, max_members=3) for _, width in share.populations} == {1, 2, 3}
    large = [read({"seed": i, "model.hidden": [1024, 1024]}) for i in range(12)]  # 1.1 million parameters
    found = [width for share in shared_out(large) for _, width in share.populations]
    assert max(found) == native_shares.NUMBERS // (64 * 1024 + 1024 * 1024 + 1024 * 10 + 2 * 1024 + 10) == 3


def test_what_is_tried_again_stays_whole():
    (share,) = shared_out(MIXED, workers=2, whole=True)
    assert sorted(share.members) == list(range(len(MIXED)))
    assert len(share.populations) == len(SIZES) * len(BATCHES)
    assert shared_out([], whole=True) == []


def test_what_only_stacking_needs_is_not_imported_for_native_runs():
    code = (
        "import sys; from runner.execution.configurations import read; from runner.data.prepare import prepare; "
        "from runner.plan.shares import share_out; run = read({'trainer.engine': sys.argv[1]}); "
        "share_out([0], [run], [prepare(run)], 2); print('runner.plan.stacked_shares' in sys.modules)"
    )
    for engine, imported in (("native", "False"), ("stacked", "True")):
        done = subprocess.run([sys.executable, "-c", code, engine], capture_output=True, text=True, timeout=120)
        assert done.stdout.split() == [imported], done.stderr


# ---- stacked


def test_stacked_rows_of_one_rule_lie_together():
    runs = [read({"optimizer": rule} | STACKED) for rule in ("sgd", "adamw", "sgd", "adamw")]
    [share] = shared_out(runs)
    order = share.members
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}


def test_cut_into_parts_of_which_no_more_train_side_by_side_than_fit():
    most, _ = CPU.cached
    runs = [read({"seed": i} | STACKED) for i in range(most + 6)]
    assert sorted(len(share.members) for share in shared_out(runs[:10], max_members=4)) == [3, 3, 4]
    found = shared_out(runs)
    assert sorted(i for share in found for i in share.members) == list(range(most + 6))
    assert max(width for share in found for _, width in share.populations) <= most
    large = [read({"seed": s, "model.hidden": [512, 512]} | STACKED) for s in range(16)]
    assert max(width for share in shared_out(large) for _, width in share.populations) <= 8
    assert stacked_shares.width(range(16), large, data_of(large), 1) == (1 << 20) // (64 * 512 + 512**2 + 5120 + 1034)


def test_on_a_gpu_as_many_train_side_by_side_as_its_memory_holds(monkeypatch):
    """9,720 parameters six times and activations of 32 examples four times, of 4 bytes: 287 kB a run."""
    runs = [read({"seed": i, "trainer.device": "cuda:0", "model.hidden": [128, 10]}) for i in range(100)]
    size = 4 * (6 * (64 * 128 + 128 + 128 * 10 + 10 + 110) + 4 * 32 * (64 + 128 + 10 + 10))
    for free, workers, widths in ((1e9, 1, [100]), (2 * 70.5 * size, 1, [50, 50]), (2 * 70.5 * size, 2, [34, 33, 33])):
        monkeypatch.setitem(PROFILES, "cuda", replace(CUDA, free=lambda name, free=free: free))
        shares = shared_out(runs, workers)
        assert [width for share in shares for _, width in share.populations] == widths


@pytest.mark.parametrize(("workers", "whole"), [(1, False), (2, False), (16, False), (3, True)])
def test_every_stacked_run_is_in_one_share_with_its_like(workers, whole):
    runs = [read({"seed": i, "model.hidden": [8 + 8 * (i % 2)], "optimizer": ("sgd", "adam")[i % 3 % 2]} | STACKED)
            for i in range(20)]  # fmt: skip
    shares, data = shared_out(runs, workers, whole=whole), data_of(runs)
    assert sorted(i for share in shares for i in share.members) == list(range(20))
    for share in shares:
        [(members, width)] = share.populations
        assert len({tuple(runs[i].model.hidden) for i in members}) == 1
        kinds = [type(runs[i].optimizer).__name__ for i in members]
        assert kinds == sorted(kinds)
        assert 1 <= width <= len(members)
    assert len(shares) == (2 if whole else max(2, workers))
    took = [share_seconds(share, runs, data) for share in shares]
    assert took == sorted(took, reverse=True)


def test_both_engines_in_one_sweep():
    runs = [read({"seed": i} | (STACKED if i % 2 else {})) for i in range(8)]
    for share in shared_out(runs, workers=2):
        assert len({i % 2 for i in share.members}) == 1


# ---- both


@pytest.mark.parametrize("engine", ["native", "stacked"])
def test_runs_that_go_on_from_a_checkpoint_stay_together(engine):
    runs = [read({"seed": i, "trainer.engine": engine}) for i in range(6)]
    shares = shared_out(runs, max_members=1, source={1: "a", 4: "a"}.get)
    (begun,) = [share for share in shares if share.source]
    assert (begun.populations, begun.source) == ((((1, 4), 1),), "a")
    assert sorted(i for share in shares for i in share.members) == list(range(6))
