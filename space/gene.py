"""A gene: one named choice of a search space."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

from space.errors import InputError

Choice = str | int
Choices = Mapping[str, Choice]


@dataclass(frozen=True, kw_only=True)
class Gene:
    """One named choice.

    Args:
        name: ``"layer3.k"`` for a layer's gene, ``"activation"`` for one of the whole network.
        choices: what a search may pick, each of them legal.
        legal: everything an architecture may hold.
        default: what an architecture has that does not name the gene, one of `legal`; None where each has to name it.
            A search leaves such a gene at its default unless a file opens it.
        note: what a search says where a file opens this gene.
        aliases: choices that spell another choice of the same network, as long as genes with a default have it.
        alone: whether no other gene changes what this one means, as long as its layer exists; only such genes can be
            tied.

    Raises:
        InputError: a choice or the default is not legal.
    """

    name: str
    choices: tuple[Choice, ...]
    legal: tuple[Choice, ...]
    default: Choice | None = None
    note: str = ""
    aliases: Mapping[Choice, Choice] = field(default_factory=dict)
    alone: bool = False

    def __post_init__(self) -> None:
        for choice in (*self.choices, self.usual):
            self.check(choice)

    @property
    def usual(self) -> Choice:
        """The default or, where there is none, the first choice."""
        return self.choices[0] if self.default is None else self.default

    @property
    def layer(self) -> str:
        """The layer this gene belongs to; empty for a gene of the whole network."""
        return self.name.rpartition(".")[0]

    @property
    def group(self) -> str:
        """Genes of one group have to be read together: a layer's, but for those that stand alone."""
        return self.name if self.alone else self.layer

    @property
    def kind(self) -> str:
        """What is chosen: ``block``, ``k``, ``pool``..."""
        return self.name.rpartition(".")[2]

    @property
    def closed(self) -> bool:
        """Whether a search leaves this gene at its default."""
        return self.choices == (self.default,)

    def check(self, choice: Any) -> None:
        """Raises InputError when `choice` does not fit this gene."""
        if type(choice) not in (int, str) or choice not in self.legal:
            middle = self.legal[len(self.legal) // 2]
            ranges = f', or such as "up to {middle}"' if _is_range(self.legal) else ""
            raise InputError(f"{self.name} = {choice!r} does not fit; use one of {_listed(self.legal)}{ranges}")

    def restrict(self, choices: tuple[Choice, ...]) -> "Gene":
        """This gene with other choices, each once."""
        if not choices:
            raise InputError(f"{self.name} has no choices left; give at least one of {_listed(self.legal)}")
        for choice in choices:
            self.check(choice)
        return replace(self, choices=tuple(dict.fromkeys(choices)))

    def without_aliases(self) -> "Gene":
        """This gene with each choice under its canonical spelling."""
        return replace(self, choices=tuple(dict.fromkeys(self.aliases.get(c, c) for c in self.choices)))

    def suggest(self, trial: Any) -> Choice:
        """Ask an Optuna trial for this gene: an integer range where the choices are one."""
        if _is_range(self.choices):
            return trial.suggest_int(self.name, self.choices[0], self.choices[-1])
        return trial.suggest_categorical(self.name, self.choices)


def word(choices: Choices, name: str) -> str:
    """The choice of a gene whose choices are words."""
    choice = choices[name]
    assert isinstance(choice, str), name
    return choice


def number(choices: Choices, name: str) -> int:
    """The choice of a gene whose choices are whole numbers."""
    choice = choices[name]
    assert isinstance(choice, int), name
    return choice


def _is_range(values: tuple[Choice, ...]) -> TypeGuard[tuple[int, ...]]:
    """Whether they are whole numbers, each one more than the one before."""
    first, last = values[0], values[-1]
    return isinstance(first, int) and isinstance(last, int) and values == tuple(range(first, last + 1))


def _listed(values: tuple[Choice, ...]) -> str:
    return ", ".join(map(str, values))
