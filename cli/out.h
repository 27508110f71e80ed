#pragma once
/* What commands print on standard output: columns, JSON, YAML. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum { OUT_COLUMNS_MAX = 8 };

/* Rows of text whose columns are as wide as their widest cell. */
struct out_table {
    struct buf text; /* cells, each ended by a NUL, row after row */
    int n_columns;
    int width[OUT_COLUMNS_MAX];
    int at; /* column of the next cell */
};

void out_table_init(struct out_table *t, int n_columns);
void out_table_done(struct out_table *t);
/* Takes cells from left to right; NULL and "" print as "-". */
int out_cell(struct out_table *t, const char *text, struct err *err);
int out_cellf(struct out_table *t, struct err *err, const char *fmt, ...) _printf_(3, 4);
void out_table_print(const struct out_table *t, FILE *to);

/* Indented, keys in the order they have, one newline at the end. */
int out_json(const json_t *value, FILE *to, struct err *err);
/* One document, with "---" before it when `separate`. */
int out_yaml(const json_t *value, bool separate, FILE *to, struct err *err);

/* "5s", "3m", "2h", "4d": the age of something that began at an RFC 3339 time; "" when it is
 * unknown. */
const char *out_age(int64_t since_unix_s, char ret[16]);
/* "1.2 GiB" */
const char *out_bytes(uint64_t n, char ret[16]);
