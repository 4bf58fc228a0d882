"""What the commands that train share."""

import pytest

from search.training.devices import find_device
from space import InputError


@pytest.mark.parametrize("name", ["cpu", "cpu:0"])
def test_the_cpu_has_one_name(name):
    assert find_device(name) == "cpu"


@pytest.mark.parametrize("name", ["", "nonsense", "cpu:x", "meta", "gpu", "cuda:", "cuda:-1"])
def test_no_device_is_called_so(name):
    with pytest.raises(InputError, match=f"--device {name} is not known; use cpu, cuda, cuda:1 or mps"):
        find_device(name)


@pytest.mark.parametrize("name", ["cuda:99", "mps"])
def test_a_device_that_is_not_there(name):
    with pytest.raises(InputError, match=f"--device {name} cannot be used here: .{{1,303}}$") as error:
        find_device(name)
    assert len(str(error.value).splitlines()) == 1
