"""What a search could not show."""

from dataclasses import replace

import pytest

from results.caution import caution_text, network_caution


@pytest.mark.parametrize(
    "accuracies, images, classes, said",
    [
        (
            (0.08, 0.10, 0.13),
            599,
            10,
            "guessing: on 599 validation images the best reaches 13.0% accuracy, a guess among 10",
        ),
        ((0.08, 0.10, 0.14), 599, 10, ""),  # 0.1 + 3 * sqrt(0.1 * 0.9 / 599) = 0.137
        (
            (0.75, 0.50),
            20,
            2,
            "guessing: on 20 validation images the best reaches 75.0% accuracy, a guess among 2 classes 50.0%",
        ),
        (
            (0.90, 0.85, 0.80),
            50,
            10,
            "differ from the best one by 5 or fewer of the 50 validation images",
        ),
        ((0.90, 0.78, 0.76), 50, 10, ""),  # six images and more behind, of which a sign test can make something
        ((0.90, 0.85, 0.80), 5000, 10, ""),
        ((0.90,), 50, 10, ""),
        ((0.10, 0.10), 0, 10, ""),  # no shares of images
        ((), 599, 10, ""),
    ],
)
def test_what_chance_explains_is_said(make_trials, config, accuracies, images, classes, said):
    trials = make_trials(("failed", "sampler", None, 1e3), *(("complete", "sampler", it, 2e3) for it in accuracies))
    text = caution_text(trials, replace(config, validation_images=images, num_classes=classes))
    assert said in text and bool(said) == bool(text)


def test_one_class_for_all_images_is_a_guess_even_where_most_are_of_it(make_trials, config):
    trials = make_trials(*(("complete", "sampler", accuracy, 2e3) for accuracy in (0.6, 0.62, 0.64)))
    assert caution_text(trials, config) == ""
    guess = caution_text(trials.assign(balanced_accuracy=[0.1, 0.11, 0.1]), config)
    assert "the best reaches 11.0% balanced accuracy, a guess among 10 classes 10.0%" in guess


@pytest.mark.parametrize(
    "reached, images, classes, said",
    [
        # Of n images of C classes a guess has 1 / C right, give or take 1.96 * sqrt((C - 1) / n) / C.
        (0.133, 300, 10, "on these 300 images it reaches 13.3% balanced accuracy, a guess among 10 classes 10.0%"),
        (0.135, 300, 10, ""),
        (0.105, 10_000, 10, "on these 10,000 images it reaches 10.5% balanced accuracy"),
        (0.107, 10_000, 10, ""),
        (0.0012, 50_000, 1000, "it reaches 0.1% balanced accuracy, a guess among 1,000 classes 0.1%"),
        (0.0013, 50_000, 1000, ""),
        (6 / 8, 8, 2, "on these 8 images it reaches 75.0%"),  # a coin has 6 or more of 8 right with p = 0.14
        (8 / 8, 8, 2, ""),  # p = 0.004
    ],
)
def test_a_network_that_guesses_is_told_by_the_number_of_test_images(reached, images, classes, said):
    text = network_caution(reached, classes=classes, images=images)
    assert said in text and bool(said) == bool(text)
