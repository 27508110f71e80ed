/*
 * Resumption. A server gives each client a ticket (RFC 5077, RFC 8446 4.6.1) and keeps nothing: all
 * is in the ticket, under keys that it draws itself, changes by the hour and honours for two. A
 * client keeps the last tickets of each target; one of TLS 1.3 is used once, so that nobody who
 * watches can join two connections by it (RFC 8446 C.4).
 *
 * The one lock is for programs whose loops share an rpc_tls.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/rpc/tls_core.h"

enum {
    ROTATE_MS = 60 * 60 * 1000,
    SESSION_S = 2 * 60 * 60,
    NAME_BYTES = 16,
    SECRET_BYTES = 32,
    KEPT_MAX = 64, /* sessions of one client */
    KEPT_OF_TARGET = 4,
};

/* ---- the server's keys ---- */

struct ticket_key {
    unsigned char name[NAME_BYTES], cipher[SECRET_BYTES], mac[SECRET_BYTES];
    uint64_t made_ms;
};

struct tls_tickets {
    pthread_mutex_t lock;
    struct ticket_key now, before;
    bool has_before;
};

static int draw(struct ticket_key *k)
{
    k->made_ms = clock_monotonic_ms();
    return RAND_bytes(k->name, sizeof(k->name)) == 1 &&
                   RAND_priv_bytes(k->cipher, sizeof(k->cipher)) == 1 &&
                   RAND_priv_bytes(k->mac, sizeof(k->mac)) == 1
               ? 0
               : -1;
}

/* A key that has had its hour gives way; it is honoured for one more. */
static int rotate(struct tls_tickets *t)
{
    uint64_t age_ms = clock_monotonic_ms() - t->now.made_ms;
    struct ticket_key next;

    if (age_ms < ROTATE_MS)
        return 0;
    if (draw(&next) < 0)
        return -1;
    t->has_before = age_ms < 2 * ROTATE_MS;
    t->before = t->now;
    t->now = next;
    OPENSSL_cleanse(&next, sizeof(next));
    return 0;
}

static const struct ticket_key *find_key(const struct tls_tickets *t, const unsigned char *name)
{
    if (memcmp(t->now.name, name, NAME_BYTES) == 0)
        return &t->now;
    if (t->has_before && memcmp(t->before.name, name, NAME_BYTES) == 0)
        return &t->before;
    return NULL;
}

static int set_mac(EVP_MAC_CTX *mac, const struct ticket_key *k)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)k->mac, sizeof(k->mac)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"sha256", 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_CTX_set_params(mac, params);
}

static int seal(struct tls_tickets *t, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *c,
                EVP_MAC_CTX *mac)
{
    if (rotate(t) < 0 || RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1 ||
        EVP_EncryptInit_ex2(c, EVP_aes_256_cbc(), t->now.cipher, iv, NULL) != 1 ||
        set_mac(mac, &t->now) != 1)
        return -1;
    memcpy(name, t->now.name, NAME_BYTES);
    return 1;
}

/* 0: not ours, or not any more: a full handshake. 1: taken. 2: taken, with a new ticket to come. */
static int unseal(struct tls_tickets *t, bool renews, const unsigned char *name, unsigned char *iv,
                  EVP_CIPHER_CTX *c, EVP_MAC_CTX *mac)
{
    const struct ticket_key *k = rotate(t) == 0 ? find_key(t, name) : NULL;

    if (!k)
        return 0;
    if (set_mac(mac, k) != 1 || EVP_DecryptInit_ex2(c, EVP_aes_256_cbc(), k->cipher, iv, NULL) != 1)
        return -1;
    return renews || k == &t->before ? 2 : 1;
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *c,
                     EVP_MAC_CTX *mac, int seals)
{
    struct tls_tickets *t = tls_shared_of(ssl)->tickets;
    int r;

    (void)pthread_mutex_lock(&t->lock);
    r = seals ? seal(t, name, iv, c, mac)
              : unseal(t, SSL_version(ssl) >= TLS1_3_VERSION, name, iv, c, mac);
    (void)pthread_mutex_unlock(&t->lock);
    return r;
}

int tls_tickets_use(SSL_CTX *ctx, struct tls_shared *shared)
{
    static const unsigned char context[] = "lib/rpc";
    struct tls_tickets *t = calloc(1, sizeof(*t));

    if (!t)
        return -1;
    (void)pthread_mutex_init(&t->lock, NULL); /* fails for attributes only */
    shared->tickets = t;
    if (draw(&t->now) < 0)
        return -1;
    (void)SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
    (void)SSL_CTX_set_num_tickets(ctx, 1);
    (void)SSL_CTX_set_timeout(ctx, SESSION_S);
    return SSL_CTX_set_session_id_context(ctx, context, sizeof(context) - 1) == 1 ? 0 : -1;
}

void tls_tickets_free(struct tls_tickets *t)
{
    if (!t)
        return;
    (void)pthread_mutex_destroy(&t->lock);
    OPENSSL_cleanse(t, sizeof(*t));
    free(t);
}

/* ---- the client's sessions ---- */

struct kept {
    char *target;
    SSL_SESSION *session;
};

struct tls_sessions {
    pthread_mutex_t lock;
    struct kept kept[KEPT_MAX]; /* the oldest first */
    size_t n;
};

static void drop(struct tls_sessions *s, size_t i)
{
    free(s->kept[i].target);
    SSL_SESSION_free(s->kept[i].session);
    s->n--;
    memmove(&s->kept[i], &s->kept[i + 1], (s->n - i) * sizeof(s->kept[0]));
}

/* The oldest of that target, or of all, goes when there is no room. */
static void make_room(struct tls_sessions *s, const char *target)
{
    size_t n = 0, oldest = 0;

    for (size_t i = s->n; i-- > 0;)
        if (strcmp(s->kept[i].target, target) == 0) {
            n++;
            oldest = i;
        }
    if (n >= KEPT_OF_TARGET)
        drop(s, oldest);
    else if (s->n == KEPT_MAX)
        drop(s, 0);
}

/* Returns 1 when the session is kept: the reference is ours then. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_sessions *s = tls_shared_of(ssl)->sessions;
    const char *target = tls_target_of(ssl);
    char *copy = target ? strdup(target) : NULL;

    if (!copy)
        return 0;
    (void)pthread_mutex_lock(&s->lock);
    make_room(s, copy);
    s->kept[s->n++] = (struct kept){.target = copy, .session = session};
    (void)pthread_mutex_unlock(&s->lock);
    return 1;
}

static SSL_SESSION *take(struct tls_sessions *s, const char *target)
{
    SSL_SESSION *session = NULL;

    for (size_t i = s->n; i-- > 0 && !session;) {
        if (strcmp(s->kept[i].target, target) != 0)
            continue;
        session = s->kept[i].session;
        (void)SSL_SESSION_up_ref(session);
        /* TLS 1.2 gives no new one each time: it is used again. */
        if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
            drop(s, i);
    }
    return session;
}

void tls_sessions_resume(SSL *ssl, const char *target)
{
    struct tls_sessions *s = tls_shared_of(ssl)->sessions;
    SSL_SESSION *session;

    if (!s || !target)
        return;
    (void)pthread_mutex_lock(&s->lock);
    session = take(s, target);
    (void)pthread_mutex_unlock(&s->lock);
    if (!session)
        return;
    (void)SSL_set_session(ssl, session); /* does not fit: a full handshake */
    SSL_SESSION_free(session);
}

int tls_sessions_use(SSL_CTX *ctx, struct tls_shared *shared)
{
    struct tls_sessions *s = calloc(1, sizeof(*s));

    if (!s)
        return -1;
    (void)pthread_mutex_init(&s->lock, NULL);
    shared->sessions = s;
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_session);
    return 0;
}

void tls_sessions_free(struct tls_sessions *s)
{
    if (!s)
        return;
    while (s->n > 0)
        drop(s, s->n - 1);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}
