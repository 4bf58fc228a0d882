/* Starts a program on an emulated Cortex-M4. */

#include <stdint.h>

extern uint32_t top_of_stack[];
void _start(void);
void reset(void);
void round_ended(void) __attribute__((weak)); /* of the system timer, where it is used */

void reset(void)
{
    *(volatile uint32_t *)0xe000ed88 |= 0xf << 20; /* switches the float unit on */
    _start();
}

__attribute__((section(".vectors"), used)) void *const vectors[16] = {
    [0] = top_of_stack, [1] = (void *)reset, [15] = (void *)round_ended};
