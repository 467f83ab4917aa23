/* The kernel's operations, second part: notifications, and what is done to threads (see kernel.pml). */

/* --- object/notification.cc --- */
#ifdef SIGNALS

/* Notification::signal */
inline signal() {
    owed = 1;
#ifdef BUG_SIGNAL_NOT_KEPT
    bits = len(waiting) > 0 || (bound != NONE && state[bound] == RECEIVING);
#else
    bits = 1;
#endif
    if
    :: len(waiting) > 0 ->
        waiting?k_peer;
        deliver_bits(k_peer);
        wake(k_peer);
        reached("signal: one waits")
#ifndef BUG_SIGNAL_DROPPED
    :: len(waiting) == 0 && bound != NONE && state[bound] == RECEIVING ->
        k_peer = bound;
        leave(k_peer);
        deliver_bits(k_peer);
        wake(k_peer);
        reached("signal: the bound thread receives")
#endif
    :: else -> reached("signal: is kept")
    fi
}

/* Notification::wait */
inline notification_wait(t, poll) {
    park(t);
    if
    :: bits -> deliver_bits(t); reached("wait: bits are pending")
    :: !bits && poll -> k_error = WOULD_BLOCK; reached("wait: no bits")
    :: else -> state[t] = WAITING; waiting!t
    fi
}

/* invoke_thread.cc, bind. Bits may be pending, and it may receive already. */
inline bind(t) {
    bound = t;
#ifndef BUG_BIND_FORGETS_BITS
    if
    :: bits && state[t] == RECEIVING ->
        leave(t);
        deliver_bits(t);
        wake(t);
        reached("bind: bits are pending")
    :: else
    fi
#endif
}
#endif

/* --- object/thread.cc --- */

/* Thread::unblock */
inline unblock(t) {
    if
    :: state[t] == SENDING || state[t] == RECEIVING -> leave(t)
#ifdef SIGNALS
    :: state[t] == WAITING -> waiting??eval(t); reached("unblock: waiting")
#endif
    :: state[t] == AWAITING_REPLY -> k_reply = awaiting[t]; lose_caller(k_reply); reached("unblock: awaiting a reply")
    :: else
    fi;
    fault[t] = 0;
    stopped[t] = 0;
    state[t] = SUSPENDED
}

/* Scheduler::stop */
inline stop(t) {
    if
    :: state[t] == READY -> assert(queued[t]); queued[t] = 0
    :: else
    fi;
    k_waited = state[t] != READY && state[t] != SUSPENDED && !fault[t];
    unblock(t);
    stopped[t] = 1;
    if
    :: k_waited -> finish(t)
    :: else
    fi
}

/* invoke_thread.cc, cancel */
inline cancel(t) {
    unblock(t);
    end_wait(t)
}

/* invoke_thread.cc, resume */
inline resume(t) {
    fault[t] = 0;
    stopped[t] = 0;
    wake(t)
}

/* One step of Endpoint::cancel, in waiters.cc: the first of those queued through `c` is told. The last step clears the slot. */
inline cancel_step(c) {
#ifdef BUG_REVOKE_FORGETS_QUEUE
    cap[c] = EMPTY;
#else
    k_count = len(queue[endpoint_of(c)]);
    k_done = 0;
    if
    :: waiters[c] == 0 -> cap[c] = EMPTY; k_count = 0
    :: else
    fi;
    /* The queue is turned round once: a channel has no other way to look at all of it. */
    do
    :: k_count > 0 ->
        queue[endpoint_of(c)]?k_peer;
        queue[endpoint_of(c)]!k_peer;
        if
        :: !k_done && via[k_peer] == c -> k_done = 1; k_sender = k_peer
        :: else
        fi;
        k_count--
    :: else -> break
    od;
    if
    :: k_done -> leave(k_sender); end_wait(k_sender); reached("cancel: one queued through the capability is told")
    :: else
    fi
#endif
}
