// The server loop and the supervisor of a StatefulServer in a World: each message is a step whose reply commits, and a
// death in it is PeerDied for its caller and a new incarnation for everybody.
#pragma once

#include <fake_names.h>
#include <mortal_world.h>

#include <eft/ipc/context.h>
#include <eft/state/region_commit.h>

#include <doctest/doctest.h>

#include <functional>

namespace eft::test {

// `more` goes to each incarnation of the Server, behind what each one gets.
template <class Server>
class MortalService final : public ipc::LoopServices {
public:
    template <class... More>
    MortalService(World& world, u32 layout_version, More&... more)
        : world_(world), slots_(world), memory_(world.make_memory(World::kRegion, page_up(Server::Region::kBytes))),
          make_([this, layout_version, &more...] { return std::make_unique<Alive>(memory_, layout_version, slots_, more...); }) {
        for (u32& slot : page_.receive_slots) slot = ipc::local_caps().take_free_slot();
        start();
    }

    Server& server() { return alive_->server; }
    unsigned deaths = 0;
    // What else ends with an incarnation.
    std::function<void()> on_death = [] {};

    // If it was signalled.
    void wake() {
        if (std::exchange(world_.now.self_bits, 0) != 0) serve();
    }
    // As if it was.
    void serve(u64 bits = 0) {
        if constexpr (requires { server().woken(bits); }) server().woken(bits);
        server().commit_step();
        serve_rings();
        restart_if_dead();
    }
    // What the FakeNames there is says.
    void close_ended() {
        server().close_ended(server());
        serve();
    }
    void kill() {
        world_.fatal_step = world_.steps;
        world_.point();
        restart_if_dead();
    }

    Error call(ipc::Registers& registers, Utcb& page, u64 badge) {
        ipc::Registers request = registers;
        request.badge = badge;
        for (unsigned i = 0; i < request.tag.caps(); ++i)
            ipc::local_caps().place(static_cast<Slot>(page_.receive_slots[i]), ipc::local_caps().object(static_cast<Slot>(page.send_slots[i])));
        std::memcpy(page_.words, page.words, sizeof page.words);
        {
            ipc::IncomingMessage message(request, page_, outgoing_);
            ipc::Context context(badge, request.tag, this);
            static_cast<void>(Server::Service::dispatch(server(), context, message));
            request = message.registers;
        }
        if (server().wants_look()) world_.now.self_bits |= static_cast<u64>(WakeBit::Rings);
        alive_->commit.before_reply(replies_ + 1);
        world_.point();
        if (world_.died()) {
            restart_if_dead();
            return Error::PeerDied;
        }
        ++replies_;  // delivered
        registers = request;
        for (unsigned i = 0; i < request.tag.caps(); ++i)
            ipc::local_caps().place(static_cast<Slot>(page.receive_slots[i]), ipc::local_caps().object(static_cast<Slot>(page_.send_slots[i])));
        std::memcpy(page.words, page_.words, sizeof page.words);
        world_.point();
        alive_->commit.after_reply();
        outgoing_.drop();
        restart_if_dead();
        return Error::None;
    }

    Result<Slot> keep_reply() override { return Error::NotSupported; }
    void answer(Slot, ipc::Registers&) override {}
    void abandon(Slot) override {}
    Utcb& page() override { return page_; }
    void before_change(std::span<std::byte> bytes) override { alive_->commit.before_change(bytes); }

private:
    struct Alive {
        template <class... More>
        Alive(std::span<std::byte> memory, u32 layout_version, SessionSlots& slots, More&... more)
            : server(memory, layout_version, slots, more...), commit(server.region().log(), server.view()) {}
        Server server;
        RegionCommit commit;
    };

    void serve_rings() {
        if (!server().serve_rings(server())) world_.now.self_bits |= static_cast<u64>(WakeBit::Rings);
    }
    void start() {
        alive_.reset();
        alive_ = make_();
        const RecoveryOutcome outcome = server().recover(replies_);
        server().recover_attachments(server(), false);
        if constexpr (requires { server().resume(); }) server().resume();
        server().commit_step();
        if (!world_.died()) {
            CHECK(outcome != RecoveryOutcome::Damaged);
            check_slots();
            serve_rings();
        }
        restart_if_dead();
    }
    // What an incarnation finds in its slots is what committed records name.
    void check_slots() {
        using Service = typename Server::Service;
        constexpr u32 kSlotsOfPlace = Server::kSlots / Server::kSessions;
        const auto& clients = server().region()->clients;
        for (const auto& [index, object] : world_.now.slots) {
            const u32 place = index / kSlotsOfPlace, within = index % kSlotsOfPlace;
            if (within < Service::kEvents) continue;
            const u32 attachment = (within - Service::kEvents) / Service::Attachment::kSlots;
            CHECK((clients.badges[place] != 0 && clients.sessions[place].attachments[attachment].attached == 1));
        }
    }
    void restart_if_dead() {
        if (!world_.died()) return;
        world_.reap();
        world_.fatal_step = ~u64{0};
        ++deaths;
        alive_.reset();
        on_death();
        start();
    }

    World& world_;
    WorldSlots slots_;
    std::span<std::byte> memory_;
    std::function<std::unique_ptr<Alive>()> make_;
    std::unique_ptr<Alive> alive_;
    Utcb page_{};
    ipc::OutgoingCaps outgoing_;
    u64 replies_ = 0;
};

template <class ServiceType>
struct MortalTransport {
    ServiceType* service;
    u64 badge;
    std::shared_ptr<Utcb> own_page = std::make_shared<Utcb>();

    Error call(ipc::Registers& registers) {
        for (u32& slot : own_page->receive_slots) slot = ipc::local_caps().take_free_slot();
        return service->call(registers, *own_page, badge);
    }
    Error send(ipc::Registers&) { return Error::NotSupported; }
    Error poll_send(ipc::Registers&) { return Error::NotSupported; }
    Utcb& page() { return *own_page; }
};

}  // namespace eft::test
