// SchedContext: a share of the processor's time. Every thread has one of its own; a call lends the
// caller's to the server, so that the work is charged to whom it is done for.
//
//      A ----call----> S ----call----> T          A's context is lent through both Replies; T holds it.
//      |               |               |          A and S wait with it as what they are charged to, so
//      own  <-- R1 <---+--- R2 <-------+          that an answer has nothing to restore but `reply`.
//              outer      reply      holder
//
// While the context is lent, `reply` is the innermost Reply that it went through, and `outer` leads from
// there to the outermost; `holder` is who is charged for it at the moment: the server of the innermost
// call, or nobody, if that server put its answer off or used the context up. It comes back with the
// answer, and at once when a Reply on the way is destroyed, a caller is cancelled or the owner dies:
// whoever had it further in goes on with a context of its own.
#pragma once

#include <object/capability.h>
#include <object/object.h>

namespace eft::kernel {

class Reply;
struct Core;

class SchedContext : public Object {
public:
    static constexpr ObjectType kType = ObjectType::SchedContext;

    SchedContext() : Object(kType) {}

    bool limited() const { return period_ != 0; }
    // There is budget for `now`, which may begin a new period.
    bool has_budget(u64 now);
    u64 next_refill() const { return period_end_; }
    void consume(u64 ticks) {
        consumed_ += ticks;
        left_ -= static_cast<std::int64_t>(ticks);
    }
    u64 end_of_budget(u64 now) const { return now + static_cast<u64>(left_); }
    void configure(u64 budget, u64 period, u8 ceiling, u64 now);

    u8 ceiling() const { return ceiling_; }
    u64 budget() const { return budget_; }
    u64 period() const { return period_; }
    u64 consumed() const { return consumed_; }
    u64 left() const { return left_ > 0 ? static_cast<u64>(left_) : 0; }

    // Whoever is charged for it, if that is not its owner, is charged to its own from now on.
    void drop_holder();
    // The call that `until` holds is about to end. Whoever has it from further in goes on with a context of its own; the
    // innermost first, so that all is in order if it pauses: then false, and it goes on when it is called again.
    bool draw_back(Core& core, const Reply& until) { return !reply || reply == &until || draw_back_further(core, until); }
    // The call has ended, and nobody has it from further in: it comes back to the caller, if it is lent at all.
    void return_from(Reply& through);
    void destroy(Core& core);

    Thread* owner = nullptr;   // the thread whose own it is; cleared with that thread's slot
    Thread* holder = nullptr;  // only while lent
    Reply* reply = nullptr;    // the innermost Reply on its way; null: at home
    Capability handler;        // Endpoint that hears when the owner has to stop
    bool reported = false;     // it has heard in this period

private:
    bool draw_back_further(Core& core, const Reply& until);

    u64 budget_ = 0;
    u64 period_ = 0;  // 0: no limit
    std::int64_t left_ = 0;
    u64 period_end_ = 0;
    u64 consumed_ = 0;
    u8 ceiling_ = 0;
};
static_assert(sizeof(SchedContext) <= 1u << kSchedContextBits);

}  // namespace eft::kernel
