/* Binary convolutions. */

struct tile;
/* Of a tile of so many pixels, AT_ONCE or 1: counts the words and takes the sums, in registers, to the result. */
typedef void finish_words(const struct tile *tile, int count);

struct binary {
    int inputs, outputs, groups; /* channels */
    int members, filters;        /* of a group */
    int bits;                    /* of a word of inputs: 32, 16 or 8; 0 in lanes */
    int border;                  /* pixels of the lower value around the image; where it is 0, nothing lies there */
    int lanes;                   /* words of 32 filters */
    ptrdiff_t pixel, step, size; /* words of activations: of a pixel, from one member to the next, of a row */
    int first, last;             /* output pixels between these have all taps of a row in the image */
    const bound *threshold;      /* the higher value from here on, for each channel */
    const uint32_t *negative;    /* 1 where a weight is -1 */
    const int16_t *positive;     /* where the values are 0 and 1: how many weights of each filter are 1; else NULL */
    finish_counts *finish;
    finish_words *words;         /* counts and finishes, or NULL */
    int others;                  /* channels of what is added */
    const float *constants;
};

/* A layer is counted in one of two ways.

   In words: a word holds 32 inputs of one filter. The bits in which weights and activations differ are counted.
   Weights are (groups, blocks of 16 filters, size, size, words, 16), activations (pixels, words).

   In words of 16 or 8 bits, where COUNTS: groups have as many inputs, and as many filters. 512 bits of weights hold one tap
   of as many words. Weights are (blocks of groups, size, size, filters of a group, groups of a block).

   In lanes: a word holds one input of 32 filters, a bit for each. The words of all inputs are added digit by digit.
   Weights are (size, size, members, lanes), activations (members, pixels, lanes): the bit of a filter is the activation
   of the channel that it reads.

   A bit of the activations is 1 for the lower value. */

/* The taps of a window that lie in the image: where the activations and the weights of each begin. */
struct taps {
    const uint32_t *activations[LARGEST_WINDOW * LARGEST_WINDOW], *negative[LARGEST_WINDOW * LARGEST_WINDOW];
    int count, members, digits;
    ptrdiff_t step, row; /* words from one member to the next: of the activations, of the weights */
};

static int words_of(int bits) { return (bits + 31) / 32; }

static INLINE uint32_t packed(const stored *x, const bound *threshold, int channels)
{
    uint32_t bits = 0;
    int c = 0;
#if HALF && LANES == 512
    for (; c + 32 <= channels; c += 32) {
        const __m512i half = _mm512_loadu_si512(x + c);
        const __m512i rank = _mm512_xor_si512(half, _mm512_srli_epi16(_mm512_srai_epi16(half, 15), 1));
        bits |= _mm512_cmplt_epi16_mask(rank, _mm512_loadu_si512(threshold + c)) << c;
    }
#elif HALF && defined(__SSE2__)
    for (; c + 8 <= channels; c += 8) {
        const __m128i half = _mm_loadu_si128((const __m128i *)(x + c));
        const __m128i rank = _mm_xor_si128(half, _mm_srli_epi16(_mm_srai_epi16(half, 15), 1));
        const __m128i low = _mm_cmplt_epi16(rank, _mm_loadu_si128((const __m128i *)(threshold + c)));
        bits |= (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, _mm_setzero_si128())) << c;
    }
#elif HALF
#elif LANES == 512
    for (; c + 16 <= channels; c += 16)
        bits |= (uint32_t)_mm512_cmp_ps_mask(_mm512_loadu_ps(x + c), _mm512_loadu_ps(threshold + c), _CMP_NGE_UQ) << c;
#elif LANES == 256
    for (; c + 8 <= channels; c += 8)
        bits |= (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(x + c), _mm256_loadu_ps(threshold + c),
                                                           _CMP_NGE_UQ)) << c;
#elif defined(__SSE2__)
    for (; c + 4 <= channels; c += 4)
        bits |= (uint32_t)_mm_movemask_ps(_mm_cmpnge_ps(_mm_loadu_ps(x + c), _mm_loadu_ps(threshold + c))) << c;
#endif
    for (; c < channels; c++)
        bits |= (uint32_t)is_low(x[c], threshold[c]) << c;
    return bits;
}

static void pack(const struct binary *layer, const stored *x, int pixels, uint32_t *to)
{
    const int channels = layer->inputs;
    const bound *threshold = layer->threshold;
    for (int p = 0; p < pixels; p++, x += channels) {
        int c = 0;
        for (; c + 32 <= channels; c += 32)
            *to++ = packed(x + c, threshold + c, 32);
        if (c < channels)
            *to++ = packed(x + c, threshold + c, channels - c);
    }
}

/* In lanes, where groups are a power of two below 32: the bits of each member over all lanes of its group. */
static void spread(const struct binary *layer, const uint32_t *bits, int pixels, uint32_t *to)
{
    const int m = layer->members, run = pixels * layer->lanes;
    uint32_t every = 1;
    for (int l = m; l < 32; l += m)
        every |= (uint32_t)1 << l;
    for (int j = 0; j < m; j++, to += layer->step) {
        INDEPENDENT
        for (int q = 0; q < run; q++) {
            uint32_t found = bits[q] >> j & every;
            to[q] = (found << m) - found;
        }
    }
}

/* The same for groups of any size. */
static void gather(const struct binary *layer, const uint32_t *bits, int pixels, uint32_t *to)
{
    for (int j = 0; j < layer->members; j++, to += layer->step)
        for (int p = 0; p < pixels; p++)
            for (int i = 0; i < layer->lanes; i++) {
                uint32_t found = 0;
                for (int l = 0; l < smaller(32, layer->outputs - 32 * i); l++) {
                    int c = (32 * i + l) / layer->filters * layer->members + j;
                    found |= (bits[p * words_of(layer->inputs) + c / 32] >> c % 32 & 1) << l;
                }
                to[p * layer->lanes + i] = found;
            }
}

/* A row of activations from `pixels` pixels of x, or, where x is NULL, of the lower value. */
static void activate(const struct binary *layer, const stored *x, int pixels, uint32_t *to, uint32_t *bits)
{
    const int rest = layer->inputs % 32;
    if (layer->border)
        for (ptrdiff_t i = 0; i < layer->size; i++)
            to[i] = layer->bits && rest && i % layer->pixel == layer->pixel - 1 ? ((uint32_t)1 << rest) - 1 : 0xffffffff;
    if (!x)
        return;
    to += layer->border * layer->pixel;
    pack(layer, x, pixels, layer->bits ? to : bits);
    if (layer->bits)
        return;
    if (layer->members == layer->filters && layer->members < 32 && 32 % layer->members == 0)
        spread(layer, bits, pixels, to);
    else
        gather(layer, bits, pixels, to);
}

/* -- In words -- */

#if LANES >= 128
typedef uint32_t vec __attribute__((vector_size(LANES / 8)));
#elif LANES == 64
typedef uint64_t vec;
#else
typedef uint32_t vec;
#endif
enum { SIDE = LANES / 32 };

static INLINE vec splat(uint32_t pattern)
{
#if LANES >= 128
    return (vec){0} + pattern;
#elif LANES == 64
    return (uint64_t)pattern << 32 | pattern;
#else
    return pattern;
#endif
}

/* Where sums are counted in whole words, a vector of them may be finished in its register. */
#if COUNTS && !HALF
#define FUSED 1
#define OF_WORDS(finish) finish
#else
#define FUSED 0
#define OF_WORDS(finish) NULL
#endif

#if TABLES
#include "tables.h"
#else
#include "words.h"
#endif

/* -- In lanes -- */

#define BITS 32
#include "lanes.h"
#if LANES >= 64
#define BITS 64
#include "lanes.h"
#endif
#if LANES >= 128
#define BITS 128
#include "lanes.h"
#endif
#if LANES >= 256
#define BITS 256
#include "lanes.h"
#endif
#if LANES >= 512
#define BITS 512
#include "lanes.h"
#endif

/* Bit l of planes[d * words + i] is digit d of sum 32 i + l; sums[32 i + l] = total - 2 * that. */
static void unpack(const uint32_t *planes, int words, int digits, int total, int16_t *sums)
{
#if LANES == 512
    int i = 0;
    for (; total < 128 && i + 2 <= words; i += 2) { /* their sums fit in bytes */
        __m512i sum = _mm512_set1_epi8((char)total), twice = _mm512_set1_epi8(2);
        for (int d = 0; d < digits; d++, twice = _mm512_add_epi8(twice, twice)) {
            __mmask64 digit;
            memcpy(&digit, planes + d * words + i, sizeof digit);
            sum = _mm512_mask_sub_epi8(sum, digit, sum, twice);
        }
        _mm512_storeu_si512(sums + 32 * i, _mm512_cvtepi8_epi16(_mm512_castsi512_si256(sum)));
        _mm512_storeu_si512(sums + 32 * i + 32, _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64(sum, 1)));
    }
    for (; i < words; i++) {
        __m512i sum = _mm512_set1_epi16((int16_t)total), twice = _mm512_set1_epi16(2);
        for (int d = 0; d < digits; d++, twice = _mm512_add_epi16(twice, twice))
            sum = _mm512_mask_sub_epi16(sum, planes[d * words + i], sum, twice);
        _mm512_storeu_si512(sums + 32 * i, sum);
    }
#elif LANES == 256
    const __m256i bit = _mm256_set1_epi64x((int64_t)0x8040201008040201), all = _mm256_set1_epi16((int16_t)total);
    const __m256i byte = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    for (int i = 0; i < words; i++) {
        __m256i low = _mm256_setzero_si256(), high = low; /* bytes of the sums: their digits up to 7, the others */
        for (int d = digits - 1; d >= 0; d--) {
            const __m256i found = _mm256_shuffle_epi8(_mm256_set1_epi32((int)planes[d * words + i]), byte);
            low = _mm256_sub_epi8(_mm256_add_epi8(low, low), _mm256_cmpeq_epi8(_mm256_and_si256(found, bit), bit));
            if (d == 8)
                high = low, low = _mm256_setzero_si256();
        }
        const __m256i even = _mm256_unpacklo_epi8(low, high), odd = _mm256_unpackhi_epi8(low, high);
        const __m256i first = _mm256_permute2x128_si256(even, odd, 0x20), last = _mm256_permute2x128_si256(even, odd, 0x31);
        _mm256_storeu_si256((__m256i *)(sums + 32 * i), _mm256_sub_epi16(all, _mm256_add_epi16(first, first)));
        _mm256_storeu_si256((__m256i *)(sums + 32 * i + 16), _mm256_sub_epi16(all, _mm256_add_epi16(last, last)));
    }
#elif LANES == 128
    typedef int16_t lanes __attribute__((vector_size(16)));
    const lanes bit = {1, 2, 4, 8, 16, 32, 64, 128};
    for (int i = 0; i < words * 4; i++) {
        lanes sum = {0};
        for (int d = digits - 1; d >= 0; d--) {
            const uint8_t found = ((const uint8_t *)(planes + d * words))[i];
            sum = sum + sum - ((((lanes){0} + (int16_t)found) & bit) == bit);
        }
        sum = (int16_t)total - (sum + sum);
        memcpy(sums + 8 * i, &sum, sizeof sum);
    }
#else
    for (int i = 0; i < words; i++)
        for (int l = 0; l < 32; l += 4) {
            uint32_t low = 0, high = 0; /* four sums, one in each byte: their digits up to 7, and the others */
            for (int d = digits - 1; d >= 0; d--) {
                uint32_t *sum = d < 8 ? &low : &high;
                *sum = *sum + *sum + ((planes[d * words + i] >> l & 15) * 0x204081 & 0x1010101);
            }
            for (int m = 0; m < 4; m++)
                sums[32 * i + l + m] = (int16_t)(total - 2 * (int)((low >> 8 * m & 255) + (high >> 8 * m & 255) * 256));
        }
#endif
}

/* The sums of `pixels` neighbouring pixels whose windows have the same taps. Words are as wide as possible: rows of
   weights, parts of them, or those of several pixels side by side. */
static void lanes_of_pixels(const struct binary *layer, const struct taps *taps, int pixels, int16_t *sums,
                            uint32_t *planes)
{
    const int run = pixels * layer->lanes, total = taps->count * taps->members;
    for (int i = 0, words; i < run; i += words) {
        const int filter = i % layer->lanes;
        for (words = LANES / 32; words > 1; words /= 2)
            if (words <= layer->lanes - filter || (!filter && words <= run - i && words % layer->lanes == 0))
                break;
        void (*digits_of)(const struct taps *, ptrdiff_t, ptrdiff_t, int, uint32_t *) = digits32;
#if LANES >= 64
        if (words == 2)
            digits_of = digits64;
#endif
#if LANES >= 128
        if (words == 4)
            digits_of = digits128;
#endif
#if LANES >= 256
        if (words == 8)
            digits_of = digits256;
#endif
#if LANES >= 512
        if (words == 16)
            digits_of = digits512;
#endif
        digits_of(taps, i, filter, layer->lanes, planes);
        unpack(planes, words, taps->digits, total, sums + 32 * i);
    }
    for (int p = 0; layer->positive && p < pixels; p++, sums += 32 * layer->lanes)
        for (int f = 0; f < 32 * layer->lanes; f++) /* 0 in place of -1 */
            sums[f] = (int16_t)(layer->positive[f] + (sums[f] - total) / 2);
}

/* -- Either -- */

/* Pixels from `first` on of an output row, whose rows of activations are given; NULL for one outside of the image. */
static void sum_pixels(const struct stage *stage, const uint32_t *const *rows, int first, int pixels, int16_t *sums,
                       uint32_t *planes, const stored *other, stored *y)
{
    const struct binary *layer = stage->layer;
    const struct window window = stage->window;
    const int left = first * window.stride - window.padding, border = layer->border;
    const ptrdiff_t tap = layer->bits ? 16 * words_of(layer->members) : (ptrdiff_t)layer->members * layer->lanes;
    struct taps taps;
    taps.count = taps.digits = 0;
    taps.members = layer->members;
    taps.step = layer->step;
    taps.row = layer->lanes;
    for (int t = 0; t < window.size * window.size; t++) {
        int x = left + t % window.size;
        if (!rows[t / window.size] || (!border && (x < 0 || x >= stage->in.width)))
            continue;
        taps.activations[taps.count] = rows[t / window.size] + (x + border) * layer->pixel;
        taps.negative[taps.count++] = layer->negative + t * tap;
    }
    for (int largest = taps.count * taps.members; largest; largest >>= 1)
        taps.digits++;
    sums += (ptrdiff_t)first * layer->lanes * 32;
    if (layer->bits)
        words_of_pixels(layer, window, &taps, pixels, sums, other + (ptrdiff_t)first * layer->others,
                        y + (ptrdiff_t)first * layer->outputs);
    else
        lanes_of_pixels(layer, &taps, pixels, sums, planes);
}

static void binary(const struct stage *stage, struct image image, float *arena, int r, int *taken)
{
    const struct binary *layer = stage->layer;
    const struct window window = stage->window;
    const struct shape in = stage->in, out = stage->out;
    const int top = r * window.stride - window.padding, count = pixels_of(out, r);
    uint32_t *ring = (uint32_t *)(arena + stage->own), *outside = ring + window.size * layer->size;
    int16_t *sums = (int16_t *)(arena + SCRATCH);
    uint32_t *bits = (uint32_t *)(arena + SCRATCH) + (ptrdiff_t)out.width * layer->lanes * 16;
    uint32_t planes[LARGEST_DIGITS * (LANES / 32)];
    (void)image;
    if (layer->border && !r)
        activate(layer, NULL, 0, outside, bits);
    for (; *taken < smaller(in.height, top + window.size); ++*taken)
        activate(layer, row_of(&stage->x, arena, *taken), pixels_of(in, *taken),
                 ring + *taken % window.size * layer->size, bits);
    const uint32_t *rows[LARGEST_WINDOW];
    for (int k = 0; k < window.size; k++)
        rows[k] = top + k >= 0 && top + k < in.height ? ring + (top + k) % window.size * layer->size
                  : layer->border                     ? outside
                                                      : NULL;
    const stored *other = row_of(&stage->other, arena, r);
    stored *y = row_of(&stage->y, arena, r);
    const int together = layer->bits || window.stride == 1 ? out.width : 1;
    for (int p = 0, some; p < count; p += some) {
        some = p < layer->first || p >= layer->last ? 1 : smaller(together, smaller(layer->last, count) - p);
        sum_pixels(stage, rows, p, some, sums, planes, other, y);
    }
    if (!layer->words)
        layer->finish(sums, layer->lanes * 32, other, y, count, layer->outputs, layer->others, layer->constants);
}
