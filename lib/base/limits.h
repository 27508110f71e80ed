#pragma once
/* Every ceiling on what a peer can make us hold, in one place. Bytes unless the name says
 * otherwise. */

/* A table, laid out by hand. */
/* clang-format off */

/* rpc */
#define LIMIT_RPC_MESSAGE (4u * 1024 * 1024)       /* one message, either way; per-server settable    */
#define LIMIT_RPC_METADATA (16u * 1024)            /* all header fields of one block, RFC 9113 size   */
#define LIMIT_RPC_METADATA_FIELDS 128              /* fields of one block                             */
#define LIMIT_RPC_STREAMS 1024                     /* concurrent calls of one connection              */
#define LIMIT_RPC_SEND_MARK (64u * 1024)           /* queued per call before the sender must wait     */
#define LIMIT_RPC_RETRY_BUFFER (256u * 1024)       /* sent and kept per call with a retry policy     */
#define LIMIT_RPC_REPEAT_BUFFER (16u * 1024)       /* the same without one: for transparent retries  */
#define LIMIT_RPC_POOL (12u * 1024 * 1024)         /* large buffers kept for the next message, per server or channel */
#define LIMIT_RPC_CONN_OUTPUT (1024u * 1024)       /* serialised but unsent per connection            */
#define LIMIT_RPC_HELD (512u * 1024 * 1024)        /* messages and metadata of all calls of one server */
#define LIMIT_RPC_CONNECTIONS 8192                 /* of one server                                   */
#define LIMIT_RPC_STREAM_WINDOW (256u * 1024)      /* HTTP/2 stream receive window, as it begins      */
#define LIMIT_RPC_STREAM_WINDOW_MAX (16u * 1024 * 1024) /* as it grows with the bandwidth-delay product */
#define LIMIT_RPC_CONN_WINDOW (4u * 1024 * 1024)   /* HTTP/2 connection receive window; twice a larger stream's */
#define LIMIT_RPC_CONN_GROWN (16u * 1024 * 1024)   /* by which all windows of one connection's streams have grown */
#define LIMIT_RPC_CONN_UNREAD (64u * 1024 * 1024)  /* received and not taken, of all streams of one connection: then its window closes */
#define LIMIT_STATUS_MESSAGE 1024                  /* grpc-message before percent-encoding            */

/* http */
#define LIMIT_HTTP1_HEAD (8u * 1024)               /* request line and headers, or those of an answer */
#define LIMIT_HTTP1_BODY (4u * 1024 * 1024)        /* one answer of ours                              */
#define LIMIT_HTTP1_CONNECTIONS 256                /* of one server                                   */

/* objects */
#define LIMIT_OBJECT (512u * 1024)                 /* JSON text of one object                         */
#define LIMIT_OBJECTS 100000                       /* in one store                                    */
#define LIMIT_MANIFEST (4u * 1024 * 1024)          /* YAML file                                       */
#define LIMIT_MANIFEST_DOCS 256                    /* documents in one                                */
#define LIMIT_JSON_DEPTH 64

/* claims */
#define LIMIT_CLAIM_WAITERS 4096                   /* CreateClaim calls waiting at once               */
#define LIMIT_POOL_REPLICAS 10000

/* router */
#define LIMIT_ROUTER_EARLY (32u * 1024 * 1024)     /* sent by clients before their sandbox was there   */

/* exec */
#define LIMIT_EXECS 256                            /* live at once in one sandbox                     */
#define LIMIT_EXEC_RECORDS 1024                    /* ended ones remembered                           */
#define LIMIT_EXEC_RING (1024u * 1024)             /* output kept for replay, per stream of an exec   */
#define LIMIT_EXEC_RING_TOTAL (64u * 1024 * 1024)  /* of all execs of one sandbox                     */
#define LIMIT_EXEC_ARGS (128u * 1024)              /* argv and env of one exec                        */
#define LIMIT_EXEC_STDIN (256u * 1024)             /* accepted but not yet taken by the process       */
#define LIMIT_EXEC_RUN_OUTPUT (2u * 1024 * 1024)   /* Run: stdout and stderr, each                    */

/* clang-format on */
