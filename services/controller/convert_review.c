#include "services/controller/convert_review.h"

#include <string.h>

#include "lib/api/convert.h"
#include "lib/api/meta.h"

static int no_review(struct err *err, const char *why)
{
    return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                   "this is no ConversionReview of apiextensions.k8s.io: %s", why);
}

static int version_of(const char *api_version, enum api_version *ret, struct err *err)
{
    const char *slash = strchr(api_version, '/');

    if (slash && strcmp(slash, "/v1beta1") == 0)
        *ret = API_V1BETA1;
    else if (slash && strcmp(slash, "/v1alpha1") == 0)
        *ret = API_V1ALPHA1;
    else
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "desired version \"%.80s\": there are v1beta1 and v1alpha1", api_version);
    return 0;
}

/* Converts one object; its group is that of the desired version. */
static json_t *convert_one(const json_t *object, const char *desired, struct err *err)
{
    const struct api_kind *kind;
    enum api_version want = API_V1BETA1, is;
    const char *known;

    if (version_of(desired, &want, err) < 0)
        return NULL;
    kind = api_kind_of_object(object, &is, err);
    if (!kind)
        return NULL;
    known = want == API_V1BETA1 ? kind->hub : kind->old;
    if (strcmp(known, desired) != 0) {
        err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "%s \"%s\" cannot become %.80s",
                kind->kind, meta_name(object), desired);
        return NULL;
    }
    return convert_object(object, want, err);
}

static json_t *convert_all(const json_t *objects, const char *desired, struct err *err)
{
    _cleanup_json_ json_t *out = json_array();
    const json_t *object;
    size_t i;

    if (!out) {
        (void)err_oom(err);
        return NULL;
    }
    json_array_foreach((json_t *)objects, i, object)
    {
        json_t *converted = convert_one(object, desired, err);

        if (!converted)
            return NULL;
        if (json_array_append_new(out, converted) < 0) {
            (void)err_oom(err);
            return NULL;
        }
    }
    return TAKE_PTR(out);
}

/* An object that makes no sense is an answer; too little memory is none. */
static json_t *make_response(const char *uid, const json_t *objects, const char *desired,
                             struct err *err)
{
    struct err why;
    json_t *converted = convert_all(objects, desired, &why), *response;

    if (!converted && why.code == RPC_RESOURCE_EXHAUSTED) {
        (void)err_oom(err);
        return NULL;
    }
    if (converted)
        response = json_pack("{s:s, s:o, s:{s:s}}", "uid", uid, "convertedObjects", converted,
                             "result", "status", "Success");
    else
        response = json_pack("{s:s, s:{s:s, s:s}}", "uid", uid, "result", "status", "Failure",
                             "message", why.msg);
    if (!response)
        (void)err_oom(err);
    return response;
}

static json_t *answer_review(const json_t *review, size_t *ret_n, struct err *err)
{
    const char *api_version = meta_str(review, "apiVersion", "");
    const json_t *objects = meta_get(review, "request.objects");
    const char *uid = meta_str(review, "request.uid", NULL);
    const char *desired = meta_str(review, "request.desiredAPIVersion", NULL);
    json_t *response, *answer;

    if (strcmp(meta_str(review, "kind", ""), "ConversionReview") != 0 ||
        (strcmp(api_version, "apiextensions.k8s.io/v1") != 0 &&
         strcmp(api_version, "apiextensions.k8s.io/v1beta1") != 0))
        (void)no_review(err, "its apiVersion or kind is another");
    else if (!uid || !desired || (objects && !json_is_array(objects)))
        (void)no_review(err, "request.uid, desiredAPIVersion or objects is missing");
    else {
        *ret_n = json_array_size(objects);
        response = make_response(uid, objects, desired, err);
        if (!response)
            return NULL;
        answer = json_pack("{s:s, s:s, s:o}", "apiVersion", api_version, "kind", "ConversionReview",
                           "response", response);
        if (!answer)
            (void)err_oom(err);
        return answer;
    }
    return NULL;
}

int convert_review(const void *body, size_t n, struct buf *ret, size_t *ret_n, struct err *err)
{
    _cleanup_json_ json_t *review = NULL, *answer = NULL;
    _cleanup_(freep) char *text = NULL;
    size_t n_objects = 0;

    review = meta_parse(body ?: "", n, LIMIT_REVIEW, err);
    if (!review)
        return -1;
    answer = answer_review(review, ret_n ?: &n_objects, err);
    if (!answer)
        return -1;
    text = meta_text(answer, err);
    return text ? buf_append_str(ret, text, err) : -1;
}
