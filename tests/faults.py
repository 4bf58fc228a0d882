"""Damage and death, in the numbers that `benchmarks/limits/faults.py` asks for, or a few."""

import os
from collections.abc import Iterator
from random import Random

MUTATIONS = int(os.environ.get("MOBINAS_MUTATIONS", 40))
KILLS = int(os.environ.get("MOBINAS_KILLS", 1))
SEED = int(os.environ.get("MOBINAS_SEED", 0))


def mutations(content: bytes, count: int) -> Iterator[bytes]:
    """`count` damaged copies: cut off, with bytes changed, put in, taken out, or a block of zeros."""
    rng = Random(SEED)
    while count:
        damaged = bytearray(content)
        place, length = rng.randrange(len(content)), rng.randint(1, 16)
        match count % 5:
            case 0:
                del damaged[place:]
            case 1:
                for _ in range(rng.randint(1, 4)):
                    damaged[rng.randrange(len(content))] ^= rng.randint(1, 255)
            case 2:
                damaged[place:place] = rng.randbytes(length)
            case 3:
                del damaged[place : place + length]
            case 4:
                length = min(rng.randint(1, 600), len(content) - place)
                damaged[place : place + length] = bytes(length)
        if damaged != content:
            count -= 1
            yield bytes(damaged)
