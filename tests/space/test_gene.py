"""One named choice."""

import pytest

from space import InputError
from space.gene import Gene


@pytest.mark.parametrize(
    "fields",
    [{"choices": (1, 4)}, {"choices": (1,), "default": 4}, {"choices": ("1",)}, {"choices": (1,), "default": ""}],
)
def test_choices_and_default_have_to_be_legal(fields):
    with pytest.raises(InputError, match=r"^layer0.k = ('1'|''|4) does not fit; use one of 1, 2"):
        Gene(name="layer0.k", legal=(1, 2), **fields)


def test_what_is_usual_is_the_default_or_the_first_choice():
    gene = {"name": "layer0.k", "choices": (3, 1), "legal": (1, 2, 3)}
    assert (Gene(**gene).usual, Gene(**gene, default=2).usual) == (3, 2)


@pytest.mark.parametrize(
    "legal, hint",
    [
        ((0, 1, 2, 3, 4), '; use one of 0, 1, 2, 3, 4, or such as "up to 2"'),
        ((7,), '; use one of 7, or such as "up to 7"'),
        ((100, 50, 25), "; use one of 100, 50, 25"),
        (("pre", "mid"), "; use one of pre, mid"),
    ],
)
def test_a_range_is_offered_where_the_choices_are_one(legal, hint):
    with pytest.raises(InputError) as error:
        Gene(name="gene", choices=legal, legal=legal).check("all")
    assert str(error.value).endswith(hint)
