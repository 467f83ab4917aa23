// Never sleeps and asks nobody. It writes into its log, once for each of the spans of time that its argument says (in
// ms), how much of the processor it had: it looks at the clock all the time, and where the clock has jumped, somebody
// else ran.
#include <eft/process.h>
#include <eft/syscall.h>
#include <eft/text.h>

using namespace eft;

namespace {

constexpr u64 kGlance = 400;  // time stamps: more than the loop takes, less than a way to somebody else and back

u64 span_ms() {
    const auto given = parse_u64(field_text(config().arguments));
    return given.ok() ? *given : 1000;
}

}  // namespace

int eft_main() {
    report_ready();
    const u64 span = span_ms() * config().ticks_per_ms;
    for (;;) {
        const u64 start = sys::time_stamp();
        u64 now = start, away = 0;
        while (now - start < span) {
            const u64 then = now;
            now = sys::time_stamp();
            if (now - then > kGlance) away += now - then;
        }
        FixedText<64> line;
        log(line.append("I had ").decimal((now - start - away) * 100 / (now - start)).append(" % of the processor"));
    }
}
