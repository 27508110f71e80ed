/*
 * The value is mantissa × 10^exponent × 2^(10 × binary): exact in 128 bits for every number that
 * fits the result, so nothing is rounded but the last digit, upwards, as Kubernetes does.
 */
#include "lib/api/quantity.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"

struct parts {
    bool is_negative;
    unsigned __int128 mantissa;
    bool has_overflowed; /* the mantissa: digits beyond what is kept */
    int64_t exponent;    /* of 10 */
    unsigned binary;     /* of 1024 */
};

#define MANTISSA_MAX (((unsigned __int128)1 << 120) / 10)
#define MAX_LENGTH   128

/* Returns how many digits were there. Trailing digits that no result could hold only raise the
 * exponent. */
static size_t take_digits(const char **s, struct parts *p, bool is_fraction)
{
    size_t n = 0;

    for (; **s >= '0' && **s <= '9'; (*s)++, n++) {
        if (p->mantissa > MANTISSA_MAX) {
            p->has_overflowed |= **s != '0';
            p->exponent += !is_fraction;
            continue;
        }
        p->mantissa = p->mantissa * 10 + (unsigned)(**s - '0');
        p->exponent -= is_fraction;
    }
    return n;
}

static bool take_exponent(const char *s, struct parts *p)
{
    int64_t e;

    if (*s == '+' && s[1] != '-' && s[1] != '+')
        s++;
    if (strlen(s) > 8 || bytes_parse_i64(s, -1000000, 1000000, &e) < 0)
        return false;
    p->exponent += e;
    return true;
}

static bool take_suffix(const char *s, struct parts *p)
{
    static const char decimal[] = "num kMGTPE"; /* 10^-9, -6, -3, 0, 3, … */
    static const char binary[] = "KMGTPE";
    const char *at;

    if (*s == '\0')
        return true;
    if (s[1] == 'i' && s[2] == '\0' && (at = strchr(binary, s[0]))) {
        p->binary = (unsigned)(at - binary) + 1;
        return true;
    }
    if (s[1] == '\0' && s[0] != ' ' && (at = strchr(decimal, s[0]))) {
        p->exponent += 3 * (at - decimal) - 9;
        return true;
    }
    return (*s == 'e' || *s == 'E') && take_exponent(s + 1, p);
}

static bool parse(const char *s, struct parts *ret)
{
    struct parts p = {0};
    size_t n;

    if (strlen(s) > MAX_LENGTH)
        return false;
    p.is_negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    n = take_digits(&s, &p, false);
    if (*s == '.') {
        s++;
        n += take_digits(&s, &p, true);
    }
    if (n == 0 || !take_suffix(s, &p))
        return false;
    *ret = p;
    return true;
}

bool quantity_is_valid(const char *s)
{
    struct parts p;

    return parse(s, &p);
}

#define TOO_LARGE ((unsigned __int128)1 << 126)

/* v × 10^exponent, rounded up; TOO_LARGE when it is. */
static unsigned __int128 scale(unsigned __int128 v, int64_t exponent, bool rounds_up)
{
    for (; exponent > 0 && v > 0; exponent--) {
        if (v > TOO_LARGE / 10)
            return TOO_LARGE;
        v *= 10;
    }
    for (; exponent < 0 && v > 0; exponent++) {
        rounds_up |= v % 10 != 0;
        v /= 10;
    }
    return v + (rounds_up ? 1 : 0);
}

static int bad(const char *s, const char *why, struct err *err)
{
    char text[64];

    return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "%s, got \"%s\"", why,
                   bytes_escape(s, strlen(s), text, sizeof(text)));
}

int quantity_parse(const char *s, unsigned scale_digits, int64_t *ret, struct err *err)
{
    struct parts p;
    unsigned __int128 v;

    if (!parse(s, &p))
        return bad(s, "want a quantity such as 250m, 2 or 512Mi", err);
    if (p.is_negative && p.mantissa > 0)
        return bad(s, "want a quantity that is not negative", err);
    if (p.binary && p.mantissa > TOO_LARGE >> (10 * p.binary))
        return bad(s, "want a smaller quantity", err);
    v = scale(p.mantissa << (10 * p.binary), p.exponent + scale_digits, p.has_overflowed);
    if (v > INT64_MAX)
        return bad(s, "want a smaller quantity", err);
    *ret = (int64_t)v;
    return 0;
}

int quantity_from_json(const json_t *v, unsigned scale_digits, int64_t *ret, struct err *err)
{
    char text[24];

    if (json_is_string(v))
        return quantity_parse(json_string_value(v), scale_digits, ret, err);
    if (!json_is_integer(v))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "want a quantity such as 250m or 512Mi");
    (void)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(v));
    return quantity_parse(text, scale_digits, ret, err);
}
