"""Every picture is looked at before anything is trained."""

import pytest
from PIL import Image

from search.data.checking import check_pictures
from space import InputError


@pytest.fixture
def pictures(tmp_path):
    """Of two classes in two parts, four of them broken in four ways."""
    for part in ("train", "test"):
        for name in ("ant", "bee"):
            (tmp_path / part / name).mkdir(parents=True)
            for index in range(3):
                Image.effect_noise((60, 60), 50).save(tmp_path / part / name / f"{index}.jpg")
    cut = tmp_path / "train" / "bee" / "0.jpg"
    cut.write_bytes(cut.read_bytes()[:-400])
    (tmp_path / "train" / "ant" / "x.png").write_bytes(b"not a picture")
    (tmp_path / "test" / "ant" / "empty.gif").touch()
    Image.new("F", (8, 8)).save(tmp_path / "test" / "bee" / "map.tiff")
    return tmp_path


def test_the_broken_ones_of_all_parts_are_in_one_line(pictures):
    with pytest.raises(InputError) as error:
        check_pictures("imagefolder", str(pictures), skip=False)
    said = str(error.value)
    assert said.startswith("4 of 15 pictures cannot be read: ") and len(said.splitlines()) == 1
    assert all(f"{name} (" in said for name in ("bee/0.jpg", "ant/x.png", "ant/empty.gif", "bee/map.tiff"))
    assert said.endswith("remove them, or leave them out with --skip-broken")


def test_of_many_the_first_few_are_named(tmp_path):
    for name in ("ant", "bee"):
        (tmp_path / name).mkdir()
        for index in range(50):
            (tmp_path / name / f"{index}.png").touch()
    with pytest.raises(InputError, match="^100 of 100 .*; and 95 more; remove") as error:
        check_pictures("imagefolder", str(tmp_path), skip=False)
    assert len(str(error.value)) < 1500


def test_they_can_be_skipped(pictures):
    found = check_pictures("imagefolder", str(pictures), skip=True)
    assert sorted(path.removeprefix(f"{pictures}/") for path in found) == [
        "test/ant/empty.gif",
        "test/bee/map.tiff",
        "train/ant/x.png",
        "train/bee/0.jpg",
    ]


def test_other_data_sets_have_none():
    assert check_pictures("digits", "nowhere", skip=False) == ()
