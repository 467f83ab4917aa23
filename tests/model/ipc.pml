/* Spin's model of the IPC state machine: endpoints, Replies, notifications, faults and lent contexts, under a supervisor
   that suspends, cancels, kills, revokes and restarts at every point. docs/testing.md says how it is run;
   CMakeLists.txt what the configurations (-D) are, and which seeded bugs (BUG_...) must be found. */

c_decl {
\#include "marks.h"
}
/* A branch that only some configurations have is marked "FEATURE, branch". */
#define reached(what) c_code { MARK(what); }

#include "objects.pml"
#include "contexts.pml"
#include "checks.pml"
#include "kernel.pml"
#include "kernel_threads.pml"
#include "programs.pml"
#include "supervisor.pml"

inline set_up() {
    c_t = 0;
    do
    :: c_t < THREADS ->
        stopped[c_t] = 1;
        via[c_t] = NONE;
        awaiting[c_t] = NONE;
        current_reply[c_t] = NONE;
        later_reply[c_t] = NONE;
#ifdef CONTEXTS
        holder[c_t] = c_t;
        borrowed[c_t] = NONE;
#endif
        c_t++
    :: else -> break
    od;
    c_r = 0;
    do
    :: c_r < REPLIES ->
        rstate[c_r] = DEAD;
        rcaller[c_r] = NONE;
#ifdef CONTEXTS
        rcontext[c_r] = NONE;
        rserver[c_r] = NONE;
#endif
        c_r++
    :: else -> break
    od;
    c_c = 0;
    do
    :: c_c < CAPABILITIES -> cap[c_c] = (grantable(c_c) -> LIVE : EMPTY); c_c++
    :: else -> break
    od;
#ifdef SIGNALS
    bound = NONE;
    notification = LIVE;
#endif
    c_c = 0;
    c_r = 0;
    c_t = 0
}

/* No thread lives yet: the supervisor's processes create them all. */
init {
    atomic {
        d_step { set_up() };
        run client(A);
        run client(B);
        run server(SERVER);
        run supervise_thread(A);
        run supervise_thread(B);
        run supervise_thread(SERVER);
        run supervise_reply(reply_of(SERVER, 0), SERVER);
        run supervise_capability(SEND_A);
        run supervise_capability(SEND_B);
        run supervise_capability(RECV_SERVER);
#ifdef LATER
        run supervise_reply(reply_of(SERVER, 1), SERVER);
#endif
#if THREADS > 3
        run server(MIDDLE);
        run supervise_thread(MIDDLE);
        run supervise_reply(reply_of(MIDDLE, 0), MIDDLE);
        run supervise_capability(RECV_MIDDLE);
#ifdef LATER
        run supervise_reply(reply_of(MIDDLE, 1), MIDDLE);
#endif
#endif
#ifdef NESTED
        run supervise_capability(SEND_MIDDLE);
#endif
#ifdef FAULTS
        run supervise_capability(PAGER_A);
        run supervise_capability(HANDLER_A);
#endif
#ifdef SIGNALS
        run device();
        run supervise_notification();
#endif
        run closing()
    }
}
