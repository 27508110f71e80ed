/* What is valid has a value or is out of range; finer scales never give less. */
#include <stdlib.h>
#include <string.h>

#include "lib/api/quantity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[256];
    int64_t units, milli;

    if (size >= sizeof(text))
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (quantity_parse(text, 0, &units, NULL) < 0 || quantity_parse(text, 3, &milli, NULL) < 0)
        return 0;
    if (!quantity_is_valid(text) || milli / 1000 > units || (units > 0 && milli == 0))
        abort();
    return 0;
}
