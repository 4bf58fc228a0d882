"""Names of the ways to binarize, and the gene that chooses one; `mobinet.binarizers` holds what they do."""

from collections import Counter

from space.gene import Choices, Gene

BINARIZERS = ("xnor", "ste", "melius", "approxsign", "trained", "react")


def binarizer_gene(group: str, usual: str) -> Gene:
    """The gene of one layer or stage; a search takes what is usual unless told otherwise."""
    return Gene(name=f"{group}.binarizer", choices=(usual,), legal=BINARIZERS, alone=True)


def unusual_binarizers(choices: Choices, usual: str) -> list[str]:
    """Nothing where all are the usual one, else each with its number: ``["trained*4", "xnor*1"]``."""
    found = Counter(choice for name, choice in choices.items() if name.endswith(".binarizer"))
    if set(found) <= {usual}:
        return []
    return list(found) if len(found) == 1 else [f"{name}*{count}" for name, count in found.items()]
