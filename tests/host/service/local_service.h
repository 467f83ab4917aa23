// A server whose state survives it, on the host: clients reach it in process, each step's changes commit with its answer,
// and a death leaves the next incarnation what it would find on the machine: its state region, the slots of its
// subscribers, and the number of answers that were delivered.
//
//   LocalService<tally::Server> service(tally::kLayoutVersion);
//   tally::TallyClient<ipc::LocalTransport<LocalService<tally::Server>>> client(service, Badge{7});
//   service.die_in_next_call(Death::BeforeAnswer);
//   CHECK(client.add({3})->own == 3);        // the stub repeats what is `atomic`
#pragma once

#include <eft/ipc/local_transport.h>
#include <eft/state/region_commit.h>
#include <eft/state/stateful_server.h>

#include <doctest/doctest.h>
#include <fake_slots.h>

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace eft::test {

enum class Death : u8 {
    BeforeAnswer,  // the handler has run; its changes are undone, and the caller is told PeerDied
    AfterAnswer,   // the caller has its answer, the incarnation has not noted that
};

template <class Server>
class LocalService final : public ipc::LoopServices {
public:
    // Each incarnation is made with the further arguments, such as a device.
    template <class... More>
    explicit LocalService(u32 layout_version, More&... more)
        : memory_(Server::Region::kBytes + kAlignment), make_([this, layout_version, &more...] {
              return std::make_unique<Incarnation>(region_memory(), layout_version, slots_, more...);
          }) {
        for (u32& slot : page_.receive_slots) slot = ipc::local_caps().take_free_slot();
        start();
    }

    Server& server() { return alive_->server; }
    unsigned deaths() const { return deaths_; }
    // How many handlers that waited have answered.
    std::size_t late_answers() const { return late_.size(); }
    // How often subscribers' notifications of this object (local_caps.h) were signalled.
    unsigned rings(u64 object) const { return slots_.signalled(object); }

    // Of its notification.
    void wake(u64 bits) {
        server().woken(bits);
        server().commit_step();
        static_cast<void>(server().serve_rings(server()));
    }
    // Between two steps.
    void kill() {
        alive_.reset();
        ++deaths_;
        start();
    }
    void die_in_next_call(Death death) { planned_ = death; }

    // For LocalTransport. Cancelled: the handler waits.
    Error call(ipc::Registers& registers, Utcb& page, u64 badge) {
        ipc::Registers request = registers;
        request.badge = badge;
        if (const Error error = ipc::transfer(request, page, page_); error != Error::None) return error;
        const auto planned = std::exchange(planned_, std::nullopt);
        if (dispatch(request) == ipc::Outcome::Deferred) {
            if (planned) return kill(), Error::PeerDied;
            const auto late = late_.extract(next_reply_ - 1);
            return late ? deliver(late.mapped().registers, late.mapped().page, registers, page) : Error::Cancelled;
        }
        alive_->commit.before_reply(answers_ + 1);
        if (planned == Death::BeforeAnswer) {
            outgoing_.drop();
            kill();
            return Error::PeerDied;
        }
        ++answers_;
        deliver(request, page_, registers, page);
        outgoing_.drop();
        if (planned == Death::AfterAnswer) kill();
        else alive_->commit.after_reply();
        return Error::None;
    }
    Error send(ipc::Registers& registers, Utcb& page, u64 badge) {
        ipc::Registers ignored = registers;
        return call(ignored, page, badge);
    }

    Result<Slot> keep_reply() override { return Slot{next_reply_++}; }
    void answer(Slot reply, ipc::Registers& registers) override {
        alive_->commit.before_reply(answers_ + 1);
        ++answers_;
        alive_->commit.after_reply();
        late_.emplace(raw(reply), ipc::LateReply(registers, page_));
    }
    void abandon(Slot) override {}
    Utcb& page() override { return page_; }
    void before_change(std::span<std::byte> bytes) override { alive_->commit.before_change(bytes); }

private:
    static constexpr std::size_t kAlignment = 64;

    struct Incarnation {
        template <class... More>
        Incarnation(std::span<std::byte> memory, u32 layout_version, SessionSlots& slots, More&... more)
            : server(memory, layout_version, slots, more...), commit(server.region().log(), server.view()) {}
        Server server;
        RegionCommit commit;
    };

    std::span<std::byte> region_memory() {
        const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
        return std::span(memory_).subspan((kAlignment - address % kAlignment) % kAlignment, Server::Region::kBytes);
    }
    static Error deliver(const ipc::Registers& answer, const Utcb& from, ipc::Registers& registers, Utcb& page) {
        registers = answer;
        CHECK(ipc::transfer(answer, from, page) == Error::None);  // a capability that the handler meant to send is there
        return Error::None;
    }
    ipc::Outcome dispatch(ipc::Registers& request) {
        ipc::IncomingMessage message(request, page_, outgoing_);
        ipc::Context context(request.badge, request.tag, this);
        const ipc::Outcome outcome = Server::Service::dispatch(server(), context, message);
        request = message.registers;
        return outcome;
    }
    void start() {
        alive_ = make_();
        const RecoveryOutcome outcome = server().recover(answers_);
        REQUIRE((outcome != RecoveryOutcome::Damaged && outcome != RecoveryOutcome::OtherLayout));
        if constexpr (Server::Service::Attachment::kCount != 0) server().recover_attachments(server(), false);
        if constexpr (requires { server().resume(); }) server().resume();
    }

    std::vector<std::byte> memory_;
    LocalSlots slots_;
    std::function<std::unique_ptr<Incarnation>()> make_;
    std::unique_ptr<Incarnation> alive_;
    Utcb page_{};
    ipc::OutgoingCaps outgoing_;
    std::optional<Death> planned_;
    u64 answers_ = 0;
    u32 next_reply_ = 1;
    std::map<u32, ipc::LateReply> late_;
    unsigned deaths_ = 0;
};

// A client of the server in LocalService<Server>: `ClientOf<tally::TallyClient, tally::Server> client(service, Badge{7})`.
template <template <class> class Client, class Server>
using ClientOf = Client<ipc::LocalTransport<LocalService<Server>>>;

}  // namespace eft::test
