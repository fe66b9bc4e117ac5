"""What is ours about Ray, with a stand-in for Ray: works to actors and back, dead actors, what users are told."""

from __future__ import annotations

import importlib.util
import socket
import threading
from dataclasses import replace

import pytest
import ray_stand_in
import sweep_folders

from runner.cli import main
from runner.errors import ConfigError
from runner.execution.executors import ray_cluster, ray_crew, ray_worker
from runner.execution.executors.ray_worker import RayWorker, Sweep
from runner.execution.options import Options
from runner.records import disk

SWEEP = [*sweep_folders.SMALL, "seed=0,1", "optimizer=sgd,adam", "trainer.epochs=3", "dataset=digits,diabetes"]
RAY = ["hydra.launcher.executor=ray", "hydra.launcher.max_members=2"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What the sweep is in this process alone."""
    folder = tmp_path_factory.mktemp("serial") / "sweep"
    return sweep_folders.contents(sweep_folders.sweep(folder, *SWEEP, "hydra.launcher.executor=serial"))


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """What an actor changes of its process, which here is that of the tests, is taken back or left out."""
    monkeypatch.setattr(disk, "GROUPED", [False])
    monkeypatch.setattr(ray_worker, "share_fate", lambda: None)
    monkeypatch.setattr(ray_cluster, "QUIET", {})


@pytest.fixture
def no_ray(monkeypatch):
    """From when it is called on Ray is not installed."""
    found = importlib.util.find_spec
    return lambda: monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "ray" else found(name, *more)
    )


def test_actors_train_what_one_process_trains(whole, monkeypatch, tmp_path, capsys):
    cluster = ray_stand_in.install(monkeypatch, cpus=3)
    folder = sweep_folders.sweep(tmp_path / "sweep", *SWEEP, *RAY)
    assert sweep_folders.contents(folder) == whole
    assert cluster.asked == [
        {"address": "local", "include_dashboard": False, "log_to_driver": False, "logging_level": "CRITICAL"}
        | {"num_cpus": cluster.asked[0]["num_cpus"]}
    ]
    assert len(cluster.actors) == 3  # as many as the cluster has CPUs
    assert "runner: starting Ray, which takes a few seconds" in capsys.readouterr().err
    assert "begun: 8 runs in 3 shares on 3 workers" in (folder / "sweep.log").read_text()


def test_actors_stay_from_one_round_of_a_search_to_the_next_and_are_asked_one_thing_at_a_time(monkeypatch, tmp_path):
    def born(actor):
        told, asking = actor.thing.told, threading.Lock()

        def alone():
            overlapping.append(not asking.acquire(blocking=False))
            try:
                return told()
            finally:
                asking.release()

        actor.thing.told = alone

    overlapping: list[bool] = []
    words = [*sweep_folders.SMALL, "optimizer.lr=0.3,0.1,0.03,0.01", "seed=0,1", "trainer.epochs=8"]
    search = [*words, "early_stopping=none", "hydra/sweeper=halving"]
    serial = sweep_folders.sweep(tmp_path / "serial", *search, "hydra.launcher.executor=serial")
    cluster = ray_stand_in.install(monkeypatch, cpus=2, born=born)
    folder = sweep_folders.sweep(tmp_path / "sweep", *search, *RAY)
    assert sweep_folders.contents(folder) == sweep_folders.contents(serial)
    assert len(cluster.actors) == 2 and not any(overlapping)


def test_an_actor_that_dies_is_replaced_and_its_work_is_done(whole, monkeypatch, tmp_path):
    def born(actor):
        if len(cluster.actors) == 1:
            actor.thing.carry_out = lambda *given: setattr(actor, "dead", "Worker exit detail: x. y")

    cluster = ray_stand_in.install(monkeypatch, cpus=2, born=born)
    folder = sweep_folders.sweep(tmp_path / "sweep", *SWEEP, *RAY)
    assert sweep_folders.contents(folder) == whole
    assert len(cluster.actors) == 3
    assert "broke: the Ray actor died (x)" in (folder / "sweep.log").read_text()


def test_actors_that_never_begin_end_the_sweep(monkeypatch, tmp_path, capsys):
    cause = "creation task\nModuleNotFoundError: No module named 'runner'"
    ray_stand_in.install(monkeypatch, cpus=2, born=lambda actor: setattr(actor, "dead", cause))
    sweep_folders.sweep(tmp_path / "sweep", *SWEEP, *RAY, code=1)
    said = capsys.readouterr().err
    assert "Ray cannot start actors: ModuleNotFoundError: No module named 'runner'; every node needs runner" in said


def test_a_cluster_without_room_is_waited_for_and_said(monkeypatch, tmp_path, capsys):
    cluster = ray_stand_in.install(monkeypatch, cpus=1, room=False)
    monkeypatch.setattr(ray_crew, "PATIENCE", 0.0)
    monkeypatch.setattr(ray_crew, "POLL_SECONDS", 0.01)
    say = ray_crew.RayCrew._say_if_none
    monkeypatch.setattr(
        ray_crew.RayCrew, "_say_if_none", lambda crew: (say(crew), cluster.stuck.done() or cluster.stuck.set_result(0))
    )
    sweep_folders.sweep(tmp_path / "sweep", *sweep_folders.SMALL, "seed=0,1", "trainer.epochs=1", *RAY)
    assert capsys.readouterr().err.count("waiting for Ray's actors; perhaps the cluster has no free CPU") == 1


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"root": "elsewhere"}, "does not see elsewhere: all nodes must share the folder of a sweep"),
        ({"listed": "another"}, "all nodes must share the folder of a sweep"),
        ({"version": "9.9"}, "this one is 9.9; install the same"),
    ],
)
def test_a_node_on_which_the_sweep_cannot_train_says_why(tmp_path, differs, said):
    (tmp_path / "sweep.yaml").write_text("runs: []\n")
    sweep = Sweep.of(tmp_path, fates_shared=False)
    assert RayWorker(list).begin(sweep) == ""
    changes = {key: type(getattr(sweep, key))(value) for key, value in differs.items()}
    assert said in RayWorker(list).begin(replace(sweep, **changes))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"executor": "rai"},
            "hydra.launcher.executor = rai: must be one of processes, serial, ray; did you mean ray?",
        ),
        ({"executor": "ray", "address": "10.0.0.1"}, "hydra.launcher.address = 10.0.0.1: must be auto"),
        ({"executor": "ray", "address": 6379}, "hydra.launcher.address = 6379: must be auto"),
        (
            {"address": "auto"},
            "hydra.launcher.address = auto: is that of a Ray cluster; add hydra.launcher.exec",
        ),
    ],
)
def test_what_is_no_way_to_ray_is_refused(monkeypatch, given, said):
    ray_stand_in.install(monkeypatch)
    with pytest.raises(ConfigError) as refused:
        Options.checked(given)
    assert said in str(refused.value)


@pytest.mark.parametrize("address", ["auto", "10.0.0.1:6379", "ray://head.example.org:10001", "[fd00::2]:6379"])
def test_addresses_of_clusters(monkeypatch, address):
    ray_stand_in.install(monkeypatch)
    assert Options.checked({"executor": "ray", "address": address}).address == address


def test_without_ray_the_extra_is_named_before_anything_trains(no_ray, tmp_path, capsys):
    no_ray()
    folder = tmp_path / "sweep"
    for words in ([], ["--dry-run"]):
        assert main(["-m", "seed=0,1", *RAY, f"hydra.sweep.dir={folder}", *words]) == 2
        said = capsys.readouterr().err
        assert 'hydra.launcher.executor = ray: Ray is not installed: pip install "runner[ray]"' in said
    assert not (folder / "sweep.yaml").exists()


def test_a_sweep_that_ray_began_resumes_without_it_when_told_to(no_ray, monkeypatch, tmp_path, capsys):
    ray_stand_in.install(monkeypatch)
    words = ["hydra.launcher.address=auto", "hydra.launcher.workers=2"]
    monkeypatch.setattr(ray_cluster, "_tried", lambda address, stopping: "")
    folder = sweep_folders.sweep(tmp_path / "sweep", *sweep_folders.SMALL, "seed=0,1", "trainer.epochs=1", *RAY, *words)
    no_ray()
    assert main(["resume", str(folder)]) == 2
    assert "Ray is not installed" in capsys.readouterr().err
    assert main(["resume", str(folder), "--executor", "serial"]) == 0


def test_an_address_at_which_nothing_answers_is_refused_at_once(monkeypatch, tmp_path, capsys):
    ray_stand_in.install(monkeypatch)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"  # nobody listens
        words = [*RAY, f"hydra.launcher.address={address}", f"hydra.sweep.dir={tmp_path}/sweep"]
        assert main(["-m", "seed=0,1", *words]) == 2
    assert f"hydra.launcher.address = {address}: nothing answers there" in capsys.readouterr().err
    assert not (tmp_path / "sweep" / "sweep.yaml").exists()


def test_a_dry_run_says_where_the_actors_would_be(monkeypatch, capsys):
    ray_stand_in.install(monkeypatch)
    for word, said in (("workers=3", "3 on a cluster of their own"), ("address=auto", "at auto, one a CPU of it")):
        assert main(["-m", "seed=0,1", *RAY, f"hydra.launcher.{word}", "--dry-run"]) == 0
        assert said in capsys.readouterr().out
