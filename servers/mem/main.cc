// mem: address spaces, memory objects, demand paging. The interface is idl/mem.fbs, all that mem knows is in state.h,
// and what it does to the kernel is in effects.h.
#include "arguments.h"
#include "effects.h"
#include "objects.h"
#include "server.h"
#include "spaces.h"
#include "suspects.h"
#include "undone.h"

#include <eft/panic.h>
#include <eft/process.h>
#include <eft/server.h>
#include <eft/state/region_commit.h>
#include <eft/state_memory.h>
#include <eft/wake.h>

namespace eft::memory {
namespace {

constexpr u64 kMoreBit = 1;  // of the notification

// The untyped memory that root gave stays in the slots in which it came, which are persistent ones.
Status take_memory(State& state, const Pair& slots) {
    while (state.untyped_taken < slots.second) {
        EFT_CHECK(add_memory(state, static_cast<Slot>(slots.first + state.untyped_taken)));
        set(state.untyped_taken, state.untyped_taken + 1);
        checkpoint();
    }
    return {};
}

// The log rings of the core processes; their frames stay where they are, too.
Status take_logs(State& state, const Pair& slots) {
    u64 first = slots.first;
    for (const u64& log : state.core_logs) {
        if (log == 0) {
            EFT_TRY(const Object* object, shown_object(state, static_cast<Slot>(first), static_cast<u32>(slots.second)));
            set(log, object->id);
            checkpoint();
        }
        first += slots.second;
    }
    return {};
}

// What root gave, once: an incarnation that dies in it leaves the rest to the next one.
Status begin(State& state) {
    const std::string_view arguments = field_text(config().arguments);
    EFT_TRY(const Pair untyped, parse_pair(arguments, "untyped="));
    EFT_TRY(const Pair archive, parse_pair(arguments, "archive="));
    EFT_TRY(const Pair logs, parse_pair(arguments, "logs="));
    if (state.endpoint_id == 0) {
        EFT_TRY(const auto endpoint, effects::inspect(slot(WellKnown::Endpoint)));
        EFT_TRY(const u32 end, effects::table_end());
        state.slots.set_end(end);
        set(state.endpoint_id, endpoint.id);
        checkpoint();
    }
    EFT_CHECK(take_memory(state, untyped));
    EFT_TRY(const Slot own_space, granted("space"));
    EFT_CHECK(open_own_space(state, own_space, archive.first, archive.second));
    return take_logs(state, logs);
}

Status start(Region& region, State& state) {
    use_journal(&region.log());
    region.log().on_undo(settle, &state);
    const RecoveryOutcome outcome = region.recover(incarnation().replies_delivered);
    if (outcome == RecoveryOutcome::OtherLayout || outcome == RecoveryOutcome::Damaged) return Error::BadFormat;
    if (outcome != RecoveryOutcome::Fresh) {
        note_served_fault(state);
        finish_undone(state);
        renew_own_space(state);
        end_objects(state);
    }
    return begin(state);
}

}  // namespace
}  // namespace eft::memory

int eft_main() {
    using namespace eft;
    using namespace eft::memory;
    static EFT_PROCESS_LOCAL Region region(state_memory_of<Region::kBytes>(), kStateVersion);
    State& state = const_cast<State&>(*region);
    if (Status started = start(region, state); !started.ok()) {
        log(to_string(started.error()));
        panic("mem: cannot start with what root gave, or what the last incarnation left");
    }
    static EFT_PROCESS_LOCAL MemServer server(state);
    log("ready");

    // What is left to do after an answer is done at once, and is nobody else's to wait for or to pay for.
    static EFT_PROCESS_LOCAL const Result<CapHandle> more = make_wake(kMoreBit);
    if (!more.ok()) panic("mem: no slot for the own wake-up");
    static EFT_PROCESS_LOCAL RegionCommit commit(region.log());
    ServerLoop loop(&commit);
    const auto serve = [](ipc::Context& context, ipc::IncomingMessage& message) __attribute__((always_inline)) {
        server.finish_last();
        if (message.registers.tag.has(Tag::Fault)) {
            const u64* words = message.registers.w;
            return message.refuse(server.page_fault(context.badge(), words[0], words[2] & 0xffff'ffff));
        }
        const ipc::Outcome outcome = mem::Mem::dispatch(server, context, message);
        // Capabilities in answers are all given up, and some kinds cannot be copied.
        if (message.registers.tag.caps() != 0) message.registers.tag = message.registers.tag.with(Tag::Move);
        if (server.has_more_to_do()) [[unlikely]] sys::signal(more->slot());
        return outcome;
    };
    loop.run(serve, [](u64) { server.finish_last(); });
}
