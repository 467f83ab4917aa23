// The server loop and the supervisor of a driver with one state region, on the host: each message is a step whose reply
// commits, and a death in it is PeerDied for its caller and a new incarnation for everybody (world.h).
#pragma once

#include <world.h>

#include <eft/ipc/context.h>
#include <eft/state/region.h>
#include <eft/state/region_commit.h>

#include <doctest/doctest.h>

#include <functional>

namespace eft::test {

class CommitInterface {
public:
    virtual void before_reply(u64 expected) = 0;
    virtual void after_reply() = 0;
    virtual void undo_reply() = 0;
    virtual void before_change(std::span<std::byte> bytes) = 0;

protected:
    ~CommitInterface() = default;
};

// Incarnation has: Incarnation(World&, Environment&, Region&); server; Region; kLayoutVersion; Service.
template <class Incarnation, class Environment>
class Loop final : public ipc::LoopServices {
    using Region = typename Incarnation::Region;
    using Commit = RegionCommit<CommitInterface, typename Incarnation::View>;

public:
    Loop(World& world, Environment& environment)
        : world_(world), environment_(environment), memory_(world.make_memory(World::kRegion, page_up(Region::kBytes))) {
        for (u32& slot : page_.receive_slots) slot = ipc::local_caps().take_free_slot();
        start();
    }

    auto& server() { return alive_->incarnation.server; }
    unsigned deaths = 0;

    // A step without a reply.
    void step(const std::function<void()>& work) {
        work();
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
            static_cast<void>(Incarnation::Service::dispatch(server(), context, message));
            request = message.registers;
        }
        alive_->commit.before_reply(replies_ + 1);
        world_.point();
        if (world_.died()) {
            restart_if_dead();
            return Error::PeerDied;
        }
        ++replies_;
        registers = request;
        std::memcpy(page.words, page_.words, sizeof page.words);
        world_.point();
        alive_->commit.after_reply();
        restart_if_dead();
        return Error::None;
    }

    Result<Slot> keep_reply() override { return Error::NotSupported; }
    void answer(Slot, ipc::Registers&) override {}
    void abandon(Slot) override {}
    Utcb& page() override { return page_; }

private:
    struct Alive {
        Alive(World& world, Environment& environment, std::span<std::byte> memory, u64 replies)
            : region(memory, Incarnation::kLayoutVersion), outcome(region.recover(replies)), incarnation(world, environment, region),
              commit(region.log(), incarnation.server.view()) {}
        Region region;
        RecoveryOutcome outcome;
        Incarnation incarnation;
        Commit commit;
    };

    void start() {
        alive_.reset();
        alive_ = std::make_unique<Alive>(world_, environment_, memory_, replies_);
        CHECK(alive_->outcome != RecoveryOutcome::Damaged);
        CHECK(server().restore().ok());
        restart_if_dead();
    }
    void restart_if_dead() {
        if (!world_.died()) return;
        world_.reap();
        world_.fatal_step = ~u64{0};
        ++deaths;
        start();
    }

    World& world_;
    Environment& environment_;
    std::span<std::byte> memory_;
    std::unique_ptr<Alive> alive_;
    Utcb page_{};
    ipc::OutgoingCaps outgoing_;
    u64 replies_ = 0;
};

template <class LoopType>
struct LoopTransport {
    LoopType* loop;
    u64 badge;
    std::shared_ptr<Utcb> own_page = std::make_shared<Utcb>();

    Error call(ipc::Registers& registers) { return loop->call(registers, *own_page, badge); }
    Error send(ipc::Registers&) { return Error::NotSupported; }
    Error poll_send(ipc::Registers&) { return Error::NotSupported; }
    Utcb& page() { return *own_page; }
};

}  // namespace eft::test
