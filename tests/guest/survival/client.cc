// One of the clients of the survival test: calls its service without end, checks every answer, and
// keeps count in its persistent memory, where the test reads it.
#include "tally.h"

#include <eft/idl/counter.h>
#include <eft/idl/echo.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/process.h>
#include <eft/syscall.h>

using namespace eft;

namespace {

// The stub gives up a request that was in progress at two deaths; nothing of it has happened.
bool given_up(Error error) { return error == Error::ServiceFailed; }

bool stopped(const survival::Tally& tally) { return *const_cast<const volatile u32*>(&tally.stop) != 0; }

void use_echo(survival::Tally& tally) {
    echo::EchoClient<> client{CapHandle(*granted("echo"))};
    for (u64 number = 1; !stopped(tally); ++number) {
        ++tally.asked;
        const auto answer = client.repeat({.a = number, .b = ~number, .c = number * 3, .d = 7});
        if (answer.ok()) {
            ++tally.answered;
            if (answer->a != number || answer->b != ~number || answer->c != number * 3 || answer->d != 7) ++tally.wrong;
        } else if (given_up(answer.error())) {
            ++tally.given_up;
        } else {
            tally.last_error = static_cast<u32>(answer.error());
            ++tally.wrong;
        }
    }
}

void use_counter(survival::Tally& tally) {
    counter::CounterClient<> client{CapHandle(*granted("counter"))};
    u64 last = 0;
    while (!stopped(tally)) {
        ++tally.asked;
        const auto answer = client.add({.amount = 1});
        if (answer.ok()) {
            ++tally.answered;
            if (answer->value <= last) ++tally.wrong;
            last = answer->value;
        } else if (given_up(answer.error())) {
            ++tally.given_up;
        } else {
            tally.last_error = static_cast<u32>(answer.error());
            ++tally.wrong;
        }
    }
}

}  // namespace

int eft_main() {
    auto& tally = *reinterpret_cast<survival::Tally*>(state_memory().data());
    report_ready();
    granted("echo").ok() ? use_echo(tally) : use_counter(tally);
    tally.resting = 1;
    for (;;) {  // out of the way: the service has a lower priority
        sys::Registers registers;
        static_cast<void>(sys::recv(slot(WellKnown::Notification), registers));
    }
}
