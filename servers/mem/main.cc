// mem: address spaces, memory objects, demand paging. The interface is idl/mem.fbs; the logic is in manager.h.
#include "arguments.h"
#include "kernel_calls.h"
#include "server.h"

#include <eft/panic.h>
#include <eft/server.h>

namespace eft::memory {
namespace {

constexpr Slot kEndpoint = slot(WellKnown::Endpoint);

KernelCalls kernel;
Manager<KernelCalls> manager(kernel, kEndpoint);

// All memory of the machine. It came in consecutive slots, which libos may count among its own: it moves.
Status take_memory(u32 first, u32 count) {
    for (u32 i = 0; i < count; ++i) {
        EFT_TRY(const Slot slot, manager.store().take_slots());
        EFT_CHECK(kernel.move(slot, static_cast<Slot>(first + i)));
        EFT_CHECK(manager.store().buddy.add(slot));
    }
    return {};
}

// They came in the same way.
Status take_logs(u32 first, u32 pages_each) {
    const u32 count = pages_each * static_cast<u32>(kCoreProcesses.size());
    EFT_TRY(const Slot run, manager.store().take_slots(count));
    for (u32 i = 0; i < count; ++i) EFT_CHECK(kernel.move(static_cast<Slot>(raw(run) + i), static_cast<Slot>(first + i)));
    return manager.show_logs(run, pages_each);
}

Status start() {
    const std::string_view arguments = field_text(config().arguments);
    EFT_TRY(const Pair untyped, parse_pair(arguments, "untyped="));
    EFT_TRY(const Pair archive, parse_pair(arguments, "archive="));
    EFT_TRY(const u32 end, kernel.table_end());
    manager.store().slots.set_end(end);
    EFT_CHECK(take_memory(static_cast<u32>(untyped.first), static_cast<u32>(untyped.second)));
    EFT_TRY(const Slot own_space, granted("space"));
    EFT_CHECK(manager.start(own_space, archive.first, archive.second));
    EFT_TRY(const Pair logs, parse_pair(arguments, "logs="));
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
    const auto endpoint = kernel.inspect(kEndpoint);
    if (!endpoint.ok()) panic("mem: no endpoint");
    static MemServer<KernelCalls> server(kernel, manager, endpoint->id);
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
