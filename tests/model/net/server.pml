/* The server. A variable that begins with r_ is recorded, with s_ saved in the undo log; the others die with the incarnation. */

/* The socket's record. In two parts, because a kill may come between any two stores: what the socket knows, what TCP knows. */
byte r_stage = OPEN;
byte r_received;
byte r_acknowledged;
bit r_ended;
byte r_next;          /* receive_next */
byte r_unacknowledged;
byte r_send_end;
bit r_end_queued;
/* The listener's record of a connection that waits. */
byte r_waits;
bit r_waits_ended;
byte r_waits_next;
/* The undo log. */
bit log_open;
byte s_stage;
byte s_received;
byte s_acknowledged;
bit s_ended;
byte s_next;
byte s_unacknowledged;
byte s_send_end;
bit s_end_queued;
byte s_waits;
bit s_waits_ended;
byte s_waits_next;

/* Live, and lwIP's control block. */
byte stage;
byte waits;
byte received;
byte acknowledged;
bit ended;
byte next;
byte unacknowledged;
byte send_end;
byte queued;
bit end_queued;
byte seen_taken;
byte edge;
bit owes;             /* an acknowledgement */
bit is_dirty;
bit is_freed;
/* Frames that are laid out. */
bit laid_syn_ack;
bit laid_acknowledgement;
byte laid_next;
byte laid_edge;
byte laid_data;
byte laid_wrong;
hidden byte i;

#define room (received - seen_taken < RING)
#ifdef BUG_END_FORGOTTEN
bit end_forgotten;
#define can_send (queued + (end_queued && !end_forgotten))
#else
#define can_send (queued + end_queued)
#endif

#define may_send (send_end < can_send -> send_end : can_send)

/* What would be there after a kill now: nothing else may be promised. */
#define kept_next (log_open -> (s_stage >= CONNECTED -> s_next : s_waits_next) : (r_stage >= CONNECTED -> r_next : r_waits_next))
#define kept_connection (log_open -> (s_stage >= CONNECTED || s_waits) : (r_stage >= CONNECTED || r_waits))

#define kill_here(number) if :: !quiet -> reached("a kill at " number); goto dead :: skip fi

/* Step (1): what may happen. */
#define syn_comes (peer_state == SYN_SENT && stage == OPEN && !waits)
#define syn_comes_again (waits == HALF_OPEN && !sent_syn_ack && !laid_syn_ack)
#define is_acknowledged (waits == HALF_OPEN && peer_state == ESTABLISHED)
#ifdef BUG_BYTES_BEFORE_ACCEPT
#define waiting_has_more (waits == READY && peer_sent > next)
#else
#define waiting_has_more (waits == READY && peer_sent > next && next == peer_bytes)
#endif
#define is_accepted (waits == READY && stage == OPEN && accept == SUBMITTED)
#define byte_comes (stage == CONNECTED && peer_sent > next && next < peer_bytes && room)
#define end_comes (stage == CONNECTED && peer_sent > next && next == peer_bytes)
/* The peer has not heard the last acknowledgement, or the window that it promised, and says something again. */
#define asks_again (stage >= CONNECTED && !owes && !laid_acknowledgement && (sent_acknowledgement < next || sent_edge < edge))
#define waiting_asks_again (waits == READY && !owes && !laid_acknowledgement && sent_acknowledgement < next)
#define acknowledgement_comes (peer_received > unacknowledged && stage >= CONNECTED)
#define client_has_taken (stage == CONNECTED && taken != seen_taken)
#define client_has_written (stage == CONNECTED && submitted != queued)
#define wants_to_end (stage == CONNECTED && send_shut && queued == send_last && !end_queued)
#define has_new (stage >= CONNECTED && send_end < can_send)
#define may_be_lost (stage >= CONNECTED && unacknowledged < send_end && laid_data < may_send)
#define has_lost (stage >= CONNECTED && sent_data < send_end && laid_data < may_send)
#define is_done (stage == CONNECTED && closing && end_queued && acknowledged == send_last)
#define anything (syn_comes || syn_comes_again || is_acknowledged || waiting_has_more || is_accepted || byte_comes || end_comes || \
    asks_again || waiting_asks_again || acknowledgement_comes || client_has_taken || client_has_written || wants_to_end || has_new || \
    has_lost || is_done || owes)

/* tcp_output: bytes are copied out of the client's ring when a segment is laid out. */
inline lay_out_data() {
    laid_data = may_send;
    i = unacknowledged;
    do
    :: i < laid_data && i < queued ->
        if
        :: send_ring[i % RING] != i + 1 -> laid_wrong = laid_wrong | 1 << (i + 1)
        :: else
        fi;
        i++
    :: else -> break
    od;
    i = 0
}

/* Sockets::half_open, established, hand_over, received, sent, pump_stream and apply_tcp. */
inline take_in_and_lay_out() {
    do
    :: atomic { syn_comes -> waits = HALF_OPEN; laid_syn_ack = 1 }
    :: atomic { syn_comes_again -> laid_syn_ack = 1; reached("the SYN comes again") }
    :: atomic { is_acknowledged -> waits = READY }
    :: atomic { waiting_has_more ->
#ifdef BUG_BYTES_BEFORE_ACCEPT
            ended = (next == peer_bytes);
#else
            ended = 1;
#endif
            next++; owes = 1; reached("the peer's end comes before it is accepted") }
    :: atomic { is_accepted ->
            stage = CONNECTED; waits = FREE; edge = RING; owes = 1; is_dirty = 1
#ifdef BUG_END_NOT_HANDED_OVER
            ; ended = 0
#endif
        }
    :: atomic { byte_comes ->
            receive_ring[received % RING] = next + 1;
            received++; next++; owes = 1; is_dirty = 1 }
    :: atomic { end_comes -> ended = 1; next++; owes = 1; is_dirty = 1 }
    :: atomic { asks_again || waiting_asks_again -> owes = 1; reached("the peer asks again") }
    :: atomic { acknowledgement_comes ->
            assert(peer_received <= send_end);  /* of what was sent, for all that the server knows */
            unacknowledged++;
            acknowledged = (unacknowledged < queued -> unacknowledged : queued);
            is_dirty = 1 }
    :: atomic { client_has_taken ->
            assert(taken <= received);  /* else the client breaks the protocol, and its connection ends */
            seen_taken = taken; edge = taken + RING; owes = 1 }
    :: atomic { client_has_written ->
            assert(submitted >= queued && submitted - acknowledged <= RING);  /* else the same */
            queued = submitted }
    :: atomic { wants_to_end -> end_queued = 1; is_dirty = 1 }
    :: atomic { has_new -> send_end++; lay_out_data(); is_dirty = 1 }
    :: atomic { may_be_lost -> lay_out_data(); reached("a segment is sent again") }
    :: atomic { is_done -> stage = ENDING; is_freed = 1; is_dirty = 1 }
    :: atomic { owes -> laid_acknowledgement = 1; laid_next = next; laid_edge = edge; owes = 0 }
    :: break
    od
}

inline begin_transaction() {
    d_step {
        s_stage = r_stage; s_received = r_received; s_acknowledged = r_acknowledged; s_ended = r_ended;
        s_next = r_next; s_unacknowledged = r_unacknowledged; s_send_end = r_send_end; s_end_queued = r_end_queued;
        s_waits = r_waits; s_waits_ended = r_waits_ended; s_waits_next = r_waits_next;
        log_open = 1
    }
}
/* What was saved is of no more use: equal states are to look equal. */
inline forget_saved() {
    s_stage = 0; s_received = 0; s_acknowledged = 0; s_ended = 0; s_next = 0; s_unacknowledged = 0; s_send_end = 0; s_end_queued = 0;
    s_waits = 0; s_waits_ended = 0; s_waits_next = 0;
    log_open = 0
}
inline end_transaction() {
    d_step { forget_saved() }
}
inline undo() {
    if
    :: log_open ->
        r_stage = s_stage; r_received = s_received; r_acknowledged = s_acknowledged; r_ended = s_ended;
        r_next = s_next; r_unacknowledged = s_unacknowledged; r_send_end = s_send_end; r_end_queued = s_end_queued;
        r_waits = s_waits; r_waits_ended = s_waits_ended; r_waits_next = s_waits_next
    :: else
    fi
}

inline record_socket() {
    d_step {
        r_stage = stage; r_acknowledged = acknowledged; r_ended = (stage >= CONNECTED -> ended : 0);
        r_received = received
    }
    kill_here("2");
#ifdef BUG_RECORD_IN_TWO
    end_transaction();
    kill_here("3");
    begin_transaction();
#endif
    d_step {
        r_next = (stage >= CONNECTED -> next : 0);
        r_unacknowledged = unacknowledged;
#ifdef BUG_SEND_END_NOT_RECORDED
        r_send_end = unacknowledged;
#else
        r_send_end = send_end;
#endif
        r_end_queued = end_queued
    }
    kill_here("2")
}
inline record_waiting() {
    d_step {
        r_waits = waits;
        r_waits_ended = (waits -> ended : 0);
        r_waits_next = (waits -> next : 0)
    }
    kill_here("2")
}

/* Step (2), Sockets::settle: what is free comes last. */
inline commit() {
    begin_transaction();
    if
#ifdef BUG_FREE_COMES_FIRST
    :: true ->
#else
    :: waits != FREE ->
#endif
        record_waiting();
        in_another_transaction();
        record_socket()
#ifndef BUG_FREE_COMES_FIRST
    :: waits == FREE ->
        record_socket();
        in_another_transaction();
        record_waiting()
#endif
    fi;
    end_transaction()
}
inline in_another_transaction() {
    if
    :: end_transaction(); kill_here("3"); begin_transaction()
    :: skip
    fi
}

/* Step (3), Sockets::tell. */
inline tell() {
    if
    :: is_dirty ->
        d_step {
            if
            :: is_freed -> told_free = 1; is_freed = 0
            :: else
            fi;
            if
            :: accept == SUBMITTED && stage == CONNECTED -> accept = COMPLETED
            :: else
            fi
        }
        kill_here("4");
#ifdef BUG_CONDITIONS_FIRST
        if
        :: stage == CONNECTED -> told_ended = ended
        :: else
        fi;
        kill_here("4");
#endif
        d_step {
            if
            :: stage == CONNECTED -> told_received = received; told_acknowledged = acknowledged
            :: else
            fi
        }
        kill_here("4");
        d_step {
            if
            :: stage == CONNECTED -> told_ended = ended
            :: else
            fi;
            is_dirty = 0
        }
    :: else
    fi
}

/* Step (4), Card::send. Each frame may be the last that goes out. */
inline send() {
    atomic {
        if
        :: laid_syn_ack ->
            assert(kept_connection);
            sent_syn_ack = 1;
            laid_syn_ack = 0
        :: else
        fi
    }
    kill_here("5");
    atomic {
        if
        :: laid_acknowledgement ->
            assert(laid_next <= kept_next);  /* nothing is acknowledged that is not kept */
            sent_acknowledgement = (laid_next > sent_acknowledgement -> laid_next : sent_acknowledgement);
            sent_edge = (laid_edge > sent_edge -> laid_edge : sent_edge);
            laid_acknowledgement = 0;
            laid_next = 0;
            laid_edge = 0
        :: else
        fi
    }
    kill_here("5");
    atomic {
        wrong_bytes = wrong_bytes | laid_wrong;
        sent_data = (laid_data > sent_data -> laid_data : sent_data);
        laid_data = 0;
        laid_wrong = 0
    }
}

/* Sockets::recover, with make_tcp and pump_stream. Nothing is recorded but by commit(), so a kill here is one like any other. */
inline recover() {
    d_step {
#ifndef BUG_NOT_UNDONE
        undo();
#endif
        forget_saved();
        stage = r_stage;
        waits = r_waits;
        ended = (stage >= CONNECTED -> r_ended : r_waits_ended);
        next = (stage >= CONNECTED -> r_next : r_waits_next);
        received = r_received;
        acknowledged = r_acknowledged;
        unacknowledged = r_unacknowledged;
        send_end = r_send_end;
        end_queued = r_end_queued;
        queued = acknowledged;
        seen_taken = received;
        if
        :: stage == CONNECTED ->
            assert(taken <= received && submitted - acknowledged <= RING);
            queued = submitted;
#ifndef BUG_TAKEN_NOT_READ
            seen_taken = taken
#endif
        :: else
        fi;
        if
        :: waits && stage >= CONNECTED ->
#ifndef BUG_BOTH_KEPT
            waits = FREE;  /* it was handed over: it is the socket's */
#endif
            reached("a connection is in both records")
        :: else
        fi;
        assert(!(waits && stage >= CONNECTED));
        assert(peer_state != ESTABLISHED || waits || stage >= CONNECTED);  /* else it would be reset */
#ifdef BUG_END_FORGOTTEN
        end_forgotten = end_queued;
#endif
#ifndef BUG_NOT_TOLD_AGAIN
        is_dirty = 1;
#endif
#ifndef BUG_FREE_NOT_TOLD
        is_freed = (stage == ENDING);  /* Sockets::tell_free */
#endif
        edge = (stage == CONNECTED -> seen_taken + RING : 0);
        owes = 0
    }
}
inline die() {
    d_step {
        between_turns = 0;
        owes = 0; is_dirty = 0; is_freed = 0; edge = 0;
        laid_syn_ack = 0; laid_acknowledgement = 0; laid_next = 0; laid_edge = 0; laid_data = 0; laid_wrong = 0
    }
}

proctype server() {
incarnation:
    recover();
    do
    ::  atomic {  /* others see nothing of this, and what they do meanwhile they could as well have done before */
            take_in_and_lay_out();
            kill_here("1");
#ifdef BUG_SENT_BEFORE_COMMIT
            send();
#endif
#ifdef BUG_TOLD_BEFORE_COMMIT
            tell();
            kill_here("1");
#endif
            commit();
            kill_here("4")
        }
        tell();
        kill_here("5");
        send();
        between_turns = 1;
end:    if
        :: atomic { anything -> between_turns = 0 }
        :: atomic { !quiet -> reached("a kill between turns"); goto dead }
        fi
    od;
dead:
    die();
    goto incarnation
}
