"""Print the working memory of exported networks: with each layer alone, and as they are exported.

python -m benchmarks.speed.memory
"""

from benchmarks.flags import make_parser
from benchmarks.speed.inference import as_trained
from mobinet.export.c.pieces import pieces_of
from mobinet.export.c.plan import plan_of
from mobinet.export.translate import steps_of
from space import Architecture
from space.command import run_command

NETWORKS = (("mobilenet-8", 1.0), ("mobilenet-32", 0.5), ("mobilenet-224", 0.25), ("mobilenet-224", 1.0))


def main() -> None:
    make_parser(__doc__).parse_args()
    print("| network, mid, K=2 | each layer alone | as exported |\n|---|---|---|")
    for backbone, width in NETWORKS:
        program = steps_of(as_trained(Architecture.uniform(backbone, block="mid", k=2, pool="avg", width=width)))
        pieces = pieces_of(program)
        alone, planned = (plan_of(pieces, program.shapes, together=together) for together in (1, None))
        print(f"| {backbone} at width {width:g} | {alone.size * 4 / 1000:,.0f} | {planned.size * 4 / 1000:,.0f} |")


if __name__ == "__main__":
    run_command(main)
