/* The kernel's objects as the model sees them, and how many of each a configuration has.

   A variable stands for the member of the same name in kernel/object. What the kernel can work out from the rest is not
   kept twice, unless its being kept twice is what a check is about (awaiting and rcaller, waiters and the queue).
   `hidden` variables live within one kernel operation only: they are no part of the state that is searched. */

#define NONE 255

/* Threads. A and B are clients; the first server answers on endpoint 0. The second one, the middle, serves A and calls
   the first (NESTED), or answers on the same endpoint (TWO_SERVERS). */
#define A 0
#define B 1
#define SERVER 2
#define MIDDLE 3
#if defined(NESTED) || defined(TWO_SERVERS)
#define THREADS 4
#else
#define THREADS 3
#endif
#define is_client(t) ((t) <= B)

/* ThreadState (object.h of the ABI) */
#define SUSPENDED 0
#define READY 1
#define SENDING 2
#define RECEIVING 3
#define WAITING 4
#define AWAITING_REPLY 5

/* Endpoints, and the capabilities to them. */
#ifdef NESTED
#define ENDPOINTS 2
#define endpoint_of(c) (((c) == SEND_A || (c) == RECV_MIDDLE) -> 1 : 0)
#else
#define ENDPOINTS 1
#define endpoint_of(c) (0)
#endif
#define SEND_A 0
#define SEND_B 1
#define RECV_SERVER 2
#define PAGER_A 3            /* inner slot of A */
#define HANDLER_A 4          /* inner slot of A: exceptions */
#define SEND_MIDDLE 5
#define RECV_MIDDLE 6
#define CAPABILITIES 7
#define send_cap(t) ((t) == A -> SEND_A : ((t) == B -> SEND_B : SEND_MIDDLE))
#define recv_cap(t) ((t) == SERVER -> RECV_SERVER : RECV_MIDDLE)
#define EMPTY 0
#define LIVE 1
#define GOING 2              /* no longer found in a look-up; those queued through it are not all told yet */

/* Each server has two Replies: the current one, and another in a slot, for answering later. */
#define REPLIES (2 * (THREADS - 2))
#define reply_of(s, i) (2 * ((s) - 2) + (i))
#define FREE 0
#define HOLDING 1
#define CALLER_GONE 2
#define DEAD 3
#define NOT_FREE(r) (rstate[r] == HOLDING || rstate[r] == CALLER_GONE)

/* FaultMessage.label */
#define PAGE_FAULT 1
#define EXCEPTION 2

byte state[THREADS];
byte alive[THREADS];              /* EMPTY, LIVE, or GOING: stopped, its inner slots are being cleared */
bit queued[THREADS];              /* in the scheduler's queue of its priority */
byte via[THREADS];
byte awaiting[THREADS];
bit wants_reply[THREADS];
byte fault[THREADS];
byte current_reply[THREADS];      /* inner slot */
byte later_reply[THREADS];        /* a slot of the incarnation's table */

chan queue[ENDPOINTS] = [THREADS] of { byte };
byte cap[CAPABILITIES];
byte waiters[CAPABILITIES];

byte rstate[REPLIES];
byte rcaller[REPLIES];
bit rdying[REPLIES];              /* on the core's list of dying objects */

#ifdef SIGNALS
bit bits;
byte bound;
chan waiting = [THREADS] of { byte };
byte notification;                /* LIVE, or GOING: those who wait are being told */
#endif

/* What the programs and the checks know, and the kernel does not. */
bit in_operation[THREADS];        /* has begun an IPC operation that gave it no result yet */
bit bad_message[THREADS];         /* what it sends needs a slot that no receiver has: transfer fails */
bit stopped[THREADS];             /* is rightly suspended: by the supervisor, or nobody can handle its fault */
bit owed;                         /* bits were signalled and not taken */
bit quiet;                        /* the supervisor puts in order what it broke, and no one begins anything new */
bit halted[THREADS];              /* a client that has ended in the quiet */

/* Scheduler and checks, within one operation. */
hidden byte running = NONE;
hidden byte direct = NONE;
hidden byte delivered;            /* ++replies_delivered was executed */
hidden byte reached_caller;       /* an answer was complete */

#define OK 0
#define WOULD_BLOCK 1
#define ERROR 2
#define found(c) (cap[c] == LIVE)
#define has_free_reply(t) (current_reply[t] != NONE && rstate[current_reply[t]] == FREE)
