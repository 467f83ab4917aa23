/* The kernel's operations, each named after the function that it stands for. Nothing here blocks or interleaves: the
   callers put one system call, one interrupt or one step of a preemptible destruction into a d_step, as the kernel has
   its interrupts off. fast_path.h makes the same changes as the slow path where it applies, so it is not told apart. */

hidden byte k_error;
hidden byte k_peer;
hidden byte k_sender;
hidden byte k_done;
hidden byte k_handler;
hidden byte k_reply;
hidden byte k_caller;
hidden byte k_waited;
hidden byte k_refused;
hidden byte k_index;
hidden byte k_count;

/* --- schedule/scheduler.cc --- */

/* Scheduler::enqueue_back */
inline enqueue_ready(t) {
    assert(!queued[t]);
    queued[t] = 1
}

/* Scheduler::wake */
inline wake(t) {
    if
    :: alive[t] == LIVE -> state[t] = READY; enqueue_ready(t)
    :: else -> state[t] = SUSPENDED; reached("wake: its address space is gone")
    fi
}

/* Scheduler::switch_to */
inline switch_to(t) {
    if
    :: direct != NONE -> wake(t); reached("switch_to: somebody else has the processor")
    :: else -> state[t] = READY; direct = t
    fi
}

/* Thread::finish and set_result: the operation has its result, and it has only one. */
inline finish(t) {
    assert(in_operation[t]);
    in_operation[t] = 0
}

/* Scheduler::suspend_faulted */
inline suspend_faulted(t) {
    state[t] = SUSPENDED;
    stopped[t] = 1;
    reached("FAULTS, suspend_faulted")
}

/* Scheduler::end_wait */
inline end_wait(t) {
    if
    :: fault[t] -> suspend_faulted(t); reached("FAULTS, end_wait: of a fault")
    :: else -> finish(t); wake(t)
    fi
}

/* syscall.cc, leave_kernel; Scheduler::choose. Who runs next is left open: all that are ready are in the queue again. */
inline leave_kernel() {
    if
    :: direct != NONE -> enqueue_ready(direct); direct = NONE
    :: else
    fi;
    if
    :: running != NONE ->
        if
        :: state[running] == READY -> enqueue_ready(running)
        :: else
        fi;
        running = NONE
    :: else
    fi;
    check_all()
}

/* handle_system_call: the thread was chosen, and has no operation open. */
inline enter_kernel(t) {
    assert(queued[t] && state[t] == READY && alive[t] == LIVE);
    assert(!in_operation[t]);       /* it was never made ready without its result */
    assert(has_context(t));
    queued[t] = 0;
    running = t
}

inline enter_operation(t) {
    enter_kernel(t);
    in_operation[t] = 1;
    k_error = OK
}

/* --- object/endpoint.h --- */

/* Endpoint::await_receiver, Endpoint::await_message */
inline enqueue(t, c, how) {
    assert(!(queue[endpoint_of(c)]??[eval(t)]));
    state[t] = how;
    via[t] = c;
    waiters[c]++;
    queue[endpoint_of(c)]!t
}

/* Endpoint::leave; ThreadQueue::remove */
inline leave(t) {
#ifndef BUG_FORGOTTEN_UNLINK
    assert(queue[endpoint_of(via[t])]??[eval(t)]);
    queue[endpoint_of(via[t])]??eval(t);
#else
    if
    :: t != A -> queue[endpoint_of(via[t])]??eval(t)
    :: else
    fi;
#endif
#ifndef BUG_WAITERS_NOT_COUNTED
    waiters[via[t]]--;
#endif
    via[t] = NONE
}

/* --- object/reply.cc --- */

/* Reply::hold, called by Endpoint::send and Endpoint::receive */
inline hold(r, caller, server) {
    assert(rstate[r] == FREE);
    rstate[r] = HOLDING;
    rcaller[r] = caller;
    awaiting[caller] = r;
    state[caller] = AWAITING_REPLY;
    lend(r, caller, server)
}

/* Reply::lose_caller */
inline lose_caller(r) {
#ifndef BUG_DONATION_LOST_WITH_CALLER
    give_back(r, rcaller[r]);
#endif
    awaiting[rcaller[r]] = NONE;
#ifndef BUG_REPLY_KEEPS_CALLER
    rcaller[r] = NONE;
    rstate[r] = CALLER_GONE
#endif
}

#ifdef SIGNALS
/* Notification::deliver */
inline deliver_bits(t) {
    finish(t);
    bits = 0;
    owed = 0
}
#endif

/* --- object/endpoint.cc --- */

/* Endpoint::send, with transfer. k_error is what the sender must be told at once; k_done: the message is with a peer. */
inline endpoint_send(t, c, is_call, poll) {
    k_done = 0;
    do
    :: !k_done && len(queue[endpoint_of(c)]) > 0 ->
        queue[endpoint_of(c)]?<k_peer>;
        if
        :: state[k_peer] != RECEIVING -> assert(state[k_peer] == SENDING); break
        :: else
        fi;
        if
        :: is_call && !has_free_reply(k_peer) ->
            leave(k_peer);
            finish(k_peer);
            wake(k_peer);
            reached("send: the receiver's Reply was destroyed")
        :: else ->
            k_done = 1;
            if
            :: bad_message[t] && !fault[t] -> k_error = ERROR; reached("MESSAGES, send: the transfer fails")
            :: else ->
                finish(k_peer);
                leave(k_peer);
                if
                :: is_call ->
                    hold(current_reply[k_peer], t, k_peer);
                    switch_to(k_peer);
                    reached("send: a call is received")
                :: else -> wake(k_peer); reached("MESSAGES, send: a message is received")
                fi
            fi
        fi
    :: else -> break
    od;
    if
    :: k_done
    :: !k_done && poll -> k_error = WOULD_BLOCK; reached("POLLS, send: nobody receives")
    :: else -> wants_reply[t] = is_call; enqueue(t, c, SENDING); reached("send: waits")
    fi
}

/* Endpoint::receive */
inline endpoint_receive(t, c, poll) {
    k_done = 0;
    park(t);
#ifdef SIGNALS
#ifndef BUG_RECEIVE_IGNORES_BITS
    if
    :: bound == t && bits -> deliver_bits(t); k_done = 1; reached("receive: bits are pending")
    :: else
    fi;
#endif
#endif
    do
    :: !k_done && len(queue[endpoint_of(c)]) > 0 ->
        queue[endpoint_of(c)]?<k_sender>;
        if
        :: state[k_sender] != SENDING ->
            assert(state[k_sender] == RECEIVING);
            reached("TWO_SERVERS, receive: others receive, too");
            break
        :: else
        fi;
        leave(k_sender);
        if
        :: bad_message[k_sender] && !fault[k_sender] ->
            finish(k_sender);
            wake(k_sender);
            reached("MESSAGES, receive: the transfer fails")
        :: else ->
            k_done = 1;
            finish(t);
            if
            :: wants_reply[k_sender] -> hold(current_reply[t], k_sender, t); reached("receive: a queued call")
            :: else ->
                finish(k_sender);
#ifdef BUG_SENDER_NOT_WOKEN
                state[k_sender] = SUSPENDED;
#else
                wake(k_sender);
#endif
                reached("MESSAGES, receive: a queued message")
            fi
        fi
    :: else -> break
    od;
    if
    :: k_done
    :: !k_done && poll -> k_error = WOULD_BLOCK; reached("POLLS, receive: nobody sends")
    :: else -> enqueue(t, c, RECEIVING)
    fi
}

/* --- object/fault.cc --- */

/* deliver_fault, with escalate_page_fault. The handler's look-up is a loop, because a missing pager escalates. */
inline deliver_fault(t) {
    k_handler = NONE;
    if
    :: fault[t] == PAGE_FAULT && cap[PAGER_A] != EMPTY -> k_handler = PAGER_A
    :: fault[t] == PAGE_FAULT && cap[PAGER_A] == EMPTY -> fault[t] = EXCEPTION; reached("FAULTS, deliver_fault: there is no pager")
    :: else
    fi;
    if
    :: fault[t] == EXCEPTION && cap[HANDLER_A] != EMPTY -> k_handler = HANDLER_A
    :: else
    fi;
    /* A handler's capability that is being deleted takes no new callers: nobody would tell them. */
    if
    :: k_handler == NONE -> suspend_faulted(t); reached("FAULTS, deliver_fault: there is no handler")
    :: k_handler != NONE && cap[k_handler] == GOING -> suspend_faulted(t); reached("FAULTS, deliver_fault: the handler goes")
    :: else -> endpoint_send(t, k_handler, 1, 0)
    fi
}

/* raise */
inline raise_fault(t, label) {
    fault[t] = label;
    stopped[t] = 0;
    state[t] = SUSPENDED;
    deliver_fault(t)
}

/* Reply::answer, with resume_faulted. `label` is the server's answer to a fault. */
inline answer(r, server, label) {
    if
    :: rstate[r] == FREE -> k_error = ERROR; reached("answer: nothing to answer")
    :: rstate[r] == CALLER_GONE ->
        rstate[r] = FREE;
        delivered++;
        reached_caller++;
        reached("answer: the caller is gone")
    :: rstate[r] == HOLDING && !fault[rcaller[r]] && bad_message[server] ->
        k_error = ERROR;
        reached("MESSAGES, answer: the transfer fails")
    :: else ->
        assert(rstate[r] == HOLDING);
        k_caller = rcaller[r];
        assert(state[k_caller] == AWAITING_REPLY && awaiting[k_caller] == r);
#ifndef BUG_DONATION_KEPT
        give_back(r, k_caller);
#endif
#ifndef BUG_REPLY_NOT_CLEARED
        rcaller[r] = NONE;
        rstate[r] = FREE;
#endif
        awaiting[k_caller] = NONE;
        k_refused = fault[k_caller] != 0 && label != 0;
        if
        :: fault[k_caller] && !k_refused -> fault[k_caller] = 0; switch_to(k_caller); reached("FAULTS, answer: a fault")
        :: fault[k_caller] == PAGE_FAULT && k_refused ->
            state[k_caller] = SUSPENDED;
            fault[k_caller] = EXCEPTION;
            deliver_fault(k_caller);
            k_error = OK;
            reached("FAULTS, answer: refuses a page fault")
        :: fault[k_caller] == EXCEPTION && k_refused -> suspend_faulted(k_caller); reached("FAULTS, answer: refuses an exception")
        :: else -> finish(k_caller); switch_to(k_caller); reached("answer: a call")
        fi;
#ifndef BUG_REPLY_NOT_COUNTED
        delivered++;
#endif
        reached_caller++
    fi
}

/* Reply::destroy, called by reap_dying */
inline reply_destroy(r) {
    if
    :: rstate[r] == HOLDING ->
        k_caller = rcaller[r];
#ifdef BUG_DONATION_LOST_WITH_SERVER
        awaiting[k_caller] = NONE;
#else
        lose_caller(r);
#endif
        state[k_caller] = SUSPENDED;
        if
        :: fault[k_caller] ->
#ifndef BUG_FAULT_NOT_DELIVERED_AGAIN
            deliver_fault(k_caller);
#endif
            reached("FAULTS, Reply destroyed: the fault is delivered again")
        :: else ->
#ifdef BUG_PEER_DEATH_NOT_TOLD
            state[k_caller] = AWAITING_REPLY;
#else
            finish(k_caller);
            wake(k_caller);
#endif
            reached("Reply destroyed: PeerDied")
        fi
    :: else
    fi;
    rstate[r] = DEAD;
    rcaller[r] = NONE;
    rdying[r] = 0
}

/* delete_capability of a Reply, which is its only one: from now on it is on the list of the dying. */
inline delete_reply_of(slot) {
    rdying[slot] = 1;
    slot = NONE
}
