"""One picture file, decoded as it is meant to be seen."""

import struct
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from mobinet.pictures import as_seen
from search.data.from_files import PictureFiles
from search.data.pictures import Broken, Pictures

SQUARE = (3, 14, 14)


def decoded(path, shape=SQUARE):
    """The centre of the file's picture, (C, H, W)."""
    item = Pictures(files=((str(path), 0),), input_shape=shape)[0, None]
    return item if isinstance(item, Broken) else item[0]


def ramp(dtype, top: int) -> np.ndarray:
    """16 columns from 0 to `top`."""
    return np.tile(np.linspace(0, top, 16), (16, 1)).round().astype(dtype)


@pytest.mark.parametrize("ending", ["png", "tif", "pgm"])
def test_sixteen_bits_are_scaled_to_eight(tmp_path, ending):
    path = tmp_path / f"ramp.{ending}"
    Image.fromarray(ramp(np.uint16, 65535)).save(path)
    with Image.open(path) as image:
        seen = np.asarray(as_seen(image))
    assert seen.shape == (16, 16, 3)
    assert seen[5, :, 1].tolist() == [17 * column for column in range(16)]  # 65535 / 257 = 255 = 15 * 17


@pytest.mark.parametrize("orientation, corner", [(1, (0, 0)), (3, (1, 1)), (6, (0, 1)), (8, (1, 0)), (2, (0, 1))])
def test_the_camera_s_orientation_is_applied(tmp_path, orientation, corner):
    """Orientation 6 is to be turned by 90 degrees clockwise, so that the upper left corner comes to the upper right."""
    stored = Image.new("RGB", (16, 16))
    stored.paste((255, 255, 255), (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "photo.png", exif=exif)
    picture = decoded(tmp_path / "photo.png")
    bright = [(y, x) for y in (0, 1) for x in (0, 1) if picture[0, 13 * y, 13 * x] > 128]
    assert bright == [corner]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
def test_what_is_transparent_is_white(tmp_path, mode):
    path = tmp_path / "drawing.png"
    if mode in ("RGBA", "LA"):
        Image.new(mode, (16, 16)).save(path)
    else:
        Image.new(mode, (16, 16)).save(path, transparency=0 if mode == "P" else (0, 0, 0))
    assert decoded(path).unique().tolist() == [255]


def test_a_picture_of_too_many_pixels_is_called_that(tmp_path, monkeypatch):
    path = tmp_path / "large.png"
    Image.new("L", (30, 30)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 800)  # Pillow warns from there on
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decoded(path).shape == SQUARE
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 400)
    assert decoded(path) == Broken(str(path), "it has more than 800 pixels; make it smaller")


def test_a_thin_picture_would_take_all_memory(tmp_path):
    """Its short side is scaled to the network's input: 60,000 x 1 would become 15,360,000 x 256."""
    Image.new("L", (60_000, 1)).save(tmp_path / "line.png")
    Image.new("L", (100, 1)).save(tmp_path / "bar.png")
    assert decoded(tmp_path / "line.png").reason == "60,000 x 1 pixels are too long and thin; cut it"
    assert decoded(tmp_path / "bar.png").shape == SQUARE


@pytest.mark.parametrize(
    "error", [struct.error("required argument"), RuntimeError("Failed to decode"), TypeError(), MemoryError()]
)
def test_whatever_a_damaged_picture_raises_it_is_broken(tmp_path, monkeypatch, error):
    def load(self):
        raise error

    Image.new("L", (9, 9)).save(tmp_path / "x.png")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    assert isinstance(decoded(tmp_path / "x.png"), Broken)


def test_half_transparent_black_is_grey(tmp_path):
    Image.new("RGBA", (16, 16), (0, 0, 0, 51)).save(tmp_path / "grey.png")
    assert decoded(tmp_path / "grey.png").unique().tolist() == [204]  # 255 (1 - 51 / 255)


@pytest.mark.parametrize("dtype, said", [(np.float32, "floats"), (np.int32, "32-bit integers")])
def test_values_of_unknown_range_are_refused(tmp_path, dtype, said):
    Image.fromarray(ramp(dtype, 1000)).save(tmp_path / "map.tiff")
    found = decoded(tmp_path / "map.tiff")
    assert isinstance(found, Broken) and f"values are {said}" in found.reason


@pytest.mark.parametrize("ending", ["gif", "webp", "bmp", "tiff", "ppm", "jp2", "jpg"])
def test_other_formats_are_read_and_of_moving_ones_the_first_frame(tmp_path, ending):
    frames = [Image.new("RGB", (16, 16), color) for color in ((200, 0, 0), (0, 200, 0))]
    moving = {"save_all": True, "append_images": frames[1:]} if ending in ("gif", "webp", "tiff") else {}
    frames[0].save(tmp_path / f"picture.{ending}", **moving)
    red, green, blue = decoded(tmp_path / f"picture.{ending}").float().mean((1, 2)).tolist()
    assert red == pytest.approx(200, abs=4) and max(green, blue) < 6


def source_of(counts: dict[str, int]) -> PictureFiles:
    files = [
        (f"pics/{name}/{number}.png", label) for label, name in enumerate(counts) for number in range(counts[name])
    ]
    paths, labels = zip(*files)
    return PictureFiles(folder="pics", files=paths, labels=torch.tensor(labels), classes=tuple(counts))


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.97])
@pytest.mark.parametrize("sizes", [(10,) * 6, (300, 3), (2, 2, 1)])
def test_each_class_is_in_both_parts(sizes, share):
    source = source_of({f"c{index}": size for index, size in enumerate(sizes)})
    kept, held = source.divided(share, "test")
    assert sorted(kept.files + held.files) == sorted(source.files)
    for label, size in enumerate(sizes):
        both = [(part.labels == label).sum().item() for part in (kept, held)]
        assert sum(both) == size and (size == 1 or min(both) >= 1)


def test_the_share_held_out_is_about_as_asked_for():
    kept, held = source_of({"a": 4000, "b": 1000}).divided(0.2, "validation")
    for label, size in enumerate((4000, 1000)):
        expected, deviation = 0.2 * size, (0.2 * 0.8 * size) ** 0.5
        assert abs((held.labels == label).sum().item() - expected) < 4 * deviation


def test_a_file_that_is_removed_moves_no_other():
    source = source_of({"a": 30, "b": 50})
    places = [set(part.files) for part in source.divided(0.2, "test")]
    for gone in (0, 7, 44, 79):
        rest = source.take(torch.tensor([index for index in range(80) if index != gone]))
        assert [set(part.files) for part in rest.divided(0.2, "test")] == [p - {source.files[gone]} for p in places]


def test_each_purpose_draws_anew():
    source = source_of({"a": 100, "b": 100})
    assert set(source.divided(0.2, "test")[1].files) != set(source.divided(0.2, "validation")[1].files)
