"""What a run leaves for others to read."""

import time
from pathlib import Path
from typing import Any

from results.report import write_report
from results.tables import write_tables
from search.study.study import Study

REFRESH_SECONDS = 300


class Outputs:
    """The tables and the report of a study, made anew now and then while it runs, and when it ends.

    Args:
        folder: the run's.
        study: what they are made of.
        config: the run's settings.
        expects: whether accuracies are noisy, so that those expected decide; see `search.samplers.expectation`.
        published: networks of the literature that the report shows as well.
    """

    def __init__(
        self, folder: Path, study: Study, config: dict[str, Any], *, expects: bool, published: bool = False
    ) -> None:
        self._folder, self._study, self._config = folder, study, config
        self._expects, self._published = expects, published
        self._due = time.monotonic() + REFRESH_SECONDS

    def refresh(self) -> None:
        """Write them, unless that was done a short time ago."""
        if time.monotonic() >= self._due:
            self.write()

    def write(self) -> None:
        table = self._study.table()
        if self._expects:
            table["expected"] = table["number"].map(self._study.expected())
        write_tables(self._folder, table, self._config, self._study.noise())
        if self._study.has_results():
            write_report(self._folder, published=self._published)
        self._due = time.monotonic() + REFRESH_SECONDS
