"""Files of the user's own: run where they are named, once, as they were."""

import pickle
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from space import Architecture, InputError, load_space
from space.family import family_names
from space.own_file import check_digests, files_of, load_file

FAMILY = """
import os
from space.family import Family
from space.gene import Gene

class Short(Family):
    backbones = {"short-4": (1, 4, 4)}
    def genes(self, backbone, width):
        return (Gene(name="size", choices=(1, 3), legal=(1, 3, 5)),)
    def describe(self, choices):
        return f"short {choices['size']}"

FAMILY = Short()
def parts(architecture, num_classes):
    return ()
"""


@pytest.fixture
def own(tmp_path):
    """A family's file; each test has another name, since a process keeps what it has run."""

    def write(stem: str, text: str = FAMILY) -> Path:
        path = tmp_path / f"{stem}.py"
        path.write_text(text)
        return path

    return write


def test_a_family_from_a_file_is_one_like_any_other(own):
    space = load_space(str(own("quite_short")), input_shape=(1, 4, 4))
    assert (space.family, space.backbone, space.size) == ("quite-short", "short-4", 2)
    network = Architecture.of("quite-short", "short-4", 1.0, {"size": 5})
    assert Architecture.from_json(network.to_json()) == network and network.describe() == "short 5"
    assert "quite-short" in family_names()


def test_a_default_need_not_be_the_first_choice(own):
    genes = FAMILY.replace("legal=(1, 3, 5)", "legal=(1, 3, 5), default=3").replace("choices['size']", "dict(choices)")
    name = load_file(str(own("with_default", genes)), taken=())
    of = {size: Architecture(family=name, backbone="short-4", genes={"size": size}) for size in (1, 3, 5)}
    assert {size: network.all_choices["size"] for size, network in of.items()} == {1: 1, 3: 3, 5: 5}
    assert len({network.key for network in of.values()}) == 3
    assert Architecture(family=name, backbone="short-4", genes=()).key == of[3].key
    assert Architecture.of(name, "short-4", 1.0, {}) == of[3]
    assert {network.key for network in load_space(name, backbone="short-4")} == {of[1].key, of[3].key}


def test_a_file_is_run_once_and_never_in_another_version(own):
    path = own("counted", "import sys\nsys.counted = getattr(sys, 'counted', 0) + 1")
    assert load_file(str(path), taken=()) == load_file(str(path), taken=()) == "counted"
    assert sys.counted == 1
    path.write_text("import sys\nsys.counted = 7")
    with pytest.raises(InputError, match="start a new process"):
        load_file(str(path), taken=())
    assert sys.counted == 1


def test_digests_tell_versions_apart(own):
    path = own("told_apart")
    load_space(str(path), input_shape=(1, 4, 4))
    names = {"space": "told-apart", "dataset": "digits"}
    digest = sha256(FAMILY.encode()).hexdigest()[:16]
    assert {flag: (file.path, file.digest) for flag, file in files_of(names).items()} == {"space": (str(path), digest)}
    check_digests({"space": digest, "dataset": "any"}, names, "run")
    check_digests({}, names, "run")
    with pytest.raises(InputError, match="^run was made with another .*told_apart.py; put that one back$"):
        check_digests({"space": "0" * 16}, names, "run")


def test_another_process_runs_it_as_it_was_sent(own):
    path = own("sent")
    load_space(str(path), input_shape=(1, 4, 4))
    network = Architecture.of("sent", "short-4", 1.0, {"size": 3})
    message = pickle.dumps((*files_of({"space": "sent"}).values(), network))
    path.unlink()
    code = "import pickle, sys; _, network = pickle.load(sys.stdin.buffer); print(network.key, network.describe())"
    ended = subprocess.run(
        [sys.executable, "-c", code], input=message, capture_output=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert ended.stdout.decode().strip() == f"{network.key} short 3"


@pytest.mark.parametrize(
    "stem, text, complaint",
    [
        ("mobinet", FAMILY, "mobinet names another one here"),
        ("not-a-name", FAMILY, "not-a-name is no name"),
        ("empty", "", "holds no family"),
        ("no_parts", FAMILY.replace("def parts", "def other"), "holds no family"),
        ("no_python", "FAMILY = (", "cannot be run: SyntaxError"),
        ("raises", "raise OSError('no\\nluck')", "cannot be run: OSError: no$"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(own, stem, text, complaint):
    with pytest.raises(InputError, match=complaint):
        load_space(str(own(stem, text)))


def test_a_name_alone_runs_nothing(own, tmp_path, monkeypatch):
    own("lurking", "raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    described = {"family": "lurking", "backbone": "short-4", "width": 1.0, "genes": {"size": 3}}
    for family in ("lurking", "lurking.py", str(tmp_path / "lurking.py")):
        with pytest.raises(InputError, match="no family is called .* name the file that holds it: --space"):
            Architecture.from_dict({**described, "family": family})
    (tmp_path / "small.toml").write_text('family = "lurking.py"')
    with pytest.raises(InputError, match="no family is called"):
        load_space("small.toml")
