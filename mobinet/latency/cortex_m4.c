/* Starts a program on an emulated Cortex-M4. */

#include <stdint.h>

extern uint32_t top_of_stack[];
void _start(void);
void reset(void);

void reset(void)
{
    *(volatile uint32_t *)0xe000ed88 |= 0xf << 20; /* switches the float unit on */
    _start();
}

__attribute__((section(".vectors"), used)) void *const vectors[2] = {top_of_stack, (void *)reset};
