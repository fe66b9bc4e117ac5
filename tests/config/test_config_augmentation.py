"""Augmentation that does not suit the data: refused before they are read where the source tells, else beside them."""

import pytest

from runner.config.conflicts import Known, conflicts
from runner.config.registry import entries
from runner.config.settings import Settings, default_tree, flat_key
from runner.config.validate import check
from runner.data.sources.base import Source
from runner.execution.configurations import read
from runner.plan.checks import check_against_data

ENTRIES = entries("augmentation")
TABLE, GREY, COLOUR = (), (1, 8, 8), (3, 8, 8)


def checked(dataset: str, *names: str, **keys) -> tuple[Settings, list[str]]:
    tree = default_tree({"dataset": dataset})
    tree["dataset"] |= keys
    for name in names:
        key, option = next(iter(ENTRIES[name].options.items()))
        tree["augmentation"][name] = option.preset if len(ENTRIES[name].options) == 1 else {key: option.preset}
    return check(tree)


def fits(name: str, shape) -> bool:
    cls = ENTRIES[name].cls
    return ("image" if shape else "table") in cls.inputs and (not shape or cls.channels in (None, shape[0]))


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize(
    ("dataset", "shape"), [("digits", GREY), ("fashion_mnist", GREY), ("iris", TABLE), ("csv", TABLE)]
)
def test_sources_that_tell_are_judged_before_they_are_read(dataset, shape, name):
    _, problems = checked(dataset, name)
    path = flat_key(ENTRIES[name], next(iter(ENTRIES[name].options)))
    found = [p for p in problems if p.startswith(path)]
    assert bool(found) != fits(name, shape)
    option = next(iter(ENTRIES[name].options.values()))
    off = "null" if option.optional else f"{option.neutral:g}"
    assert all(f"dataset={dataset}" in p and f"set {path}={off}" in p for p in found)


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("shape", [TABLE, GREY, COLOUR], ids=str)
def test_arrays_are_judged_beside_the_data(shape, name):
    settings, problems = checked("npz", name)
    told = ENTRIES[name].cls.inputs in (("signal",), ("text",))  # by dataset.signals, dataset.text
    assert any("augmentation" in p for p in problems) == told, "before reading nothing else is known"
    found = conflicts(settings, Known("classification", 100, 20, image_shape=shape))
    assert bool(found) != fits(name, shape)


def test_colours_of_grey_images_are_named_so():
    _, (problem,) = checked("digits", "saturation")
    assert problem == (
        "augmentation.saturation = 0.3: changes colours, but the images of dataset=digits are grey; "
        "set augmentation.saturation=0"
    )


@pytest.mark.parametrize("name", [n for n in ENTRIES if fits(n, GREY)])
def test_pixels_that_went_through_quantiles_are_not_augmented(name):
    _, problems = checked("digits", name, scaling="quantile")
    mixes = name in ("mixup", "cutmix", "mosaic")  # which need no pixels
    assert len(problems) == (0 if mixes else 1)
    assert mixes or "set dataset.scaling=standardize" in problems[0]


def test_tables_through_quantiles_are():
    assert checked("iris", *[n for n in ENTRIES if fits(n, TABLE)], scaling="quantile")[1] == []


def test_bins_are_for_tables():
    _, (problem,) = checked("digits", numbers="piecewise")
    assert problem == (
        "dataset.numbers = piecewise: is for tables, but dataset=digits is images; set dataset.numbers=linear"
    )
    settings, problems = checked("npz", numbers="piecewise")
    assert problems == [], "before reading nothing is known"
    (found,) = conflicts(settings, Known("classification", 100, 20, image_shape=GREY))
    assert "dataset=npz is images" in found.text
    assert not list(conflicts(settings, Known("classification", 100, 20, image_shape=TABLE)))


def test_a_number_with_bins_is_not_moved_without_them():
    augmented = [n for n in ENTRIES if fits(n, TABLE)]
    _, problems = checked("iris", *augmented, numbers="piecewise")
    assert problems == [
        f"augmentation.{name} = 0.1: changes numbers, but not their bins (dataset.numbers = piecewise); set "
        f"augmentation.{name}=0 or dataset.numbers=linear"
        for name in ("noise", "multiplicative_noise")
    ]


def test_a_source_says_what_it_reads():
    from runner.data.prepare import prepare

    for dataset in ("digits", "iris", "two_moons", "diabetes"):
        settings, _ = checked(dataset)
        data = prepare(settings)
        assert (data.image_shape or ()) == settings.dataset.image_shape, dataset
        assert check_against_data(settings, data) == []
    assert Source.image_shape == ()


def test_a_crop_keeps_something_of_the_image():
    tree = default_tree({"dataset": "digits"})
    tree["augmentation"]["crop"] = 7
    assert check(tree)[1] == []
    tree["augmentation"]["crop"] = 8
    assert check(tree)[1] == [
        "augmentation.crop = 8: would cut all of an image of 8 x 8 pixels; allowed: 0 to 7, for example "
        "augmentation.crop=1"
    ]


def test_a_technique_that_had_one_key_when_a_run_was_written_is_still_read():
    tree = default_tree()
    tree["augmentation"]["cutout"] = 0.3
    settings, problems = check(tree)
    assert problems == []
    assert settings.augmentation["cutout"] == ENTRIES["cutout"].cls(share=0.3)
    tree["augmentation"] = {"elastic": 8}
    assert "is a group of keys: set augmentation.elastic.alpha, augmentation.elastic.sigma" in check(tree)[1][0]
    tree["augmentation"] = {"cutout": 2}
    assert check(tree)[1] == [
        "augmentation.cutout.share = 2: out of range; allowed: a number >= 0 and <= 1; for example "
        "augmentation.cutout.share=0.3"
    ]


@pytest.mark.parametrize("turn", [1, -1])
def test_a_number_alone_goes_together_with_the_other_keys_of_its_technique_in_any_order(turn):
    words = ["augmentation.cutout=0.3", "augmentation.cutout.shape=circle"][::turn]
    given = [("augmentation.cutout", 0.3), ("augmentation.cutout.shape", "circle")][::turn]
    for config in (words, dict(given)):
        cutout = read(config).augmentation["cutout"]
        assert (cutout.share, cutout.shape) == (0.3, "circle")


def test_what_fills_a_hole_is_a_word_or_a_number():
    tree = default_tree()
    for fill in ("black", "mean", "noise", 0, 0.5, 1):
        tree["augmentation"]["cutout"] = {"share": 0.3, "fill": fill}
        assert check(tree)[1] == []
    tree["augmentation"]["cutout"]["fill"] = "blue"
    (problem,) = check(tree)[1]
    assert "allowed: black | mean | noise | a number >= 0 and <= 1" in problem


SIGNALS = [name for name, entry in ENTRIES.items() if "signal" in entry.cls.inputs]


@pytest.mark.parametrize("name", SIGNALS)
def test_signals_are_where_a_source_says_so(name):
    assert checked("mnist1d", name)[1] == []
    assert checked("npz", name, signals=True)[1] == []
    _, (problem,) = checked("iris", name)
    assert "signals, but dataset=iris is a table; set augmentation" in problem
    settings, _ = checked("npz", name)
    (found,) = conflicts(settings, Known("classification", 100, 20, image_shape=TABLE))
    assert "is a table; set dataset.signals=true if each row is one, or set augmentation" in found.text
    _, (problem,) = checked("mnist1d", name, scaling="quantile")
    assert "dataset.scaling = quantile does not keep; set dataset.scaling=standardize" in problem


def test_signals_are_augmented_as_tables_too():
    assert checked("mnist1d", *[n for n in ENTRIES if fits(n, TABLE)])[1] == []


def test_words_are_changed_where_there_are_texts(tmp_path):
    (tmp_path / "synonyms.csv").write_text("big,large\n")
    for name in ("word_deletion", "word_insertion", "word_swap"):
        assert checked("csv", name, text=["review"])[1] == []
        _, (problem,) = checked("csv", name)
        assert f"is a table; set dataset.text=[COLUMN], or set augmentation.{name}=0" in problem
        assert checked("iris", name)[1] == [
            f"augmentation.{name} = 0.1: is for texts, but dataset=iris is a table; set augmentation.{name}=0"
        ]
    _, (problem,) = checked("csv", "word_swap", text=["review"], ngrams=1)
    assert problem == (
        "augmentation.word_swap = 0.1: changes the order of words, which dataset.ngrams = 1 does not see; set "
        "dataset.ngrams=2, or set augmentation.word_swap=0"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "by which synonyms? set augmentation.word_synonyms.file=FILE"),
        ("word,synonym\nbig,large\n", ""),
        ("big,very large\n", "line 1: 'very large' is no single word"),
        ("big,large\nx,ex\n", "line 2: 'x' is no single word of two letters or more"),
        ("word,synonym\n", "has no line with a word and a synonym"),
    ],
)
def test_synonyms_come_from_a_file(tmp_path, content, message):
    path = tmp_path / "synonyms.csv"
    tree = default_tree({"dataset": "csv"})
    tree["dataset"]["text"] = ["review"]
    tree["augmentation"]["word_synonyms"] = {"p": 0.1, "file": content and str(path)}
    path.write_text(content or "")
    problems = check(tree)[1]
    assert [message in problem for problem in problems] == [True] * bool(message)
    path.unlink()


def test_synonyms_need_a_file_that_exists(tmp_path):
    tree = default_tree({"dataset": "csv"})
    tree["dataset"]["text"] = ["review"]
    tree["augmentation"]["word_synonyms"] = {"p": 0.1, "file": str(tmp_path / "none.csv")}
    (problem,) = check(tree)[1]
    assert "none.csv does not exist (from augmentation.word_synonyms.file" in problem
