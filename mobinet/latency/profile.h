/* Times pieces of a network: its network.c calls begin() before each and end() after it. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(INSTRUCTIONS)
/* The system timer of a Cortex-M: it counts down, once in so many instructions of the emulator, and begins again after
   ROUND ticks, a power of two. */
#ifndef ROUND
#define ROUND 0x1000000
#endif
static volatile uint32_t rounds;
void round_ended(void); /* called at each 0, see cortex_m4.c */
void round_ended(void) { rounds++; }

static void start_clock(void)
{
    *(volatile uint32_t *)0xe000e014 = ROUND - 1;
    *(volatile uint32_t *)0xe000e018 = 0;
    *(volatile uint32_t *)0xe000e010 = 7;
}
static uint64_t now(void)
{
    uint32_t before, left;
    do {
        before = rounds;
        left = *(volatile uint32_t *)0xe000e018;
    } while (before != rounds);
    return (uint64_t)before * ROUND + (ROUND - left) % ROUND;
}
static uint64_t between(uint64_t before, uint64_t after) { return (after - before) * INSTRUCTIONS; }
#else
#include <time.h>
static void start_clock(void) {}
static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
static uint64_t between(uint64_t before, uint64_t after) { return after - before; } /* nanoseconds */
#endif

static uint64_t times[PIECES][REPEATS], began;
static int repeat;

static void begin(void) { began = now(); }
static void end(int piece) { times[piece][repeat] = between(began, now()); }

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    static uint8_t image[NETWORK_HEIGHT * NETWORK_WIDTH * NETWORK_CHANNELS];
    static float arena[NETWORK_ARENA], scores[NETWORK_CLASSES];
    for (unsigned i = 0; i < sizeof image; i++)
        image[i] = (uint8_t)(i * 37);
    start_clock();
    for (int warm_up = 0; warm_up < 2; warm_up++)
        for (repeat = 0; repeat < REPEATS; repeat++)
            network_bytes(image, scores, arena);
    for (int piece = 0; piece < PIECES; piece++) {
        qsort(times[piece], REPEATS, sizeof **times, compare);
        printf("%llu\n", (unsigned long long)times[piece][REPEATS / 2]);
    }
    return 0;
}
