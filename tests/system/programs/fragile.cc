// echo with two bugs: the text "die" kills it in the step that takes the request, the words that begin with kDeadly in a
// later step, when it serves somebody else, or nobody. Its log says when a session was closed.
#include "fragile.h"

#include <eft/idl/echo.h>
#include <eft/idl/names.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/server.h>
#include <eft/text.h>

using namespace eft;

namespace {

constexpr u64 kAgainBit = 1;

class Server {
public:
    Result<Empty> ping(ipc::Context&, const Empty&) { return Empty{}; }
    Result<echo::Text> say(ipc::Context&, const echo::Text& text) {
        if (text.text == kDeadlyText) __builtin_trap();
        return echo::Text{text.text};
    }
    Task<Result<echo::Words>> repeat(ipc::Context&, echo::Words words) {
        if (words.a == kDeadlyWord) {
            sys::signal(again_.slot());
            co_await Suspension(turn_);
            __builtin_trap();
        }
        co_return words;
    }

    void woken(u64 bits) {
        if (bits & static_cast<u64>(WakeBit::Closed)) tell_closed();
        if (bits & kAgainBit) turn_.resume();
    }

private:
    void tell_closed() {
        for (auto closed = broker_.closed(); closed.ok() && !closed->badges.empty(); closed = broker_.closed()) {
            for (std::size_t i = 0; i < closed->badges.size(); ++i) log("a session was closed");
        }
    }

    CapHandle again_ = std::move(*copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), kAgainBit));
    WaitPoint turn_;
    names::NamesClient<> broker_{CapHandle(slot(WellKnown::Names))};
};
static_assert(echo::EchoServer<Server>);

}  // namespace

int eft_main() {
    static Server server;
    ServerLoop loop;
    loop.run([](ipc::Context& context, ipc::IncomingMessage& message) { return echo::Echo::dispatch(server, context, message); },
             [](u64 bits) { server.woken(bits); });
}
