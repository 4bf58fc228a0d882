/* What binary networks are made of, in C99. Values are float, (height, width, channels); every float operation is
   rounded by itself, in the order written, so that every compiler and machine finds the same bits. */

#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0 && __FLT_EVAL_METHOD__ != 16
#error "floats are not rounded to float here; on 32-bit x86 compile with -msse2 -mfpmath=sse"
#endif
#if defined(__FAST_MATH__)
#error "compile without -ffast-math, which changes the results"
#endif

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#define INLINE inline __attribute__((always_inline))
#define ALONE __attribute__((noinline)) /* all registers are its own */
#define ALIGNED __attribute__((aligned(64)))
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off", "no-trapping-math")
#define INDEPENDENT _Pragma("GCC ivdep")
#define INLINE inline __attribute__((always_inline))
#define ALONE __attribute__((noinline)) /* all registers are its own */
#define ALIGNED __attribute__((aligned(64)))
#else
#define INDEPENDENT
#define INLINE inline
#define ALONE
#define ALIGNED
#endif

/* LANES: bits of the widest words; -DLANES=32 or 64 is plain C. */
#if defined(LANES)
#elif defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LANES 32
#elif !defined(__GNUC__)
#define LANES 64
#elif defined(__AVX512BW__)
#define LANES 512
#elif defined(__AVX2__)
#define LANES 256
#elif defined(__SSE2__) || defined(__ARM_NEON) || defined(__wasm_simd128__)
#define LANES 128
#elif UINTPTR_MAX > 0xffffffff
#define LANES 64
#else
#define LANES 32
#endif
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

#define TABLES (LANES == 256) /* counts are looked up, see `tables_block` */

/* One word of inputs of 16 filters; for tables, the first byte of each filter, then the second of each, and so on. */
#if TABLES
#define BYTES4(n, a, b, c, d) ((a) >> n & 255) | ((b) >> n & 255) << 8 | ((c) >> n & 255) << 16 | ((d) >> n & 255) << 24
#define BYTES16(n, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q) \
    BYTES4(n, a, b, c, d), BYTES4(n, e, f, g, h), BYTES4(n, i, j, k, l), BYTES4(n, m, o, p, q)
#define FILTERS(...) BYTES16(0, __VA_ARGS__), BYTES16(8, __VA_ARGS__), BYTES16(16, __VA_ARGS__), BYTES16(24, __VA_ARGS__)
#else
#define FILTERS(...) __VA_ARGS__
#endif

#define LARGEST_DIGITS 16 /* of a sum */

/* Takes what a convolution has summed, `pixels` of `channels` values, to its result. */
typedef void finish_counts(const int16_t *x, int stride, const float *other, float *y, int pixels, int channels,
                           int others, const float *constants);
typedef void finish_floats(const float *x, int stride, const float *other, float *y, int pixels, int channels,
                           int others, const float *constants);

struct window {
    int size, stride, padding;
};

struct shape {
    int height, width, channels;
};

static int smaller(int a, int b) { return a < b ? a : b; }

/* ---- Binary convolutions ---- */

struct binary {
    struct shape in, out;
    struct window window;
    int groups;
    int low_border;            /* outside of the image lies the lower value, else nothing */
    int from_zero;             /* the two values are 0 and 1, else -1 and 1 */
    const float *threshold;    /* the higher value from here on, for each channel */
    const uint32_t *negative;  /* 1 where a weight is -1, see `in_words` */
    finish_counts *finish;
    int others;                /* channels of what is added */
    const float *constants;
};

/* The taps of a window that lie in the image, each with its activations and its weights. */
struct taps {
    const uint32_t *activations[LARGEST_WINDOW * LARGEST_WINDOW], *negative[LARGEST_WINDOW * LARGEST_WINDOW];
    int count, members, digits;
    ptrdiff_t step, row; /* from one member to the next */
};

static int words_of(int bits) { return (bits + 31) / 32; }

/* How a layer is counted. In words: each 32-bit word holds the inputs of one filter, whose differing bits are counted;
   weights are (groups, blocks of 16 filters, size, size, words, 16). Else in lanes: each bit of a word is a filter, and
   its inputs, word after word, are added digit by digit; weights are (size, size, channels of a group, filters). */
static int in_words(const struct binary *layer)
{
    const int members = layer->in.channels / layer->groups, filters = layer->out.channels / layer->groups;
    return layer->groups == 1 || (members % 32 == 0 && filters % 16 == 0);
}

/* Activations as they are counted, 1 for the lower value: in words (pixels, channels / 32), or, in lanes, (members,
   pixels, filters / 32), in each filter's lane the activation that it meets. */
struct activations {
    int in_words, whole, members, filters, lanes, width; /* whole: the image is one row, AT_ONCE pixels at a time */
    ptrdiff_t pixel, step, size; /* words: of a pixel, from one member to the next, of a row */
};

#define AT_ONCE 4 /* pixels of a 1x1 convolution */

static struct activations activations_of(const struct binary *layer)
{
    struct activations a;
    a.in_words = in_words(layer);
    a.whole = layer->window.size == 1 && layer->window.stride == 1 && !layer->window.padding;
    a.members = layer->in.channels / layer->groups;
    a.filters = layer->out.channels / layer->groups;
    a.lanes = words_of(layer->out.channels);
    a.width = a.whole ? AT_ONCE : layer->in.width + (layer->low_border ? 2 * layer->window.padding : 0);
    a.pixel = a.in_words ? words_of(layer->in.channels) : a.lanes;
    a.step = a.width * a.pixel;
    a.size = a.in_words ? a.step : a.members * a.step;
    return a;
}

static uint32_t packed(const float *x, const float *threshold, int channels)
{
    uint32_t bits = 0;
    int c = 0;
#if LANES == 512
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
        bits |= (uint32_t) !(x[c] >= threshold[c]) << c;
    return bits;
}

static void pack(const struct binary *layer, const float *x, int pixels, uint32_t *to)
{
    const int channels = layer->in.channels;
    for (int p = 0; p < pixels; p++, x += channels)
        for (int c = 0; c < channels; c += 32)
            *to++ = packed(x + c, layer->threshold + c, smaller(32, channels - c));
}

/* In lanes, where groups are a power of two below 32: the bits of each member over all lanes of its group. */
static void spread(const struct activations *a, const uint32_t *bits, int pixels, uint32_t *to)
{
    const int m = a->members, run = pixels * a->lanes;
    uint32_t every = 1;
    for (int l = m; l < 32; l += m)
        every |= (uint32_t)1 << l;
    for (int j = 0; j < m; j++, to += a->step) {
        INDEPENDENT
        for (int q = 0; q < run; q++) {
            uint32_t found = bits[q] >> j & every;
            to[q] = (found << m) - found;
        }
    }
}

/* The same for groups of any size. */
static void gather(const struct binary *layer, const struct activations *a, const uint32_t *bits, int pixels,
                   uint32_t *to)
{
    for (int j = 0; j < a->members; j++, to += a->step)
        for (int p = 0; p < pixels; p++)
            for (int i = 0; i < a->lanes; i++) {
                uint32_t found = 0;
                for (int l = 0; l < smaller(32, layer->out.channels - 32 * i); l++) {
                    int c = (32 * i + l) / a->filters * a->members + j;
                    found |= (bits[p * words_of(layer->in.channels) + c / 32] >> c % 32 & 1) << l;
                }
                to[p * a->lanes + i] = found;
            }
}

/* A row of activations from `pixels` pixels of x, or, where x is NULL, of the lower value. */
static void activate(const struct binary *layer, const struct activations *a, const float *x, int pixels, uint32_t *to,
                     uint32_t *bits)
{
    const int border = layer->low_border ? layer->window.padding : 0, rest = layer->in.channels % 32;
    if (border)
        for (ptrdiff_t i = 0; i < a->size; i++)
            to[i] = a->in_words && rest && i % a->pixel == a->pixel - 1 ? ((uint32_t)1 << rest) - 1 : 0xffffffff;
    if (!x)
        return;
    to += border * a->pixel;
    pack(layer, x, pixels, a->in_words ? to : bits);
    if (a->in_words)
        return;
    if (a->members == a->filters && a->members < 32 && 32 % a->members == 0)
        spread(a, bits, pixels, to);
    else
        gather(layer, a, bits, pixels, to);
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
#elif LANES == 256
    const __m256i low = _mm256_set1_epi8(15), x = (__m256i)v;
    const __m256i table = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    return (vec)_mm256_add_epi8(
        _mm256_shuffle_epi8(table, _mm256_and_si256(x, low)),
        _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(x, 4), low)));
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
   `step` words apart from `first` on, and their sums `row`. */
struct tile {
    const struct taps *taps;
    ptrdiff_t step, first, block;
    int words, blocks, row;
    int16_t *sums;
};

#if !TABLES
#if LANES == 512 || defined(__aarch64__)
enum { VECS = 4 }; /* at once: there are 32 registers */
#else
enum { VECS = 1 };
#endif
enum { BLOCKS = VECS * SIDE < 16 ? 1 : VECS * SIDE / 16 };

/* SIDE filters in each of `vecs` words, from the word `start` on, at `count` pixels. Activations of 0 and 1 give half of
   what -1 and 1, and 1 everywhere, give together. */
static INLINE void words_side(const struct tile *tile, int count, int from_zero, int start, int vecs)
{
    const struct taps *taps = tile->taps;
    const ptrdiff_t step = tile->step, block = tile->block;
    const int total = taps->count * taps->members, words = tile->words;
    vec sum[VECS][AT_ONCE], bytes[VECS][AT_ONCE];
    for (int v = 0; v < vecs; v++)
        for (int p = 0; p < count; p++)
            sum[v][p] = bytes[v][p] = splat(0);
    int pending = 0;
    for (int t = 0; t < taps->count; t++) {
        const uint32_t *weights = taps->negative[t] + start * SIDE / 16 * block + start * SIDE % 16;
        const uint32_t *activations = taps->activations[t] + tile->first;
        for (int w = 0; w < words; w++, weights += 16, activations++) {
            vec weight[VECS], everywhere[VECS];
            for (int v = 0; v < vecs; v++) {
                memcpy(&weight[v], weights + v * SIDE / 16 * block + v * SIDE % 16, sizeof weight[v]);
                everywhere[v] = from_zero ? ones(weight[v]) : splat(0);
            }
            for (int p = 0; p < count; p++) {
                const vec activation = splat(activations[p * step]);
                for (int v = 0; v < vecs; v++)
                    bytes[v][p] += ones(weight[v] ^ activation) + everywhere[v];
            }
            if (IN_BYTES && ++pending == (from_zero ? 15 : 31)) { /* a byte holds 255; 16 or 8 are added each time */
                for (int v = 0; v < vecs; v++)
                    for (int p = 0; p < count; p++)
                        sum[v][p] += whole(bytes[v][p]), bytes[v][p] = splat(0);
                pending = 0;
            }
        }
    }
    for (int v = 0; v < vecs; v++)
        for (int p = 0; p < count; p++) {
            vec found = sum[v][p] + (IN_BYTES ? whole(bytes[v][p]) : bytes[v][p]);
            if (!from_zero)
                found += found;
            int16_t *to = tile->sums + (ptrdiff_t)p * tile->row + (start + v) * SIDE;
#if LANES >= 128
            typedef int32_t signs __attribute__((vector_size(LANES / 8)));
            typedef int16_t narrow __attribute__((vector_size(LANES / 16)));
            const narrow result = __builtin_convertvector((signs)(splat((uint32_t)total) - found), narrow);
            memcpy(to, &result, sizeof result);
#else
            for (int l = 0; l < SIDE; l++)
                to[l] = (int16_t)(total - (int)(uint32_t)((uint64_t)found >> 32 * l));
#endif
        }
}

static INLINE void words_tile(const struct tile *tile, int count, int from_zero)
{
    const int vecs = 16 * tile->blocks / SIDE;
    int v = 0;
    for (; v + VECS <= vecs; v += VECS)
        words_side(tile, count, from_zero, v, VECS);
    for (; v < vecs; v++)
        words_side(tile, count, from_zero, v, 1);
}

#else
/* For four activations and the four weights of each filter: how many inputs have the sign -1; from zero on, and how many
   weights. A shuffle looks up 32 filters at once. */
#define ONES(v) (((v) & 1) + ((v) >> 1 & 1) + ((v) >> 2 & 1) + ((v) >> 3 & 1))
#define SIGNS(a, w) ONES((a) ^ (w))
#define FROM_ZERO(a, w) ONES((a) ^ (w)) + ONES(w)
#define OF4(f, a, w) f(a, w), f(a, w + 1), f(a, w + 2), f(a, w + 3)
#define OF16(f, a) {OF4(f, a, 0), OF4(f, a, 4), OF4(f, a, 8), OF4(f, a, 12)}
#define ROWS4(f, a) OF16(f, a), OF16(f, a + 1), OF16(f, a + 2), OF16(f, a + 3)
#define ROWS16(f) {ROWS4(f, 0), ROWS4(f, 4), ROWS4(f, 8), ROWS4(f, 12)}
static const uint8_t ALIGNED tables[2][16][16] = {ROWS16(SIGNS), ROWS16(FROM_ZERO)};

/* `pairs` of blocks at `count` pixels; the last one may lack the second block. */
static INLINE void tables_tile(const struct tile *tile, int count, int from_zero, int pairs)
{
    const struct taps *taps = tile->taps;
    const ptrdiff_t step = tile->step, block = tile->block;
    const int words = tile->words, blocks = tile->blocks;
    const int total = taps->count * taps->members, left = taps->count * words;
    const __m256i low = _mm256_set1_epi8(15);
    int done = 0;
    for (int b = 0; b < blocks; b++)
        for (int p = 0; p < count; p++)
            _mm256_storeu_si256((__m256i *)(tile->sums + (ptrdiff_t)p * tile->row + 16 * b), _mm256_set1_epi16((int16_t)total));
    for (int t = 0, w = 0; done < left;) {
        __m256i sum[2][AT_ONCE];
        for (int i = 0; i < pairs; i++)
            for (int p = 0; p < count; p++)
                sum[i][p] = _mm256_setzero_si256();
        const int until = smaller(left, done + (from_zero ? 3 : 7)); /* a byte holds 255; 64 or 32 are added each time */
        for (; done < until; done++) {
            const uint32_t *weights = taps->negative[t] + 16 * w, *activations = taps->activations[t] + tile->first + w;
            for (int byte = 0; byte < 4; byte++) {
                __m256i both[2];
                for (int i = 0; i < pairs; i++) {
                    const uint32_t *from = weights + 2 * i * block + 4 * byte;
                    both[i] = _mm256_loadu2_m128i((const __m128i *)(2 * i + 1 < blocks ? from + block : from),
                                                  (const __m128i *)from);
                }
                for (int half = 0; half < 2; half++) {
                    __m256i place[2];
                    for (int i = 0; i < pairs; i++)
                        place[i] = _mm256_and_si256(half ? _mm256_srli_epi16(both[i], 4) : both[i], low);
                    for (int p = 0; p < count; p++) {
                        const uint8_t *row = tables[from_zero][activations[p * step] >> (8 * byte + 4 * half) & 15];
                        const __m256i found = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)row));
                        for (int i = 0; i < pairs; i++)
                            sum[i][p] = _mm256_add_epi8(sum[i][p], _mm256_shuffle_epi8(found, place[i]));
                    }
                }
            }
            if (++w == words)
                w = 0, t++;
        }
        for (int b = 0; b < blocks; b++)
            for (int p = 0; p < count; p++) {
                __m256i *to = (__m256i *)(tile->sums + (ptrdiff_t)p * tile->row + 16 * b);
                const __m256i found = _mm256_cvtepu8_epi16(b % 2 ? _mm256_extracti128_si256(sum[b / 2][p], 1)
                                                                 : _mm256_castsi256_si128(sum[b / 2][p]));
                _mm256_storeu_si256(to, _mm256_sub_epi16(_mm256_loadu_si256(to),
                                                         from_zero ? found : _mm256_add_epi16(found, found)));
            }
    }
}

enum { BLOCKS = 4 };

static INLINE void words_tile(const struct tile *tile, int count, int from_zero)
{
    if (tile->blocks > 2)
        tables_tile(tile, count, from_zero, 2);
    else
        tables_tile(tile, count, from_zero, 1);
}
#endif

static ALONE void pixels_of_signs(const struct tile *tile) { words_tile(tile, AT_ONCE, 0); }
static ALONE void pixel_of_signs(const struct tile *tile) { words_tile(tile, 1, 0); }
static ALONE void pixels_from_zero(const struct tile *tile) { words_tile(tile, AT_ONCE, 1); }
static ALONE void pixel_from_zero(const struct tile *tile) { words_tile(tile, 1, 1); }

/* The sums of `pixels` neighbouring pixels whose windows have the same taps. */
static void words_of_pixels(const struct binary *layer, const struct activations *a, struct taps *taps, int pixels,
                            int16_t *sums)
{
    const int words = words_of(a->members), size = layer->window.size, row = a->lanes * 32;
    const int per_group = (a->filters + 15) / 16;
    struct tile tile = {taps, a->pixel * layer->window.stride, 0, (ptrdiff_t)size * size * words * 16, words, 0, row, NULL};
    for (int done = 0; done < layer->groups * per_group; done += tile.blocks, sums += 16 * tile.blocks) {
        tile.blocks = smaller(BLOCKS, per_group - done % per_group);
        for (int p = 0, some; p < pixels; p += some) {
            some = p + AT_ONCE <= pixels ? AT_ONCE : 1;
            tile.first = p * tile.step + done / per_group * words;
            tile.sums = sums + (ptrdiff_t)p * row;
            if (layer->from_zero)
                (some > 1 ? pixels_from_zero : pixel_from_zero)(&tile);
            else
                (some > 1 ? pixels_of_signs : pixel_of_signs)(&tile);
        }
        for (int t = 0; t < taps->count; t++)
            taps->negative[t] += tile.blocks * tile.block;
    }
}

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
    for (int i = 0; i < words; i++) {
        __m512i sum = _mm512_setzero_si512(), one = _mm512_set1_epi16(1);
        for (int d = digits - 1; d >= 0; d--) {
            sum = _mm512_add_epi16(sum, sum);
            sum = _mm512_mask_add_epi16(sum, planes[d * words + i], sum, one);
        }
        sum = _mm512_sub_epi16(_mm512_set1_epi16((int16_t)total), _mm512_add_epi16(sum, sum));
        _mm512_storeu_si512(sums + 32 * i, sum);
    }
#elif LANES >= 128
    typedef int16_t lanes __attribute__((vector_size(LANES / 8)));
    enum { COUNT = LANES / 16 };
#if LANES == 256
    typedef uint16_t piece;
    const lanes bit = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, -32768};
#else
    typedef uint8_t piece;
    const lanes bit = {1, 2, 4, 8, 16, 32, 64, 128};
#endif
    for (int i = 0; i < words * 32 / COUNT; i++) {
        lanes sum = {0};
        for (int d = digits - 1; d >= 0; d--) {
            piece found;
            memcpy(&found, (const char *)(planes + d * words) + i * sizeof found, sizeof found);
            sum = sum + sum - ((((lanes){0} + (int16_t)found) & bit) == bit);
        }
        sum = (int16_t)total - (sum + sum);
        memcpy(sums + COUNT * i, &sum, sizeof sum);
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
static void lanes_of_pixels(const struct binary *layer, const struct activations *a, const struct taps *taps, int pixels,
                            int16_t *sums, uint32_t *planes)
{
    const int run = pixels * a->lanes, total = taps->count * taps->members;
    for (int i = 0, words; i < run; i += words) {
        const int filter = i % a->lanes;
        for (words = LANES / 32; words > 1; words /= 2)
            if (words <= a->lanes - filter || (!filter && words <= run - i && words % a->lanes == 0))
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
        digits_of(taps, i, filter, a->lanes, planes);
        unpack(planes, words, taps->digits, total, sums + 32 * i);
        if (layer->from_zero) {
            /* What 0 and 1 give is half of what -1 and 1, and 1 everywhere, give. */
            static const uint32_t high[LANES / 32] = {0};
            struct taps highs = *taps;
            int16_t all[LANES];
            for (int t = 0; t < highs.count; t++)
                highs.activations[t] = high;
            highs.step = 0;
            digits_of(&highs, 0, filter, a->lanes, planes);
            unpack(planes, words, taps->digits, total, all);
            for (int l = 0; l < 32 * words; l++)
                sums[32 * i + l] = (int16_t)((sums[32 * i + l] + all[l]) / 2);
        }
    }
}

/* -- Either -- */

/* Pixels from `first` on of an output row, whose rows of activations are given; NULL for one outside of the image. */
static void sum_pixels(const struct binary *layer, const struct activations *a, const uint32_t *const *rows, int first,
                       int pixels, int16_t *sums, uint32_t *planes)
{
    const int size = layer->window.size, border = layer->low_border ? layer->window.padding : 0;
    const int left = first * layer->window.stride - layer->window.padding;
    const ptrdiff_t tap = a->in_words ? 16 * words_of(a->members) : (ptrdiff_t)a->members * a->lanes;
    struct taps taps;
    taps.count = taps.digits = 0;
    taps.members = a->members;
    taps.step = a->step;
    taps.row = a->lanes;
    for (int t = 0; t < size * size; t++) {
        int x = left + t % size;
        if (!rows[t / size] || (!border && (x < 0 || x >= a->width)))
            continue;
        taps.activations[taps.count] = rows[t / size] + (x + border) * a->pixel;
        taps.negative[taps.count++] = layer->negative + t * tap;
    }
    for (int largest = taps.count * taps.members; largest; largest >>= 1)
        taps.digits++;
    sums += (ptrdiff_t)first * a->lanes * 32;
    if (a->in_words)
        words_of_pixels(layer, a, &taps, pixels, sums);
    else
        lanes_of_pixels(layer, a, &taps, pixels, sums, planes);
}

static void binary(const struct binary *layer, const float *x, const float *other, float *y, uint32_t *scratch)
{
    const struct activations a = activations_of(layer);
    const struct window window = layer->window;
    const int pixels = layer->in.height * layer->in.width, width = a.whole ? a.width : layer->in.width;
    const int out_width = a.whole ? a.width : layer->out.width;
    const int rows = a.whole ? (pixels + width - 1) / width : layer->in.height;
    const int out_rows = a.whole ? rows : layer->out.height;
    const int border = layer->low_border ? window.padding : 0;
    uint32_t planes[LARGEST_DIGITS * (LANES / 32)];
    int16_t *sums = (int16_t *)scratch;
    uint32_t *ring = scratch + (ptrdiff_t)out_width * a.lanes * 16;
    uint32_t *outside = ring + window.size * a.size, *bits = outside + (border ? a.size : 0);
    if (border)
        activate(layer, &a, NULL, 0, outside, bits);

    int first = 0; /* pixels whose windows lie in the row */
    while (first < out_width && !border && first * window.stride < window.padding)
        first++;
    int last = out_width;
    while (last > first && !border && (last - 1) * window.stride - window.padding + window.size > width)
        last--;

    int ready = 0; /* rows of x */
    for (int r = 0; r < out_rows; r++) {
        const uint32_t *taps[LARGEST_WINDOW];
        const int top = r * window.stride - window.padding;
        for (; ready < rows && ready < top + window.size; ready++)
            activate(layer, &a, x + (ptrdiff_t)ready * width * layer->in.channels,
                     smaller(width, pixels - ready * width), ring + ready % window.size * a.size, bits);
        for (int k = 0; k < window.size; k++)
            taps[k] = top + k >= 0 && top + k < rows ? ring + (top + k) % window.size * a.size : border ? outside : NULL;
        const int count = a.whole ? smaller(out_width, pixels - r * width) : out_width;
        const int together = a.in_words || window.stride == 1 ? out_width : 1;
        for (int p = 0, some; p < count; p += some) {
            some = p < first || p >= last ? 1 : smaller(together, smaller(last, count) - p);
            sum_pixels(layer, &a, taps, p, some, sums, planes);
        }
        const ptrdiff_t done = (ptrdiff_t)r * out_width;
        layer->finish(sums, a.lanes * 32, other + done * layer->others, y + done * layer->out.channels, count,
                      layer->out.channels, layer->others, layer->constants);
    }
}

/* ---- Float convolutions ---- */

struct conv {
    struct shape in, out;
    struct window window;
    int groups;
    const float *weights;          /* (size, size, channels of a group, filters) */
    const float *scale, *offset;   /* of the image, for each channel; NULL where x is none */
    finish_floats *finish;
    int others;
    const float *constants;
};

#if LANES < 128
#define FLOATS 1
typedef float floats;
#else
#define FLOATS (LANES / 32)
typedef float floats __attribute__((vector_size(4 * FLOATS)));
#endif

/* From 0 on, activation times weight is added tap by tap, in each channel by channel, for FLOATS filters of each of
   `vecs` words from `o` on. */
static INLINE void conv_filters(const struct conv *layer, const float *const *taps, const int *places, int found, int o,
                                int vecs, float *y)
{
    const int filters = layer->out.channels, members = layer->in.channels / layer->groups;
    floats sum[4];
    for (int v = 0; v < vecs; v++)
        sum[v] = (floats){0};
    for (int t = 0; t < found; t++) {
        const float *weights = layer->weights + (ptrdiff_t)places[t] * members * filters + o;
        for (int i = 0; i < members; i++, weights += filters)
            for (int v = 0; v < vecs; v++) {
                floats weight;
                memcpy(&weight, weights + FLOATS * v, sizeof weight);
                sum[v] = sum[v] + taps[t][i] * weight;
            }
    }
    memcpy(y, sum, (size_t)vecs * sizeof *sum);
}

static void conv_filter(const struct conv *layer, const float *const *taps, const int *places, int found, int o,
                        float *y)
{
    const int filters = layer->out.channels, members = layer->in.channels / layer->groups;
    float sum = 0;
    for (int t = 0; t < found; t++)
        for (int i = 0; i < members; i++)
            sum += taps[t][i] * layer->weights[((ptrdiff_t)places[t] * members + i) * filters + o];
    *y = sum;
}

static void conv_pixel(const struct conv *layer, const float *const *rows, int left, float *y)
{
    const int size = layer->window.size, filters = layer->out.channels, group = filters / layer->groups;
    const float *taps[LARGEST_WINDOW * LARGEST_WINDOW] = {NULL};
    int places[LARGEST_WINDOW * LARGEST_WINDOW], found = 0;
    for (int t = 0; t < size * size; t++) {
        int x = left + t % size;
        if (!rows[t / size] || x < 0 || x >= layer->in.width)
            continue;
        taps[found] = rows[t / size] + (ptrdiff_t)x * layer->in.channels;
        places[found++] = t;
    }
    for (int first = 0; first < filters; first += group) {
        int o = first;
        for (; o + 4 * FLOATS <= first + group; o += 4 * FLOATS)
            conv_filters(layer, taps, places, found, o, 4, y + o);
        for (; o + 2 * FLOATS <= first + group; o += 2 * FLOATS)
            conv_filters(layer, taps, places, found, o, 2, y + o);
        for (; o + FLOATS <= first + group; o += FLOATS)
            conv_filters(layer, taps, places, found, o, 1, y + o);
        for (; o < first + group; o++)
            conv_filter(layer, taps, places, found, o, y + o);
        for (int t = 0; t < found; t++)
            taps[t] += layer->in.channels / layer->groups;
    }
}

/* An image of bytes, 0 to 255, or of floats, 0 to 1; one of them is NULL. */
struct image {
    const uint8_t *bytes;
    const float *floats;
};

static void normalize(const struct conv *layer, struct image image, int row, float *to)
{
    const int channels = layer->in.channels;
    const ptrdiff_t start = (ptrdiff_t)row * layer->in.width * channels;
    for (int i = 0; i < layer->in.width * channels; i++)
        to[i] = image.bytes ? (float)image.bytes[start + i] / 255.0f : image.floats[start + i];
    for (int c = 0; c < channels; c++)
        for (int i = c; i < layer->in.width * channels; i += channels)
            to[i] = to[i] * layer->scale[c] + layer->offset[c];
}

static void conv(const struct conv *layer, struct image image, const float *other, float *y, float *scratch)
{
    const struct window window = layer->window;
    const int width = layer->in.width * layer->in.channels, height = layer->in.height;
    float *ring = scratch, *sums = scratch + (layer->scale ? window.size * width : 0);
    for (int r = 0, ready = 0; r < layer->out.height; r++) {
        const float *taps[LARGEST_WINDOW];
        const int top = r * window.stride - window.padding;
        for (; layer->scale && ready < height && ready < top + window.size; ready++)
            normalize(layer, image, ready, ring + (ptrdiff_t)(ready % window.size) * width);
        for (int k = 0; k < window.size; k++) {
            int row = top + k;
            taps[k] = row < 0 || row >= height ? NULL
                      : layer->scale           ? ring + (ptrdiff_t)(row % window.size) * width
                                               : image.floats + (ptrdiff_t)row * width;
        }
        for (int p = 0; p < layer->out.width; p++)
            conv_pixel(layer, taps, p * window.stride - window.padding, sums + (ptrdiff_t)p * layer->out.channels);
        const ptrdiff_t done = (ptrdiff_t)r * layer->out.width;
        layer->finish(sums, layer->out.channels, other + done * layer->others, y + done * layer->out.channels,
                      layer->out.width, layer->out.channels, layer->others, layer->constants);
    }
}

/* ---- The others ---- */

enum pooling { AVG, MAX, MIN };

static void pool(enum pooling kind, struct shape in, struct shape out, struct window window, const float *x, float *y)
{
    const int channels = in.channels;
    for (int p = 0; p < out.height * out.width; p++, y += channels) {
        int some = 0;
        for (int t = 0; t < window.size * window.size; t++) {
            int row = p / out.width * window.stride - window.padding + t / window.size;
            int column = p % out.width * window.stride - window.padding + t % window.size;
            if (row < 0 || row >= in.height || column < 0 || column >= in.width)
                continue;
            const float *from = x + ((ptrdiff_t)row * in.width + column) * channels;
            INDEPENDENT
            for (int c = 0; c < channels; c++) {
                float value = from[c], old = y[c];
                y[c] = !some ? value : kind == AVG ? old + value : kind == MAX ? (value > old ? value : old)
                                                                              : (value < old ? value : old);
            }
            some = 1;
        }
        for (int c = 0; kind == AVG && c < channels; c++)
            y[c] /= (float)(window.size * window.size);
    }
}

/* Over all pixels. */
static void mean(struct shape in, const float *x, float *y)
{
    const int pixels = in.height * in.width;
    for (int c = 0; c < in.channels; c++)
        y[c] = 0 + x[c];
    for (int p = 1; p < pixels; p++) {
        INDEPENDENT
        for (int c = 0; c < in.channels; c++)
            y[c] += x[(ptrdiff_t)p * in.channels + c];
    }
    for (int c = 0; c < in.channels; c++)
        y[c] /= (float)pixels;
}

/* weights: (features, classes) */
static void linear(int features, int classes, const float *weights, const float *bias, const float *x, float *y)
{
    for (int o = 0; o < classes; o++)
        y[o] = 0;
    for (int i = 0; i < features; i++) {
        INDEPENDENT
        for (int o = 0; o < classes; o++)
            y[o] += x[i] * weights[(ptrdiff_t)i * classes + o];
    }
    for (int o = 0; o < classes; o++)
        y[o] += bias[o];
}

static void concat(int pixels, int channels, const float *x, int others, const float *other, float *y)
{
    for (int p = 0; p < pixels; p++, y += channels + others) {
        memcpy(y, x + (ptrdiff_t)p * channels, (size_t)channels * sizeof *y);
        memcpy(y + channels, other + (ptrdiff_t)p * others, (size_t)others * sizeof *y);
    }
}

static void shuffle(int pixels, int channels, int groups, const float *x, float *y)
{
    for (int p = 0; p < pixels; p++, x += channels, y += channels)
        for (int c = 0; c < channels; c++)
            y[c] = x[c % groups * (channels / groups) + c / groups];
}
