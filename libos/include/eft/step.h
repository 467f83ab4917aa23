// What a step shows of itself to the supervisor: whose request it serves, should the step fail; and that
// there was a first request at all, which ends a recovery.
//
// A server's loop shows the badge in the service's persistent page (PersistentHead::session) from the moment at which it
// takes a request until the handler returns. A coroutine that waits takes its session along (task.h): the step that
// resumes it serves that session again. What a server does for nobody in particular, an interrupt for example, is shown
// as 0. Entries of rings are not shown either: they are given up one by one (ring/consumer.h).
//
// A handler that waits has a number, and so has each of the coroutines that it waits for (task.h). What it changes belongs to
// its own answer: while the changes of another request are under way, it is not resumed but has its turn afterwards.
#pragma once

#include <eft/arch/program.h>
#include <eft/state/stores.h>

namespace eft {

namespace detail {
inline EFT_PROCESS_LOCAL constinit u64 unseen_session = 0;
inline EFT_PROCESS_LOCAL u64* session_word = &unseen_session;  // at first nobody sees it
using Listener = void (*)();
inline EFT_PROCESS_LOCAL constinit Listener on_request = nullptr;
inline EFT_PROCESS_LOCAL constinit u64 request = 0;       // whose coroutine runs; 0: a handler's that does not wait, or nobody's
inline EFT_PROCESS_LOCAL constinit u64 last_request = 0;
using Changing = bool (*)();
using LeftChanging = void (*)(u64 request);
inline EFT_PROCESS_LOCAL constinit Changing changing = nullptr;
inline EFT_PROCESS_LOCAL constinit LeftChanging left_changing = nullptr;
}  // namespace detail

inline void show_session_in(u64& word) { detail::session_word = &word; }

// An entry was taken from a ring. (The server loop tells of calls by itself.)
inline void entry_taken() {
    if (detail::on_request) detail::on_request();
}
inline void tell_requests_to(detail::Listener function) { detail::on_request = function; }

inline u64 step_session() { return __atomic_load_n(detail::session_word, __ATOMIC_RELAXED); }
inline void set_step_session(u64 badge) { store_word(*detail::session_word, badge); }

// The request that the running coroutine belongs to; 0: none that may wait.
inline u64 step_request() { return detail::request; }
inline u64 next_request() { return ++detail::last_request; }

// For servers that have transactions: tells whether one is open; and is told, if it wants to be, of a coroutine of this
// request that has left one open.
inline void ask_for_changes(detail::Changing changing, detail::LeftChanging left_changing = nullptr) {
    detail::changing = changing;
    detail::left_changing = left_changing;
}
// A coroutine of this request has had its turn, in a step of its own.
inline void end_turn(u64 request) {
    if (detail::left_changing && detail::changing()) [[unlikely]]
        detail::left_changing(request);
}
// Another request's changes may be under way: a handler is at work, or somebody has changed something.
inline bool step_is_taken() { return step_session() != 0 || (detail::changing && detail::changing()); }

// The rest of a scope serves this session, and this request of it; what it was part of goes on afterwards.
class StepFor {
public:
    StepFor(u64 badge, u64 request) : badge_(step_session()), request_(step_request()) {
        set_step_session(badge);
        detail::request = request;
    }
    StepFor(const StepFor&) = delete;
    StepFor& operator=(const StepFor&) = delete;
    ~StepFor() {
        set_step_session(badge_);
        detail::request = request_;
    }

private:
    u64 badge_, request_;
};

}  // namespace eft
