// proc: processes, from spawn to crash record. The interface is idl/proc.fbs; what it asks of mem
// is in memory.h.
#include "server.h"

#include <eft/panic.h>
#include <eft/process.h>
#include <eft/server.h>
#include <eft/state/region_commit.h>
#include <eft/state_memory.h>
#include <eft/text.h>

int eft_main() {
    using namespace eft;
    using namespace eft::processes;
    const Result<Slot> control = granted("mem");
    const Result<Slot> space = granted("space");
    if (!control.ok() || !space.ok()) panic("proc: no session of mem, or no address space");
    static EFT_PROCESS_LOCAL Memory memory{CapHandle(*control)};
    if (Status opened = memory.open(*space); !opened.ok()) {
        note("proc", "cannot start: ", opened.error());
        panic("proc: its address space is not known to mem");
    }
    if (SessionSlots::count() < kPersistentSlots) panic_for_slots(kPersistentSlots);
    static EFT_PROCESS_LOCAL ProcServer server(state_memory_of<kStateBytes>(), memory);
    const Result<bool> first = server.recover(incarnation().replies_delivered);
    if (!first.ok()) panic("proc: the state cannot be used");
    for (const std::string_view name : kCoreProcesses) {
        if (!*first) break;
        FixedText<kNameLength> thread("thread/");
        const Result<Slot> shown = granted(thread.append(name));
        const u32 parent = core_pid(name) == kRootPid ? 0 : kRootPid;
        if (!shown.ok() || !server.adopt(name, parent, *shown).ok()) panic("proc: a core process is missing");
    }
    log("ready");

    static EFT_PROCESS_LOCAL RegionCommit commit(server.log());
    ServerLoop loop(&commit);
    loop.run([](ipc::Context& context, ipc::IncomingMessage& message) {
        if (message.registers.tag.has(Tag::Fault)) {
            server.exception(context.badge(), message.registers.w[0], message.registers.w[2]);
            return message.refuse(Error::NotSupported);  // the thread does not go on
        }
        return proc::Proc::dispatch(server, context, message);
    });
}
