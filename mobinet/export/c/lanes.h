/* Sums of bits, BITS of them side by side: one in each bit of a word, as binary digits in several words.

   kernels.h includes this file once for each width of words: 32, 64 and, where the machine has them, 128, 256, 512. */

#define JOIN_(name, bits) name##bits
#define JOIN(name, bits) JOIN_(name, bits)
#define NAMED(name) JOIN(name, BITS)
#define WORDS (BITS / 32)
#define word NAMED(word)

#if BITS == 32
typedef uint32_t word;
#elif BITS == 64
typedef uint64_t word;
#else
typedef uint32_t word __attribute__((vector_size(BITS / 8)));
#endif

static INLINE word NAMED(load)(const uint32_t *from)
{
    word loaded;
    memcpy(&loaded, from, sizeof loaded);
    return loaded;
}

/* One 32-bit pattern everywhere. */
static INLINE word NAMED(splat)(uint32_t pattern)
{
#if BITS == 32
    return pattern;
#elif BITS == 64
    return (uint64_t)pattern << 32 | pattern;
#else
    return (word){0} + pattern;
#endif
}

/* The pattern of so many 32-bit words, repeated. */
static INLINE word NAMED(repeat)(const uint32_t *from, int words)
{
    if (words == WORDS)
        return NAMED(load)(from);
    if (words == 1)
        return NAMED(splat)(*from);
#if BITS == 512
    if (words == 4)
        return (word)_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)from));
    if (words == 8)
        return (word)_mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)from));
#elif BITS == 256
    if (words == 4)
        return (word)_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)from));
#endif
    uint32_t repeated[WORDS];
    for (int i = 0; i < WORDS; i++)
        repeated[i] = from[i % words];
    return NAMED(load)(repeated);
}

/* Add a and b to *digit; the carry. */
static INLINE word NAMED(add)(word *digit, word a, word b)
{
#if BITS == 512
    __m512i x = (__m512i)*digit, y = (__m512i)a, z = (__m512i)b;
    *digit = (word)_mm512_ternarylogic_epi64(x, y, z, 0x96);
    return (word)_mm512_ternarylogic_epi64(x, y, z, 0xe8);
#else
    word either = *digit ^ a, carry = (*digit & a) | (either & b);
    *digit = either ^ b;
    return carry;
#endif
}

/* Where the inputs of one tap lie, and from one to the next; of how many 32-bit words a row of weights is. */
struct NAMED(run) {
    const uint32_t *activations, *negative;
    ptrdiff_t step, row;
    int words;
};

/* 1 where an input has the sign -1: activation times weight. */
static INLINE word NAMED(one)(const struct NAMED(run) *run, int j)
{
    return NAMED(load)(run->activations + j * run->step) ^ NAMED(repeat)(run->negative + j * run->row, run->words);
}

static INLINE word NAMED(two)(word *digits, const struct NAMED(run) *run, int j)
{
    word first = NAMED(one)(run, j), second = NAMED(one)(run, j + 1);
    return NAMED(add)(digits, first, second);
}

static INLINE word NAMED(four)(word *digits, const struct NAMED(run) *run, int j)
{
    word first = NAMED(two)(digits, run, j), second = NAMED(two)(digits, run, j + 2);
    return NAMED(add)(digits + 1, first, second);
}

static INLINE word NAMED(eight)(word *digits, const struct NAMED(run) *run, int j)
{
    word first = NAMED(four)(digits, run, j), second = NAMED(four)(digits, run, j + 4);
    return NAMED(add)(digits + 2, first, second);
}

static INLINE word NAMED(sixteen)(word *digits, const struct NAMED(run) *run, int j)
{
    word first = NAMED(eight)(digits, run, j), second = NAMED(eight)(digits, run, j + 8);
    return NAMED(add)(digits + 3, first, second);
}

/* Add a carry to the digits from `from` on: the lowest four, then the higher ones. */
static INLINE void NAMED(ripple)(word *low, word *high, int from, int digits, word carry)
{
    for (int d = from; d < 4; d++) {
        word next = low[d] & carry;
        low[d] ^= carry;
        carry = next;
    }
    for (int d = 0; d < digits - 4; d++) {
        word next = high[d] & carry;
        high[d] ^= carry;
        carry = next;
    }
}

/* The digits of how many of the inputs have the sign -1. */
static INLINE void NAMED(count)(const struct taps *taps, ptrdiff_t activation, ptrdiff_t filter, int words,
                                uint32_t *planes)
{
    const int members = taps->members, digits = taps->digits;
    word low[4], high[LARGEST_DIGITS];
    for (int d = 0; d < 4; d++)
        low[d] = NAMED(splat)(0);
    for (int d = 0; d < digits - 4; d++)
        high[d] = NAMED(splat)(0);
    for (int t = 0; t < taps->count; t++) {
        struct NAMED(run) run = {taps->activations[t] + activation, taps->negative[t] + filter, taps->step, taps->row,
                                 words};
        int j = 0;
        for (; j + 16 <= members; j += 16)
            NAMED(ripple)(low, high, 4, digits, NAMED(sixteen)(low, &run, j));
        if (members & 8)
            NAMED(ripple)(low, high, 3, digits, NAMED(eight)(low, &run, j)), j += 8;
        if (members & 4)
            NAMED(ripple)(low, high, 2, digits, NAMED(four)(low, &run, j)), j += 4;
        if (members & 2)
            NAMED(ripple)(low, high, 1, digits, NAMED(two)(low, &run, j)), j += 2;
        if (members & 1)
            NAMED(ripple)(low, high, 0, digits, NAMED(one)(&run, j));
    }
    for (int d = 0; d < digits; d++)
        memcpy(planes + d * WORDS, d < 4 ? &low[d] : &high[d - 4], sizeof(word));
}

/* The same with what is known when it is compiled: of how many words a row of weights is, if these are fewer. */
static void NAMED(digits)(const struct taps *taps, ptrdiff_t activation, ptrdiff_t filter, int words, uint32_t *planes)
{
    (void)words;
#if WORDS > 1
    if (words == 1)
        NAMED(count)(taps, activation, filter, 1, planes);
    else
#endif
#if WORDS > 2
    if (words == 2)
        NAMED(count)(taps, activation, filter, 2, planes);
    else
#endif
#if WORDS > 4
    if (words == 4)
        NAMED(count)(taps, activation, filter, 4, planes);
    else
#endif
#if WORDS > 8
    if (words == 8)
        NAMED(count)(taps, activation, filter, 8, planes);
    else
#endif
        NAMED(count)(taps, activation, filter, WORDS, planes);
}

#undef word
#undef WORDS
#undef NAMED
#undef JOIN
#undef JOIN_
#undef BITS
