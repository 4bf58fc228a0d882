"""Print the working memory of exported networks: with each layer alone, as they are exported, and in half precision.

python -m benchmarks.speed.memory
"""

from mobinet.export import STREAMS
from mobinet.export.c.plan import plan_of
from mobinet.export.memory import exported_pieces
from space import Architecture
from space.command import Parser, run_command

NETWORKS = (("mobilenet-8", 1.0), ("mobilenet-32", 0.5), ("mobilenet-224", 0.25), ("mobilenet-224", 1.0))


def main() -> None:
    Parser(description=__doc__).parse_args()
    print("| network, mid, K=2 | each layer alone | as exported | with --stream float16 |\n|---|---|---|---|")
    for backbone, width in NETWORKS:
        architecture = Architecture.uniform(backbone, block="mid", k=2, pool="avg", width=width)
        exact, half = (exported_pieces(architecture, 10, stream) for stream in STREAMS)
        plans = plan_of(*exact, together=1), plan_of(*exact), plan_of(*half)
        sizes = " | ".join(f"{plan.size * 4 / 1000:,.0f}" for plan in plans)
        print(f"| {backbone} at width {width:g} | {sizes} |")


if __name__ == "__main__":
    run_command(main)
