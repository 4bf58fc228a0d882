/* The class of a picture: ./network picture.ppm, or .pgm where it is grey */

#include <stdio.h>

#include "network.h"

#define COLOUR (NETWORK_CHANNELS == 3)

/* The end of a refusal: what a picture has to be, and what makes one, as in the training. */
static int wanted(void)
{
    int side = NETWORK_SHORT_SIDE, left = (side - NETWORK_WIDTH) / 2, top = (side - NETWORK_HEIGHT) / 2;
    fprintf(stderr,
            "a binary %s of %d x %d pixels without comments; with Pillow, this makes one of picture.jpg: "
            "python3 -c \"from PIL import Image, ImageOps; "
            "ImageOps.fit(ImageOps.exif_transpose(Image.open('picture.jpg')).convert('%s'), (%d, %d), Image.BILINEAR)"
            ".crop((%d, %d, %d, %d)).save('picture.%s')\"\n",
            COLOUR ? "PPM" : "PGM", NETWORK_WIDTH, NETWORK_HEIGHT, COLOUR ? "RGB" : "L", side, side, left, top,
            left + NETWORK_WIDTH, top + NETWORK_HEIGHT, COLOUR ? "ppm" : "pgm");
    return 2;
}

int main(int count, char **arguments)
{
    static uint8_t image[NETWORK_HEIGHT * NETWORK_WIDTH * NETWORK_CHANNELS];
    static float scores[NETWORK_CLASSES], arena[NETWORK_ARENA];
    char magic[3] = "";
    int width = 0, height = 0, largest = 0;

    if (count != 2) {
        fprintf(stderr, "give one picture: ");
        return wanted();
    }
    FILE *file = fopen(arguments[1], "rb");
    if (!file) {
        fprintf(stderr, "%s cannot be opened\n", arguments[1]);
        return 2;
    }
    int fields = fscanf(file, "%2s %d %d %d", magic, &width, &height, &largest);
    if (fields != 4 || magic[0] != 'P' || magic[1] != (COLOUR ? '6' : '5') || width != NETWORK_WIDTH ||
        height != NETWORK_HEIGHT || largest != 255 || fgetc(file) == EOF ||
        fread(image, 1, sizeof image, file) != sizeof image) {
        fprintf(stderr, "%s is not ", arguments[1]);
        return wanted();
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
