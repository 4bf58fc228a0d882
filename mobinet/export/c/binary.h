/* Binary convolutions. */

struct tile;
/* Of a tile of so many pixels, AT_ONCE or 1: counts the words and takes the sums, in registers, to the result. */
typedef void finish_words(const struct tile *tile, int count);

struct binary {
    int inputs, outputs, groups; /* channels */
    int members, filters;        /* of a group */
    int in_words;                /* see below */
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
            to[i] = layer->in_words && rest && i % layer->pixel == layer->pixel - 1 ? ((uint32_t)1 << rest) - 1 : 0xffffffff;
    if (!x)
        return;
    to += layer->border * layer->pixel;
    pack(layer, x, pixels, layer->in_words ? to : bits);
    if (layer->in_words)
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
#if LANES == 512 && defined(__AVX512VPOPCNTDQ__) && !HALF
#define FUSED 1
#define OF_WORDS(finish) finish##_words
#else
#define FUSED 0
#define OF_WORDS(finish) NULL
#endif

#if TABLES
#include "tables.h"
#else
#define AT_ONCE 4 /* pixels whose sums are kept in registers together */

/* The ones in each byte; where a machine counts them in whole words, in those. */
static INLINE vec ones(vec v)
{
#if defined(__AVX512VPOPCNTDQ__) && LANES == 512
#define IN_BYTES 0
    return (vec)_mm512_popcnt_epi32((__m512i)v);
#else
#define IN_BYTES 1
#if LANES == 512
    const __m512i low = _mm512_set1_epi8(15), x = (__m512i)v;
    const __m512i table = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    return (vec)_mm512_add_epi8(
        _mm512_shuffle_epi8(table, _mm512_and_si512(x, low)),
        _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(x, 4), low)));
#elif defined(__ARM_NEON) && LANES == 128
    return (vec)vcntq_u8((uint8x16_t)v);
#elif defined(__wasm_simd128__) && LANES == 128
    return (vec)wasm_i8x16_popcnt((v128_t)v);
#else
    v = v - (v >> 1 & splat(0x55555555));
    v = (v & splat(0x33333333)) + (v >> 2 & splat(0x33333333));
    return (v + (v >> 4)) & splat(0x0f0f0f0f);
#endif
#endif
}

static INLINE vec whole(vec bytes)
{
    bytes = (bytes & splat(0x00ff00ff)) + (bytes >> 8 & splat(0x00ff00ff));
    return (bytes & splat(0x0000ffff)) + (bytes >> 16 & splat(0x0000ffff));
}

/* Sums to be found: of up to BLOCKS blocks of 16 filters, `block` words of weights apart, at pixels whose activations lie
   `step` words apart from `first` on, and their sums `row`: of each filter the `most`, less the inputs that differ, times
   two where the values are -1 and 1. */
struct tile {
    const struct taps *taps;
    ptrdiff_t step, first, block;
    int words, blocks, row, twice;
    const int16_t *most;
    int16_t *sums;
    /* Of the layer's own words: the first filter, and the first pixel of what is added and of the result. */
    const struct binary *layer;
    int filter;
    const stored *other;
    stored *y;
};

#if LANES == 512 || defined(__aarch64__)
enum { VECS = 4 }; /* at once: there are 32 registers */
#else
enum { VECS = 1 };
#endif
enum { BLOCKS = VECS * SIDE < 16 ? 1 : VECS * SIDE / 16 };

static INLINE vec counted(vec sum, vec bytes) { return sum + (IN_BYTES ? whole(bytes) : bytes); }

static INLINE vec loaded(const uint32_t *from)
{
    vec v;
    memcpy(&v, from, sizeof v);
    return v;
}

/* How many inputs differ, and `from`, for SIDE filters in each of `vecs` words, from the word `start` on, at `count`
   pixels; in `bytes` not yet in whole words where IN_BYTES. */
static INLINE void count_words(const struct tile *tile, int count, int start, int vecs, uint32_t from,
                               vec sum[VECS][AT_ONCE], vec bytes[VECS][AT_ONCE])
{
    const struct taps *taps = tile->taps;
    const ptrdiff_t step = tile->step, block = tile->block;
    const int words = tile->words;
    for (int v = 0; v < vecs; v++)
        for (int p = 0; p < count; p++)
            sum[v][p] = splat(0), bytes[v][p] = splat(from);
    int pending = 0;
    for (int t = 0; t < taps->count; t++) {
        const uint32_t *weights = taps->negative[t] + start * SIDE / 16 * block + start * SIDE % 16;
        const uint32_t *activations = taps->activations[t] + tile->first;
        for (int w = 0; w < words; w++, weights += 16, activations++) {
            vec weight[VECS];
            for (int v = 0; v < vecs; v++)
                weight[v] = loaded(weights + v * SIDE / 16 * block + v * SIDE % 16);
            for (int p = 0; p < count; p++) {
                const vec activation = splat(activations[p * step]);
                for (int v = 0; v < vecs; v++)
                    bytes[v][p] += ones(weight[v] ^ activation);
            }
            if (IN_BYTES && ++pending == 31) { /* a byte holds 255; 8 are added each time */
                for (int v = 0; v < vecs; v++)
                    for (int p = 0; p < count; p++)
                        sum[v][p] += whole(bytes[v][p]), bytes[v][p] = splat(0);
                pending = 0;
            }
        }
    }
}

static INLINE void words_side(const struct tile *tile, int count, int start, int vecs)
{
    const int row = tile->row, twice = tile->twice;
    const int16_t *most = tile->most + start * SIDE;
    int16_t *sums = tile->sums + start * SIDE;
    vec sum[VECS][AT_ONCE], bytes[VECS][AT_ONCE];
    count_words(tile, count, start, vecs, 0, sum, bytes);
#if LANES == 512
    const __m128i shift = _mm_cvtsi32_si128(twice);
    static const uint16_t ALIGNED places[] = {0,  2,  4,  6,  8,  10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30,
                                              32, 34, 36, 38, 40, 42, 44, 46, 48, 50, 52, 54, 56, 58, 60, 62};
    const __m512i even = _mm512_load_si512(places);
#endif
    for (int p = 0; p < count; p++, sums += row) {
        int v = 0;
#if LANES == 512
        for (; v + 2 <= vecs; v += 2) {
            const __m512i first = (__m512i)counted(sum[v][p], bytes[v][p]);
            const __m512i second = (__m512i)counted(sum[v + 1][p], bytes[v + 1][p]);
            const __m512i found = _mm512_sll_epi16(_mm512_permutex2var_epi16(first, even, second), shift);
            _mm512_storeu_si512(sums + v * SIDE, _mm512_sub_epi16(_mm512_loadu_si512(most + v * SIDE), found));
        }
#endif
        for (; v < vecs; v++) {
            const vec found = counted(sum[v][p], bytes[v][p]) << twice;
#if LANES >= 128
            typedef int32_t signs __attribute__((vector_size(LANES / 8)));
            typedef int16_t narrow __attribute__((vector_size(LANES / 16)));
            narrow result;
            memcpy(&result, most + v * SIDE, sizeof result);
            result -= __builtin_convertvector((signs)found, narrow);
            memcpy(sums + v * SIDE, &result, sizeof result);
#else
            for (int l = 0; l < SIDE; l++)
                sums[v * SIDE + l] = (int16_t)(most[v * SIDE + l] - (int)(uint32_t)((uint64_t)found >> 32 * l));
#endif
        }
    }
}

static INLINE void words_tile(const struct tile *tile, int count)
{
    const int vecs = 16 * tile->blocks / SIDE;
    int v = 0;
    for (; v + VECS <= vecs; v += VECS)
        words_side(tile, count, v, VECS);
    for (; v < vecs; v++)
        words_side(tile, count, v, 1);
}

static ALONE void words_of_some(const struct tile *tile) { words_tile(tile, AT_ONCE); }
static ALONE void words_of_one(const struct tile *tile) { words_tile(tile, 1); }

#if FUSED
/* Vectors of 16 channels of one pixel: what is summed and what is added, to the result. `k` begins at these channels. */
typedef floats finish_some(floats v, floats other, const float *k, int channels);

static INLINE floats floats_of(const float *from)
{
    floats v;
    memcpy(&v, from, sizeof v);
    return v;
}

static INLINE floats chosen(floats x, floats limit, floats above, floats below)
{
    return (floats)_mm512_mask_blend_ps(_mm512_cmp_ps_mask((__m512)x, (__m512)limit, _CMP_GT_OQ), (__m512)below,
                                        (__m512)above);
}

static INLINE void finished_side(const struct tile *tile, int count, int start, int vecs, finish_some *finish, int adds)
{
    const struct binary *layer = tile->layer;
    const int channels = layer->outputs, others = layer->others, first = tile->filter + start * SIDE;
    const float *k = layer->constants + first, *other = tile->other;
    float *y = tile->y + first;
    int c = adds ? first % others : 0;
    /* Counts begin at the bits of 2^24: as a float, the last place of these bits is 2. */
    const floats most = (floats){0} + (0x1p24f + (float)tile->most[0]);
    vec sum[VECS][AT_ONCE], found[VECS][AT_ONCE];
    count_words(tile, count, start, vecs, 0x4b800000, sum, found);
    UNROLLED
    for (int v = 0; v < vecs; v++, k += SIDE, y += SIDE) {
        floats result[AT_ONCE];
        UNROLLED
        for (int p = 0; p < count; p++) {
            const floats added = adds ? floats_of(other + (ptrdiff_t)p * others + c) : most;
            result[p] = finish(most - (floats)found[v][p], added, k, channels);
        }
        UNROLLED
        for (int p = 0; p < count; p++)
            memcpy(y + (ptrdiff_t)p * channels, &result[p], sizeof result[p]);
        c = c + SIDE < others ? c + SIDE : 0;
    }
}

static INLINE void finished(const struct tile *tile, int count, finish_some *finish, int adds)
{
    int v = 0;
    for (; v + VECS <= tile->blocks; v += VECS)
        finished_side(tile, count, v, VECS, finish, adds);
    for (; v < tile->blocks; v++)
        finished_side(tile, count, v, 1, finish, adds);
}
#endif

/* The sums of `pixels` neighbouring pixels whose windows have the same taps; or, where the layer finishes its words, its
   result, to y. */
static void words_of_pixels(const struct binary *layer, struct window window, struct taps *taps, int pixels, int16_t *sums,
                            const stored *other, stored *y)
{
    const int words = words_of(layer->members), row = layer->lanes * 32, per_group = (layer->filters + 15) / 16;
    const ptrdiff_t block = (ptrdiff_t)window.size * window.size * words * 16;
    struct tile tile = {taps, layer->pixel * window.stride, 0, block, words, 0, row, !layer->positive,
                        NULL, NULL, layer, 0, NULL, NULL};
    int16_t all[16 * BLOCKS];
    for (int f = 0; f < 16 * BLOCKS; f++)
        all[f] = (int16_t)(taps->count * taps->members);
    for (int done = 0; done < layer->groups * per_group; done += tile.blocks, sums += 16 * tile.blocks) {
        tile.blocks = smaller(BLOCKS, per_group - done % per_group);
        tile.most = layer->positive ? layer->positive + 16 * done : all;
        for (int p = 0, some; p < pixels; p += some) {
            some = p + AT_ONCE <= pixels ? AT_ONCE : 1;
            tile.first = p * tile.step + done / per_group * words;
            tile.sums = sums + (ptrdiff_t)p * row;
            tile.filter = 16 * done;
            tile.other = other + (ptrdiff_t)p * layer->others;
            tile.y = y + (ptrdiff_t)p * layer->outputs;
            if (layer->words)
                layer->words(&tile, some);
            else
                (some > 1 ? words_of_some : words_of_one)(&tile);
        }
        for (int t = 0; t < taps->count; t++)
            taps->negative[t] += tile.blocks * tile.block;
    }
}

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
    const ptrdiff_t tap = layer->in_words ? 16 * words_of(layer->members) : (ptrdiff_t)layer->members * layer->lanes;
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
    if (layer->in_words)
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
    const int together = layer->in_words || window.stride == 1 ? out.width : 1;
    for (int p = 0, some; p < count; p += some) {
        some = p < layer->first || p >= layer->last ? 1 : smaller(together, smaller(layer->last, count) - p);
        sum_pixels(stage, rows, p, some, sums, planes, other, y);
    }
    if (!layer->words)
        layer->finish(sums, layer->lanes * 32, other, y, count, layer->outputs, layer->others, layer->constants);
}
