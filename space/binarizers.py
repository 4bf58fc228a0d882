"""Names of the ways to binarize, and the gene that chooses one; `mobinet.binarizers` holds what they do."""

from collections import Counter

from space.gene import Choices, Gene, word

BINARIZERS = {
    "xnor": "xnor:XNOR",
    "ste": "ste:STE",
    "melius": "ste:MeliusSTE",
    "approxsign": "approxsign:ApproxSign",
    "trained": "trained:Trained",
    "react": "react:React",
}
"""By name, the module in `mobinet.binarizers` and the class there. A new binarizer is one file and one line here."""

_SUFFIX = ".binarizer"


def binarizer_gene(place: str, usual: str) -> Gene:
    """The gene of one layer or stage; a search takes what is usual unless told otherwise."""
    return Gene(name=place + _SUFFIX, choices=(usual,), legal=tuple(BINARIZERS), alone=True)


def binarizers_of(choices: Choices) -> dict[str, str]:
    """The binarizer of each layer or stage that has the gene, in order, by the name of the layer or stage."""
    return {name.removesuffix(_SUFFIX): word(choices, name) for name in choices if name.endswith(_SUFFIX)}


def unusual_binarizers(choices: Choices, usual: str) -> list[str]:
    """Nothing where all are the usual one, else each with its number: ``["trained*4", "xnor*1"]``."""
    found = Counter(binarizers_of(choices).values())
    if set(found) <= {usual}:
        return []
    return list(found) if len(found) == 1 else [f"{name}*{count}" for name, count in found.items()]
