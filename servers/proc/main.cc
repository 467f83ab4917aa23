// proc: processes, from spawn to crash record. The interface is idl/proc.fbs; the logic is in server.h.
#include "environment.h"
#include "server.h"

#include <eft/panic.h>
#include <eft/server.h>
#include <eft/text.h>

namespace {

// What proc maps itself: the boot archive.
constexpr eft::u32 kOwnQuota = 16384;

}  // namespace

int eft_main() {
    using namespace eft;
    using namespace eft::processes;
    const Result<Slot> control = granted("mem");
    const Result<Slot> space = granted("space");
    if (!control.ok() || !space.ok()) panic("proc: no session of mem, or no address space");
    static SystemEnvironment environment(*control);
    if (Status opened = environment.open(*space, kOwnQuota); !opened.ok()) {
        log(to_string(opened.error()));
        panic("proc: the boot archive cannot be mapped");
    }
    static ProcServer<SystemEnvironment> server(environment);
    for (const std::string_view name : kCoreProcesses) {
        FixedText<kNameLength> thread("thread/");
        const Result<Slot> shown = granted(thread.append(name));
        const u32 parent = core_pid(name) == kRootPid ? 0 : kRootPid;
        if (!shown.ok() || !server.adopt(name, parent, *shown).ok()) panic("proc: a core process is missing");
    }
    log("ready");

    ServerLoop loop;
    loop.run([](ipc::Context& context, ipc::IncomingMessage& message) {
        if (message.registers.tag.has(Tag::Fault)) {
            server.exception(context.badge(), message.registers.w[0], message.registers.w[2]);
            return message.refuse(Error::NotSupported);  // the thread does not go on
        }
        return proc::Proc::dispatch(server, context, message);
    });
}
