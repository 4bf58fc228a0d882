"""What a search says before its first trial: what is searched, on what, on which device, and how long it will take."""

import argparse

from results.run_config import RunConfig
from results.words import counted, duration, many, short
from search.assemble import Assembled
from search.pace import LIMIT
from search.session import Search
from space import SearchSpace


def begin_text(assembled: Assembled, args: argparse.Namespace) -> str:
    """What is searched, on what, and how many of the trials there are already."""
    search, trials = assembled.search, args.trials
    space, config = search.study.space, search.config
    ends = search.cheapest, config.reference.cost
    cheapest, limit = (short(price, search.objective.unit) for price in ends)
    channels, height, width = space.input_shape
    baselines, above = search.study.hand_designed()
    left_out = f", {above} above a limit are left out" if above else ""
    count = search.study.ignored
    ignored = f"ignored: {counted(count, 'trial')} of other programs\n" if count else ""
    only = "; so few trials train only those" if trials <= baselines else ""
    first = f"; {baselines} designed by hand are trained first{left_out}{only}" if baselines or above else ""
    return (
        f"{space.family} on {space.backbone} at width {space.width:g}, images of {height} x {width} in "
        f"{'grey' if channels == 1 else 'colour'}\n"
        f"{many(space.size)} networks of {cheapest} to {limit}{first}\n"
        f"{opened_text(space)}{enqueued_text(search)}{limits_text(config)}{config.measured_text}"
        f"{assembled.images}\n{ignored}test images are kept for the retraining\n"
        f"trainings run {assembled.place}\nresults go to {search.folder}\n"
        f"{search.study.ended} of {trials} trials so far{pace_text(assembled, args)}"
    )


def opened_text(space: SearchSpace) -> str:
    """A line, where a file opens genes beyond the family's usual ones."""
    opened = [f"{kind} ({note})" if note else kind for kind, note in space.opened.items()]
    return f"genes opened: {', '.join(opened)}\n" if opened else ""


def limits_text(config: RunConfig) -> str:
    """A line, where there are any."""
    return f"none is trained above {shown}\n" if (shown := " or ".join(config.limits_shown)) else ""


def enqueued_text(search: Search) -> str:
    """A line, where networks were given."""
    given = len(search.config.enqueued)
    left_out = f"; {given - search.enqueued} above a limit are left out" if given > search.enqueued else ""
    return f"before these, {search.enqueued} networks that were given{left_out}\n" if given else ""


def pace_text(assembled: Assembled, args: argparse.Namespace) -> str:
    """How long the trials will take, a line each for that and for what was chosen."""
    search, pace = assembled.search, assembled.pace
    images, left = search.config.train_images, args.trials - search.study.ended
    if pace is None or left <= 0:
        return ""
    seconds = pace.search(images, left)
    side = f", {pace.slots} side by side" if pace.slots > 1 else ""
    text = (
        f"\nabout {duration(pace.trial(images))} a trial on the {search.config.device}{side}: "
        f"{duration(seconds)} for {left} once it has started"
    )
    if pace.chosen:
        text += f"\nto save time, this search uses {pace.chosen}; give these flags for other values"
    if seconds > LIMIT and not args.time_budget:
        text += "\nto save more time, search a smaller network with --backbone or --width, or end with --time-budget"
    return text
