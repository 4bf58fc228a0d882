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
#define UNROLLED _Pragma("unroll")
#define INLINE inline __attribute__((always_inline))
#define ALONE __attribute__((noinline)) /* all registers are its own */
#define ALIGNED __attribute__((aligned(64)))
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off", "no-trapping-math", "no-strict-aliasing") /* integers lie among the floats */
#define INDEPENDENT _Pragma("GCC ivdep")
#define UNROLLED _Pragma("GCC unroll 4")
#define INLINE inline __attribute__((always_inline))
#define ALONE __attribute__((noinline)) /* all registers are its own */
#define ALIGNED __attribute__((aligned(64)))
#else
#define INDEPENDENT
#define UNROLLED
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

#if LANES == 512 && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("prefer-vector-width=512") /* its tuning for some processors halves vectors */
#endif

#define TABLES (LANES == 256) /* sums are looked up, see tables.h */

/* Whether the machine counts the ones of words of 32, 16 and 8 bits. */
#if LANES == 512 && defined(__AVX512VPOPCNTDQ__) && defined(__AVX512BITALG__) && defined(__AVX512VBMI__)
#define COUNTS 1
#else
#define COUNTS 0
#endif

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

#include "values.h"

#if LANES < 128
#define FLOATS 1
typedef float floats;
#else
#define FLOATS (LANES / 32)
typedef float floats __attribute__((vector_size(4 * FLOATS)));
#endif

/* Takes what a convolution has summed, or what is stored, `pixels` of `channels` values, to its result. */
typedef void finish_counts(const int16_t *x, int stride, const stored *other, stored *y, int pixels, int channels,
                           int others, const float *constants);
typedef void finish_floats(const float *x, int stride, const stored *other, stored *y, int pixels, int channels,
                           int others, const float *constants);
typedef void finish_stored(const stored *x, int stride, const stored *other, stored *y, int pixels, int channels,
                           int others, const float *constants);

static int smaller(int a, int b) { return a < b ? a : b; }

/* An image of bytes, 0 to 255, or of floats, 0 to 1; one of them is NULL. */
struct image {
    const uint8_t *bytes;
    const float *floats;
};

struct window {
    int size, stride, padding;
};

struct shape {
    int height, width, channels;
    int rest; /* pixels of the last row */
};

static int pixels_of(struct shape shape, int row) { return row < shape.height - 1 ? shape.width : shape.rest; }

/* Rows of a value, of which the last few are there: row r lies at `at` + r % rows * row. */
struct ring {
    ptrdiff_t at, row;
    int rows;
};

static stored *row_of(const struct ring *ring, float *arena, int r)
{
    return (stored *)(arena + ring->at) + r % ring->rows * ring->row;
}

/* Makes its result row by row. */
struct stage {
    /* Row r, and how many rows of x it has taken so far. */
    void (*make)(const struct stage *stage, struct image image, float *arena, int r, int *taken);
    const void *layer;
    struct shape in, out;
    struct window window;
    struct ring x, other, y;
    int before[2]; /* numbers of the stages that make x and other; -1 where these are there */
    ptrdiff_t own; /* memory of a convolution for rows that it has taken */
};

/* The stage that has to make a row before this one can, or -1. */
static int missing(const struct stage *stage, const int *ready, int r)
{
    const int value = stage->before[0], other = stage->before[1];
    const struct window window = stage->window;
    if (value >= 0 && ready[value] < smaller(stage->in.height, r * window.stride - window.padding + window.size))
        return value;
    return other >= 0 && ready[other] <= r ? other : -1;
}

/* All rows of the stages, each made as soon as those are there that it reads. */
static void run(const struct stage *stages, int count, struct image image, float *arena)
{
    int ready[LARGEST_RUN] = {0}, taken[LARGEST_RUN] = {0};
    int reader[LARGEST_RUN] = {0}; /* of each stage, which one waits for it */
    for (int target = count - 1; target >= 0; target--)
        for (int s = target; ready[target] < stages[target].out.height;) {
            const int before = missing(&stages[s], ready, ready[s]);
            if (before >= 0) {
                reader[before] = s;
                s = before;
                continue;
            }
            stages[s].make(&stages[s], image, arena, ready[s]++, &taken[s]);
            if (s != target)
                s = reader[s];
        }
}

#include "binary.h"

/* ---- Float convolutions ---- */

enum { REPEATED = 16 }; /* so that whole vectors of any number of channels are alike */

struct conv {
    int inputs, outputs, groups;   /* channels */
    const float *weights;          /* (size, size, channels of a group, filters) */
    const float *scale, *offset;   /* of the image, for each channel, REPEATED times; NULL where x is none */
    finish_floats *finish;
    int others;
    const float *constants;
};

/* The taps of a window that lie in the image, and their numbers; of a neighbouring pixel they lie `step` floats on. */
struct inputs {
    const float *taps[LARGEST_WINDOW * LARGEST_WINDOW];
    int places[LARGEST_WINDOW * LARGEST_WINDOW], found;
    ptrdiff_t step;
};

/* From 0 on, activation times weight is added tap by tap, in each channel by channel, for FLOATS filters of each of
   `vecs` words from `o` on, at `pixels` pixels: so many sums do not wait for each other. The inputs lie `at` floats on. */
static INLINE void conv_filters(const struct conv *layer, const struct inputs *inputs, ptrdiff_t at, int o, int vecs,
                                int pixels, float *y)
{
    const int filters = layer->outputs, members = layer->inputs / layer->groups;
    floats sum[2][4];
    for (int p = 0; p < pixels; p++)
        for (int v = 0; v < vecs; v++)
            sum[p][v] = (floats){0};
    for (int t = 0; t < inputs->found; t++) {
        const float *weights = layer->weights + (ptrdiff_t)inputs->places[t] * members * filters + o;
        const float *tap = inputs->taps[t] + at;
        for (int i = 0; i < members; i++, tap++, weights += filters)
            for (int v = 0; v < vecs; v++) {
                floats weight;
                memcpy(&weight, weights + FLOATS * v, sizeof weight);
                for (int p = 0; p < pixels; p++)
                    sum[p][v] = sum[p][v] + tap[p * inputs->step] * weight;
            }
    }
    for (int p = 0; p < pixels; p++)
        memcpy(y + (ptrdiff_t)p * filters + o, sum[p], (size_t)vecs * sizeof *sum[p]);
}

static INLINE void conv_filter(const struct conv *layer, const struct inputs *inputs, ptrdiff_t at, int o, int pixels,
                               float *y)
{
    const int filters = layer->outputs, members = layer->inputs / layer->groups;
    float sum[2] = {0};
    for (int t = 0; t < inputs->found; t++)
        for (int i = 0; i < members; i++)
            for (int p = 0; p < pixels; p++)
                sum[p] += inputs->taps[t][at + p * inputs->step + i]
                          * layer->weights[((ptrdiff_t)inputs->places[t] * members + i) * filters + o];
    for (int p = 0; p < pixels; p++)
        y[(ptrdiff_t)p * filters + o] = sum[p];
}

static INLINE void conv_pixels(const struct conv *layer, const struct inputs *inputs, ptrdiff_t at, int pixels, float *y)
{
    const int filters = layer->outputs, group = filters / layer->groups;
    for (int first = 0, o = 0; first < filters; first += group, at += layer->inputs / layer->groups) {
        for (; o + 4 * FLOATS <= first + group; o += 4 * FLOATS)
            conv_filters(layer, inputs, at, o, 4, pixels, y);
        for (; o + 2 * FLOATS <= first + group; o += 2 * FLOATS)
            conv_filters(layer, inputs, at, o, 2, pixels, y);
        for (; o + FLOATS <= first + group; o += FLOATS)
            conv_filters(layer, inputs, at, o, 1, pixels, y);
        for (; o < first + group; o++)
            conv_filter(layer, inputs, at, o, pixels, y);
    }
}

/* The pixels of an output row from p on whose windows have the same taps; how many. */
static int conv_some(const struct stage *stage, const float *const *rows, int p, float *y)
{
    const struct conv *layer = stage->layer;
    const struct window window = stage->window;
    const int left = p * window.stride - window.padding, right = stage->in.width - window.size;
    const int pixels = left < 0 || left > right ? 1 : smaller((right - left) / window.stride + 1, stage->out.width - p);
    struct inputs inputs;
    inputs.found = 0;
    inputs.step = (ptrdiff_t)window.stride * layer->inputs;
    for (int t = 0; t < window.size * window.size; t++) {
        const int x = left + t % window.size;
        if (!rows[t / window.size] || x < 0 || x >= stage->in.width)
            continue;
        inputs.taps[inputs.found] = rows[t / window.size] + (ptrdiff_t)x * layer->inputs;
        inputs.places[inputs.found++] = t;
    }
    int done = 0;
    for (; done + 2 <= pixels; done += 2)
        conv_pixels(layer, &inputs, done * inputs.step, 2, y + (ptrdiff_t)done * layer->outputs);
    if (done < pixels)
        conv_pixels(layer, &inputs, done * inputs.step, 1, y + (ptrdiff_t)done * layer->outputs);
    return pixels;
}

static void normalize(const struct stage *stage, struct image image, int row, float *to)
{
    const struct conv *layer = stage->layer;
    const int channels = layer->inputs, values = stage->in.width * channels;
    const ptrdiff_t first = (ptrdiff_t)row * values;
    for (int i = 0; i < values; i++)
        to[i] = image.bytes ? (float)image.bytes[first + i] / 255.0f : image.floats[first + i];
    const int run = REPEATED * channels;
    for (int start = 0; start < values; start += run, to += run)
        for (int i = 0; i < smaller(run, values - start); i++)
            to[i] = to[i] * layer->scale[i] + layer->offset[i];
}

static void conv(const struct stage *stage, struct image image, float *arena, int r, int *taken)
{
    const struct conv *layer = stage->layer;
    const struct window window = stage->window;
    const struct shape in = stage->in, out = stage->out;
    const int top = r * window.stride - window.padding, width = in.width * in.channels;
    float *ring = arena + stage->own, *sums = arena + SCRATCH;
    const float *rows[LARGEST_WINDOW];
    for (; (HALF || layer->scale) && *taken < smaller(in.height, top + window.size); ++*taken) {
        float *to = ring + (ptrdiff_t)(*taken % window.size) * width;
        const stored *x = row_of(&stage->x, arena, *taken);
        if (layer->scale)
            normalize(stage, image, *taken, to);
        else
            for (int i = 0; i < width; i++)
                to[i] = widened(x[i]);
    }
    for (int k = 0; k < window.size; k++) {
        int row = top + k;
        rows[k] = row < 0 || row >= in.height ? NULL
                  : HALF || layer->scale      ? ring + (ptrdiff_t)(row % window.size) * width
                                              : (const float *)row_of(&stage->x, arena, row);
    }
    for (int p = 0; p < out.width;)
        p += conv_some(stage, rows, p, sums + (ptrdiff_t)p * out.channels);
    layer->finish(sums, out.channels, row_of(&stage->other, arena, r), row_of(&stage->y, arena, r), out.width,
                  out.channels, layer->others, layer->constants);
}

/* ---- The others ---- */

struct pooling {
    enum { AVG, MAX, MIN, FIRST } kind;
};

static INLINE void pool_some(float *found, const stored *from, int channels, int kind)
{
    INDEPENDENT
    for (int c = 0; c < channels; c++) {
        const float value = widened(from[c]), old = found[c];
        found[c] = kind == FIRST ? value
                   : kind == AVG ? old + value
                   : kind == MAX ? (value > old ? value : old)
                                 : (value < old ? value : old);
    }
}

static void pool(const struct stage *stage, struct image image, float *arena, int r, int *taken)
{
    const int kind = ((const struct pooling *)stage->layer)->kind;
    const struct window window = stage->window;
    const int channels = stage->in.channels, top = r * window.stride - window.padding;
    stored *y = row_of(&stage->y, arena, r);
    (void)image, (void)taken;
    for (int p = 0; p < stage->out.width; p++, y += channels) {
        float *found = SUMS(y);
        int pixels = 0;
        for (int t = 0; t < window.size * window.size; t++) {
            int row = top + t / window.size, column = p * window.stride - window.padding + t % window.size;
            if (row < 0 || row >= stage->in.height || column < 0 || column >= stage->in.width)
                continue;
            const stored *from = row_of(&stage->x, arena, row) + (ptrdiff_t)column * channels;
            if (!pixels)
                pool_some(found, from, channels, FIRST);
            else if (kind == AVG)
                pool_some(found, from, channels, AVG);
            else if (kind == MAX)
                pool_some(found, from, channels, MAX);
            else
                pool_some(found, from, channels, MIN);
            pixels++;
        }
        const float share = 1 / (float)pixels;
        if (kind == AVG && pixels & (pixels - 1))
            for (int c = 0; c < channels; c++)
                found[c] /= (float)pixels;
        else if (kind == AVG) /* a power of two, whose inverse is exact */
            for (int c = 0; c < channels; c++)
                found[c] *= share;
        store(found, channels, y);
    }
}

struct elementwise {
    finish_stored *finish;
    int others;
    const float *constants;
};

static void elementwise(const struct stage *stage, struct image image, float *arena, int r, int *taken)
{
    const struct elementwise *layer = stage->layer;
    (void)image, (void)taken;
    layer->finish(row_of(&stage->x, arena, r), stage->in.channels, row_of(&stage->other, arena, r),
                  row_of(&stage->y, arena, r), stage->out.width, stage->out.channels, layer->others, layer->constants);
}

static void concat(const struct stage *stage, struct image image, float *arena, int r, int *taken)
{
    const int channels = stage->in.channels, others = stage->out.channels - channels;
    const stored *x = row_of(&stage->x, arena, r), *other = row_of(&stage->other, arena, r);
    stored *y = row_of(&stage->y, arena, r);
    (void)image, (void)taken;
    for (int p = 0; p < stage->out.width; p++, y += channels + others) {
        memcpy(y, x + (ptrdiff_t)p * channels, (size_t)channels * sizeof *y);
        memcpy(y + channels, other + (ptrdiff_t)p * others, (size_t)others * sizeof *y);
    }
}

struct shuffling {
    int groups;
};

static void shuffle(const struct stage *stage, struct image image, float *arena, int r, int *taken)
{
    const int channels = stage->in.channels, groups = ((const struct shuffling *)stage->layer)->groups;
    const stored *x = row_of(&stage->x, arena, r);
    stored *y = row_of(&stage->y, arena, r);
    (void)image, (void)taken;
    for (int p = 0; p < stage->out.width; p++, x += channels, y += channels)
        for (int c = 0; c < channels; c++)
            y[c] = x[c % groups * (channels / groups) + c / groups];
}

/* Over all pixels. */
static void mean(int pixels, int channels, const stored *x, float *y)
{
    for (int c = 0; c < channels; c++)
        y[c] = 0 + widened(x[c]);
    for (int p = 1; p < pixels; p++) {
        INDEPENDENT
        for (int c = 0; c < channels; c++)
            y[c] += widened(x[(ptrdiff_t)p * channels + c]);
    }
    for (int c = 0; c < channels; c++)
        y[c] /= (float)pixels;
}

/* weights: (features, classes) */
static void linear(int features, int classes, const float *weights, const float *bias, const stored *x,
                   float *y)
{
    for (int o = 0; o < classes; o++)
        y[o] = 0;
    int i = 0;
    for (; i + 4 <= features; i += 4) {
        const float *w = weights + (ptrdiff_t)i * classes;
        const float x0 = widened(x[i]), x1 = widened(x[i + 1]), x2 = widened(x[i + 2]), x3 = widened(x[i + 3]);
        INDEPENDENT
        for (int o = 0; o < classes; o++)
            y[o] = y[o] + x0 * w[o] + x1 * w[classes + o] + x2 * w[2 * classes + o] + x3 * w[3 * classes + o];
    }
    for (; i < features; i++) {
        const float value = widened(x[i]);
        INDEPENDENT
        for (int o = 0; o < classes; o++)
            y[o] += value * weights[(ptrdiff_t)i * classes + o];
    }
    for (int o = 0; o < classes; o++)
        y[o] += bias[o];
}
