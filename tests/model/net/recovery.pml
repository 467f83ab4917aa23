/* Spin's model of the network server's recovery: one connection that comes to a listener, with bytes and an end both ways,
   and a server that is killed anywhere. The steps of a turn and the places where a kill strikes have the numbers of records.h
   and docs/network.md. CMakeLists.txt has the configurations (-D), and the seeded bugs (BUG_...) that must be found.

   What it leaves out: time, congestion, options, what the undo log itself does (a torn transaction is taken back here in one
   step). Sequence numbers count from the byte behind the SYN: 1 is the first byte, and the end is one more than the last byte. */

c_decl {
\#include "marks.h"
}
/* A branch that must be reached in each configuration, but for those that CMakeLists.txt lists. */
#define reached(what) c_code { MARK(what); }

/* Bytes that the peer and the client send at most, and the sizes of the client's rings. */
#ifndef UP
#define UP 2
#endif
#ifndef DOWN
#define DOWN 2
#endif
#ifndef RING
#define RING 1
#endif

#include "parties.pml"
#include "server.pml"

init {
    atomic {
        select(client_bytes : 0 .. DOWN);
        select(peer_bytes : 0 .. UP);
        run server();
        run client();
        run peer();
        run end_of_kills()
    }
}
