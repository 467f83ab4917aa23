// An honest client of fragile: every answer must be right, whoever kills the server in between.
#include <eft/idl/echo.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/panic.h>
#include <eft/process.h>
#include <eft/session.h>
#include <eft/text.h>

using namespace eft;

namespace {

constexpr u64 kLogEvery = 1000;

}  // namespace

int eft_main() {
    report_ready();
    auto session = connect("fragile");
    if (!session.ok()) panic("no session with fragile");
    echo::EchoClient<> fragile(std::move(*session));
    for (u64 answered = 0;;) {
        FixedText<40> asked;
        asked.append("number ").decimal(answered);
        const auto answer = fragile.say(echo::Text{asked});
        if (!answer.ok()) panic(to_string(answer.error()));
        if (answer->text != asked.view()) panic("the answer is wrong");
        if (++answered % kLogEvery != 0) continue;
        FixedText<40> line;
        log(line.append("answered ").decimal(answered));
    }
}
