// The in-process transport: a client calls a server object directly, through the same bytes as over the kernel, so that
// a server's logic runs under doctest on the host. What the kernel would do, LocalServer does: it copies words between
// two message pages, moves capabilities to the receiver's slots, and knows the badge.
//
// Faults are planned with die_before() and die_after(): at that call the incarnation dies before the request reached a
// handler, or after the handler ran but before the reply left; the client is told PeerDied, and `on_death` lets the
// test put a new incarnation (and its state as the last reply left it) in place.
#pragma once

#include <eft/ipc/context.h>
#include <eft/ipc/local_caps.h>
#include <eft/ipc/waiting_requests.h>

#include <algorithm>
#include <functional>
#include <map>

namespace eft::ipc {

// What the kernel does with a message's words and capabilities: all or nothing.
inline Error transfer(const Registers& message, const Utcb& from, Utcb& to) {
    unsigned caps = message.tag.caps();
    for (unsigned i = 0; i < caps; ++i) {
        if (!local_caps().exists(static_cast<Slot>(from.send_slots[i]))) return Error::InvalidCapability;
        if (to.receive_slots[i] == 0) return Error::PeerNoSlot;
    }
    for (unsigned i = kRegisterWords; i < message.tag.words(); ++i) to.words[i] = from.words[i];
    for (unsigned i = 0; i < caps; ++i)
        local_caps().place(static_cast<Slot>(to.receive_slots[i]),
                           local_caps().object(static_cast<Slot>(from.send_slots[i])),
                           local_caps().rights(static_cast<Slot>(from.send_slots[i])));
    return Error::None;
}

// An answer that waits for its caller. The handler's handles die before that, so it has capabilities of its own.
struct LateReply {
    LateReply(const Registers& answer, const Utcb& from) : registers(answer), page(from) {
        for (unsigned i = 0; i < answer.tag.caps(); ++i)
            page.send_slots[i] = raw(local_caps().derive(static_cast<Slot>(from.send_slots[i])));
    }
    Registers registers;
    Utcb page;
};

// Serves Service by calls of `server`, which may be replaced while clients exist.
template <class Service, class Server>
class LocalServer final : public LoopServices {
public:
    explicit LocalServer(Server& server) : server_(&server) {
        for (u32& slot : page_.receive_slots) slot = local_caps().take_free_slot();
    }

    LocalServer(const LocalServer&) = delete;
    ~LocalServer() { WaitingRequests::cancel_all(server_); }

    // The next incarnation. What waited in the one before is gone.
    void replace(Server& server) {
        WaitingRequests::cancel_all(server_);
        server_ = &server;
    }
    // The client of this badge has ended: its requests that wait are cancelled.
    void end_client(u64 badge) { WaitingRequests::cancel(badge); }

    // The nth call from now (1: the next) finds its server dead at that point.
    void die_before(unsigned nth) { death_before_ = calls_ + nth; }
    void die_after(unsigned nth) { death_after_ = calls_ + nth; }
    std::function<void()> on_death = [] {};
    // Sees, and may change, each request as it arrives.
    std::function<void(Registers&, Utcb&)> on_request = [](Registers&, Utcb&) {};
    unsigned calls() const { return calls_; }

    // `registers` and `page` are the caller's. Answers Cancelled if the handler has not answered yet: see answered().
    Error call(Registers& registers, Utcb& page, u64 badge) {
        ++calls_;
        if (calls_ == death_before_) return die();
        Registers request = registers;
        request.badge = badge;
        if (Error error = transfer(request, page, page_); error != Error::None) return error;
        on_request(request, page_);
        Outcome outcome = serve(request);
        if (calls_ == death_after_) return die();
        if (outcome == Outcome::Deferred) {
            if (!late_replies_.contains(last_kept_)) return Error::Cancelled;
            LateReply reply = take_late_reply(last_kept_);
            return deliver(reply.registers, reply.page, registers, page);
        }
        return deliver(request, page_, registers, page);
    }

    Error send(Registers& registers, Utcb& page, u64 badge) {
        Registers ignored = registers;
        return call(ignored, page, badge);
    }

    // Dispatches without a client: what a hostile sender's registers and page do to the server. The reply is in them.
    Outcome inject(Registers& registers, const Utcb& words) {
        for (unsigned i = 0; i < kMaxWords; ++i) page_.words[i] = words.words[i];
        return serve(registers);
    }
    const Utcb& server_page() const { return page_; }

    // Replies of handlers that waited, by the number that kept_reply() gave them.
    Slot last_kept() const { return last_kept_; }
    bool answered(Slot reply) const { return late_replies_.contains(reply); }
    Error collect(Slot kept, Registers& registers, Utcb& page) {
        LateReply reply = take_late_reply(kept);
        return deliver(reply.registers, reply.page, registers, page);
    }
    unsigned abandoned() const { return abandoned_; }

    Result<Slot> keep_reply() override {
        last_kept_ = Slot{next_reply_++};
        return last_kept_;
    }
    void answer(Slot reply, Registers& registers) override {
        late_replies_.emplace(reply, LateReply(registers, page_));
    }
    void abandon(Slot) override { ++abandoned_; }
    Utcb& page() override { return page_; }
    void before_change(std::span<std::byte> bytes) override { changed_bytes += bytes.size(); }
    std::size_t changed_bytes = 0;

private:
    Outcome serve(Registers& registers) {
        IncomingMessage message(registers, page_, outgoing_);
        Context context(registers.badge, registers.tag, this);
        set_step_session(registers.badge);
        const Outcome outcome = Service::dispatch(*server_, context, message);
        set_step_session(0);
        registers = message.registers;
        run_turns([] {});
        return outcome;
    }

    Error die() {
        outgoing_.drop();
        WaitingRequests::cancel_all(server_);
        on_death();
        return Error::PeerDied;
    }

    Error deliver(const Registers& reply, const Utcb& from, Registers& registers, Utcb& page) {
        registers = reply;
        Error error = transfer(registers, from, page);
        outgoing_.drop();
        return error;
    }

    LateReply take_late_reply(Slot slot) {
        LateReply reply = late_replies_.at(slot);
        late_replies_.erase(slot);
        return reply;
    }

    Server* server_;
    Utcb page_{};
    OutgoingCaps outgoing_;
    unsigned calls_ = 0;
    unsigned death_before_ = 0, death_after_ = 0;
    std::map<Slot, LateReply> late_replies_;
    Slot last_kept_ = Slot::None;
    u32 next_reply_ = 1;
    unsigned abandoned_ = 0;
};

// A client's end: a message page of its own and a badge.
template <class Server>
class LocalTransport {
public:
    LocalTransport(Server& server, Badge badge) : server_(&server), badge_(raw(badge)) {
        for (u32& slot : page_.receive_slots) slot = local_caps().take_free_slot();
    }
    LocalTransport(const LocalTransport& other) : LocalTransport(*other.server_, Badge{other.badge_}) {}

    Error call(Registers& registers) { return server_->call(registers, page_, badge_); }
    Error send(Registers& registers) { return server_->send(registers, page_, badge_); }
    Error poll_send(Registers& registers) {
        return receiver_waits ? server_->send(registers, page_, badge_) : Error::WouldBlock;
    }
    Utcb& page() { return page_; }

    // A session opened again.
    void set_badge(Badge badge) { badge_ = raw(badge); }
    bool receiver_waits = true;

private:
    Server* server_;
    u64 badge_;
    Utcb page_{};
};

}  // namespace eft::ipc
