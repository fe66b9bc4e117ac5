"""What is said about a key and its value is worked out once for the same value, and never taken for another."""

from runner.records.flat import markdown
from runner.records.remembered import Remembered


def asked() -> tuple[Remembered, list]:
    calls: list = []

    def spell(key, value):
        calls.append((key, value))
        return f"{key}={value!r}"

    return Remembered(spell), calls


def test_the_same_value_is_worked_out_once():
    spelled, calls = asked()
    value = 1234.5
    assert [spelled(key, value) for key in ("a", "b", "a", "b")] == ["a=1234.5", "b=1234.5"] * 2
    assert calls == [("a", value), ("b", value)]


def test_values_that_are_equal_and_not_the_same_are_told_apart():
    spelled, _ = asked()
    values = [0, False, 0.0, -0.0, 1, True, 1.0, "1", None, "None"]
    assert [spelled("key", value) for value in values] == [f"key={value!r}" for value in values]


def test_what_can_change_is_worked_out_each_time():
    spelled, calls = asked()
    layers = [64]
    assert spelled("hidden", layers) == "hidden=[64]"
    layers.append(32)
    assert spelled("hidden", layers) == "hidden=[64, 32]" and len(calls) == 2


def test_a_table_tells_the_values_of_its_own_run():
    tables = [markdown({"optimizer": {"lr": lr, "nesterov": nesterov}}) for lr, nesterov in ((1, True), (True, 1.0))]
    assert [table.splitlines()[2:] for table in tables] == [
        ["| optimizer.lr | 1 |", "| optimizer.nesterov | true |"],
        ["| optimizer.lr | true |", "| optimizer.nesterov | 1 |"],
    ]
