/* Any bytes: an answer that is a ConversionReview, or a sentence. */
#include <string.h>

#include "lib/api/meta.h"
#include "services/controller/convert_review.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_json_ json_t *answer = NULL;
    struct err err = {0};
    struct buf out;

    buf_init(&out, LIMIT_REVIEW_ANSWER);
    if (convert_review(data, size, &out, NULL, &err) < 0) {
        if (err.reason[0] == '\0' || err.msg[0] == '\0' || buf_len(&out) > 0)
            abort();
    } else {
        answer = meta_parse((const char *)buf_data(&out), buf_len(&out), LIMIT_REVIEW_ANSWER, NULL);
        if (!answer || strcmp(meta_str(answer, "kind", ""), "ConversionReview") != 0)
            abort();
    }
    buf_done(&out);
    return 0;
}
