"""`--plugins FILE|MODULE` and RUNNER_PLUGINS: what can be chosen then, and what is said of one that will not do."""

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from plugged_in import HALVES, as_new

import runner
from runner.cli import main
from runner.config import choices, plugins
from runner.config.registry import entries, register
from runner.errors import ConfigError
from runner.execution.configurations import read
from runner.optimizers.rules.base import Rule

HEAD = HALVES.partition("@register")[0]


def own(group, name, base="Rule", keys="    pass"):
    return f'{HEAD}\n\n@register("{group}", "{name}")\n@dataclass\nclass Own({base}):\n    """own"""\n\n{keys}\n'


@pytest.mark.parametrize("words", [["--plugins", "mine.py", "list"], ["list", "--plugins=./mine.py"]])
def test_its_choices_are_listed_with_their_keys_and_words(mine, says, words):
    code, out, _ = says(*words, "optimizer=half_sgd")
    assert code == 0 and "w <- w - share lr g" in out and f"plug-in: {mine}" in out
    assert ["optimizer.share", "0.5"] in [line.split()[:2] for line in out.splitlines()]
    assert "half_sgd" in says("--help")[1]


def test_the_environment_names_them_too(mine, says, monkeypatch):
    monkeypatch.setenv(plugins.VARIABLE, os.pathsep.join(["mine.py", "", str(mine)]))
    assert "halved" in says("list", "activation")[1]
    assert plugins.named() == [str(mine)]


def test_its_keys_are_composed_and_validated_as_any_other(mine, says):
    code, out, _ = says("--plugins", "mine.py", "--cfg", "job", "optimizer=half_sgd", "regularizer=[quartic]")
    assert code == 0 and "  share: 0.5\n" in out and "  quartic: 0.01\n" in out
    code, _, said = says("optimizer=half_sgd", "optimizer.share=2", "optimizer.shore=1", "model.activation=halve")
    assert code == 2
    assert "optimizer.share = 2: out of range; allowed: a number > 0 and <= 1" in said
    assert "optimizer=half_sgd has no such key; did you mean optimizer.share?" in said
    assert "did you mean model.activation=halved?" in said


def test_a_dry_run_with_a_plugin_imports_no_torch(mine):
    code = "import sys; from runner.cli import main; print(main(sys.argv[1:]), 'torch' in sys.modules)"
    words = ["--plugins", "mine.py", "-m", "optimizer=half_sgd,sgd", "--dry-run"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60)
    assert done.stdout.endswith("0 False\n"), done.stdout + done.stderr


def test_a_configuration_cannot_name_one(mine, says):
    code, _, said = says("+plugins=mine.py", "optimizer=half_sgd")
    assert code == 2 and "plugins" in said and "optimizer = half_sgd: unknown choice" in said
    with pytest.raises(ConfigError, match=r"plugins = mine\.py"):
        read({"plugins": "mine.py"})


def test_a_file_given_twice_is_one(mine, says, monkeypatch):
    Path("link.py").symlink_to(mine)
    assert says("--plugins", "mine.py", "--plugins", f"{mine}", "--plugins=link.py", "list")[0] == 0
    assert plugins.named() == [str(mine)]


def test_a_module_is_named_without_its_path(mine, says, monkeypatch):
    package = Path("room_of_mine")
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "rules.py").write_text(HALVES)
    monkeypatch.syspath_prepend(".")
    assert says("--plugins", "room_of_mine", "list", "optimizer=half_sgd")[0] == 0
    assert [str(entry) for entry in choices.of_plugin("room_of_mine")] == [
        "activation=halved",
        "regularizer=quartic",
        "optimizer=half_sgd",
    ]


def test_the_program_of_a_package_is_not_run_and_what_a_module_does_wrong_is_placed_in_it(mine, says, monkeypatch):
    package = Path("package_of_mine")
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("import sys\nsys.exit(5)\n")
    (package / "rules.py").write_text(own("optimizer", "adam"))
    monkeypatch.syspath_prepend(str(mine.parent))
    code, _, said = says("--plugins", "package_of_mine", "list")
    assert code == 2 and "optimizer=adam is registered twice" in said
    assert f"({mine.parent / package / 'rules.py'}:" in said


BAD = {
    "missing": (None, "bad.py: no such file"),
    "syntax": ("x = 1\ndef f(:\n", "bad.py: SyntaxError: invalid syntax ({bad}:2)"),
    "raises": ("import math\n\nmath.sqrt(-1)\n", "bad.py: ValueError: math domain error ({bad}:3)"),
    "exits": ("import sys\nsys.exit(3)\n", "bad.py: SystemExit: 3 ({bad}:2)"),
    "imports": ("import no_such_one\n", "bad.py: ModuleNotFoundError: No module named 'no_such_one' ({bad}:1)"),
    "empty": ("x = 1\n", "bad.py: registers nothing; write @register("),
    "taken": (
        own("optimizer", "adam"),
        "optimizer=adam is registered twice: by runner.optimizers.rules.adam.Adam and by Own in {bad}; choose another",
    ),
    "preset": (own("optimizer", "nesterov"), "registers optimizer=nesterov, which is a name that has a meaning"),
    "none": (own("regularizer", "none", "Penalty"), "registers regularizer=none, which is a name that has a meaning"),
    "group": (own("optimiser", "own"), "registers optimiser=own, but 'optimiser' is no group of choices; groups: act"),
    "schema": (own("trainer", "own"), "registers trainer=own, but 'trainer' is no group of choices"),
    "base": (
        own("optimizer", "own", "Penalty"),
        "registers optimizer=own, but its class must derive from runner.optimizers.rules.base.Rule",
    ),
    "words": (own("optimizer", "my own"), "registers optimizer=my own, a name that cannot be typed"),
    "plain": (own("optimizer", "own").replace("@dataclass\n", ""), "Own must be a dataclass: write @dataclass below"),
    "keyed": (
        own("activation", "own", "Activation", "    a: float = number(1.0)"),
        "activation=own: a choice of activation is set by its name alone and cannot have keys",
    ),
    "field": (
        own("optimizer", "own", keys="    mu: float = 0.5"),
        "Own.mu is a field but no key: declare it as one, mu: float = number(...), or as a constant without a type",
    ),
    "name": (
        own("optimizer", "own", keys="    name: float = number(0.5)"),
        "Own: no key can be called `name`: that is the name of the choice",
    ),
    "default": (
        own("optimizer", "own", keys="    mu: float = number(-1.0, ge=0)"),
        "registers optimizer=own, but mu: its default -1.0 is not allowed: out of range",
    ),
    "neutral": (
        own("regularizer", "own", "Penalty", "    own: float = number(0.0, ge=0)"),
        "registers regularizer=own, but no key has a neutral value",
    ),
    "kind": (
        own("regularizer", "own", "Penalty.__base__", "    own: float = number(0.0, ge=0, neutral=0.0)"),
        "TypeError: Own must derive from a kind of regularizer, such as Penalty",
    ),
}


@pytest.mark.parametrize(("text", "expected"), BAD.values(), ids=BAD)
def test_what_is_wrong_with_it_is_said_in_one_line(mine, says, text, expected):
    bad = mine.with_name("bad.py")
    if text is not None:
        bad.write_text(text)
    before = {group: list(entries(group)) for group in choices.groups()}
    code, out, said = says("--plugins", "bad.py", "list")
    assert (code, out) == (2, "")
    assert expected.format(bad=bad) in said and len(said.splitlines()) == 1 and "Traceback" not in said
    assert {group: list(entries(group)) for group in choices.groups()} == before


def test_every_bad_one_is_told_of_at_once_and_two_that_want_one_name(mine, says):
    Path("other.py").write_text(own("optimizer", "half_sgd"))
    code, _, said = says(
        "--plugins", "mine.py", "--plugins", "gone.py", "--plugins", "other.py", "--plugins", "no.such"
    )
    assert code == 2 and said.startswith("runner: 3 problems")
    assert "plug-in gone.py: no such file" in said
    assert f"by HalfSGD in {mine} and by Own in {mine.with_name('other.py')}" in said
    assert "plug-in no.such: no module of this name is installed" in said


@pytest.mark.parametrize("words", [["--plugins"], ["list", "--plugins="]])
def test_the_flag_alone_names_nothing(mine, says, words):
    assert says(*words)[::2] == (2, "runner: --plugins: name a file or a module, such as --plugins mine.py\n")


def test_a_folder_a_module_that_is_a_file_and_a_path_that_cannot_be_passed_on(mine, says):
    assert "plug-in .: is a folder" in says("--plugins", "./", "list")[2]
    assert "no module of this name is installed; for the file write mine.py" in says("--plugins", "mine", "list")[2]
    assert "':' separates plug-ins; rename the file" in says("--plugins", "a:b.py", "list")[2]


def test_it_can_be_mended_and_named_again_from_python(mine):
    mine.write_text("oops")
    with pytest.raises(ConfigError, match="NameError: name 'oops' is not defined"):
        runner.use_plugins(mine)
    assert plugins.named() == []
    mine.write_text(HALVES)
    runner.use_plugins(mine)
    assert read({"optimizer": "half_sgd"}).optimizer.share == 0.5


def test_a_class_registered_after_keys_were_asked_for_has_its_keys(mine):
    from runner.config.settings import declared

    assert "optimizer.share" not in declared()
    runner.use_plugins("mine.py")
    assert "optimizer.share" in declared()

    @register("optimizer", "here")
    @dataclass
    class Here(Rule):
        """registered by a script"""

    assert read({"optimizer": "here"}).foreign()["optimizer=here"]["module"] == __name__


def test_a_process_started_anew_can_be_handed_its_objects(mine):
    runner.use_plugins(mine)
    handed = pickle.dumps(read({"optimizer": "half_sgd", "optimizer.share": 0.25}))
    code = (
        "import pickle, sys; settings = pickle.load(sys.stdin.buffer);"
        "from runner.config.registry import name_of;"
        "print(name_of(settings.optimizer, 'optimizer'), settings.optimizer)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=handed, capture_output=True, timeout=60)
    assert done.stdout.startswith(b"half_sgd HalfSGD(lr=0.01"), done.stderr
    assert b"share=0.25" in done.stdout


def test_nothing_of_it_is_left_for_other_tests(mine):
    main(["--plugins", "mine.py", "list"])
    assert "half_sgd" in entries("optimizer")
    as_new()
    assert "half_sgd" not in entries("optimizer") and plugins.named() == []


@pytest.mark.parametrize(
    ("word", "meant"),
    [("--plugin", "did you mean --plugins?"), ("--dryrun", "did you mean --dry-run?"), ("-x", "--help")],
)
def test_a_misspelt_flag_is_answered_in_a_line(mine, says, word, meant):
    code, out, said = says(word)
    assert (code, out) == (2, "") and f"unrecognized arguments: {word}; " in said and meant in said
    assert len(said.splitlines()) == 1
