// A QEMU machine that a test, the runner or the benchmark drives.
//
// The harness is host code and reports what goes wrong by exceptions, so that a test stops at the line that failed,
// with the end of the serial log in the message. A machine never outlives its Machine, nor the process that made it.
#pragma once

#include "child.h"
#include "console.h"
#include "options.h"
#include "qmp.h"

#include <string>

namespace eft::qemu {

// How a machine ended. `status` is QEMU's: 0 for power off and reset, (v << 1) | 1 for v written to isa-debug-exit.
// `reason` is QMP's (guest-shutdown, guest-reset, host-qmp-quit, …), empty when isa-debug-exit ended it. A triple fault
// shows as guest-reset with status 0: whoever expects a clean end uses powered_off().
struct MachineExit {
    int status = 0;
    std::string reason;

    bool powered_off() const { return status == 0 && reason == "guest-shutdown"; }
    std::string text() const;
};

class Machine {
public:
    // Starts it; throws when the kernel or the archive is not there, or QEMU refuses.
    explicit Machine(const MachineOptions& options);

    Console& console() { return console_; }

    // control().command("query-blockstats"), …
    Qmp& control() { return qmp_; }

    bool running() { return !child_.wait(after(Duration(0))); }
    // Throws, with the end of the log, if the machine still runs after `timeout`.
    MachineExit wait_for_exit(Duration timeout);
    void kill() { child_.kill(); }
    pid_t process() const { return child_.id(); }

private:
    // Our end and QEMU's end of each connection.
    struct Wires {
        std::pair<File, File> serial = socket_pair();
        std::pair<File, File> control = socket_pair();
    };
    static Child start(const MachineOptions& options, Wires& wires);

    Wires wires_;
    Child child_;
    Console console_;
    Qmp qmp_;
};

}  // namespace eft::qemu
