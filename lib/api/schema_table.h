#pragma once
/* The form of the table that tools/gen_schema.py makes: indexes instead of pointers, so that it
 * needs no relocation. Only schema.c reads it. */
#include <stdint.h>

enum schema_type {
    SCHEMA_ANY,
    SCHEMA_OBJECT,
    SCHEMA_MAP,
    SCHEMA_ARRAY,
    SCHEMA_STRING,
    SCHEMA_INTEGER,
    SCHEMA_BOOLEAN,
    SCHEMA_INT_OR_STRING,
};
enum schema_format { FORMAT_NONE, FORMAT_INT32, FORMAT_INT64, FORMAT_DATE_TIME };
enum schema_pattern { PATTERN_NONE, PATTERN_REASON, PATTERN_QUALIFIED_NAME, PATTERN_QUANTITY };
enum { SCHEMA_HAS_MINIMUM = 1, SCHEMA_HAS_MAXIMUM = 2 };

struct schema_node {
    uint8_t type;
    uint8_t rule;
    uint16_t item;      /* ARRAY, MAP: the node of its values                                 */
    uint16_t list_keys; /* ARRAY: texts ended by an empty one, together unique; 0: none       */
    uint16_t first_field, n_fields; /* OBJECT: sorted by name                                 */
};
struct schema_field {
    uint16_t name;
    uint8_t is_required;
    uint16_t node;
};
struct schema_rule {
    uint8_t has;
    uint8_t format, pattern;
    uint16_t min_length, max_length; /* max_length 0: none */
    uint16_t enums;                  /* texts ended by an empty one; 0: none */
    uint16_t default_json;           /* "": none */
    int64_t minimum, maximum;
};

extern const struct schema_node schema_nodes[];
extern const struct schema_field schema_fields[];
extern const struct schema_rule schema_rules[];
extern const uint16_t schema_roots[][2]; /* by enum api_kind_id, then v1beta1, v1alpha1 */
extern const char schema_strings[];
