/* The supervisor does each of its operations at any moment. Destruction and revoke are preemptible: the loop of steps
   is here, and between two steps all others run, other operations of the supervisor among them. To have all of this
   without a program counter, there is one process for each thread, Reply and capability that can be its victim.

   That a thread's address space is deleted first (tell_holder) is the same as suspending it, and destroying an object
   through its Untyped the same as deleting its last capability. An endpoint is destroyed when all capabilities to it
   are; check_capability shows that nobody is queued then. */

/* A step of Thread::destroy after it was stopped: the next inner slot. */
inline destroy_step(t) {
    if
#ifdef FAULTS
    :: t == A && cap[PAGER_A] == LIVE -> cap[PAGER_A] = GOING
    :: t == A && cap[PAGER_A] == GOING -> cancel_step(PAGER_A)
    :: t == A && cap[PAGER_A] == EMPTY && cap[HANDLER_A] == LIVE -> cap[HANDLER_A] = GOING
    :: t == A && cap[PAGER_A] == EMPTY && cap[HANDLER_A] == GOING -> cancel_step(HANDLER_A)
#endif
#ifdef SIGNALS
    :: t == SERVER && bound == t ->
#ifdef BUG_BOUND_NOT_CLEARED
        alive[t] = EMPTY
#else
        bound = NONE                    /* tell_holder */
#endif
#endif
    :: else ->
        if
        :: current_reply[t] != NONE -> delete_reply_of(current_reply[t])
        :: else -> alive[t] = EMPTY
        fi
    fi
}

/* UntypedRetype and ThreadConfigure: in the memory of the one before. */
inline create(t) {
    assert(state[t] == SUSPENDED && via[t] == NONE && awaiting[t] == NONE && !fault[t]);
    assert(current_reply[t] == NONE && later_reply[t] == NONE);
#ifdef SIGNALS
    assert(bound != t);
#endif
#ifdef CONTEXTS
    assert(holder[t] == t && borrowed[t] == NONE);
#endif
    bad_message[t] = 0;
    assert(stopped[t]);
    alive[t] = LIVE;
    if
    :: !is_client(t) ->
        current_reply[t] = reply_of(t, 0);
        rstate[reply_of(t, 0)] = FREE;
#ifdef LATER
        later_reply[t] = reply_of(t, 1);
        rstate[reply_of(t, 1)] = FREE;
#endif
        reached("a server has returned")
    :: else
    fi
}

#ifdef HELD
#define held true
#else
#define held false
#endif

/* What must be restarted, or is held for good, in the quiet: also a server that receives and has forgotten a caller. */
#define forgets(t) (state[t] == RECEIVING && later_reply[t] != NONE && NOT_FREE(later_reply[t]))
#define unfit(t) (!is_client(t) && (held || current_reply[t] == NONE || forgets(t)))
#define replies_gone(t) (is_client(t) || (rstate[reply_of(t, 0)] == DEAD && rstate[reply_of(t, 1)] == DEAD))

/* Configurations with a fourth thread leave the client B in peace, or they would be too large. */
#ifdef SPARE_B
#define hostile(t) (!quiet && (t) != B)
#else
#define hostile(t) (!quiet)
#endif

proctype supervise_thread(byte t) {
end:
    do
    /* ThreadSuspend */
    :: d_step { hostile(t) && alive[t] == LIVE && state[t] != SUSPENDED -> stop(t); leave_kernel() }
    /* ThreadResume */
    :: d_step { alive[t] == LIVE && state[t] == SUSPENDED && !(quiet && unfit(t)) -> resume(t); leave_kernel() }
    /* ThreadCancel */
    :: d_step { hostile(t) && alive[t] == LIVE && state[t] != READY && state[t] != SUSPENDED && !fault[t] ->
            cancel(t); leave_kernel() }
    /* destroy_object: Thread::destroy */
    :: d_step { alive[t] == LIVE && (hostile(t) || (quiet && unfit(t))) ->
            stop(t);
#ifdef BUG_REUSED_TOO_EARLY
            alive[t] = EMPTY;
#else
            alive[t] = GOING;
#endif
            leave_kernel() }
    :: d_step { alive[t] == GOING -> destroy_step(t); leave_kernel() }
#ifdef BUG_REUSED_TOO_EARLY
    :: d_step { alive[t] == EMPTY -> create(t); leave_kernel() }
#else
    :: d_step { alive[t] == EMPTY && replies_gone(t) && !(quiet && !is_client(t) && held) -> create(t); leave_kernel() }
#endif
#ifdef CONTEXTS
    :: d_step { !quiet && queued[t] && borrowed[t] != NONE -> exhaust(t); leave_kernel() }
    :: d_step { !quiet && holder[t] != t -> take_back(t); leave_kernel() }
#endif
    od
}

proctype supervise_reply(byte r; byte s) {
end:
    do
    /* CapDelete, or revoke of the incarnation's Untyped: also while its server runs on */
    :: d_step { current_reply[s] == r && !quiet -> delete_reply_of(current_reply[s]); leave_kernel() }
    :: d_step { later_reply[s] == r && (!quiet || alive[s] == EMPTY) -> delete_reply_of(later_reply[s]); leave_kernel() }
    /* reap_dying */
    :: d_step { rdying[r] -> reply_destroy(r); leave_kernel() }
    od
}

#ifdef FAULTS
#define grantable(c) ((c) != PAGER_A && (c) != HANDLER_A || (alive[A] == LIVE && !fault[A]))
#else
#define grantable(c) ((c) != PAGER_A && (c) != HANDLER_A)
#endif

/* Which are revoked at any moment; with a fourth thread only one of them, or none (NONE). */
#ifdef REVOKE_ONLY
#define revocable(c) ((c) == REVOKE_ONLY)
#else
#define revocable(c) true
#endif

proctype supervise_capability(byte c) {
end:
    do
    /* CapRevoke reaches it */
    :: d_step { cap[c] == LIVE && ((!quiet && revocable(c)) || (quiet && held)) -> cap[c] = GOING; leave_kernel() }
    :: d_step { cap[c] == GOING -> cancel_step(c); leave_kernel() }
    /* CapDerive, ThreadHandlers */
    :: d_step { cap[c] == EMPTY && grantable(c) && !(quiet && held) -> cap[c] = LIVE; leave_kernel() }
    od
}

#ifdef SIGNALS
proctype supervise_notification() {
end:
    do
    /* ThreadBind */
    :: d_step { bound == NONE && alive[SERVER] == LIVE && notification == LIVE -> bind(SERVER); leave_kernel() }
    :: d_step { bound != NONE && !quiet -> bound = NONE; leave_kernel() }
    /* A Notification is destroyed in steps, and a new one made. In the quiet nobody signals: those who wait are told. */
    :: d_step { bound == NONE && notification == LIVE && !quiet -> notification = GOING; bits = 0; owed = 0; leave_kernel() }
    :: d_step { (notification == GOING || quiet) && len(waiting) > 0 ->
            waiting?k_peer; end_wait(k_peer); leave_kernel(); reached("Notification destroyed: one waits") }
    :: d_step { notification == GOING && len(waiting) == 0 -> notification = LIVE; leave_kernel() }
    od
}
#endif

/* At any moment the hostilities end. Then nothing may be left that waits for what does not come. */
proctype closing() {
    d_step { !quiet -> quiet = 1 };
    timeout ->
    d_step {
        reached("the quiet ends");
        c_t = 0;
        do
        :: c_t < THREADS ->
            if
            :: is_client(c_t) -> assert(alive[c_t] == LIVE && halted[c_t])
            :: !is_client(c_t) && held -> assert(alive[c_t] == EMPTY)
            :: else -> assert(alive[c_t] == LIVE && state[c_t] == RECEIVING)
            fi;
#ifdef CONTEXTS
            assert(holder[c_t] == c_t && borrowed[c_t] == NONE);
#endif
            c_t++
        :: else -> break
        od;
#ifdef SIGNALS
        assert(!bits || bound == NONE)
#endif
    }
}
