"""Batches, their preparation and their augmentation."""

import struct
import zlib
from zlib import crc32

import pytest
import torch
from torch import Tensor

from search.data.catalog import Augmentation
from search.data.from_files import PictureFiles
from search.data.in_memory import Images
from search.data.pictures import Broken, Pictures
from search.data.preparation import Preparation, augment, fit_shape
from space import InputError

CPU = torch.device("cpu")


def split_of(n: int, augmentation: Augmentation = Augmentation()) -> Images:  # noqa: B008
    """Images (N, 1, 1, 1) whose one pixel is their index."""
    preparation = Preparation(input_shape=(1, 1, 1), mean=(0.0,), std=(1.0,), augmentation=augmentation)
    index = torch.arange(n)
    return Images(pixels=index.to(torch.uint8).view(n, 1, 1, 1), labels=index + 1000, preparation=preparation)


def order_of(split: Images, **options) -> list[int]:
    """Index of each image as it comes; labels must come along."""
    found = []
    for images, labels in split.batches(**options, device=CPU):
        index = (images.flatten() * 255).round().long()
        assert torch.equal(index + 1000, labels)
        found += index.tolist()
    return found


def noise(*shape: int) -> Tensor:
    """Random images (N, C, H, W) in 0..1, with a black pixel in each."""
    images = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    images[:, :, shape[2] // 2, shape[3] // 3] = 0
    return images


@pytest.mark.parametrize("n, size", [(10, 4), (8, 4), (3, 100), (1, 1)])
def test_without_a_seed_every_image_comes_once_in_order(n, size):
    split = split_of(n)
    assert order_of(split, batch_size=size) == list(range(n))
    assert max(len(labels) for _, labels in split.batches(size, device=CPU)) == min(n, size)


def test_with_a_seed_the_order_is_shuffled_by_it_alone():
    split = split_of(100)
    orders = [order_of(split, batch_size=20, seed=seed) for seed in (3, 3, 4)]
    assert orders[0] == orders[1] != orders[2]
    assert all(sorted(order) == list(range(100)) for order in orders)
    assert orders[0] != list(range(100))


def test_training_batches_are_all_of_one_size_unless_there_is_only_one():
    lengths = [len(labels) for _, labels in split_of(10).batches(4, device=CPU, seed=0)]
    assert lengths == [4, 4]
    assert [len(labels) for _, labels in split_of(3).batches(4, device=CPU, seed=0)] == [3]
    assert len(set(order_of(split_of(10), batch_size=4, seed=0))) == 8


def test_parts_of_training_batches_are_together_the_whole_ones():
    pixels = (noise(26, 2, 4, 4) * 255).to(torch.uint8)
    augmentation = Augmentation(shift=0.25, flip=True)
    preparation = Preparation(input_shape=(2, 4, 4), mean=(0.5,) * 2, std=(0.2,) * 2, augmentation=augmentation)
    split = Images(pixels=pixels, labels=torch.arange(26), preparation=preparation)
    whole, *parts = (
        list(split.batches(12, device=CPU, seed=5, part=part)) for part in ((0, 1), (0, 3), (1, 3), (2, 3))
    )
    assert [len(labels) for _, labels in parts[0]] == [4, 4]
    for batch, *pieces in zip(whole, *parts):
        for expected, found in zip(batch, zip(*pieces)):
            assert torch.equal(torch.cat(found), expected)


@pytest.mark.parametrize("n, parts", [(25, 3), (24, 3), (3, 5)])
def test_without_a_seed_parts_are_together_every_image_once(n, parts):
    orders = [order_of(split_of(n), batch_size=4, part=(index, parts)) for index in range(parts)]
    assert sum(orders, []) == list(range(n))
    assert max(map(len, orders)) - min(map(len, orders)) <= 1


def test_normalisation_in_closed_form():
    pixels = (noise(6, 3, 4, 4) * 255).to(torch.uint8)
    mean, std = (0.2, 0.5, 0.7), (0.1, 0.2, 0.5)
    preparation = Preparation(input_shape=(3, 4, 4), mean=mean, std=std, augmentation=Augmentation(shift=0.5))
    images = preparation(pixels, None)
    for n, c, y, x in [(0, 0, 0, 0), (5, 1, 3, 2), (2, 2, 1, 3)]:
        assert images[n, c, y, x].item() == pytest.approx(
            (pixels[n, c, y, x].item() / 255 - mean[c]) / std[c], abs=1e-5
        )


def test_preparing_an_image_does_not_depend_on_its_batch():
    pixels = torch.full((2, 1, 6, 6), 200, dtype=torch.uint8)
    pixels[1] = 0
    preparation = Preparation(input_shape=(1, 8, 8), mean=(0.5,), std=(0.25,), augmentation=Augmentation())
    assert torch.equal(preparation(pixels, None)[:1], preparation(pixels[:1], None))


def test_border_is_black_in_every_channel():
    # Black is -mean / std: -2 in the first channel, -1 in the second and third.
    pixels = torch.full((20, 3, 8, 8), 255, dtype=torch.uint8)
    pixels[:, :, 4, 4] = 0
    preparation = Preparation(
        input_shape=(3, 8, 8), mean=(0.5, 0.5, 0.5), std=(0.25, 0.5, 0.5), augmentation=Augmentation(shift=1 / 4)
    )
    images = preparation(pixels, preparation.draw(20, torch.Generator().manual_seed(0)))
    assert [sorted(set(images[:, c].flatten().tolist())) for c in range(3)] == [[-2, 2], [-1, 1], [-1, 1]]


def test_fit_shape_leaves_a_fitting_image_alone():
    images = noise(2, 3, 5, 7)
    assert torch.equal(fit_shape(images, (3, 5, 7)), images)


def test_fit_shape_repeats_grey_and_averages_colours():
    grey, colour = noise(2, 1, 4, 4), noise(2, 3, 4, 4)
    assert torch.equal(fit_shape(grey, (3, 4, 4)), torch.cat([grey, grey, grey], 1))
    expected = (colour[:, 0] + colour[:, 1] + colour[:, 2]) / 3
    torch.testing.assert_close(fit_shape(colour, (1, 4, 4))[:, 0], expected)


@pytest.mark.parametrize("size, top", [(28, 2), (27, 2), (31, 0), (24, 4)])
def test_fit_shape_pads_a_narrow_border(size, top):
    images = noise(2, 1, size, size)
    padded = fit_shape(images, (1, 32, 32))
    inside = slice(top, top + size)
    assert padded.shape == (2, 1, 32, 32)
    assert torch.equal(padded[:, :, inside, inside], images)
    padded[:, :, inside, inside] = 0
    assert not padded.any()


@pytest.mark.parametrize("size", [23, 8, 40, 224])
def test_fit_shape_resizes_everything_else(size):
    ramp = torch.linspace(0, 1, size).expand(1, 1, size, size)
    resized = fit_shape(ramp, (1, 32, 32))
    assert resized.shape == (1, 1, 32, 32)
    centres = (torch.arange(32) + 0.5) / 32 * size - 0.5
    expected = (centres / (size - 1)).clamp(0, 1)
    torch.testing.assert_close(resized[0, 0, 16][2:-2], expected[2:-2], atol=2e-3, rtol=0)
    torch.testing.assert_close(resized[0, 0, 0], resized[0, 0, 31])


def moved(image: Tensor, dy: int, dx: int, flip: bool) -> Tensor:
    """`image`, (C, H, W), shifted down by dy and right by dx, then mirrored, pixel by pixel."""
    channels, height, width = image.shape
    out = torch.zeros_like(image)
    for c in range(channels):
        for y in range(height):
            for x in range(width):
                if 0 <= y - dy < height and 0 <= x - dx < width:
                    out[c, y, width - 1 - x if flip else x] = image[c, y - dy, x - dx]
    return out


def augmented(images: Tensor, seed: int, **settings) -> Tensor:
    """`images`, (N, C, H, W), as an augmentation of such settings changes them."""
    augmentation = Augmentation(**settings)
    shape = tuple(images.shape[1:])
    preparation = Preparation(input_shape=shape, mean=(0.0,), std=(1.0,), augmentation=augmentation)
    return augment(images, augmentation, preparation.draw(len(images), torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("shift, flip", [(0.25, True), (0.25, False), (0.0, True)])
def test_augmented_images_are_shifted_and_mirrored_ones(shift, flip):
    images = noise(24, 2, 4, 4)
    reach = round(shift * 4)
    drawn = augmented(images, 1, shift=shift, flip=flip)
    steps = range(-reach, reach + 1)
    moves = [(dy, dx, mirror) for dy in steps for dx in steps for mirror in ((False, True) if flip else (False,))]
    found = set()
    for image, out in zip(images, drawn):
        fitting = [move for move in moves if torch.equal(moved(image, *move), out)]
        assert len(fitting) == 1
        found.update(fitting)
    assert len(found) > len(moves) / 2
    assert {mirror for _, _, mirror in found} == ({False, True} if flip else {False})


def test_half_of_many_images_are_mirrored():
    images = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2).repeat(2000, 1, 1, 1)
    drawn = augmented(images, 0, flip=True)
    assert 0.45 < drawn[:, 0, 0, 0].mean().item() < 0.55


def test_augmentation_follows_its_generator_and_may_do_nothing():
    images = noise(5, 1, 4, 4)
    one, same, other = (augmented(images, seed, shift=0.5, flip=True) for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert torch.equal(augmented(images, 1), images)


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file of chunks, each with its length, name, content, and the CRC-32 of the last two."""
    found = b"\x89PNG\r\n\x1a\n"
    for name, data in chunks:
        found += struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc32(name + data))
    return found


def header(width: int, height: int) -> tuple[bytes, bytes]:
    """Of a grey PNG."""
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)


PIXELS = b"IDAT", zlib.compress(b"\x00\x07\x07" * 2)
"""Of a grey PNG, 2x2."""
BROKEN = {
    "no picture": b"no picture",
    "cut off": png(header(2, 2), PIXELS)[:-10],
    "a chunk without a name": png(header(2, 2), (b"IDAT", PIXELS[1][:3]), (bytes(4), b"")),
    "too large": png(header(20000, 20000), PIXELS),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_picture_that_cannot_be_decoded_is_named(tmp_path, content):
    (tmp_path / "broken.png").write_bytes(content)
    path = str(tmp_path / "broken.png")
    decoded = Pictures(files=((path, 0),), input_shape=(1, 2, 2))
    assert isinstance(decoded[0, None], Broken) and decoded[0, None].path == path and decoded[0, None].reason
    source = PictureFiles(folder=str(tmp_path), files=(path,), labels=torch.tensor([0]), classes=("a", "b"))
    with pytest.raises(InputError, match=r"broken.png cannot be read as a picture \(.+\); remove it"):
        source.decoded((1, 2, 2), 2**20)
    (tmp_path / "broken.png").write_bytes(png(header(2, 2), PIXELS, (b"IEND", b"")))
    assert decoded[0, None][0].tolist() == [[[7, 7], [7, 7]]]


def test_images_move_to_a_device_once():
    split, meta = split_of(5), torch.device("meta")
    for _ in range(2):
        batches = split.batches(2, device=meta)
        assert [(p.device, len(p), c.device, len(c)) for p, c in batches] == [(meta, n, meta, n) for n in (2, 2, 1)]
    assert list(split._copies) == [meta]
