"""From what a user names to a search space or a network."""

import tomllib
from pathlib import Path

from space.architecture import Architecture
from space.errors import InputError
from space.family import family_names, find_family, genes_of
from space.search_space import SearchSpace


def load_space(space: str = "mobinet", *, backbone: str = "mobilenet-8", width: float = 1.0) -> SearchSpace:
    """The search space called `space`, or the one a TOML file restricts.

    A file holds ``family = "mobinet"`` (the default), allowed choices for all layers such as
    ``block = ["pre", "mid"]``, ``k = [0, 1, 2]``, ``pool = ["avg"]``, and tables such as ``[layer3]`` with
    the same entries for one layer.

    Args:
        space: a family's name, or the path of a TOML file.
        backbone: a backbone of the family.
        width: factor on its channels.

    Raises:
        InputError: the file cannot be read, or its choices do not fit the backbone.
    """
    if space in family_names():
        return _whole(space, backbone, width)
    if not space.endswith(".toml"):
        raise InputError(f"--space {space} is neither a family ({', '.join(family_names())}) nor a .toml file")
    try:
        rules = tomllib.loads(Path(space).read_text())
    except OSError as error:
        raise InputError(f"cannot read {space}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{space} is not TOML: {error}") from None
    family = rules.pop("family", "mobinet")
    try:
        return _whole(family, backbone, width).restrict(rules)
    except InputError as error:
        raise InputError(f"{space}: {error}") from None


def named_network(name: str, *, backbone: str, width: float = 1.0) -> Architecture:
    """The hand-designed network called `name`, such as ``"mobinet-mid-k3"``, on a backbone.

    Raises:
        InputError: no network is called so, or it does not fit the backbone.
    """
    known = {name: family for family in family_names() for name in find_family(family).named()}
    if name not in known:
        raise InputError(f"{name} is neither a file nor a network; networks are {', '.join(known)}")
    family = known[name]
    choices = find_family(family).named()[name]
    return Architecture.uniform(backbone, family=family, width=width, **choices).canonical()


def _whole(family: str, backbone: str, width: float) -> SearchSpace:
    genes = tuple(genes_of(family, backbone, width).values())
    return SearchSpace(family=family, backbone=backbone, width=width, genes=genes)
