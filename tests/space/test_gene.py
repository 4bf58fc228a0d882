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
