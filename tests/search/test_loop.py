"""The search itself: interrupted, failing, and measured."""

import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
import torch
from fake_evaluators import Instant, accuracy_of
from fakes import open_study, record

from search.backends.local import InProcess
from search.loop import HOPELESS, Hopeless, measure_noise, run_search
from space import InputError, load_space


def quiet(*_):
    pass


@dataclass(frozen=True, kw_only=True)
class Crashing:
    """An instant evaluator that, once, copies the run's folder as a crash at this moment would leave it."""

    folder: Path
    crash: Path
    key: str

    def __call__(self, task):
        if task.architecture.key == self.key:
            shutil.copytree(self.folder, self.crash)
        return Instant()(task)


@pytest.mark.parametrize(
    "sampler, first, last",
    [
        ("random", 18, 22),
        ("tpe", 22, 27),
        ("front", 18, 22),
        ("nsga2", 53, 58),
        ("evolution", 53, 58),
        ("evolution-bins", 53, 58),
    ],
)
def test_an_interrupted_search_goes_on_as_if_it_had_not_been(tmp_path, sampler, first, last):
    whole = open_study(tmp_path / "whole", sampler=sampler)
    run_search(whole, InProcess(Instant()), trials=first, on_trial=quiet)
    shutil.copytree(tmp_path / "whole", tmp_path / "stopped")
    run_search(whole, InProcess(Instant()), trials=last, on_trial=quiet)
    stopped = open_study(tmp_path / "stopped", sampler=sampler)
    run_search(stopped, InProcess(Instant()), trials=last, on_trial=quiet)
    assert len(record(whole)) == last
    assert record(stopped).equals(record(whole))


@pytest.mark.parametrize("sampler", ["random", "tpe", "nsga2"])
def test_a_crash_loses_nothing_but_the_trial_under_way(tmp_path, sampler):
    space = load_space()
    key = space.baselines()[10].key
    whole = open_study(tmp_path / "whole", space, sampler=sampler)
    evaluator = Crashing(folder=tmp_path / "whole", crash=tmp_path / "crash", key=key)
    run_search(whole, InProcess(evaluator), trials=17, on_trial=quiet)
    crashed = open_study(tmp_path / "crash", space, sampler=sampler)
    assert crashed.table()["state"].tolist() == ["complete"] * 10 + ["running"]
    asked = []
    run_search(crashed, InProcess(Instant()), trials=17, on_trial=lambda task, _: asked.append(task.number))
    assert asked == list(range(10, 17))
    assert record(crashed).equals(record(whole))


def test_seeds_give_different_searches(tmp_path):
    keys = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        study = open_study(tmp_path / name, seed=seed)
        run_search(study, InProcess(Instant()), trials=17, on_trial=quiet)
        keys.append(study.table()["key"].tolist())
    assert keys[0] == keys[1] != keys[2]


def test_trials_are_a_total(tmp_path):
    study = open_study(tmp_path)
    numbers = []
    for trials, expected in ((3, [0, 1, 2]), (3, []), (2, []), (5, [3, 4])):
        numbers.clear()
        run_search(study, InProcess(Instant()), trials=trials, on_trial=lambda task, _: numbers.append(task.number))
        assert numbers == expected


def test_a_failure_fails_its_trial_only(tmp_path):
    space = load_space()
    broken = frozenset(network.key for network in space.baselines()[1::3])
    study = open_study(tmp_path, space)
    run_search(study, InProcess(Instant(broken=broken)), trials=17, on_trial=quiet)
    table = study.table()
    is_broken = table["key"].isin(broken)
    assert is_broken.sum() == 5
    assert (table["state"] == "failed").tolist() == is_broken.tolist()
    assert set(table.loc[is_broken, "reason"]) == {"ValueError: cannot be trained"}
    assert table.loc[is_broken, "accuracy"].isna().all()
    fine = table[~is_broken]
    assert fine["accuracy"].tolist() == [accuracy_of(key) for key in fine["key"]]


def test_when_all_fail_the_search_gives_up_with_the_reason(tmp_path):
    space = load_space()
    study = open_study(tmp_path, space)
    broken = frozenset(network.key for network in space.baselines())
    with pytest.raises(Hopeless, match="ValueError: cannot be trained"):
        run_search(study, InProcess(Instant(broken=broken)), trials=50, on_trial=quiet)
    assert study.table()["state"].tolist() == ["failed"] * HOPELESS


def test_after_an_error_of_the_gpu_this_process_evaluates_no_more(tmp_path):
    study = open_study(tmp_path / "run")
    third = load_space().baselines()[2].key

    def evaluator(task):
        if task.architecture.key == third:
            raise torch.AcceleratorError("CUDA error: device-side assert triggered")
        return Instant()(task)

    with pytest.raises(InputError, match="error of the GPU: .*assert triggered; to go on with the next trial, run the"):
        run_search(study, InProcess(evaluator), trials=9, on_trial=quiet)
    assert record(study)["state"].tolist() == ["complete", "complete", "failed"]
    run_search(study, InProcess(Instant()), trials=9, on_trial=quiet)
    assert record(study)["state"].tolist() == ["complete", "complete", "failed"] + ["complete"] * 6


def test_failures_after_a_success_are_not_hopeless(tmp_path):
    space = load_space()
    broken = frozenset(network.key for network in space.baselines()[HOPELESS - 1 + 1 :])
    study = open_study(tmp_path, space)
    run_search(study, InProcess(Instant(broken=broken)), trials=15, on_trial=quiet)
    assert (study.table()["state"] == "failed").sum() == 15 - HOPELESS


@pytest.mark.parametrize("trials, most, pairs", [(9, 8, 0), (25, 8, 2), (25, 1, 1)])
def test_noise_is_measured_once(tmp_path, trials, most, pairs):
    study = open_study(tmp_path)
    run_search(study, InProcess(Instant()), trials=trials, on_trial=quiet)
    before, calls = record(study), []

    def evaluator(task):
        calls.append((task.architecture.key, task.replicate))
        return Instant()(task)

    measure_noise(study, InProcess(evaluator), on_note=quiet, most=most)
    first = before["key"].tolist()[:pairs]
    assert calls == [(key, 1) for key in first]
    squares = [(accuracy_of(key) - accuracy_of(key, 1)) ** 2 for key in first]
    expected = {"std": pytest.approx((sum(squares) / pairs / 2) ** 0.5), "pairs": pairs} if pairs else None
    noise = study.replicates.noise()
    assert (noise and asdict(noise)) == expected
    measure_noise(study, InProcess(evaluator), on_note=quiet, most=most)
    assert len(calls) == pairs
    assert record(study).equals(before)


def lasting(end: float, numbers: list[int]):
    """An evaluator that notes the numbers of its tasks; the second one lasts until `end`."""

    def evaluator(task):
        numbers.append(task.number)
        if len(numbers) == 2:
            time.sleep(max(0, end - time.monotonic()))
        return Instant()(task)

    return evaluator


def test_after_its_end_a_search_begins_nothing_that_was_interrupted(tmp_path):
    stopped = open_study(tmp_path)
    asked = [stopped.ask().number for _ in range(3)]
    stopped.close()
    study = open_study(tmp_path)
    assert run_search(study, InProcess(Instant()), trials=9, on_trial=quiet, end=time.monotonic())
    assert record(study)["state"].tolist() == ["running"] * 3 and study.ended == 0
    end, numbers = time.monotonic() + 1, []
    assert run_search(study, InProcess(lasting(end, numbers)), trials=9, on_trial=quiet, end=end)
    assert numbers == asked[:2]


def test_noise_is_measured_until_the_end(tmp_path):
    study = open_study(tmp_path)
    run_search(study, InProcess(Instant()), trials=30, on_trial=quiet)
    measure_noise(study, InProcess(Instant()), on_note=quiet, end=time.monotonic())
    assert study.replicates.noise() is None
    end, calls = time.monotonic() + 1, []
    measure_noise(study, InProcess(lasting(end, calls)), on_note=quiet, end=end)
    assert study.replicates.noise().pairs == 2
    measure_noise(study, InProcess(Instant()), on_note=quiet)
    assert study.replicates.noise().pairs == 3


def test_interrupted_noise_is_completed(tmp_path):
    study = open_study(tmp_path)
    run_search(study, InProcess(Instant()), trials=20, on_trial=quiet)
    calls = []

    def stopped(task):
        if len(calls) == 1:
            raise KeyboardInterrupt
        calls.append(task.architecture.key)
        return Instant()(task)

    with pytest.raises(KeyboardInterrupt):
        measure_noise(study, InProcess(stopped), on_note=quiet)
    assert study.replicates.noise().pairs == 1
    measure_noise(study, InProcess(Instant()), on_note=quiet)
    assert study.replicates.noise().pairs == 2
