"""Signs as bits: what Numba needs to be told of in LLVM's terms."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from mobinet.fused.cpu.compile import inlined


@intrinsic
def popcount(typing_context: Any, word: Any) -> Any:
    """The number of bits that are 1."""
    return word(word), lambda context, builder, signature, args: builder.ctpop(args[0])


def signs_of(lanes: int) -> Any:
    """A function of vectors x and shift, and of where to begin in each: bits that are 1 where x >= shift.

    LLVM does not find that a loop over bits is one comparison of vectors.
    """

    @intrinsic
    def signs(typing_context: Any, x: Any, i: Any, shift: Any, j: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            def load(kind: Any, array: ir.Value, index: ir.Value) -> ir.Value:
                place = builder.gep(context.make_array(kind)(context, builder, array).data, [index])
                return builder.load(builder.bitcast(place, ir.VectorType(ir.FloatType(), lanes).as_pointer()), align=4)

            x, i, shift, j = args
            difference = builder.fsub(load(signature.args[0], x, i), load(signature.args[2], shift, j))
            high = builder.fcmp_ordered(">=", difference, ir.Constant(difference.type, None))
            return builder.zext(builder.bitcast(high, ir.IntType(lanes)), ir.IntType(32))

        return types.uint32(x, types.intp, shift, types.intp), generate

    return signs


four_signs, eight_signs = signs_of(4), signs_of(8)


@inlined
def word_of(x, i, shift, j, count):
    """The signs of `count` values of the vector x, from i on, with shift, from j on; at most 32."""
    word, done = np.uint32(0), 0
    while done + 8 <= count:
        word |= eight_signs(x, i + done, shift, j + done) << np.uint32(done)
        done += 8
    if done + 4 <= count:
        word |= four_signs(x, i + done, shift, j + done) << np.uint32(done)
        done += 4
    while done < count:
        word |= np.uint32(x[i + done] - shift[j + done] >= 0) << np.uint32(done)
        done += 1
    return word
