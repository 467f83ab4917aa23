/* What must hold whenever the kernel is left: after every system call and interrupt, and at every preemption point. */

hidden byte c_t;
hidden byte c_r;
hidden byte c_c;
hidden byte c_n;

inline check_thread(t) {
    /* In exactly one place (the contract of thread.h). */
    assert(queued[t] == (state[t] == READY));
    assert((via[t] != NONE) == (state[t] == SENDING || state[t] == RECEIVING));
    assert((awaiting[t] != NONE) == (state[t] == AWAITING_REPLY));
    /* One that is not there, or about to go, is nowhere. */
    assert(alive[t] == LIVE || state[t] == SUSPENDED);

    /* A blocked thread has no result yet, any other one has it: no result is lost, and none is given twice. */
    assert(in_operation[t] == (state[t] != READY && state[t] != SUSPENDED && !fault[t]));
    assert(!fault[t] || state[t] == SENDING || state[t] == AWAITING_REPLY || state[t] == SUSPENDED);
    /* Nobody stops without a reason: a wake-up or a fault that is lost would look so. */
    assert((state[t] == SUSPENDED) == stopped[t]);

    /* Its partner lives: the capability that it is queued through, the Reply that it waits in. */
    if
    :: via[t] != NONE -> assert(cap[via[t]] != EMPTY); assert(queue[endpoint_of(via[t])]??[eval(t)])
    :: else
    fi;
    if
    :: awaiting[t] != NONE -> assert(rstate[awaiting[t]] == HOLDING && rcaller[awaiting[t]] == t)
    :: else
    fi;
#ifdef SIGNALS
    assert((waiting??[eval(t)]) == (state[t] == WAITING));
#endif
#ifdef CONTEXTS
    /* A lent context is away only as long as its owner's call lasts, and is with one thread. */
    assert(holder[t] == t || (state[t] == AWAITING_REPLY && rcontext[awaiting[t]] == t));
    assert(borrowed[t] == NONE || (borrowed[t] != t && holder[borrowed[t]] == t));
    assert(state[t] != READY || has_context(t));
#endif
}

inline check_reply(r) {
    assert((rstate[r] == HOLDING) == (rcaller[r] != NONE));
    if
    :: rcaller[r] != NONE -> assert(awaiting[rcaller[r]] == r)
    :: else
    fi;
    /* One that holds a caller can still be answered, or is about to be reaped. */
    c_t = 2;
    c_n = rdying[r];
    do
    :: c_t < THREADS -> c_n = c_n + (current_reply[c_t] == r) + (later_reply[c_t] == r); c_t++
    :: else -> break
    od;
    assert(c_n == (rstate[r] != DEAD));
#ifdef CONTEXTS
    assert(rcontext[r] == NONE || rstate[r] == HOLDING);
    assert(rcontext[r] == NONE || holder[rcontext[r]] != rcaller[r]);
#endif
}

inline check_capability(c) {
    /* `waiters` is right: an emptied slot leaves nobody behind. */
    c_t = 0;
    c_n = 0;
    do
    :: c_t < THREADS -> c_n = c_n + (via[c_t] == c); c_t++
    :: else -> break
    od;
    assert(waiters[c] == c_n);
    assert(cap[c] != EMPTY || waiters[c] == 0)
}

inline check_queue(e) {
    /* Senders or receivers, never both: who could have met has met. */
    c_n = 0;
    c_t = 0;
    do
    :: c_t < THREADS ->
        if
        :: via[c_t] != NONE && endpoint_of(via[c_t]) == e -> c_n = c_n | (state[c_t] == SENDING -> 1 : 2)
        :: else
        fi;
        c_t++
    :: else -> break
    od;
    assert(c_n != 3)
}

inline check_all() {
    c_r = 0;
    do
    :: c_r < THREADS -> check_thread(c_r); c_r++
    :: else -> break
    od;
    c_r = 0;
    do
    :: c_r < REPLIES -> check_reply(c_r); c_r++
    :: else -> break
    od;
    c_c = 0;
    do
    :: c_c < CAPABILITIES -> check_capability(c_c); c_c++
    :: else -> break
    od;
    check_queue(0);
#ifdef NESTED
    check_queue(1);
#endif
#ifdef SIGNALS
    /* No signal is lost, and none lies there while somebody waits for it. */
    assert(bits == owed);
    assert(!bits || len(waiting) == 0);
    assert(!bits || bound == NONE || state[bound] != RECEIVING);
    assert(bound == NONE || alive[bound] != EMPTY);
#endif
    /* State regions commit by this count. */
    assert(delivered == reached_caller);
    delivered = 0;
    reached_caller = 0;
    k_error = OK
}
