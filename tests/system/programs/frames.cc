// One end of a wire: sends numbered frames without a pause, and checks those that arrive, until a frame says that it is the
// end. Then it writes into its log how many there were. What happens to the link it writes there, too. It is a client of
// a network card, of whose deaths it knows nothing; while that is stopped, it waits.
//
// With the argument "paced" it sends as many frames as arrive: for a card that takes whatever it gets, and loses what
// the wire does not take.
#include "numbered_frame.h"

#include <eft/idl/ethernet.h>
#include <eft/panic.h>
#include <eft/process.h>
#include <eft/ring/attached_ring.h>
#include <eft/text.h>
#include <eft/wake_loop.h>

using namespace eft;

namespace {

constexpr u32 kWindow = 2048, kBuffers = 128, kFrames = 64;

// The argument that names one, or the first.
std::string_view card_name() {
    const std::string_view arguments = field_text(config().arguments);
    const std::size_t at = arguments.find("ethernet/");
    return at == arguments.npos ? "ethernet/0" : arguments.substr(at);
}

template <class T>
T require(Result<T> result, const char* otherwise) {
    if (!result.ok()) panic(otherwise);
    return std::move(*result);
}

// A session with buffers or frames in it, each in a window of its own: whatever is completed is submitted again.
template <class End>
class RingEnd : public WakeSource {
public:
    explicit RingEnd(u32 count) : ring_(count, kWindow) {}

    void start(WakeLoop& loop) {
        wake_ = require(loop.add(*this), "no wake-up");
        require(ring_.connect(card_name(), wake_), "there is no card");
        const Batch batch(ring_.ring());
        for (u32 window = 0; window < ring_.area().size() / kWindow; ++window) submit(window);
    }
    // What is there is taken first: if the service turns out to be held, it is in the ring again.
    void on_wake() override {
        take_all();
        ring_.on_wake();
    }
    bool prepare_to_sleep() override { return ring_.prepare_to_sleep(); }
    auto& calls() { return ring_.calls(); }

    u64 given_up = 0;

protected:
    using Batch = ring::AttachedRing<ethernet::Ethernet>::Ring::Batch;

    ~RingEnd() = default;
    void submit(u32 window) {
        if (ring().usable().error() == Error::ServiceHeld) {
            left_out_[left_out_count_++] = window;
            return;
        }
        const auto ticket = self().submit_to(window);
        if (ticket) window_of_[require(*ticket, "nothing can be submitted") % std::size(window_of_)] = window;
    }
    std::span<std::byte> window_at(u32 window) { return ring_.area().subspan(window * kWindow, kWindow); }
    ipc::AreaSpan place(u32 window, std::size_t bytes) { return ipc::AreaSpan(ring_.area().data(), window * kWindow, static_cast<u32>(bytes)); }
    auto& ring() { return ring_.ring(); }

private:
    End& self() { return static_cast<End&>(*this); }
    void take_all() {
        const Batch batch(ring());
        while (left_out_count_ != 0 && ring().usable().ok()) submit(left_out_[--left_out_count_]);
        for (;;) {
            const auto taken = ring().take_completion();
            if (taken.error() == Error::ServiceHeld) return;
            const auto done = require(taken, "the ring is broken");
            if (!done) return;
            const u32 window = window_of_[done->ticket % std::size(window_of_)];
            const bool good = done->status == Error::None;
            // In progress at two deaths, as the interface says.
            if (!good && done->status != Error::ServiceFailed) panic("an answer that cannot be");
            given_up += !good;
            if (good) self().completed(window, *done);
            else self().failed();
            submit(window);
        }
    }

    CapHandle wake_;
    ring::AttachedRing<ethernet::Ethernet> ring_;
    u32 window_of_[ethernet::Ethernet::kRingEntries] = {};
    u32 left_out_[ethernet::Ethernet::kRingEntries] = {}, left_out_count_ = 0;  // windows, until the service is there again
};

class Receiver final : public RingEnd<Receiver> {
public:
    Receiver() : RingEnd(kBuffers) {}

    std::optional<Result<u64>> submit_to(u32 window) { return ring().submit_receive({.buffer = place(window, kWindow)}); }
    void failed() {}
    void completed(u32 window, const ring::Completion& done) {
        const auto received = require(ring::response_of<ethernet::Ethernet::ReceiveMethod>(done), "no answer to Receive");
        const auto frame = std::as_const(*this).bytes(window, received.bytes);
        const u16 type = test::type_of(frame);
        if (type == test::kEnd) ended = true;
        if (type != test::kNumbered) return;
        const u32 number = test::number_of(frame);
        ++arrived;
        damaged += !test::is_whole(frame);
        disordered += number < next_;
        next_ = number + 1;
    }

    u64 arrived = 0, damaged = 0, disordered = 0;
    bool ended = false;

private:
    std::span<const std::byte> bytes(u32 window, u32 count) const { return const_cast<Receiver&>(*this).window_at(window).first(count); }
    u32 next_ = 0;
};

class Sender final : public RingEnd<Sender> {
public:
    Sender() : RingEnd(kFrames) {}

    // None after the end, or while no more may be sent.
    std::optional<Result<u64>> submit_to(u32 window) {
        if (stopped) return {};
        if (credit_ == 0) {
            resting_[resting_count_++] = window;
            return {};
        }
        if (is_paced_) --credit_;
        const u32 number = repeats_ != 0 ? repeat(window) : next++;
        const std::size_t bytes = test::length_of(number);
        test::write_frame(window_at(window).first(bytes), number);
        ++in_progress;
        return ring().submit_send({.frame = place(window, bytes)});
    }
    void completed(u32, const ring::Completion&) { --in_progress; }
    void failed() { --in_progress, ++repeats_; }

    // Frames have arrived.
    void pace(u64 arrived) {
        if (!is_paced_ || arrived == arrived_) return;
        credit_ += arrived - std::exchange(arrived_, arrived);
        const Batch batch(ring());
        while (credit_ != 0 && resting_count_ != 0) submit(resting_[--resting_count_]);
    }

    u32 next = 0, in_progress = 0;
    bool stopped = false;

private:
    // The same frame once more, which the window still holds.
    u32 repeat(u32 window) {
        --repeats_;
        return test::number_of(window_at(window));
    }
    u32 repeats_ = 0;
    const bool is_paced_ = field_text(config().arguments).starts_with("paced");
    u64 credit_ = 500, arrived_ = 0;
    u32 resting_[kFrames] = {}, resting_count_ = 0;  // windows
};

// Writes each change of the link into the log.
class LinkWatch final : public WakeSource {
public:
    explicit LinkWatch(Receiver& session) : session_(session) {}

    void start(WakeLoop& loop) { require(session_.calls().subscribe_link_changed({.wake = require(loop.add(*this), "no wake-up")}), "no events"); }
    void on_wake() override {
        for (;;) {
            const auto answer = session_.calls().next_link_changed({seen_});
            if (answer.error() == Error::ServiceHeld) return;
            const auto changed = require(answer, "no event");
            if (changed.number == 0) return;
            seen_ = changed.number;
            FixedText<40> line("event ");
            log(line.decimal(seen_).append(changed.up ? ": up" : ": down"));
        }
    }
    bool prepare_to_sleep() override { return true; }

private:
    Receiver& session_;
    u64 seen_ = 0;
};

}  // namespace

int eft_main() {
    static WakeLoop loop;
    static Receiver receiver;
    static Sender sender;
    static LinkWatch link(receiver);
    report_ready();
    receiver.start(loop);
    link.start(loop);
    sender.start(loop);
    while (!receiver.ended) {
        loop.run_once();
        sender.pace(receiver.arrived);
    }
    sender.stopped = true;
    while (sender.in_progress != 0) loop.run_once();
    FixedText<160> line;
    log(line.append("sent ").decimal(sender.next).append(" arrived ").decimal(receiver.arrived).append(" damaged ").decimal(receiver.damaged)
            .append(" disordered ").decimal(receiver.disordered).append(" given up ").decimal(sender.given_up + receiver.given_up));
    for (;;) loop.run_once();
}
