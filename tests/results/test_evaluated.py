"""The measures of an evaluation, against scikit-learn and slow loops, and what is shown of it."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score, top_k_accuracy_score

from results.evaluated import BINS, Evaluated
from results.evaluated_svg import BLUE, svg_of
from results.evaluated_text import text_of

SVG = "{http://www.w3.org/2000/svg}"
CLASSES = tuple(f"class {number}" for number in range(7))


def batch(count: int, seed: int = 0, classes: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Scores that are right more often than not, and labels."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(classes, size=count)
    scores = draw.normal(size=(count, classes)).astype(np.float32)
    scores[np.arange(count), labels] += 1.5
    return scores, labels


def slow_calibration_error(scores, labels) -> float:
    probabilities = [np.exp(row) / np.exp(row).sum() for row in scores.astype(np.float64)]
    error = 0.0
    for number in range(BINS):
        inside = [i for i, row in enumerate(probabilities) if number / BINS < row.max() <= (number + 1) / BINS]
        if inside:
            right = np.mean([probabilities[i].argmax() == labels[i] for i in inside])
            confidence = np.mean([probabilities[i].max() for i in inside])
            error += len(inside) / len(labels) * abs(right - confidence)
    return error


def test_measures_are_those_of_scikit_learn():
    scores, labels = batch(400)
    found, predicted = Evaluated.of(CLASSES, scores, labels), scores.argmax(1)
    assert found.confusion.tolist() == confusion_matrix(labels, predicted).tolist()
    content = found.to_dict()
    assert content["accuracy"] == pytest.approx((predicted == labels).mean())
    assert content["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(labels, predicted))
    assert content["macro_f1"] == pytest.approx(f1_score(labels, predicted, average="macro"))
    assert content["top5"] == pytest.approx(top_k_accuracy_score(labels, scores, k=5))
    assert content["calibration_error"] == pytest.approx(slow_calibration_error(scores, labels))
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_the_standard_error_is_how_far_accuracies_of_other_images_lie():
    scores, labels = batch(40_000)
    found = [Evaluated.of(CLASSES, scores[i : i + 100], labels[i : i + 100]) for i in range(0, 40_000, 100)]
    assert np.std([each.accuracy for each in found]) == pytest.approx(found[0].standard_error, rel=0.15)


def test_batches_add_up_to_the_whole():
    scores, labels = batch(120)
    parts = [Evaluated.of(CLASSES, scores[i : i + 50], labels[i : i + 50]) for i in range(0, 120, 50)]
    found, whole = (each.to_dict() for each in (sum(parts[1:], start=parts[0]), Evaluated.of(CLASSES, scores, labels)))
    for one, other in zip(found.pop("calibration_bins"), whole.pop("calibration_bins")):
        assert one == pytest.approx(other)
    assert found.pop("calibration_error") == pytest.approx(whole.pop("calibration_error"))
    assert found == whole


@pytest.mark.parametrize("right, is_said", [(7, True), (8, False)])
def test_a_network_that_may_guess_is_told_at_the_end(right, is_said):
    """Of 20 images of 5 classes, 4 are right by chance, give or take 1.96 * sqrt(20 * 0.2 * 0.8) = 3.5."""
    labels = np.arange(20) % 5
    predicted = np.where(np.arange(20) < right, labels, (labels + 1) % 5)
    last = text_of(Evaluated.of(CLASSES[:5], np.eye(5, dtype=np.float32)[predicted], labels)).rpartition("\n\n")[2]
    assert ("on these 20 images it reaches" in last.replace("\n", " ")) == is_said


@pytest.mark.parametrize("margin, confidence, place", [(0.0, 0.5, 7), (100.0, 1.0, 14)])
def test_confidence_is_a_probability_at_both_ends(margin, confidence, place):
    """Of two classes: a tie is at 0.5, in the middle bin; large scores do not overflow."""
    found = Evaluated.of(("a", "b"), np.array([[1000 + margin, 1000]], np.float32), np.array([0]))
    assert found.bins.images.nonzero()[0].tolist() == [place]
    assert found.bins.confidence[place] == pytest.approx(confidence)


def test_a_class_without_images_has_no_recall():
    scores = np.eye(3, dtype=np.float32)[[0, 2, 0]]
    found = Evaluated.of(("a", "b", "c"), scores, np.array([0, 0, 0]))
    assert (found.recall, found.precision) == ([2 / 3, None, None], [1.0, None, 0.0])
    assert (found.mistaken(0), found.mistaken(1)) == (("c", 1), None)


def test_text_names_measures_classes_and_mistakes():
    scores, labels = batch(400)
    found = Evaluated.of(CLASSES, scores, labels)
    lines = text_of(found).splitlines()
    assert f"{found.accuracy:.2%} ± {found.standard_error:.2%} (standard error, 400 images)" in lines[0]
    (row,) = [line for line in lines if line.lstrip().startswith("class 3 ") and "(" in line]
    name, count = found.mistaken(3)
    assert row.split()[2:4] == [str((labels == 3).sum()), f"{found.recall[3]:.1%}"]
    assert row.endswith(f"{name} ({count})")
    assert [cell.replace(".", "0") for cell in lines[-1].split()[2:]] == [*map(str, found.confusion[6])]


def test_of_many_classes_the_text_shows_those_of_the_lowest_recall():
    scores, labels = batch(2000, classes=30)
    found = Evaluated.of([f"c{number:02d}" for number in range(30)], scores, labels)
    shown = [line.split()[0] for line in text_of(found).splitlines() if line.lstrip().startswith("c") and "%" in line]
    worst = sorted(range(30), key=lambda label: found.recall[label])[:20]
    assert [name for name in shown if name != "calibration"] == [f"c{label:02d}" for label in worst]
    assert "images by class (rows)" not in text_of(found)


def test_the_picture_is_sound_xml_that_no_name_breaks():
    scores, labels = batch(400)
    names = ("<script>", 'a"b', "a&b", "é", "\x1b[0m", "x" * 50, "'")
    found = Evaluated.of(names, scores, labels)
    root = ET.fromstring(svg_of(found))
    titles = [element.text for element in root.iter(f"{SVG}title")]
    assert any(title.startswith("<script> taken for <script>: ") for title in titles)
    cells = [e for e in root.iter(f"{SVG}rect") if e.get("fill") == BLUE and e.get("fill-opacity") != "0.7"]
    assert len(cells) == np.count_nonzero(found.confusion)
    bars = [e for e in root.iter(f"{SVG}rect") if e.get("fill-opacity") == "0.7"]
    assert len(bars) == np.count_nonzero(found.bins.images)


def test_the_picture_of_a_thousand_classes_stays_small():
    scores, labels = batch(5000, classes=1000)
    text = svg_of(Evaluated.of([f"n{number}" for number in range(1000)], scores, labels))
    assert len(text) < 2_000_000 and ">n7<" not in text
