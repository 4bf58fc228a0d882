/* The class of a picture: ./network picture.ppm, or .pgm where it is grey */

#include <stdio.h>

#include "network.h"

int main(int count, char **arguments)
{
    static uint8_t image[NETWORK_HEIGHT * NETWORK_WIDTH * NETWORK_CHANNELS];
    static float scores[NETWORK_CLASSES], arena[NETWORK_ARENA];
    const char *wanted = NETWORK_CHANNELS == 3 ? "P6" : "P5", *kind = NETWORK_CHANNELS == 3 ? "PPM" : "PGM";
    char magic[3] = "";
    int width = 0, height = 0, largest = 0;

    if (count != 2) {
        fprintf(stderr, "give one picture: a binary %s of %d x %d pixels\n", kind, NETWORK_WIDTH, NETWORK_HEIGHT);
        return 2;
    }
    FILE *file = fopen(arguments[1], "rb");
    if (!file) {
        fprintf(stderr, "%s cannot be opened\n", arguments[1]);
        return 2;
    }
    int fields = fscanf(file, "%2s %d %d %d", magic, &width, &height, &largest);
    if (fields != 4 || magic[0] != wanted[0] || magic[1] != wanted[1] || width != NETWORK_WIDTH ||
        height != NETWORK_HEIGHT || largest != 255 || fgetc(file) == EOF ||
        fread(image, 1, sizeof image, file) != sizeof image) {
        fprintf(stderr, "%s is no binary %s of %d x %d pixels without comments\n", arguments[1], kind, NETWORK_WIDTH,
                NETWORK_HEIGHT);
        return 2;
    }
    fclose(file);

    network_bytes(image, scores, arena);
    int best = 0;
    for (int c = 1; c < NETWORK_CLASSES; c++)
        if (scores[c] > scores[best])
            best = c;
    for (int c = 0; c < NETWORK_CLASSES; c++)
        printf("%c %10.4f  %s\n", c == best ? '*' : ' ', scores[c], network_classes[c]);
    return 0;
}
