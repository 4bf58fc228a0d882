"""What a search says before its first trial."""

from types import SimpleNamespace

import pytest

from search.messages.announcement import pace_text
from search.pace import Pace


@pytest.mark.parametrize(
    "ended, said",
    [
        # 0.1 s for each of 2 * 40 images to train on, and a third of that for each of 30 to judge on.
        (1, "about 9 s a trial on the cpu, 2 side by side: 27 s for 5 once it has started"),  # three rounds
        (5, "about 9 s a trial on the cpu, 2 side by side: 9 s for 1 once it has started"),
    ],
)
def test_a_search_of_seconds_says_how_long_it_takes(ended, said):
    search = SimpleNamespace(config=SimpleNamespace(train_images=40, device="cpu"), study=SimpleNamespace(ended=ended))
    pace = Pace(per_image=0.1, epochs=2, judged=30, slots=2)
    args = SimpleNamespace(trials=6, time_budget=None)
    assert pace_text(SimpleNamespace(search=search, pace=pace), args) == f"\n{said}"
