// A client of echo and counter that looks at each answer: what it sends to echo comes back, and counter counts each call
// once. It says now and then how many answers there were, how many were wrong, and how many calls failed.
#include <eft/idl/counter.h>
#include <eft/idl/echo.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/panic.h>
#include <eft/process.h>
#include <eft/session.h>
#include <eft/text.h>

using namespace eft;

int eft_main() {
    report_ready();
    auto echo_session = connect("echo");
    auto counter_session = connect("counter");
    if (!echo_session.ok() || !counter_session.ok()) panic("no session with echo or counter");
    echo::EchoClient<> echo(std::move(*echo_session));
    counter::CounterClient<> counter(std::move(*counter_session));
    u64 answers = 0, wrong = 0, failed = 0, sum = 0;
    bool known = false;  // sum is the counter's
    for (u64 round = 0;; ++round) {
        auto words = echo.repeat({round, ~round, 3, 4});
        failed += !words.ok();
        if (words.ok()) wrong += words->a != round || words->b != ~round || words->c != 3 || words->d != 4, ++answers;
        auto value = counter.add({1});
        failed += !value.ok();
        if (value.ok()) {
            wrong += known && value->value != sum + 1;
            sum = value->value;
            ++answers;
        }
        known = value.ok();  // what failed may have been done
        if (round % 100 == 0) {
            FixedText<128> line;
            log(line.append("answers ").decimal(answers).append(" wrong ").decimal(wrong).append(" failed ").decimal(failed).append(".").view());
        }
    }
}
