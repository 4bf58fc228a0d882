"""The tables and the report that a run writes for its user."""

import time
from pathlib import Path

import pandas as pd

from results.random_search import write_random
from results.report import write_report
from results.run_config import RunConfig
from results.shares import Parts, write_shares
from results.tables import write_tables
from search.study.study import Study

REFRESH_SECONDS, WRITES = 5, 50
"""From one write to the next there are at least so many seconds, and so many times as long as a write takes."""


class Outputs:
    """Writes the tables and the report of a study: every few seconds while it runs, and when it ends.

    Args:
        folder: the run's.
        study: whose trials they show.
        config: the run's settings.
        noisy: whether accuracies differ by chance, so that smoothed ones decide; see `search.study.expectation`.
        published: whether the report shows networks of the literature as well.
        parts: counts the parts of a network, whose shares the report shows; None leaves them out.
    """

    def __init__(
        self,
        folder: Path,
        study: Study,
        config: RunConfig,
        *,
        noisy: bool,
        published: bool = False,
        parts: Parts | None = None,
    ) -> None:
        self._folder, self._study, self._config, self._parts = folder, study, config, parts
        self._noisy, self._published = noisy, published
        self._due = time.monotonic() + REFRESH_SECONDS

    def refresh(self) -> None:
        """Write them, unless they were written a short time ago."""
        if time.monotonic() >= self._due:
            self.write()

    def write(self) -> None:
        """Write them now."""
        began = time.monotonic()
        table = self._study.table(smoothed=self._noisy)
        noise, refused = self._study.replicates.noise(), self._study.refused()
        written = write_tables(self._folder, table, self._config, noise, refused)
        if written:
            if self._parts:
                write_shares(self._folder, written[0], self._parts)
            if self._noisy:
                self._write_random(table)
            write_report(self._folder, published=self._published)
        ended = time.monotonic()
        self._due = ended + max(REFRESH_SECONDS, WRITES * (ended - began))

    def _write_random(self, table: pd.DataFrame) -> None:
        """How the front of random search would have grown, where this is known; `table` of the study, smoothed."""
        study, config = self._study, self._config
        settings = {"objective": config.objective, "measure": config.measure, "reference": config.reference}
        write_random(self._folder, study.random_search.progress(study.records(), table, **settings))
