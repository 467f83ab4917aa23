// Keeps the network card's driver busy while it is killed: some frames are in its ring at every moment, and as many buffers
// wait for frames that do not come.
#include "figures.h"

#include <eft/idl/ethernet.h>
#include <eft/ring/attached_ring.h>
#include <eft/wake_loop.h>

using namespace eft;
using namespace eft::bench;

namespace {

constexpr u32 kFrames = 8, kBuffers = 64;
constexpr u32 kFrameBytes = 1514, kBufferBytes = 2048;

using Card = ring::AttachedRing<ethernet::Ethernet>;

// In progress at two deaths: ServiceFailed, as the interface says.
void check(Error error, const char* otherwise) {
    if (error != Error::None && error != Error::ServiceFailed) give_up(otherwise, error);
}

Task<void> send_for_ever(Card& card) {
    for (;;) {
        ring::Windows::Lease window(card.windows());
        ethernet::Send request;
        request.frame = window.first(kFrameBytes);
        auto call = card.ring().send(request);
        const auto done = co_await call;
        window.ended(done.error());
        check(done.error(), "a frame was not sent");
    }
}

Task<void> receive_for_ever(Card& card) {
    for (;;) {
        ring::Windows::Lease window(card.windows());
        ethernet::Receive request;
        request.buffer = window.first(kBufferBytes);
        auto call = card.ring().receive(request);
        const auto done = co_await call;
        window.ended(done.error());
        check(done.error(), "a buffer was refused");
    }
}

struct Session final : WakeSource {
    explicit Session(u32 windows) : card(windows, kBufferBytes) {}

    void connect(WakeLoop& loop) {
        wake = require(loop.add(*this), "no wake-up");
        require(card.connect("ethernet/0", wake), "the driver does not attach");
    }
    void on_wake() override { card.on_wake(); }
    bool prepare_to_sleep() override { return card.prepare_to_sleep(); }

    CapHandle wake;
    Card card;
};

}  // namespace

int eft_main() {
    report_ready();
    static WakeLoop loop;
    static Session sender(kFrames), receiver(kBuffers);
    sender.connect(loop);
    receiver.connect(loop);
    for (u32 i = 0; i < kBuffers; ++i) start_detached(receive_for_ever(receiver.card));
    for (u32 i = 0; i < kFrames; ++i) start_detached(send_for_ever(sender.card));
    for (;;) loop.run_once();
}
