#pragma once
/* HTTP/2 frames, written by hand so that they may be wrong, and a connection that counts what
 * comes. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    F_DATA,
    F_HEADERS,
    F_PRIORITY,
    F_RST,
    F_SETTINGS,
    F_PUSH,
    F_PING,
    F_GOAWAY,
    F_WINDOW,
    F_CONTINUATION
};
enum { FL_ACK = 1, FL_END = 1, FL_END_HEADERS = 4, FL_PADDED = 8 };
enum { FRAME_HEAD = 9, UNIT_MAX = 70 * 1024 }; /* bytes of one unit of an attack */

/* What is written next goes to at; n is what was written so far. */
struct out {
    uint8_t *at;
    size_t n;
};

void put(struct out *o, const void *data, size_t n);
void put_frame(struct out *o, uint8_t type, uint8_t flags, uint32_t stream, const void *data,
               size_t n);
void put_u32_frame(struct out *o, uint8_t type, uint32_t stream, uint32_t value);
void put_settings(struct out *o, uint16_t id, uint32_t value);
/* The head of a gRPC request in HPACK that needs no table; returns its bytes. */
size_t request_head(uint8_t *to, const char *path);
void put_request(struct out *o, uint32_t stream, const char *path, uint8_t flags);
/* A field that is not indexed. */
size_t literal(uint8_t *to, const char *name, size_t n_name, const char *value, size_t n_value);
/* DATA with one gRPC message of n zero bytes, cut into frames. */
void put_message(struct out *o, uint32_t stream, uint32_t n, bool is_end);

struct wire {
    int fd;
    uint8_t in[1 << 16];
    size_t n_in;
    bool is_closed, has_goaway;
    uint32_t code;
    char text[128]; /* of the GOAWAY */
    unsigned n_frames[16];
    uint32_t window_taken; /* DATA bytes received */
};

/* < 0: no connection. Non-blocking. */
int wire_open(struct wire *w, uint16_t port, int receive_bytes);
/* Takes what is there, waiting ms at most for the first of it. */
void wire_read(struct wire *w, int ms);
/* Sends all, reading meanwhile unless deaf; false when it does not go within ms, or the peer is
 * gone. */
bool wire_send(struct wire *w, const uint8_t *data, size_t n, bool deaf, int ms);
void wire_close(struct wire *w);
