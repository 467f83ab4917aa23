// The service of @name@: jobs of clients, one after another, on one device.
//
// The jobs lie in the state region; which of them the device computes is this incarnation's own knowledge.
#pragma once

#include <eft/idl/@name@.h>
#include <eft/state/stateful_server.h>
#include <eft/task.h>

namespace eft::@name@ {

constexpr u32 kLayoutVersion = 1;
constexpr u64 kInterruptBit = 1;

// Device is Engine, or a made-up one.
template <class Device>
class Server : public StatefulServer<@Name@> {
public:
    Server(std::span<std::byte> memory, u32 layout_version, SessionSlots& slots, Device& device)
        : StatefulServer(memory, layout_version, slots), device_(device) {}

    // Before the first request: goes on where the incarnation before was.
    void resume() { begin_next(); }

    Status start(ipc::Context&, Session& session, const Number& request) {
        EFT_TRY(Job * job, session.edit());
        *job = {request.number, 0, Phase::Asked};
        begin_next();
        return {};
    }

    Task<Result<Product>> wait(ipc::Context&, Session& session, Empty) {
        if (session->phase == Phase::Nothing) co_return Error::WrongState;
        while (session->phase == Phase::Asked) {
            auto& done = done_[session.place()].emplace();
            co_await done;
        }
        co_return Product{session->product};
    }

    // The device's interrupt, or that of a computation which nobody waits for any more.
    void woken(u64 bits) {
        if ((bits & kInterruptBit) == 0) return;
        device_.acknowledge();
        if (device_.computing()) return;
        const Badge client = std::exchange(client_, Badge::None);
        Session* asker = this->session(client);
        if (asker && (*asker)->phase == Phase::Asked && (*asker)->number == number_) finish(*asker);
        begin_next();
    }

private:
    void finish(Session& session) {
        const auto job = session.edit();
        if (!job.ok()) return;  // it stays asked for, and is computed again
        (*job)->product = device_.product();
        (*job)->phase = Phase::Done;
        if (auto& done = done_[session.place()]; done) done->set(true);
    }

    void begin_next() {
        if (client_ != Badge::None || device_.computing()) return;
        this->for_each_session([this](Session& session) {
            if (client_ != Badge::None || session->phase != Phase::Asked) return;
            client_ = session.badge();
            number_ = session->number;
            device_.begin(number_);
        });
    }

    Device& device_;
    // What the device computes, and for whom; None: nothing, or what a dead incarnation asked for.
    Badge client_ = Badge::None;
    u32 number_ = 0;
    std::array<std::optional<Completion<bool>>, Server::kSessions> done_;
};

}  // namespace eft::@name@
