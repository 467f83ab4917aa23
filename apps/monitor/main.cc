// monitor: the prompt on the console.
#include "monitor/shell.h"

#include <eft/panic.h>
#include <eft/process.h>

using namespace eft;

int eft_main() {
    const Result<Slot> supervisor = granted("rs");
    if (!supervisor.ok()) panic("the manifest does not grant \"rs\"");
    static WakeLoop loop;
    static monitor::Shell shell(loop, *supervisor);
    report_ready();
    if (Status connected = shell.connect(); !connected.ok()) {
        log(to_string(connected.error()));
        return 1;
    }
    return loop.run(shell.run());
}
