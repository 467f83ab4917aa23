/* SchedContext: each thread owns one, with its own number. A call lends the one that the caller runs on; it comes back
   when the call ends, in whichever way. The rules that an implementation must keep:

   - lend: Reply::hold. The caller has none now; the server runs on it.
   - park: the server receives again without having answered: the context stays with the unanswered Reply, and the
     server runs on its own. The same when the lent budget is exhausted.
   - give_back: the Reply stops holding its caller. If the server has lent the context on, that chain is cut: those
     further down go on with their own, and their Replies give nothing back.
   - take_back: the supervisor destroys the context (and gives the owner a new one): it is cut out of its whole chain. */
#ifdef CONTEXTS

byte holder[THREADS];      /* who has context c */
byte borrowed[THREADS];    /* whose context t runs on, if not on its own */
byte rcontext[REPLIES];    /* what came with the call that Reply r holds */
byte rserver[REPLIES];     /* to whom */

hidden byte x_context;
hidden byte x_thread;
hidden byte x_reply;
hidden byte x_next;

#define has_context(t) (borrowed[t] != NONE || holder[t] == (t))

inline lend(r, caller, server) {
    x_context = (borrowed[caller] != NONE -> borrowed[caller] : caller);
    if
    :: holder[x_context] != caller -> x_context = NONE; reached("lend: nothing to lend")
    :: else ->
        rcontext[r] = x_context;
        rserver[r] = server;
        holder[x_context] = server;
#ifndef BUG_LENT_AND_KEPT
        borrowed[caller] = NONE;
#endif
        borrowed[server] = x_context;
        reached("lend")
    fi
}

inline park(t) {
    if
    :: borrowed[t] != NONE -> borrowed[t] = NONE; reached("LATER, park: receives with an unanswered call")
    :: else
    fi
}

/* Those below `thread` in the chain lose context x_context. */
inline cut_chain(thread) {
    x_thread = thread;
    do
    :: awaiting[x_thread] != NONE && rcontext[awaiting[x_thread]] == x_context ->
        x_reply = awaiting[x_thread];
        x_next = rserver[x_reply];
        rcontext[x_reply] = NONE;
        rserver[x_reply] = NONE;
        x_thread = x_next;
        reached("NESTED, cut_chain: it had been lent on")
    :: else -> break
    od
}

inline give_back(r, caller) {
    x_context = rcontext[r];
    if
    :: x_context != NONE ->
        x_thread = holder[x_context];
        if
        :: borrowed[x_thread] == x_context -> borrowed[x_thread] = NONE
        :: else -> reached("give_back: parked")
        fi;
#ifndef BUG_CHAIN_NOT_CUT
        cut_chain(rserver[r]);
#endif
        holder[x_context] = caller;
        if
        :: x_context != caller -> borrowed[caller] = x_context; reached("NESTED, give_back: to one who had it lent")
        :: else
        fi;
        rcontext[r] = NONE;
        rserver[r] = NONE;
        reached("give_back")
    :: else
    fi
}

/* The lent budget is used up: who runs on it goes on with its own. */
inline exhaust(t) {
#ifdef BUG_EXHAUSTED_LENDS
    holder[borrowed[t]] = borrowed[t];
#endif
    borrowed[t] = NONE
}

inline take_back(c) {
    x_context = c;
    if
    :: borrowed[holder[c]] == c -> borrowed[holder[c]] = NONE
    :: else
    fi;
    x_reply = awaiting[c];
    x_next = rserver[x_reply];
    rcontext[x_reply] = NONE;
    rserver[x_reply] = NONE;
    cut_chain(x_next);
    holder[c] = c;
    reached("take_back")
}

#else
#define has_context(t) (true)
inline lend(r, caller, server) { skip }
inline park(t) { skip }
inline give_back(r, caller) { skip }
#endif
