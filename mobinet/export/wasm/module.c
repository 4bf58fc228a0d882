/* What JavaScript calls: fill the image, run, read the scores. */

#include "network.h"

static uint8_t image[NETWORK_HEIGHT * NETWORK_WIDTH * NETWORK_CHANNELS];
static float scores[NETWORK_CLASSES], arena[NETWORK_ARENA];

uint8_t *network_image(void) { return image; }

float *network_run(void)
{
    network_bytes(image, scores, arena);
    return scores;
}
