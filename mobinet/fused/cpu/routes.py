"""How a convolution is computed, forward and backward: by torch's library or by our own kernels, whichever is faster.

Forward by XNOR and popcount where groups are small; backward as matrix products where it is 1x1, and by our own
kernels where it is 3x3 and of pairs, or of channels alone or larger groups in narrow images; by torch elsewhere.
"""

LIBRARY, POINTWISE, GROUPED, PATCHES = range(4)
"""By torch, 1x1, 3x3 in groups, and 3x3 in groups backward as matrix products of patches."""
NARROW, TINY = 16, 4
"""Widths of images up to which our own depth-wise convolution beats the library's, forward and backward."""
FEW, SMALL = 128, 64
"""Values in a row of an image up to which, backward, our own depth-wise convolution and products of patches do."""
WORD = 64
"""Bits of the words in which a 3x3 convolution goes forward, three pixels to each."""


def forward_route(size: int, members: int, width: int) -> int:
    """Of a convolution of kernel size `size`, with so many channels in a group, on images of this width."""
    if size == 1:
        return POINTWISE
    own = width <= NARROW if members == 1 else members <= WORD // 3  # three pixels fit a word
    return GROUPED if own else LIBRARY


def backward_route(size: int, members: int, groups: int, filters: int, width: int) -> int:
    if size == 1:
        return POINTWISE
    if filters != members * groups:
        return LIBRARY
    if members == 2 or members == 1 and (width <= TINY or width * filters <= FEW):
        return GROUPED
    return PATCHES if members > 2 and width * filters <= SMALL else LIBRARY
