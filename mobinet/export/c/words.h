/* Sums of words by counting their ones: of 32 bits and, where a machine counts those, of 16 and 8. */

#define AT_ONCE 4 /* pixels whose sums are kept in registers together */

/* The ones in each byte; where a machine counts them in whole words, in those. */
static INLINE vec ones(vec v)
{
#if COUNTS
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

static INLINE vec counted(vec sum, vec bytes) { return IN_BYTES ? sum + whole(bytes) : bytes; }

static INLINE vec loaded(const uint32_t *from)
{
    vec v;
    memcpy(&v, from, sizeof v);
    return v;
}

#if COUNTS
/* As `count_words`, of words of 16 or 8 bits, from the first filter of the tile on. */
static INLINE void count_narrow(const struct tile *tile, int bits, int count, int vecs, uint32_t from,
                                vec found[VECS][AT_ONCE])
{
    const struct taps *taps = tile->taps;
    const ptrdiff_t step = tile->step;
    const int per_vec = 32 / bits, counted = (vecs + per_vec - 1) / per_vec;
    __m512i sum[VECS][AT_ONCE];
    for (int v = 0; v < counted; v++)
        for (int p = 0; p < count; p++)
            sum[v][p] = _mm512_setzero_si512();
    for (int t = 0; t < taps->count; t++) {
        const uint32_t *weights = taps->negative[t];
        const uint32_t *activations = taps->activations[t] + tile->first;
        for (int v = 0; v < counted; v++) {
            const __m512i weight = _mm512_loadu_si512(weights + v * per_vec * tile->block);
            for (int p = 0; p < count; p++) {
                int64_t two;
                memcpy(&two, activations + p * step, sizeof two);
                if (bits == 16)
                    sum[v][p] = _mm512_add_epi16(sum[v][p], _mm512_popcnt_epi16(_mm512_xor_si512(
                                                                weight, (__m512i)splat(activations[p * step + v]))));
                else
                    sum[v][p] = _mm512_add_epi8(
                        sum[v][p], _mm512_popcnt_epi8(_mm512_xor_si512(weight, _mm512_set1_epi64(two))));
            }
        }
    }
    const vec places = {0, 8, 16, 24, 32, 40, 48, 56, 1, 9, 17, 25, 33, 41, 49, 57};
    for (int v = 0; v < vecs; v++)
        for (int p = 0; p < count; p++) {
            const vec sums = (vec)sum[v / per_vec][p];
            found[v][p] = bits == 8 ? (vec)_mm512_mask_permutexvar_epi8((__m512i)splat(from), 0x1111111111111111,
                                                                        (__m512i)(places + 2 * v), (__m512i)sums)
                          : v % 2   ? sums >> 16 | splat(from)
                                    : (sums & splat(0xffff)) | splat(from);
        }
}
#endif

/* How many inputs differ, and `from`, for SIDE filters in each of `vecs` words, from the word `start` on, at `count`
   pixels; in `bytes` not yet in whole words where IN_BYTES. */
static INLINE void count_words(const struct tile *tile, int bits, int count, int start, int vecs, uint32_t from,
                               vec sum[VECS][AT_ONCE], vec bytes[VECS][AT_ONCE])
{
    const struct taps *taps = tile->taps;
    const ptrdiff_t step = tile->step, block = tile->block;
    const int words = tile->words;
#if COUNTS
    if (bits < 32) {
        count_narrow(tile, bits, count, vecs, from, bytes);
        return;
    }
#endif
    (void)bits;
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

static INLINE void words_side(const struct tile *tile, int bits, int count, int start, int vecs)
{
    const int row = tile->row, twice = tile->twice;
    const int16_t *most = tile->most + start * SIDE;
    int16_t *sums = tile->sums + start * SIDE;
    vec sum[VECS][AT_ONCE], bytes[VECS][AT_ONCE];
    count_words(tile, bits, count, start, vecs, 0, sum, bytes);
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

static INLINE void words_tile(const struct tile *tile, int bits, int count)
{
    const int vecs = 16 * tile->blocks / SIDE, least = bits < 32 ? 2 : 1;
    int v = 0;
    for (; v + VECS <= vecs; v += VECS)
        words_side(tile, bits, count, v, VECS);
    for (; v < vecs; v += least)
        words_side(tile, bits, count, v, least);
}

static INLINE void words_sums(const struct tile *tile, int bits, int count)
{
    if (count == AT_ONCE)
        words_tile(tile, bits, AT_ONCE);
    else
        words_tile(tile, bits, 1);
}

static ALONE void sums_of_32(const struct tile *tile, int count) { words_sums(tile, 32, count); }
#if COUNTS
static ALONE void sums_of_16(const struct tile *tile, int count) { words_sums(tile, 16, count); }
static ALONE void sums_of_8(const struct tile *tile, int count) { words_sums(tile, 8, count); }
#endif

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

static INLINE void finished_side(const struct tile *tile, int bits, int count, int start, int vecs, finish_some *finish,
                                 int adds)
{
    const struct binary *layer = tile->layer;
    const int channels = layer->outputs, others = layer->others, first = tile->filter + start * SIDE;
    const float *k = layer->constants + first, *other = tile->other;
    float *y = tile->y + first;
    int c = adds ? first % others : 0;
    /* Counts begin at the bits of 2^24: as a float, the last place of these bits is 2. */
    const floats most = (floats){0} + (0x1p24f + (float)tile->most[0]);
    vec sum[VECS][AT_ONCE], found[VECS][AT_ONCE];
    count_words(tile, bits, count, start, vecs, 0x4b800000, sum, found);
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

static INLINE void finished_tile(const struct tile *tile, int bits, int count, finish_some *finish, int adds)
{
    const int least = bits < 32 ? 2 : 1;
    int v = 0;
    for (; v + VECS <= tile->blocks; v += VECS)
        finished_side(tile, bits, count, v, VECS, finish, adds);
    for (; v < tile->blocks; v += least)
        finished_side(tile, bits, count, v, least, finish, adds);
}

static INLINE void finished(const struct tile *tile, int bits, int count, finish_some *finish, int adds)
{
    if (count == AT_ONCE)
        finished_tile(tile, bits, AT_ONCE, finish, adds);
    else
        finished_tile(tile, bits, 1, finish, adds);
}
#endif

/* The sums of `pixels` neighbouring pixels whose windows have the same taps; or, where the layer finishes its words, its
   result, to y. */
static void words_of_pixels(const struct binary *layer, struct window window, struct taps *taps, int pixels, int16_t *sums,
                            const stored *other, stored *y)
{
    const int bits = layer->bits, words = words_of(layer->members), row = layer->lanes * 32;
    const int groups = bits < 32 ? 1 : layer->groups, per_group = ((bits < 32 ? layer->outputs : layer->filters) + 15) / 16;
    const ptrdiff_t block = (ptrdiff_t)window.size * window.size * words * bits / 2;
    finish_words *sum = layer->words ? layer->words : sums_of_32;
#if COUNTS
    if (!layer->words && bits < 32)
        sum = bits == 16 ? sums_of_16 : sums_of_8;
#endif
    struct tile tile = {taps, layer->pixel * window.stride, 0, block, words, 0, row, !layer->positive,
                        NULL, NULL, layer, 0, NULL, NULL};
    int16_t all[16 * BLOCKS];
    for (int f = 0; f < 16 * BLOCKS; f++)
        all[f] = (int16_t)(taps->count * taps->members);
    for (int done = 0; done < groups * per_group; done += tile.blocks, sums += 16 * tile.blocks) {
        tile.blocks = smaller(BLOCKS, per_group - done % per_group);
        tile.most = layer->positive ? layer->positive + 16 * done : all;
        for (int p = 0, some; p < pixels; p += some) {
            some = p + AT_ONCE <= pixels ? AT_ONCE : 1;
            tile.first = p * tile.step + (bits < 32 ? done / 2 : done / per_group * words);
            tile.sums = sums + (ptrdiff_t)p * row;
            tile.filter = 16 * done;
            tile.other = other + (ptrdiff_t)p * layer->others;
            tile.y = y + (ptrdiff_t)p * layer->outputs;
            sum(&tile, some);
        }
        for (int t = 0; t < taps->count; t++)
            taps->negative[t] += tile.blocks * tile.block;
    }
}
