// mem: address spaces, memory objects, demand paging. The interface is idl/mem.fbs, all that mem knows is in state.h,
// and what it does to the kernel is in effects.h.
#include "arguments.h"
#include "effects.h"
#include "objects.h"
#include "server.h"
#include "spaces.h"

#include <eft/panic.h>
#include <eft/process.h>
#include <eft/server.h>

namespace eft::memory {
namespace {

EFT_PROCESS_LOCAL constinit State state;

// What root gave came in consecutive slots, which libos may count among its own: all of it moves.
Status take_memory(u32 first, u32 count) {
    for (u32 i = 0; i < count; ++i) {
        EFT_TRY(const Slot slot, take_slots(state));
        EFT_CHECK(effects::move(slot, static_cast<Slot>(first + i)));
        EFT_CHECK(add_memory(state, slot));
    }
    return {};
}

// The log rings of the core processes.
Status take_logs(u32 first, u32 pages_each) {
    for (u64& log : state.core_logs) {
        EFT_TRY(const Slot run, take_slots(state, pages_each));
        for (u32 i = 0; i < pages_each; ++i) EFT_CHECK(effects::move(slot_at(run, i), static_cast<Slot>(first++)));
        EFT_TRY(const Object* object, shown_object(state, run, pages_each));
        log = object->id;
    }
    return {};
}

Status start() {
    const std::string_view arguments = field_text(config().arguments);
    EFT_TRY(const Pair untyped, parse_pair(arguments, "untyped="));
    EFT_TRY(const Pair archive, parse_pair(arguments, "archive="));
    EFT_TRY(const Pair logs, parse_pair(arguments, "logs="));
    EFT_TRY(const auto endpoint, effects::inspect(slot(WellKnown::Endpoint)));
    state.endpoint_id = endpoint.id;
    EFT_TRY(const u32 end, effects::table_end());
    state.slots.set_end(end);
    EFT_CHECK(take_memory(static_cast<u32>(untyped.first), static_cast<u32>(untyped.second)));
    EFT_TRY(const Slot own_space, granted("space"));
    EFT_CHECK(open_own_space(state, own_space, archive.first, archive.second));
    return take_logs(static_cast<u32>(logs.first), static_cast<u32>(logs.second));
}

}  // namespace
}  // namespace eft::memory

int eft_main() {
    using namespace eft;
    using namespace eft::memory;
    if (Status started = start(); !started.ok()) {
        log(to_string(started.error()));
        panic("mem: cannot start with what root gave");
    }
    static EFT_PROCESS_LOCAL MemServer server(state);
    log("ready");

    ServerLoop loop;
    loop.run([](ipc::Context& context, ipc::IncomingMessage& message) __attribute__((always_inline)) {
        if (message.registers.tag.has(Tag::Fault)) {
            const u64* words = message.registers.w;
            return message.refuse(server.page_fault(context.badge(), words[0], words[2] & 0xffff'ffff));
        }
        const ipc::Outcome outcome = mem::Mem::dispatch(server, context, message);
        // Capabilities in answers are all given up, and some kinds cannot be copied.
        if (message.registers.tag.caps() != 0) message.registers.tag = message.registers.tag.with(Tag::Move);
        return outcome;
    });
}
