"""What networks reached on the full schedule, beside the accuracy that the search gave them."""

from results.page.front import shares
from results.page.html import Column, Section, paragraph, table
from results.page.summary import heading
from results.retrained import Retrained, agreement
from results.run_config import RunConfig


def retrained_section(retrained: Retrained, config: RunConfig) -> Section:
    """Empty where nothing was retrained."""
    rows = retrained.rows
    body = ""
    if len(rows):
        cost, keys, epochs = rows["cost"].tolist(), rows["key"].tolist(), rows["epochs"].tolist()
        body = table(
            Column(title="key", texts=keys),
            shares(f"searched ({config.evaluator}, validation)", rows["searched"].tolist()),
            shares("retrained (validation)", rows["validation"].tolist()),
            shares("retrained (test)", rows["test"].tolist()),
            Column(title=heading(config.objective, config), texts=[*map(config.cost.show, cost)], values=cost),
            Column(title="epochs", texts=[*map(str, epochs)], values=epochs),
            Column(title="architecture", texts=rows["architecture"].tolist()),
            caption="Networks after a training on the full schedule",
            keys=keys,
        )
    left_out = f"Not shown: {'; '.join(retrained.left_out)}." if retrained.left_out else ""
    return Section(title="Retrained", body=body + paragraph(agreement(rows)) + paragraph(left_out))
