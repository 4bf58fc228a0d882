"""All trials, those that failed, and the settings of the run."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from results.page.html import Column, Section, at_most, paragraph, table
from results.run_config import RunConfig
from results.settings import settings_of
from results.words import duration

EVERY = f"""<div class='controls'>
<label>Filter <input type='search' id='filter' placeholder='key, mid2, hand-designed...'></label>
{at_most("most-listed")}
<label><input type='checkbox' id='only-front'> only the front</label>
<output id='found' aria-live='polite'></output></div>
<div class='scroll'>
<table id='every' class='sortable'><caption class='hidden'>All complete trials</caption><thead></thead><tbody></tbody>
</table></div><button type='button' id='more'>Show more</button>"""


def trials_section() -> Section:
    """A table that the script fills, of all complete trials."""
    return Section(title="All networks", body=EVERY)


def failed_section(trials: pd.DataFrame, refused: Mapping[int, str]) -> Section:
    """The trials that failed or, without a network, were refused, and why; empty if none."""
    failed = trials.loc[trials["state"] == "failed"]
    numbers = [*failed["number"].tolist(), *refused]
    if not numbers:
        return Section(title="Failed trials", body="")
    body = paragraph(f"{len(numbers):,} of {len(trials) + len(refused):,} trials failed.") + table(
        Column(title="trial", texts=[*map(str, numbers)], values=numbers),
        Column(title="key", texts=[*failed["key"].tolist(), *[""] * len(refused)]),
        Column(title="reason", texts=[*map(str, failed["reason"]), *refused.values()], is_folded=True),
        caption="Trials that failed, and why",
    )
    return Section(title="Failed trials", body=body)


def settings_section(trials: pd.DataFrame, config: RunConfig) -> Section:
    """How long the trials took, every setting and every version."""
    seconds = float(np.nansum(trials["seconds"].to_numpy(float)))
    rows = settings_of(config).items()
    body = paragraph(f"The trials took {duration(seconds)} in all, added up over workers.") + table(
        Column(title="setting", texts=[name for name, _ in rows]),
        Column(title="value", texts=[value for _, value in rows]),
        caption="The settings of the run",
    )
    return Section(title="Settings", body=f"<details><summary>Settings, versions and seconds</summary>{body}</details>")
