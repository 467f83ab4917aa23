/* What threads do: whatever the system calls allow, at any time and in any order. A server that answers twice, never,
   later or to the wrong one is among them. In the quiet a client ends as soon as it can run, and a server does what
   ServerLoop does. */

/* handle_system_call: an error is the operation's result. */
inline leave_operation(t) {
    if
    :: k_error != OK -> finish(t)
    :: else
    fi;
    leave_kernel()
}

/* syscall.cc, call */
inline system_call_call(t, c, poll, bad) {
    enter_operation(t);
    bad_message[t] = bad;
    endpoint_send(t, c, 1, poll);
    leave_operation(t)
}

/* syscall.cc, send: to an endpoint */
inline system_call_send(t, c, poll, bad) {
    enter_operation(t);
    bad_message[t] = bad;
    endpoint_send(t, c, 0, poll);
    if
    :: k_done && k_error == OK -> finish(t)
    :: else
    fi;
    leave_operation(t)
}

/* syscall.cc, receive; check_receive and the free Reply are in the guard */
inline system_call_recv(t, poll) {
    enter_operation(t);
    endpoint_receive(t, recv_cap(t), poll);
    leave_operation(t)
}

/* syscall.cc, reply_receive */
inline system_call_reply_recv(t, label, poll, bad) {
    enter_operation(t);
    bad_message[t] = bad;
    answer(current_reply[t], t, label);
    if
    :: k_error == OK -> endpoint_receive(t, recv_cap(t), poll)
    :: else
    fi;
    leave_operation(t)
}

/* syscall.cc, send: to a Reply in a slot */
inline system_call_answer(t, label) {
    enter_operation(t);
    bad_message[t] = 0;
    answer(later_reply[t], t, label);
    if
    :: k_error == OK -> finish(t)
    :: else
    fi;
    leave_operation(t)
}

/* invoke_thread.cc, exchange_reply, of the running thread */
inline invoke_exchange_reply(t) {
    enter_kernel(t);
    k_reply = current_reply[t];
    current_reply[t] = later_reply[t];
    later_reply[t] = k_reply;
    leave_kernel()
}

/* handle_page_fault, handle_exception */
inline fault_of(t, label) {
    enter_kernel(t);
    k_error = OK;
    raise_fault(t, label);
    leave_kernel()
}

#define acts(t) (queued[t] && !quiet)

proctype client(byte me) {
end:
    do
    :: d_step { acts(me) && found(send_cap(me)) -> system_call_call(me, send_cap(me), 0, 0) }
#ifdef POLLS
    :: d_step { acts(me) && found(send_cap(me)) -> system_call_call(me, send_cap(me), 1, 0) }
#endif
#ifdef MESSAGES
    :: d_step { acts(me) && found(send_cap(me)) -> system_call_call(me, send_cap(me), 0, 1) }
    :: d_step { acts(me) && found(send_cap(me)) -> system_call_send(me, send_cap(me), 0, 0) }
    :: d_step { acts(me) && found(send_cap(me)) -> system_call_send(me, send_cap(me), 1, 0) }
    :: d_step { acts(me) && found(send_cap(me)) -> system_call_send(me, send_cap(me), 0, 1) }
#endif
#ifdef FAULTS
    :: d_step { acts(me) && me == A -> fault_of(me, PAGE_FAULT) }
    :: d_step { acts(me) && me == A -> fault_of(me, EXCEPTION) }
#endif
#ifdef SIGNALS
    :: d_step { acts(me) && me == B && notification == LIVE ->
            enter_operation(me); notification_wait(me, 0); leave_operation(me) }
    :: d_step { acts(me) && me == B && notification == LIVE ->
            enter_operation(me); notification_wait(me, 1); leave_operation(me) }
#endif
    :: d_step { quiet && !halted[me] && queued[me] -> assert(!in_operation[me]); halted[me] = 1 }
    od
}

proctype server(byte me) {
end:
    do
    :: d_step { queued[me] && found(recv_cap(me)) && has_free_reply(me) &&
                (!quiet || later_reply[me] == NONE || rstate[later_reply[me]] == FREE) -> system_call_recv(me, 0) }
    :: d_step { queued[me] && found(recv_cap(me)) && current_reply[me] != NONE &&
                (!quiet || NOT_FREE(current_reply[me])) -> system_call_reply_recv(me, 0, 0, 0) }
#ifdef POLLS
    :: d_step { acts(me) && found(recv_cap(me)) && has_free_reply(me) -> system_call_recv(me, 1) }
    :: d_step { acts(me) && found(recv_cap(me)) && current_reply[me] != NONE -> system_call_reply_recv(me, 0, 1, 0) }
#endif
#ifdef MESSAGES
    :: d_step { acts(me) && found(recv_cap(me)) && current_reply[me] != NONE -> system_call_reply_recv(me, 0, 0, 1) }
#endif
#ifdef FAULTS
    :: d_step { acts(me) && found(recv_cap(me)) && current_reply[me] != NONE -> system_call_reply_recv(me, 1, 0, 0) }
    :: d_step { acts(me) && later_reply[me] != NONE -> system_call_answer(me, 1) }
#endif
#ifdef NESTED
    :: d_step { acts(me) && me == MIDDLE && found(SEND_MIDDLE) -> system_call_call(me, SEND_MIDDLE, 0, 0) }
#endif
#ifdef LATER
    :: d_step { acts(me) -> invoke_exchange_reply(me) }
    :: d_step { queued[me] && later_reply[me] != NONE && (!quiet || NOT_FREE(later_reply[me])) ->
            system_call_answer(me, 0) }
#endif
    od
}

#ifdef SIGNALS
/* handle_interrupt, IrqTable::raise; somebody's Send to the notification does the same */
proctype device() {
end:
    do
    :: d_step { !quiet && notification == LIVE -> k_error = OK; signal(); leave_kernel() }
    od
}
#endif
