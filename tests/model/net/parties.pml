/* What is around the server: the area that it shares with its client, the wire, the client's program and the peer. None of them
   ever forgets anything. */

/* Of the connection in the records of sockets, and in the listener's record (Stage in records.h). */
#define FREE 0
#define OPEN 1
#define HALF_OPEN 1
#define READY 2
#define CONNECTED 2
#define ENDING 3

/* Server and client. */
bit quiet;                 /* no more kills */
bit between_turns;         /* the server takes calls */
byte client_bytes;         /* to be sent by it */
byte receive_ring[RING];   /* byte number n holds n */
byte send_ring[RING];
/* The socket's header in the area: the server's line, and the client's. */
byte told_received;
byte told_acknowledged;
bit told_ended;
bit told_free;
byte taken;
byte submitted;
/* The entry Accept in the client's ring. */
#define NONE 0
#define SUBMITTED 1
#define COMPLETED 2
byte accept = NONE;

/* Records that last. The calls Shutdown and Close write `send_shut` and `closing` in a transaction of their own, which commits
   with the answer. */
bit send_shut;
bit closing;
byte send_last;

/* The wire. It loses, repeats and reorders what it likes: what once was sent may come at any time. The peer takes bytes and
   acknowledgements in order only, so the highest number of each says which ones were sent. */
bit sent_syn_ack;
byte sent_data;            /* bytes, and the end behind them */
byte sent_acknowledgement;
byte sent_edge;            /* of the window that was promised */
byte wrong_bytes;          /* a bit for each number: other bytes than those were sent under it */

/* The peer. What it sends is on the wire at once. */
#define CLOSED 0
#define SYN_SENT 1
#define ESTABLISHED 2
byte peer_state = CLOSED;
byte peer_bytes;
byte peer_sent;
byte peer_acknowledged;    /* of its own bytes: it keeps no others */
byte peer_edge;
byte peer_received;        /* what it acknowledges */

/* A program as libos' sockets are. */
proctype client() {
    bit has_seen_end;
    accept = SUBMITTED;
    accept == COMPLETED;
    do
    :: atomic { submitted < client_bytes && submitted - told_acknowledged < RING ->
            send_ring[submitted % RING] = submitted + 1;
            submitted++ }
    :: atomic { told_received > taken ->
            assert(receive_ring[taken % RING] == taken + 1);  /* nothing lost, doubled, or damaged */
            taken++ }
    :: atomic { between_turns && submitted == client_bytes && !send_shut ->
            send_last = submitted;
            send_shut = 1 }
    :: atomic { told_ended && taken == told_received && !has_seen_end ->
            assert(taken == peer_bytes);
            has_seen_end = 1 }
    :: atomic { between_turns && has_seen_end && send_shut && !closing -> closing = 1 }
    :: atomic { closing && told_free ->
            assert(peer_received >= client_bytes);
            break }
    od
}

proctype peer() {
    peer_state = SYN_SENT;
    atomic { sent_syn_ack ->
        peer_state = ESTABLISHED;
        peer_edge = (accept == SUBMITTED -> RING : 0)  /* if nobody waits for it, it waits, too (Sockets::half_open) */
    }
    do
    :: atomic { peer_sent < peer_bytes && peer_sent < peer_edge -> peer_sent++ }
    :: atomic { peer_sent == peer_bytes -> peer_sent++ }  /* its end */
    :: atomic { peer_acknowledged < sent_acknowledgement ->
            assert(sent_acknowledgement <= peer_sent);
            peer_acknowledged++ }
    :: atomic { peer_edge < sent_edge -> peer_edge++ }
    :: atomic { peer_received < sent_data ->
            assert(!(wrong_bytes >> (peer_received + 1) & 1));
            peer_received++ }
    :: atomic { peer_acknowledged == peer_bytes + 1 && peer_received == client_bytes + 1 -> break }
    od
}

proctype end_of_kills() { quiet = 1 }
