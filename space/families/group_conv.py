"""Binary MobileNet with a grouped 3x3 in place of the depth-wise one, and the group count searched in every layer.

Phan et al., "Binarizing MobileNet via Evolution-based Searching", CVPR 2020, arXiv 2005.06305. A binary depth-wise
3x3 gives no values but those in [-9, 9]; groups of 2^K channels reach 9 * 2^K. The paper does not print its candidates.
"""

from space.backbones import MobileNetFamily, find_backbone
from space.binarizers import binarizer_gene, binarizers_of, unusual_binarizers
from space.family import Named
from space.gene import Choices, Gene
from space.k_dependency import k_gene, k_of
from space.separable_layer import LayerChoice

LARGEST_SEARCHED_K = 6


def layers_of(choices: Choices) -> dict[str, LayerChoice]:
    """The choices of each layer, in order, from those of all genes; block and pooling are fixed."""
    return {
        layer: LayerChoice(block="none", k=k_of(choices, layer), pool="avg", binarizer=binarizer)
        for layer, binarizer in binarizers_of(choices).items()
    }


class GroupConv(MobileNetFamily):
    layers_are_independent = True

    def genes(self, backbone: str, width: float) -> tuple[Gene, ...]:
        genes = []
        for index, (i, _, _) in enumerate(find_backbone(backbone, width).layers):
            genes.append(k_gene(f"layer{index}", i, largest=LARGEST_SEARCHED_K, alone=True))
            genes.append(binarizer_gene(f"layer{index}", "xnor"))
        return tuple(genes)

    def named(self) -> dict[str, Named]:
        return {f"group-conv-k{k}": Named(choices={"k": k}) for k in range(LARGEST_SEARCHED_K + 1)}

    def describe(self, choices: Choices) -> str:
        """One word a layer, such as `k3`; then the unusual binarizers."""
        words = [f"k{layer.k}" for layer in layers_of(choices).values()]
        return " ".join(words + unusual_binarizers(choices, "xnor"))


FAMILY = GroupConv()
