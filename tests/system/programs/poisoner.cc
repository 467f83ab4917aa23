// A client of fragile that sends what kills it, in the way that its arguments name, until it is refused; then it says
// what it was told, and lives on.
#include "fragile.h"

#include <eft/idl/echo.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/panic.h>
#include <eft/process.h>
#include <eft/session.h>
#include <eft/text.h>

using namespace eft;

namespace {

constexpr unsigned kMost = 50;

Error send_poison(echo::EchoClient<>& fragile, bool later) {
    if (later) return fragile.repeat(echo::Words{kDeadlyWord, 0, 0, 0}).error();
    return fragile.say(echo::Text{kDeadlyText}).error();
}

}  // namespace

int eft_main() {
    report_ready();
    const bool later = field_text(config().arguments) == "later";
    auto session = connect("fragile");
    if (!session.ok()) panic("no session with fragile");
    echo::EchoClient<> fragile(std::move(*session));
    Error error = Error::ServiceFailed;
    unsigned failures = 0;
    while (error == Error::ServiceFailed && failures < kMost) {
        error = send_poison(fragile, later);
        failures += error == Error::ServiceFailed;
    }
    FixedText<160> line;
    line.append("failed ").decimal(failures).append(" times, then: ").append(to_string(error));
    log(line.append("; connect: ").append(to_string(connect("fragile").error())));
    for (;;) {
        ipc::Registers registers;
        static_cast<void>(sys::recv(slot(WellKnown::Notification), registers));
    }
}
