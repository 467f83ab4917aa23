// The service Console over a UART: what is typed and what is to be printed lies in the state region.
//
// Write and Read change one index each, within the transaction that commits with the reply: a call that died with the
// driver has neither put nor taken a byte. What the line itself does (bytes sent, bytes received) is outside of
// transactions; so a byte may be sent twice after a death, and none is lost.
#pragma once

#include <drivers/uart/uart.h>

#include <eft/idl/console.h>
#include <eft/state/client_sessions.h>

namespace eft::uart {

constexpr u32 kSessions = 8;

struct ConsoleSession {
    u32 attached = 0;  // its notification lies in the slot of its place
    u32 reserved = 0;
};
struct ConsoleState {
    Buffers buffers;
    u32 lost_reported = 0;  // of the bytes lost so far
    SessionTable<ConsoleSession, kSessions> clients;
};
constexpr u32 kLayoutVersion = 1;

template <class Slots>
class ConsoleServer {
public:
    using Region = StateRegion<ConsoleState>;
    using Clients = ClientSessions<Region, ConsoleSession, kSessions>;

    ConsoleServer(Region& region, Uart& uart, Slots& slots)
        : region_(region), uart_(uart), slots_(slots), clients_(region, region->clients) {}

    // Before the first request. Whoever waits is told to look: the dead may have owed it a signal.
    Status restore() {
        const auto dropped = clients_.view().restore([](const ConsoleSession& session) { return session.attached <= 1; }, [](Badge) {});
        if (!dropped.ok()) return dropped.error();
        for (u32 place = 0; place < kSessions; ++place)
            if (!attached(place)) slots_.remove(place);
        signal_all();
        return {};
    }

    ConsoleSession* session(Badge badge) { return clients_.session(badge); }

    Status attach(ipc::Context&, ConsoleSession& session, console::Attach&& request) {
        const u32 place = clients_.place_of(session);
        auto transaction = region_.begin();
        EFT_TRY(ConsoleSession * changed, clients_.edit(place));
        EFT_CHECK(slots_.keep(place, request.wake.slot()));
        request.wake.release();
        changed->attached = 1;
        EFT_CHECK(transaction.commit_with_reply());
        slots_.signal(place);  // for what came before
        return {};
    }

    Result<console::Taken> write(ipc::Context&, ConsoleSession&, const console::Output& request) {
        auto transaction = region_.begin();
        EFT_TRY([[maybe_unused]] auto* put, transaction.edit(region_->buffers.transmit.written()));
        console::Taken taken;
        taken.count = static_cast<u32>(uart_.write(request.bytes));
        waits_for_room_ |= taken.count < request.bytes.size();
        EFT_CHECK(transaction.commit_with_reply());
        return taken;
    }

    Result<console::Input> read(ipc::Context&, ConsoleSession&, const console::Wanted& request) {
        auto transaction = region_.begin();
        EFT_TRY([[maybe_unused]] auto* removed, transaction.edit(region_->buffers.receive.taken()));
        const LineErrors& errors = region_->buffers.errors;
        const u32 lost = errors.dropped + errors.overruns;
        console::Input input;
        input.lost = lost - region_->lost_reported;
        std::size_t count = 0;
        while (count < std::min<std::size_t>(request.count, input_.size())) {
            const auto byte = uart_.read();
            if (!byte) break;
            input_[count++] = *byte;
        }
        input.bytes = std::span(input_).first(count);
        EFT_CHECK(transaction.write(region_->lost_reported, lost));
        EFT_CHECK(transaction.commit_with_reply());
        return input;
    }

    // The line's interrupt, or our own reminder. True: call again soon.
    bool serve_line() {
        const Serviced done = uart_.service();
        if (done.received || (done.sent && std::exchange(waits_for_room_, false))) signal_all();
        return done.more;
    }

    template <class Names>
    void close_ended(Names& broker) {
        clients_.close_ended(broker, [this](u32 place) {
            static_cast<void>(clients_.close_now(place));
            slots_.remove(place);
        });
    }

    typename Clients::View& view() { return clients_.view(); }

private:
    bool attached(u32 place) const { return clients_.at(place) && clients_.at(place)->attached == 1; }
    void signal_all() {
        for (u32 place = 0; place < kSessions; ++place)
            if (attached(place)) slots_.signal(place);
    }

    Region& region_;
    Uart& uart_;
    Slots& slots_;
    Clients clients_;
    bool waits_for_room_ = true;  // after a restart nobody knows
    std::array<u8, console::Input::kBytesMax> input_{};  // of the answer under way
};

}  // namespace eft::uart
