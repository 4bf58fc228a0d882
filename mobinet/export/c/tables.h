/* Sums of words by AVX2, which has no instruction that counts bits: a shuffle looks them up. Four activations of a pixel
   and four of its neighbour choose a row of a table, the four weights of each of 32 filters a place in it. */

/* What is there: how many inputs of the pixel have the sign -1, and 16 times those of its neighbour. */
#define ONES(v) (((v) & 1) + ((v) >> 1 & 1) + ((v) >> 2 & 1) + ((v) >> 3 & 1))
#define OF1(a, w) ONES((a) ^ (w)) + 16 * ONES((a) >> 4 ^ (w))
#define OF4(a, w) OF1(a, w), OF1(a, w + 1), OF1(a, w + 2), OF1(a, w + 3)
#define ROW(a) {OF4(a, 0), OF4(a, 4), OF4(a, 8), OF4(a, 12)}
#define ROWS4(a) ROW(a), ROW(a + 1), ROW(a + 2), ROW(a + 3)
#define ROWS16(a) ROWS4(a), ROWS4(a + 4), ROWS4(a + 8), ROWS4(a + 12)
#define ROWS64(a) ROWS16(a), ROWS16(a + 16), ROWS16(a + 32), ROWS16(a + 48)
static const uint8_t ALIGNED table[256][16] = {ROWS64(0), ROWS64(64), ROWS64(128), ROWS64(192)};

enum {
    SOME = 7,   /* words: a sum of bytes holds 255, 32 are added for each */
    STRIP = 16, /* pixels */
    PAIRS = 4   /* of pixels, whose sums are kept in registers together */
};

/* `some` words of the inputs of `pixels` pixels, and of blocks of 16 filters, `block` words apart. */
struct tile {
    const uint32_t *weights[SOME];
    uint16_t rows[STRIP / 2][SOME][8]; /* where they begin in the table, for each four inputs */
    int some, pixels, row, twice;
    ptrdiff_t block;
};

/* For each four of 32 activations. */
static void choose_rows(uint16_t *to, uint32_t activations, uint32_t neighbours)
{
    const __m128i a = _mm_cvtsi32_si128((int)activations), b = _mm_cvtsi32_si128((int)neighbours), low = _mm_set1_epi8(15);
    const __m128i even = _mm_or_si128(_mm_and_si128(a, low), _mm_slli_epi16(_mm_and_si128(b, low), 4));
    const __m128i odd = _mm_or_si128(_mm_and_si128(_mm_srli_epi16(a, 4), low), _mm_andnot_si128(low, b));
    const __m128i rows = _mm_slli_epi16(_mm_cvtepu8_epi16(_mm_unpacklo_epi8(even, odd)), 4); /* of 16 bytes */
    _mm_storeu_si128((__m128i *)to, rows);
}

/* Adds what is found for the inputs from 4 * `from` on; four bits hold 15, these are no more than 12. */
static INLINE void look_up(const uint32_t *weights, ptrdiff_t second, const uint16_t *rows, int from, int until, int pairs,
                           __m256i *pixel, __m256i *neighbour)
{
    const __m256i low = _mm256_set1_epi8(15);
    __m256i sum[PAIRS];
    for (int n = from; n < until; n++) {
        const uint32_t *first = weights + n / 2 * 4;
        const __m256i bytes = _mm256_loadu2_m128i((const __m128i *)(first + second), (const __m128i *)first);
        const __m256i places = _mm256_and_si256(n % 2 ? _mm256_srli_epi16(bytes, 4) : bytes, low);
        for (int p = 0; p < pairs; p++) {
            const void *row = (const char *)table + rows[p * SOME * 8 + n];
            const __m256i found = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_load_si128(row)), places);
            sum[p] = n > from ? _mm256_add_epi8(sum[p], found) : found;
        }
    }
    for (int p = 0; p < pairs; p++) {
        pixel[p] = _mm256_add_epi8(pixel[p], _mm256_and_si256(sum[p], low));
        neighbour[p] = _mm256_add_epi8(neighbour[p], _mm256_srli_epi16(sum[p], 4)); /* too much, see `tile_of` */
    }
}

static INLINE void subtract(__m256i bytes, int blocks, int twice, int16_t *sums)
{
    const __m256i first = _mm256_slli_epi16(_mm256_cvtepu8_epi16(_mm256_castsi256_si128(bytes)), twice);
    const __m256i second = _mm256_slli_epi16(_mm256_cvtepu8_epi16(_mm256_extracti128_si256(bytes, 1)), twice);
    __m256i *to = (__m256i *)sums;
    _mm256_storeu_si256(to, _mm256_sub_epi16(_mm256_loadu_si256(to), first));
    if (blocks > 1)
        _mm256_storeu_si256(to + 1, _mm256_sub_epi16(_mm256_loadu_si256(to + 1), second));
}

/* For `blocks` blocks, one or two, from the word `filter` on, and pixels from 2 * `pair` on. */
static INLINE void tile_of(const struct tile *tile, ptrdiff_t filter, int blocks, int pair, int pairs, int16_t *sums)
{
    const ptrdiff_t second = blocks > 1 ? tile->block : 0;
    __m256i pixel[PAIRS], neighbour[PAIRS];
    for (int p = 0; p < pairs; p++)
        pixel[p] = neighbour[p] = _mm256_setzero_si256();
    for (int i = 0; i < tile->some; i++) {
        const uint32_t *weights = tile->weights[i] + filter;
        const uint16_t *rows = tile->rows[pair][i];
        look_up(weights, second, rows, 0, 3, pairs, pixel, neighbour);
        look_up(weights, second, rows, 3, 6, pairs, pixel, neighbour);
        look_up(weights, second, rows, 6, 8, pairs, pixel, neighbour);
    }
    sums += (ptrdiff_t)2 * pair * tile->row;
    for (int p = 0; p < pairs; p++, sums += 2 * tile->row) {
        /* To each even byte four bits of the pixel in the odd one were added, 16 times. */
        const __m256i added = _mm256_and_si256(_mm256_srli_epi16(pixel[p], 4), _mm256_set1_epi16(0xf0));
        if (2 * (pair + p) < tile->pixels)
            subtract(pixel[p], blocks, tile->twice, sums);
        if (2 * (pair + p) + 1 < tile->pixels)
            subtract(_mm256_sub_epi8(neighbour[p], added), blocks, tile->twice, sums + tile->row);
    }
}

static ALONE void tile_of_some(const struct tile *tile, ptrdiff_t filter, int blocks, int pair, int16_t *sums)
{
    tile_of(tile, filter, blocks, pair, PAIRS, sums);
}

static ALONE void tile_of_one(const struct tile *tile, ptrdiff_t filter, int blocks, int pair, int16_t *sums)
{
    tile_of(tile, filter, blocks, pair, 1, sums);
}

/* The words from `done` on, for the filters of group `g`. */
static void words_of_strip(const struct binary *layer, struct window window, const struct taps *taps, int g, int first,
                           int pixels, int done, int some, int16_t *sums)
{
    const int words = words_of(layer->members), blocks = (layer->filters + 15) / 16;
    const ptrdiff_t step = layer->pixel * window.stride;
    struct tile tile;
    tile.some = some;
    tile.pixels = pixels;
    tile.row = layer->lanes * 32;
    tile.twice = !layer->positive;
    tile.block = (ptrdiff_t)window.size * window.size * words * 16;
    const int last = pixels - 1, until = smaller(STRIP, last > 1 ? last + 2 * PAIRS : 2); /* pairs beyond repeat the last */
    for (int i = 0; i < some; i++) {
        const int t = (done + i) / words, w = (done + i) % words;
        const uint32_t *activations = taps->activations[t] + first * step + g * words + w;
        tile.weights[i] = taps->negative[t] + g * blocks * tile.block + 16 * w;
        for (int p = 0; p < until; p += 2)
            choose_rows(tile.rows[p / 2][i], activations[smaller(p, last) * step], activations[smaller(p + 1, last) * step]);
    }
    for (int b = 0; b < blocks; b += 2)
        for (int p = 0; 2 * p < pixels; p += PAIRS)
            (2 * p + 2 < pixels ? tile_of_some : tile_of_one)(&tile, b * tile.block, smaller(2, blocks - b), p,
                                                               sums + 16 * b);
}

/* The sums of `pixels` neighbouring pixels whose windows have the same taps. */
static void words_of_pixels(const struct binary *layer, struct window window, struct taps *taps, int pixels, int16_t *sums,
                            const stored *other, stored *y)
{
    (void)other, (void)y;
    const int row = layer->lanes * 32, words = taps->count * words_of(layer->members), parts = (words + SOME - 1) / SOME;
    const int16_t all = (int16_t)(taps->count * taps->members);
    if (layer->positive)
        for (int p = 0; p < pixels; p++)
            memcpy(sums + (ptrdiff_t)p * row, layer->positive, (size_t)row * sizeof *sums);
    else
        for (ptrdiff_t i = 0; i < (ptrdiff_t)pixels * row; i++)
            sums[i] = all;
    for (int p = 0; p < pixels; p += STRIP, sums += STRIP * row)
        for (int g = 0; g < layer->groups; g++)
            for (int done = 0, some; done < words; done += some) {
                some = smaller((words + parts - 1) / parts, words - done);
                words_of_strip(layer, window, taps, g, p, smaller(STRIP, pixels - p), done, some,
                               sums + g * layer->filters);
            }
}
