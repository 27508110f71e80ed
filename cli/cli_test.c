/* Options, columns, YAML, and our descriptors on the loop. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/opts.h"
#include "cli/out.h"
#include "cli/pump.h"
#include "lib/base/fd.h"

/* ---- options ---- */

static void test_durations(void **state _unused_)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"0", 0},           {"90", 90000},
        {"90s", 90000},     {"1m30s", 90000},
        {"500ms", 500},     {"2h", 7200000},
        {"1h1ms", 3600001}, {"", -1},
        {"s", -1},          {"5x", -1},
        {"-1s", -1},        {"1.5s", -1},
        {"5 s", -1},        {"99999999999999s", -1},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t ms = 0;
        int r = opts_parse_duration(cases[i].text, &ms);

        assert_int_equal(r, cases[i].ms < 0 ? -1 : 0);
        if (r == 0)
            assert_int_equal(ms, cases[i].ms);
    }
}

static int parse(bool stops_early, int argc, char **argv, bool *flag, const char **text,
                 struct opt_list *list, int *first, struct err *err)
{
    const struct opt own[] = {{"flag", 'f', OPT_FLAG, flag, NULL, "x"},
                              {"text", 't', OPT_TEXT, text, "T", "x"},
                              {"list", 'l', OPT_LIST, list, "L", "x"},
                              {0}};
    const struct opt common[] = {{0}};

    return opts_parse(own, common, stops_early, argc, argv, first, err);
}

static void test_a_foreign_command_keeps_its_options(void **state _unused_)
{
    char *argv[] = {(char *)"run",        (char *)"-f",  (char *)"--text=a", (char *)"-l",
                    (char *)"1",          (char *)"-l2", (char *)"ls",       (char *)"-f",
                    (char *)"--nonsense", NULL};
    bool flag = false;
    const char *text = NULL;
    struct opt_list list = {0};
    struct err err = {0};
    int first = 0;

    assert_int_equal(parse(true, 9, argv, &flag, &text, &list, &first, &err), 0);
    assert_true(flag);
    assert_string_equal(text, "a");
    assert_int_equal(list.n, 2);
    assert_string_equal(list.items[1], "2");
    assert_int_equal(first, 6);
}

static void test_options_may_stand_anywhere(void **state _unused_)
{
    char *argv[] = {(char *)"get", (char *)"pools", (char *)"-f", (char *)"x", NULL};
    bool flag = false;
    const char *text = NULL;
    struct opt_list list = {0};
    struct err err = {0};
    int first = 0;

    assert_int_equal(parse(false, 4, argv, &flag, &text, &list, &first, &err), 0);
    assert_true(flag);
    assert_int_equal(first, 2);
    assert_string_equal(argv[2], "pools");
}

static void test_wrong_options_are_named(void **state _unused_)
{
    static const struct {
        const char *word, *says;
    } cases[] = {{"--nope", "--nope"}, {"--text", "needs a value"}, {"-x", "-x"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *argv[] = {(char *)"get", (char *)cases[i].word, NULL};
        bool flag = false;
        const char *text = NULL;
        struct opt_list list = {0};
        struct err err = {0};
        int first = 0;

        assert_true(parse(false, 2, argv, &flag, &text, &list, &first, &err) < 0);
        assert_string_equal(err.reason, "BadUsage");
        assert_non_null(strstr(err.msg, cases[i].says));
    }
}

/* ---- output ---- */

static void test_columns_are_as_wide_as_they_need(void **state _unused_)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    struct err err = {0};
    struct out_table t;
    static const char *const cells[] = {"NAME", "AGE", "grüße", "5s", "", "123s"};

    out_table_init(&t, 2);
    for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
        assert_int_equal(out_cell(&t, cells[i], &err), 0);
    out_table_print(&t, to);
    (void)fclose(to);
    assert_string_equal(text, "NAME    AGE\ngrüße   5s\n-       123s\n");
    free(text);
    out_table_done(&t);
}

static void test_yaml_keeps_texts_texts(void **state _unused_)
{
    json_t *value = json_pack("{s:s, s:s, s:i, s:b, s:[s,s], s:n}", "a", "yes", "b", "007", "c", 7,
                              "d", 1, "e", "plain", "two\nlines", "f");
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    struct err err = {0};

    assert_int_equal(out_yaml(value, false, to, &err), 0);
    (void)fclose(to);
    assert_non_null(strstr(text, "a: \"yes\""));
    assert_non_null(strstr(text, "b: \"007\""));
    assert_non_null(strstr(text, "c: 7"));
    assert_non_null(strstr(text, "d: true"));
    assert_non_null(strstr(text, "- plain"));
    assert_non_null(strstr(text, "f: null"));
    free(text);
    json_decref(value);
}

/* ---- pumps ---- */

struct seen {
    char text[256];
    size_t n;
    bool ended, drained;
};

static void on_data(const uint8_t *data, size_t n, void *user)
{
    struct seen *s = user;

    s->ended = n == 0;
    if (s->n + n < sizeof(s->text))
        memcpy(s->text + s->n, data, n);
    s->n += n;
}

static void read_all(int fd, struct seen *s)
{
    struct loop *loop = NULL;
    struct pump_in in;
    struct err err = {0};

    assert_int_equal(loop_new(&loop, &err), 0);
    assert_int_equal(pump_in_init(&in, loop, fd, on_data, s, &err), 0);
    pump_in_want(&in, true);
    for (int i = 0; i < 1000 && !s->ended; i++)
        (void)loop_turn(loop, true);
    pump_in_done(&in);
    loop_free(loop);
}

static void test_input_from_a_pipe_and_from_a_file(void **state _unused_)
{
    struct seen from_pipe = {0}, from_file = {0};
    struct err err = {0};
    FILE *file = tmpfile();
    int fds[2];

    assert_int_equal(fd_pipe(fds, 0, &err), 0);
    assert_int_equal(write(fds[1], "hello", 5), 5);
    (void)close(fds[1]);
    read_all(fds[0], &from_pipe);
    assert_int_equal(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0); /* ours is as it was */
    (void)close(fds[0]);
    assert_memory_equal(from_pipe.text, "hello", 5);

    assert_int_equal(fwrite("hello", 1, 5, file), 5);
    assert_int_equal(fseek(file, 0, SEEK_SET), 0);
    read_all(fileno(file), &from_file);
    assert_memory_equal(from_file.text, "hello", 5);
    (void)fclose(file);
}

static void on_drained(void *user)
{
    ((struct seen *)user)->drained = true;
}

static void test_output_waits_for_its_reader_and_survives_its_end(void **state _unused_)
{
    static uint8_t block[200000];
    struct seen s = {0};
    struct loop *loop = NULL;
    struct pump_out out;
    struct err err = {0};
    uint8_t sink[65536];
    size_t n_read = 0;
    int fds[2];

    assert_int_equal(fd_pipe(fds, 0, &err), 0);
    assert_int_equal(loop_new(&loop, &err), 0);
    assert_int_equal(pump_out_init(&out, loop, fds[1], sizeof(block) * 2, on_drained, &s, &err), 0);
    assert_int_equal(pump_out_write(&out, block, sizeof(block), &err), 0);
    assert_true(pump_out_queued(&out) > 0); /* more than a pipe holds */
    while (!s.drained) {
        ssize_t n = read(fds[0], sink, sizeof(sink));

        assert_true(n > 0);
        n_read += (size_t)n;
        (void)loop_turn(loop, false);
    }
    while (n_read < sizeof(block))
        n_read += (size_t)read(fds[0], sink, sizeof(sink));
    assert_int_equal(n_read, sizeof(block));

    (void)close(fds[0]);
    assert_int_equal(pump_out_write(&out, block, 10, &err), 0);
    assert_true(out.failed);
    pump_out_done(&out);
    (void)close(fds[1]);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_a_foreign_command_keeps_its_options),
        cmocka_unit_test(test_options_may_stand_anywhere),
        cmocka_unit_test(test_wrong_options_are_named),
        cmocka_unit_test(test_columns_are_as_wide_as_they_need),
        cmocka_unit_test(test_yaml_keeps_texts_texts),
        cmocka_unit_test(test_input_from_a_pipe_and_from_a_file),
        cmocka_unit_test(test_output_waits_for_its_reader_and_survives_its_end),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
