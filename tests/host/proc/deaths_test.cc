// A process dies at each of its system calls.
#include "supervisor.h"

using namespace eft;
using namespace eft::test;

STAGE_CASE(Supervisor, "wherever a process dies, there is a record, its supervisor is told once, and nothing is left") {
    const PersistentPart part = make_part();
    host::Image& image = *images["leave"];
    std::optional<Totals> before;
    u64 fatal = 0;
    for (;; ++fatal) {
        CAPTURE(fatal);
        image.fatal_system_call = image.system_calls + fatal;
        const u32 pid = *spawn(part, "leave");
        stage.run();
        CHECK(poll_wake() == kDied);
        const auto record = reap(pid);
        REQUIRE(record.ok());
        CHECK(poll_wake() == 0);
        if (!before) before = totals(part);
        CHECK(totals(part) == *before);
        if (record->reason == proc::DeathReason::Exit) break;
        CHECK(record->reason == proc::DeathReason::Exception);
        CHECK(record->vector == 6);
    }
    CHECK(fatal >= 3);
}
