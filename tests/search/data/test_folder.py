"""What a folder of pictures holds, by its names alone."""

import os
from pathlib import Path

import pytest

from search.data.folder import find_pictures
from space import InputError


def fill(root: Path, *names: str) -> Path:
    """Empty files of these names; a name that ends with a slash is a folder."""
    for name in names:
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.touch()
    return root


def held(part, root: Path) -> dict[str, str]:
    """The class of each picture, by its path below `root`."""
    return {str(Path(path).relative_to(root)): part.classes[number] for path, number in part.pictures}


@pytest.mark.parametrize(
    "train, validation, test",
    [("train", "val", "test"), ("Train", "Valid", "Test"), ("TRAINING", "validation", "testing")],
)
def test_parts_are_known_by_the_usual_names_in_any_case(tmp_path, train, validation, test):
    fill(tmp_path, *(f"{part}/{label}/0.png" for part in (train, validation, test) for label in ("cat", "dog")))
    parts = find_pictures(tmp_path).parts
    assert list(parts) == ["train", "validation", "test"]
    assert held(parts["validation"], tmp_path) == {f"{validation}/cat/0.png": "cat", f"{validation}/dog/0.png": "dog"}


def test_folders_of_other_names_are_classes(tmp_path):
    fill(tmp_path, "trains/0.png", "tests/b/1.JPG", "tests/0.gif")
    (whole,) = find_pictures(tmp_path).parts.values()
    assert held(whole, tmp_path) == {"trains/0.png": "trains", "tests/b/1.JPG": "tests", "tests/0.gif": "tests"}
    assert whole.classes == ("tests", "trains") and whole.skipped == ()


def test_what_other_programs_leave_is_skipped_and_counted(tmp_path):
    foreign = (".DS_Store", "Thumbs.db", "cat/._0.png", "cat/.ipynb_checkpoints/0.png", "__MACOSX/cat/0.png")
    no_pictures = ("notes.txt", "cat/labels.csv", "dog/0.png.part", "dog/desktop.ini")
    fill(tmp_path, "cat/0.png", "dog/0.webp", ".ipynb_checkpoints/0.png", *foreign, *no_pictures)
    (whole,) = find_pictures(tmp_path).parts.values()
    assert held(whole, tmp_path) == {"cat/0.png": "cat", "dog/0.webp": "dog"}
    skipped = {str(Path(path).relative_to(tmp_path)) for path in whole.skipped}
    entries = {".ipynb_checkpoints", "__MACOSX", "cat/.ipynb_checkpoints", *foreign, *no_pictures}
    assert skipped == entries - {"cat/.ipynb_checkpoints/0.png", "__MACOSX/cat/0.png"}


def test_links_that_lead_back_do_not_multiply_pictures(tmp_path):
    fill(tmp_path, "cat/0.png", "cat/deep/1.png", "dog/0.png")
    for place, target in {"cat/back": "..", "cat/deep/self": ".", "dog/up": "../dog"}.items():
        os.symlink(target, tmp_path / place)
    (whole,) = find_pictures(tmp_path).parts.values()
    assert sorted(held(whole, tmp_path)) == ["cat/0.png", "cat/deep/1.png", "dog/0.png"]
    assert len(whole.skipped) == 3


def test_a_class_that_is_a_link_is_followed(tmp_path):
    fill(tmp_path, "stored/cats/0.png", "pics/dog/0.png")
    os.symlink("../stored/cats", tmp_path / "pics" / "cat")
    (whole,) = find_pictures(tmp_path / "pics").parts.values()
    assert held(whole, tmp_path) == {"pics/cat/0.png": "cat", "pics/dog/0.png": "dog"}


def test_pictures_may_lie_deeper_within_their_class(tmp_path):
    """As in Tiny ImageNet."""
    fill(tmp_path, "n01/images/0.png", "n01/boxes.txt", "n02/images/1.png", "n02/boxes.txt")
    (whole,) = find_pictures(tmp_path).parts.values()
    assert held(whole, tmp_path) == {"n01/images/0.png": "n01", "n02/images/1.png": "n02"}


def test_names_that_are_not_text_are_kept(tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    fill(tmp_path, f"a b#?%41/{name}", "ü/0.png")
    (whole,) = find_pictures(tmp_path).parts.values()
    assert held(whole, tmp_path) == {f"a b#?%41/{name}": "a b#?%41", "ü/0.png": "ü"}


@pytest.mark.parametrize(
    "names, message",
    [
        ((), "holds no folders"),
        (("0.png", "1.png"), "holds no folders"),
        (("cat/0.png", "dog/"), "without pictures.*dog"),
        (("cat/0.png", "dog/notes.txt"), "without pictures.*dog"),
        (("PetImages/cat/0.png", "PetImages/dog/0.png"), "one folder deeper.*PetImages"),
        (("cat/Train/0.png", "cat/test/0.png", "dog/Train/0.png", "dog/test/0.png"), "the same folders.*test, train"),
        (("val/cat/0.png", "test/cat/0.png"), "val and test but no train"),
        (("train/cat/0.png", "Train/cat/0.png"), "the same part"),
        (("train/0.png", "test/cat/0.png"), "train holds no folders"),
        (
            ("seg_train/seg_train/sea/0.png", "seg_test/seg_test/sea/0.png"),
            "rename seg_train to train, seg_test to test",
        ),
        (("training_set/cat/0.png", "test_set/cat/0.png"), r"rename training_set to train, test_set to test"),
        (("a/0.png", "b/0.png", "plant/a/0.png", "plant/b/0.png"), r"plant holds .* like the classes \(a, b\)"),
        (("dataset/train/cat/0.png", "dataset/train/dog/0.png"), "one folder deeper; use --data-dir .*dataset"),
        (("cat/front/0.png", "cat/side/0.png", "dog/front/0.png", "dog/side/0.png"), "same folders.*front, side"),
        (("cat/0.png", "dog/0.heic"), r"without pictures \(dog\), but files that end in \.heic, which are not read"),
    ],
)
def test_a_layout_that_cannot_be_meant_is_refused(tmp_path, names, message):
    fill(tmp_path, *names)
    with pytest.raises(InputError, match=message) as error:
        find_pictures(tmp_path)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    "names",
    [
        ("valid", "invalid"),
        ("car", "train", "bus"),
        ("test", "exam"),
        ("crash_test", "test_drive"),
        ("train_a", "test_b"),
    ],
)
def test_classes_may_be_called_like_parts(tmp_path, names):
    fill(tmp_path, *(f"{name}/0.png" for name in names))
    (whole,) = find_pictures(tmp_path).parts.values()
    assert whole.classes == tuple(sorted(names))


def test_what_lies_beside_the_parts_is_skipped(tmp_path):
    fill(tmp_path, "train/cat/0.png", "train/dog/0.png", "holdout/cat/0.png")
    found = find_pictures(tmp_path)
    assert (list(found.parts), found.beside) == (["train"], ("holdout",))


def test_our_own_runs_among_the_classes_are_skipped(tmp_path):
    fill(tmp_path, "cat/0.png", "dog/0.png", "runs/imagefolder/study.db", "runs/plot.png", "kept/study.db")
    fill(tmp_path, "full/retrain/digits/KEY/summary.json")
    (whole,) = find_pictures(tmp_path).parts.values()
    assert whole.classes == ("cat", "dog") and len(whole.skipped) == 3


def test_a_link_to_itself_is_skipped(tmp_path):
    fill(tmp_path, "cat/0.png", "dog/0.png")
    for name in ("cat/loop.png", "loop"):
        os.symlink(Path(name).name, tmp_path / name)
    (whole,) = find_pictures(tmp_path).parts.values()
    assert sorted(held(whole, tmp_path)) == ["cat/0.png", "dog/0.png"] and len(whole.skipped) == 2


def test_a_file_is_no_folder(tmp_path):
    with pytest.raises(InputError, match="is not a folder.*--data-dir"):
        find_pictures(fill(tmp_path, "0.png") / "0.png")
