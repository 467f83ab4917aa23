// What a step shows of itself to the supervisor: whose request it serves, should the step fail; and that
// there was a first request at all, which ends a recovery.
//
// A server's loop shows the badge in the service's persistent page (PersistentHead::session) from the moment at which it
// takes a request until the handler returns. A coroutine that waits takes its session along (task.h): the step that
// resumes it serves that session again. What a server does for nobody in particular, an interrupt for example, is shown
// as 0. Entries of rings are not shown either: they are given up one by one (ring/consumer.h).
#pragma once

#include <eft/arch/program.h>
#include <eft/state/stores.h>

namespace eft {

namespace detail {
inline EFT_PROCESS_LOCAL constinit u64 unseen_session = 0;
inline EFT_PROCESS_LOCAL u64* session_word = &unseen_session;  // at first nobody sees it
using Listener = void (*)();
inline EFT_PROCESS_LOCAL constinit Listener on_request = nullptr;
}  // namespace detail

inline void show_session_in(u64& word) { detail::session_word = &word; }

// An entry was taken from a ring. (The server loop tells of calls by itself.)
inline void entry_taken() {
    if (detail::on_request) detail::on_request();
}
inline void tell_requests_to(detail::Listener function) { detail::on_request = function; }

inline u64 step_session() { return __atomic_load_n(detail::session_word, __ATOMIC_RELAXED); }
inline void set_step_session(u64 badge) { store_word(*detail::session_word, badge); }

// The rest of a scope serves this session; what it was part of goes on afterwards.
class StepFor {
public:
    explicit StepFor(u64 badge) : before_(step_session()) { set_step_session(badge); }
    StepFor(const StepFor&) = delete;
    StepFor& operator=(const StepFor&) = delete;
    ~StepFor() { set_step_session(before_); }

private:
    u64 before_;
};

}  // namespace eft
