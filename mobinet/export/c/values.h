/* How values are stored between layers: as float or, where HALF is 1, rounded to half precision. */

#if HALF
typedef uint16_t stored;
typedef int16_t bound;

static INLINE float widened(stored half)
{
    float value;
#if defined(__ARM_FP16_FORMAT_IEEE)
    __fp16 found;
    memcpy(&found, &half, sizeof found);
    value = found;
#else
    const uint32_t bits = (uint32_t)(int16_t)half << 13 & 0x8fffffff;
    memcpy(&value, &bits, sizeof value);
    value *= 0x1p112f; /* exact: the exponents of floats begin elsewhere */
#endif
    return value;
}

/* To the nearest, of two the even one; beyond the largest, 65504, to that. */
static INLINE stored narrowed(float value)
{
#if defined(__ARM_FP16_FORMAT_IEEE)
    const __fp16 found = value > 65504.0f ? 65504.0f : value < -65504.0f ? -65504.0f : value;
    stored half;
    memcpy(&half, &found, sizeof half);
    return half;
#else
    int32_t bits, near_zero;
    memcpy(&bits, &value, sizeof bits);
    const int32_t sign = bits >> 16 & 0x8000;
    bits &= 0x7fffffff;
    bits = bits < 0x477fe000 ? bits : 0x477fe000;
    memcpy(&value, &bits, sizeof value);
    value += 0.5f; /* whose last place is that of halves below 2^-14 */
    memcpy(&near_zero, &value, sizeof near_zero);
    const int32_t elsewhere = (bits - 0x38000000 + 0xfff + (bits >> 13 & 1)) >> 13;
    return (stored)((bits < 0x38800000 ? near_zero - 0x3f000000 : elsewhere) | sign);
#endif
}

/* A whole number that is larger where a half is. */
static INLINE bound rank_of(stored half)
{
    const int16_t bits = (int16_t)half;
    return (int16_t)(bits ^ (bits >> 15 & 0x7fff));
}

static INLINE int is_low(stored half, bound threshold) { return rank_of(half) < threshold; }

/* Sums before they are stored: as floats elsewhere. */
#define SUMS(y) ((void)(y), arena + SCRATCH)
static void store(const float *sums, int count, stored *y)
{
    INDEPENDENT
    for (int i = 0; i < count; i++)
        y[i] = narrowed(sums[i]);
}
#else
typedef float stored, bound;

static INLINE float widened(stored value) { return value; }
static INLINE stored narrowed(float value) { return value; }
static INLINE int is_low(stored value, bound threshold) { return !(value >= threshold); }

/* Sums before they are stored: in place. */
#define SUMS(y) (y)
static void store(const float *sums, int count, stored *y) { (void)sums, (void)count, (void)y; }
#endif
