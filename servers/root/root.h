// What root does: gets all memory and the boot archive, starts the core servers, and then supervises them. It calls
// nobody: it answers exceptions and notifications. Its program is main.cc; tests on the host run it in the test's thread.
#pragma once

#include "core_supervisor.h"
#include "memory.h"
#include "root_log.h"
#include "tick.h"

#include <string_view>

namespace eft::root {

class Root {
public:
    explicit Root(const BootInfo& info) : memory_(info) {}
    Root(const Root&) = delete;

    // An error: the core servers cannot be started.
    Status start();
    // Waits for a notification or a core server's exception, and does what is due. Answers the notification's bits;
    // 0: it was an exception.
    u64 serve();

    CoreServers& core_servers() { return core_servers_; }
    Memory& memory() { return memory_; }
    // Its own; the bits from 1 << 32 on are nobody's.
    Slot notification() const { return caps_.notification; }
    // Core servers that have ended and do not come back: the system has stopped.
    unsigned lost() const { return supervisor_.lost(); }

private:
    Status give_ports_up();
    // On the kernel's console, and in the log.
    void say(std::string_view line);

    Memory memory_;
    RootLog log_;
    RootCaps caps_{};
    CoreServers core_servers_;
    CoreSupervisor supervisor_{core_servers_, log_};
    Tick tick_;
    Slot tick_for_rs_ = Slot::None, tick_for_dev_ = Slot::None;
    bool owes_answer_ = false;  // to the exception that was received last
};

}  // namespace eft::root
