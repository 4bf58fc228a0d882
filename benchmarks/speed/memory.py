"""Print the working memory of exported networks: with each layer alone, and as they are exported.

python -m benchmarks.speed.memory
"""

from benchmarks.flags import make_parser
from mobinet.export.c.plan import plan_of
from mobinet.export.memory import exported_pieces
from space import Architecture
from space.command import run_command

NETWORKS = (("mobilenet-8", 1.0), ("mobilenet-32", 0.5), ("mobilenet-224", 0.25), ("mobilenet-224", 1.0))


def main() -> None:
    make_parser(__doc__).parse_args()
    print("| network, mid, K=2 | each layer alone | as exported |\n|---|---|---|")
    for backbone, width in NETWORKS:
        pieces, shapes = exported_pieces(Architecture.uniform(backbone, block="mid", k=2, pool="avg", width=width), 10)
        alone, planned = (plan_of(pieces, shapes, together) for together in (1, None))
        print(f"| {backbone} at width {width:g} | {alone.size * 4 / 1000:,.0f} | {planned.size * 4 / 1000:,.0f} |")


if __name__ == "__main__":
    run_command(main)
