"""Augmentation that does not suit the data: refused before they are read where the source tells, else beside them."""

import pytest

from runner.config.conflicts import Known, conflicts
from runner.config.registry import entries
from runner.config.settings import Settings, default_tree, flat_key
from runner.config.validate import check
from runner.data.sources.base import Source
from runner.plan.checks import check_against_data

ENTRIES = entries("augmentation")
TABLE, GREY, COLOUR = (), (1, 8, 8), (3, 8, 8)


def checked(dataset: str, *names: str, **keys) -> tuple[Settings, list[str]]:
    tree = default_tree({"dataset": dataset})
    tree["dataset"] |= keys
    for name in names:
        (key,) = ENTRIES[name].options
        tree["augmentation"][name] = ENTRIES[name].options[key].preset
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
    assert all(f"dataset={dataset}" in p and f"set {path}=0" in p for p in found)


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("shape", [TABLE, GREY, COLOUR], ids=str)
def test_arrays_are_judged_beside_the_data(shape, name):
    settings, problems = checked("npz", name)
    assert not any("augmentation" in p for p in problems), "before reading nothing is known"
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
    mixes = name in ("mixup", "cutmix")  # which need no pixels
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
    _, (problem,) = checked("iris", *augmented, numbers="piecewise")
    assert problem == (
        "augmentation.noise = 0.1: changes numbers, but not their bins (dataset.numbers = piecewise); set "
        "augmentation.noise=0 or dataset.numbers=linear"
    )


def test_a_source_says_what_it_reads():
    from runner.data.prepare import prepare

    for dataset in ("digits", "iris", "two_moons", "diabetes"):
        settings, _ = checked(dataset)
        data = prepare(settings)
        assert (data.image_shape or ()) == settings.dataset.image_shape, dataset
        assert check_against_data(settings, data) == []
    assert Source.image_shape == ()
