"""Data sets, split and shaped for a backbone."""

from collections import Counter
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path
from threading import Thread

import pytest
import torch
from PIL import Image

from search.data.catalog import DATASETS
from search.data.dataset import check_test, load_dataset, load_test, read_source
from search.data.decoding import Files, has_shared_memory
from search.data.from_files import PictureFiles
from search.data.in_memory import Images
from space import InputError

CPU = torch.device("cpu")


def contents(images: Images) -> Counter:
    return Counter((pixels.numpy().tobytes(), label) for pixels, label in zip(images.pixels, images.labels.tolist()))


@pytest.fixture
def fresh():
    """Forget what was loaded, before and after."""
    load_dataset.cache_clear()
    yield
    load_dataset.cache_clear()


@pytest.fixture
def pictures(tmp_path):
    """Twenty pictures of two classes, in colour and in grey, wide and high, each of one shade."""
    for index in range(20):
        path = tmp_path / ("dark", "light")[index // 10] / f"{index:02}.png"
        path.parent.mkdir(exist_ok=True)
        size = (30, 20) if index % 2 else (9, 40)
        image = Image.new("RGB", size, (10 * index, 0, 5)) if index % 3 else Image.new("L", size, 10 * index)
        image.save(path)
    return str(tmp_path)


def load_pictures(folder: str, shape=(3, 16, 16), memory=2**30):
    return load_dataset("imagefolder", data_dir=folder, input_shape=shape, validation=0.25, in_memory_bytes=memory)


def test_digits_are_split_into_disjoint_and_complete_parts(digits):
    test = load_test("digits", data_dir="data", dataset=digits)
    parts = [contents(part) for part in (digits.train, digits.validation, test)]
    assert [part.total() for part in parts] == [898, 599, 300]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
    assert len(set().union(*parts)) == len(sum(parts, Counter()))
    assert len(digits.classes) == 10


def test_digits_are_always_split_alike(digits, fresh):
    torch.manual_seed(99)
    again = load_dataset("digits", data_dir="elsewhere", input_shape=(1, 8, 8), validation=0.4)
    assert again is not digits
    assert torch.equal(again.train.pixels, digits.train.pixels)
    assert torch.equal(again.validation.labels, digits.validation.labels)
    assert again.fingerprint == digits.fingerprint


def test_fingerprint_is_of_the_images(digits):
    source = DATASETS["digits"].read("data", "train")
    assert source.fingerprint == digits.fingerprint
    source.pixels[7, 0, 3, 3] ^= 1
    assert source.fingerprint != digits.fingerprint


def test_training_images_have_mean_0_and_deviation_1(digits):
    images = torch.cat([images for images, _ in digits.train.batches(100, device=CPU)])
    assert images.shape == (898, 1, 8, 8)
    assert images.mean().item() == pytest.approx(0, abs=1e-5)
    assert images.std().item() == pytest.approx(1, abs=1e-4)
    assert digits.validation.preparation == digits.train.preparation


@pytest.mark.parametrize("share", [0.0, 0.0001, 1.0])
def test_too_small_to_split(fresh, share):
    with pytest.raises(InputError, match="digits has too few training images; each class needs at least 2"):
        load_dataset("digits", data_dir="data", input_shape=(1, 8, 8), validation=share)


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 8, 8)])
def test_pictures_are_cropped_to_the_input_and_keep_their_shade(fresh, pictures, shape):
    loaded = load_pictures(pictures, shape)
    splits = [loaded.train, loaded.validation, load_test("imagefolder", data_dir=pictures, dataset=loaded)]
    assert [len(split) for split in splits] == [12, 4, 4]
    shades = set()
    for split in splits:
        assert isinstance(split, Images) and split.pixels.shape == (len(split), *shape)
        assert torch.equal(split.pixels.amin((2, 3)), split.pixels.amax((2, 3)))
        shades |= {tuple(pixel.tolist()) for pixel in split.pixels[:, :, 0, 0]}
        (images, labels), *rest = split.batches(100, device=CPU)
        assert images.shape == (len(split), *shape) and not rest and set(labels.tolist()) <= {0, 1}
    if shape[0] == 3:
        assert shades == {(10 * i, 0, 5) if i % 3 else (10 * i,) * 3 for i in range(20)}


def test_pictures_decoded_as_needed_are_the_same_ones(fresh, pictures):
    held = load_pictures(pictures)
    load_dataset.cache_clear()
    lazy = load_pictures(pictures, memory=0)
    assert isinstance(lazy.train, Files) and lazy.fingerprint == held.fingerprint
    test = load_test("imagefolder", data_dir=pictures, dataset=lazy)
    for split, reference in ((lazy.train, held.train), (lazy.validation, held.validation), (test, None)):
        batches = list(split.batches(5, device=CPU))
        assert [len(labels) for _, labels in batches][:-1] == [5] * (len(batches) - 1)
        images, labels = (torch.cat(parts) for parts in zip(*batches))
        assert len(labels) == len(split)
        if reference:
            assert torch.equal(images, split.preparation(reference.pixels, None))
            assert torch.equal(labels, reference.labels)


def test_pictures_decoded_as_needed_are_shuffled_by_the_seed(fresh, pictures):
    train = load_pictures(pictures, memory=0).train
    one, same, other = (
        torch.cat([images for images, _ in train.batches(5, device=CPU, seed=seed)]) for seed in (1, 1, 2)
    )
    assert one.shape == (10, 3, 16, 16)
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_random_crops_follow_the_seed_not_the_process_that_decodes(fresh, tmp_path):
    for index in range(20):
        path = tmp_path / "AB"[index % 2] / f"{index}.png"
        path.parent.mkdir(exist_ok=True)
        Image.linear_gradient("L").rotate(90 * (index % 4)).save(path)
    before = {child.pid for child in active_children()}
    train = load_pictures(str(tmp_path), memory=0).train

    def epoch(seed, split=train, part=(0, 1)):
        return [images for images, _ in split.batches(4, device=CPU, seed=seed, part=part)]

    def decoders():
        return {child.pid for child in active_children()} - before

    whole, processes = epoch(1), decoders()
    assert all(torch.equal(a, b) for a, b in zip(whole, epoch(1, replace(train, workers=0))))
    halves = [epoch(1, part=(index, 2)) for index in range(2)]
    assert all(torch.equal(torch.cat(parts), batch) for batch, *parts in zip(whole, *halves))
    assert not torch.equal(torch.cat(whole), torch.cat(epoch(2)))
    assert processes and processes <= decoders()


def test_the_processes_that_decode_end_with_their_split(fresh, pictures):
    train, before = load_pictures(pictures, memory=0).train, set(active_children())
    first = train.first(7)
    list(first.batches(4, device=CPU))
    assert set(active_children()) - before
    del first
    assert not set(active_children()) - before


def test_as_many_processes_decode_as_the_training_has_threads_when_it_begins(fresh, pictures, monkeypatch):
    train, before = load_pictures(pictures, memory=0).train, set(active_children())
    monkeypatch.setattr("search.machine._threads", 1)
    list(train.batches(4, device=CPU))
    assert len(set(active_children()) - before) == 1


def test_threads_that_train_side_by_side_have_epochs_of_their_own(fresh, pictures):
    train, epochs = replace(load_pictures(pictures, memory=0).train, workers=1), {}
    alone = {seed: list(replace(train, workers=0).batches(2, device=CPU, seed=seed)) for seed in (1, 2)}
    ours = train.batches(2, device=CPU, seed=1)
    begun = next(ours)
    other = Thread(target=lambda: epochs.update({2: list(train.batches(2, device=CPU, seed=2))}))
    other.start()
    other.join()
    epochs[1] = [begun, *ours]
    for seed, expected in alone.items():
        assert len(epochs[seed]) == len(expected) > 1
        for batch, reference in zip(epochs[seed], expected):
            assert all(map(torch.equal, batch, reference))


@pytest.fixture
def parts(tmp_path):
    """Make a folder with pictures to train on of ant, bee and cat, and to test on of the classes named."""

    def make(*tested: str) -> str:
        for part, classes in (("train", ("ant", "bee", "cat")), ("test", tested)):
            for shade, name in enumerate(classes):
                for index in range(4):
                    path = tmp_path / part / name / f"{index}.png"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    Image.new("L", (8, 8), 50 * shade + index).save(path)
        return str(tmp_path)

    return make


def test_the_user_s_own_validation_pictures_judge_and_train_nothing(fresh, parts):
    folder = Path(parts("ant", "bee", "cat"))
    without = load_pictures(str(folder)).fingerprint
    for name, shade in {"bee": 201, "cat": 202}.items():
        (folder / "val" / name).mkdir(parents=True)
        Image.new("L", (8, 8), shade).save(folder / "val" / name / "0.png")
    load_dataset.cache_clear()
    dataset = load_pictures(str(folder))
    assert dataset.validation.pixels[:, 0, 0, 0].tolist() == [201, 202] and dataset.validation.labels.tolist() == [1, 2]
    assert len(dataset.train) == 12 and dataset.train.pixels.max() < 200
    assert dataset.fingerprint != without


def test_test_pictures_have_the_labels_of_the_training_ones(fresh, parts):
    folder = parts("bee", "cat")
    dataset = load_pictures(folder)
    test = load_test("imagefolder", data_dir=folder, dataset=dataset)
    assert dataset.classes == ("ant", "bee", "cat")
    assert test.labels.tolist() == [1] * 4 + [2] * 4
    assert test.pixels[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 50, 51, 52, 53]


def test_test_pictures_of_other_classes_are_refused(fresh, parts):
    folder = parts("ant", "bumblebee", "cat", "dog")
    with pytest.raises(InputError, match=r"classes without training images \(bumblebee, dog\)"):
        load_test("imagefolder", data_dir=folder, dataset=load_pictures(folder))


@pytest.mark.parametrize("memory, kind", [(2**30, Images), (0, Files)])
def test_the_first_pictures(fresh, pictures, memory, kind):
    train = load_pictures(pictures, memory=memory).train
    assert isinstance(train, kind) and len(train) == 12

    def stored(split):
        return [torch.cat(parts) for parts in zip(*split.batches(5, device=CPU))]

    for count, length in ((7, 7), (1, 1), (50, 12), (None, 12)):
        first = train.first(count)
        assert len(first) == length
        assert all(torch.equal(one, other[:length]) for one, other in zip(stored(first), stored(train)))


@pytest.mark.parametrize("memory", [2**30, 0], ids=["held", "as needed"])
def test_drawn_pictures_are_of_all_classes(fresh, pictures, memory):
    train = load_pictures(pictures, memory=memory).train

    def pairs(split):
        return [
            (label.item(), *image.flatten().tolist())
            for images, labels in split.batches(5, device=CPU)
            for image, label in zip(images, labels)
        ]

    drawn = pairs(train.drawn(6))
    assert len(drawn) == 6 and set(drawn) <= set(pairs(train)) and {label for label, *_ in drawn} == {0, 1}
    assert drawn == pairs(train.drawn(6)) and sorted(pairs(train.drawn(50))) == sorted(pairs(train))


@pytest.mark.parametrize("few", [16, 15], ids=["one process", "several"])
@pytest.mark.parametrize("memory", [2**30, 0], ids=["held", "as needed"])
def test_a_broken_picture_is_one_line_whatever_process_decodes_it(fresh, pictures, monkeypatch, few, memory):
    (path,) = Path(pictures).glob("*/07.png")
    path.write_bytes(b"not a picture")
    options = {**DATASETS["imagefolder"].options, "few": few}
    monkeypatch.setitem(DATASETS, "imagefolder", replace(DATASETS["imagefolder"], options=options))
    with pytest.raises(InputError) as error:
        loaded = load_pictures(pictures, memory=memory)
        for split in (loaded.train, loaded.validation):
            list(split.batches(4, device=CPU))
    assert str(error.value).startswith(f"{path} cannot be read as a picture (cannot identify image file")
    assert len(str(error.value).splitlines()) == 1


def test_what_is_found_is_said(fresh, parts):
    folder = Path(parts("ant", "bee", "cat"))
    (folder / "train" / "bee" / "notes.txt").touch()
    loaded = load_pictures(str(folder))
    assert loaded.describe().splitlines() == [
        "12 images of 3 classes (ant, bee, cat): "
        f"{len(loaded.train)} to train on, {len(loaded.validation)} to judge on",
        "networks see the 16 x 16 pixels in the middle of each, after its short side is scaled to 18",
        "from the folders train to train on, test for the test (12 pictures)",
        f"skipped {folder}/train/bee/notes.txt, which holds no picture",
    ]


def test_a_picture_that_is_in_both_parts_is_said(fresh, pictures):
    loaded = load_pictures(pictures)
    count = len(load_test("imagefolder", data_dir=pictures, dataset=loaded))
    assert loaded.notes == (f"no folders train and test: {count} of the 20 pictures are kept for the test",)
    load_dataset.cache_clear()
    judged, trained = (
        part.files[0] for part in reversed(read_source("imagefolder", pictures, "train").divided(0.25, "validation"))
    )
    Path(judged).write_bytes(Path(trained).read_bytes())
    *_, said = load_pictures(pictures).notes
    assert said == (
        f"1 of the pictures to judge on are also among those to train on, such as {judged} and {trained}; "
        "accuracies will be too high"
    )


def test_pictures_left_out_move_no_other(fresh, pictures):
    """Each shade is another picture."""

    def shades(split):
        return {tuple(pixel.tolist()) for pixel in split.pixels[:, :, 0, 0]}

    whole = load_pictures(pictures)
    load_dataset.cache_clear()
    left_out = (str(Path(pictures, "dark", "07.png")), str(Path(pictures, "light", "16.png")))
    rest = load_dataset("imagefolder", data_dir=pictures, input_shape=(3, 16, 16), validation=0.25, leave_out=left_out)
    gone = {(70, 0, 5), (160, 0, 5)}
    for one, other in ((rest.train, whole.train), (rest.validation, whole.validation)):
        assert shades(one) == shades(other) - gone
    assert rest.fingerprint != whole.fingerprint


def test_pictures_of_the_test_that_are_trained_on_are_said(fresh, tmp_path):
    for part in ("train", "test"):
        for index in range(10):
            path = tmp_path / part / "ab"[index % 2] / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (8, 8), index + (part == "test") * (index > 2) * 100).save(path)
    (said,) = check_test("imagefolder", data_dir=str(tmp_path), dataset=load_pictures(str(tmp_path)), needed=True)
    assert said.startswith("3 of the pictures for the test are also among those to train on")


def test_classes_that_are_never_judged(fresh, tmp_path):
    def fill(part, *names):
        for name in names:
            for index in range(4):
                path = tmp_path / part / name / f"{index}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("L", (8, 8), index + 10 * len(part)).save(path)

    fill("train", "a", "b", "c")
    fill("val", "a", "c")
    loaded = load_pictures(str(tmp_path))  # val is for the test
    assert "no test pictures of b" in check_test("imagefolder", data_dir=str(tmp_path), dataset=loaded, needed=True)
    fill("test", "a", "b", "c")
    load_dataset.cache_clear()
    assert "no pictures of b to judge on: accuracies do not cover them" in load_pictures(str(tmp_path)).notes


def test_every_class_has_about_its_share_in_each_part(fresh, tmp_path):
    """By hashes alone, one class of forty had 1 of the 8 that a fifth is."""
    for number in range(300):
        for name in ("apples", "pears", "red cars"):
            path = tmp_path / name / f"{number:03}.png"
            path.parent.mkdir(exist_ok=True)
            path.touch()
    for few in (10, 40, 120, 300):
        files = tuple(str(path) for path in sorted(tmp_path.glob("*/*.png")) if int(path.stem) < few)
        labels = torch.arange(3).repeat_interleave(few)
        source = PictureFiles(folder=str(tmp_path), files=files, labels=labels, classes=("a", "b", "c"))
        for share in (0.1, 0.2, 0.4):
            counts = source.divided(share, "validation")[1].labels.bincount()
            assert (counts >= share * few / 2).all() and (counts <= share * few * 2).all()


def test_a_class_of_one_picture_is_too_small(fresh, tmp_path):
    for name, count in {"few": 1, "many": 9}.items():
        for index in range(count):
            path = tmp_path / "train" / name / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (8, 8), index).save(path)
    with pytest.raises(InputError, match="too few training images of few; each class needs at least 2"):
        load_pictures(str(tmp_path))


def test_without_shared_memory_batches_are_the_same(fresh, pictures, monkeypatch):
    def batches():
        load_dataset.cache_clear()
        loaded = load_pictures(pictures, memory=0)
        found = [*loaded.train.batches(4, device=torch.device("cpu"), seed=3)]
        return [tensor for batch in found for tensor in batch]

    monkeypatch.setattr("search.data.decoding.SHARED_BYTES", 2**60)
    assert not has_shared_memory()
    without = batches()
    monkeypatch.setattr("search.data.decoding.SHARED_BYTES", 0)
    assert has_shared_memory() and len(without) >= 4
    assert all(torch.equal(*pair) for pair in zip(without, batches(), strict=True))


def test_pictures_of_one_class_are_too_few(fresh, tmp_path):
    (tmp_path / "only").mkdir()
    for index in range(10):
        Image.new("L", (8, 8)).save(tmp_path / "only" / f"{index}.png")
    with pytest.raises(InputError, match=r"has one class \(only\)"):
        load_pictures(str(tmp_path))
