// A StatefulServer on the host that can be killed before any store, around the delivery of a reply, and after it. What
// the dead one has left is what the next one finds: its region, the slots of its subscribers, the number of replies.
#pragma once

#include "mortal.h"

#include <eft/idl/sessions.h>
#include <eft/ipc/local_transport.h>
#include <eft/state/region_commit.h>
#include <eft/state/stateful_server.h>

#include <doctest/doctest.h>
#include <fake_slots.h>

#include <memory>

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

template <class Server>
class MortalServer : public ipc::LoopServices {
public:
    MortalServer() : memory_(Server::Region::kBytes + 64) {
        for (u32& slot : page_.receive_slots) slot = ipc::local_caps().take_free_slot();
        start();
    }
    Server& server() { return alive_->server; }
    FakeSlots& slots() { return slots_; }
    std::span<std::byte> memory() {
        const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
        return std::span(memory_).subspan((64 - address % 64) % 64, Server::Region::kBytes);
    }

    u64 fatal_point = ~u64{0};  // of the next step, once
    u64 points = 0;             // that the last step had
    unsigned deaths = 0;

    Error call(ipc::Registers& registers, Utcb& page, u64 badge) {
        Error answer = Error::PeerDied;
        step([&] {
            ipc::Registers request = registers;
            request.badge = badge;
            for (unsigned i = 0; i < request.tag.caps(); ++i)
                ipc::local_caps().place(Slot{page_.receive_slots[i]}, ipc::local_caps().object(Slot{page.send_slots[i]}));
            std::memcpy(page_.words, page.words, sizeof page.words);
            outcome_ = ipc::Outcome::Reply;
            {
                ipc::IncomingMessage message(request, page_, outgoing_);
                ipc::Context context(badge, request.tag, this);
                outcome_ = Server::Service::dispatch(server(), context, message);
                request = message.registers;
            }
            if (outcome_ == ipc::Outcome::Deferred) {
                CHECK(!server().in_transaction());
                return;
            }
            alive_->commit.before_reply(replies_ + 1);
            Mortal::point();
            if (!dead_) {
                ++replies_;
                answer = Error::None;
                registers = request;
                std::memcpy(page.words, page_.words, sizeof page.words);
            }
            Mortal::point();
            alive_->commit.after_reply();
        });
        return outcome_ == ipc::Outcome::Deferred ? Error::Cancelled : answer;
    }
    // A step without a reply.
    void wake(const std::function<void()>& work) {
        step([&] {
            work();
            server().commit_step();
        });
    }
    void kill() {
        alive_.reset();
        ++deaths;
        start();
    }

    Result<Slot> keep_reply() override { return Slot{next_reply_++}; }
    void answer(Slot, ipc::Registers&) override {
        alive_->commit.before_reply(replies_ + 1);
        ++replies_;
        alive_->commit.after_reply();
    }
    void abandon(Slot) override {}
    Utcb& page() override { return page_; }
    void before_change(std::span<std::byte> bytes) override { alive_->commit.before_change(bytes); }

protected:
    ~MortalServer() = default;

private:
    struct Alive {
        Alive(std::span<std::byte> memory, SessionSlots& slots)
            : server(memory, 1, slots), commit(server.region().log(), server.view()) {}
        Server server;
        RegionCommit<CommitInterface, typename Server::View> commit;
    };

    void step(const std::function<void()>& work) {
        FakeSlots slots_left;
        dead_ = false;
        const bool died = die_at(std::exchange(fatal_point, ~u64{0}), memory(), work, [&] {
            dead_ = true;
            slots_left = slots_;
        });
        points = Mortal::points;
        if (!died) return;
        alive_.reset();
        slots_.objects = slots_left.objects;
        ++deaths;
        start();
    }
    void start() {
        alive_ = std::make_unique<Alive>(memory(), slots_);
        CHECK(server().recover(replies_) != RecoveryOutcome::Damaged);
    }

    std::vector<std::byte> memory_;
    FakeSlots slots_;
    std::unique_ptr<Alive> alive_;
    Utcb page_{};
    ipc::OutgoingCaps outgoing_;
    ipc::Outcome outcome_ = ipc::Outcome::Reply;
    u64 replies_ = 0;
    u32 next_reply_ = 1;
    bool dead_ = false;
};

}  // namespace eft::test
