"""Two searches in a notebook. Editors with cells run it as it stands; so does python examples/notebook.py."""

# %% What is searched, who judges it, and for how long
from search import Evaluation, LivePlot, Search, Task, proxy, run_study
from space import load_space
from space.objective import OBJECTIVES

TRIALS, EPOCHS = 20, 4
space = load_space("mobinet", backbone="mobilenet-8").restrict({"block": ["pre", "mid"], "k": "up to 2"})
evaluator = proxy("digits", epochs=EPOCHS)
print(f"{space.size:,} networks")


# %% The search, with a plot that grows. To resume it, run the cell again; TRIALS is the total.
search = run_study("runs/notebook", space=space, evaluator=evaluator, trials=TRIALS, on_trial=LivePlot())

# %% All trials, the front, the network to take
print(search.table()[["number", "accuracy", "ops", "state"]])
for entry in search.front().entries:  # by expected accuracies: measured ones need not rise along the front
    measured, expected = f"{entry.accuracy:.1%}", f"{entry.deciding:.1%}"
    print(f"{expected} expected, {measured} measured, {entry.cost.ops:,.0f} OPs: {entry.architecture.describe()}")
print(f"to train it fully: mobinas retrain {search.folder}/best.json")
figure = search.figure()


# %% Another cost, with a limit, and an evaluator and a callback of one's own
def by_its_k(task: Task) -> Evaluation:
    """In place of a training: the larger K, the better."""
    ks = [choice for name, choice in task.architecture.genes if name.endswith(".k")]
    return Evaluation(accuracy=0.5 + sum(ks) / 100, epochs=0, seconds=0.0)


def on_trial(search: Search, task: Task, outcome: Evaluation) -> None:
    print(f"trial {task.number}: {outcome.accuracy:.1%} at {search.objective.show(search.price(task.architecture))}")


small = run_study(
    "runs/notebook-bytes",
    space=space,
    evaluator=by_its_k,
    num_classes=10,
    cost=OBJECTIVES["bytes"],
    limits=[(OBJECTIVES["ops"], 40_000)],
    trials=TRIALS,
    on_trial=on_trial,
)
print(f"{small.best().architecture.describe()}, {small.best().cost.bytes:,} bytes")
