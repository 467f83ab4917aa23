// What StatefulServer does with sessions whatever their types are: it opens and closes them, keeps what clients attach, and
// goes round the rings. stateful_server.h says what all of it is for; src/session_keeper.cc does it.
//
// A session has a place, which is a bit in the words below: so there are at most 64.
#pragma once

#include <eft/ipc/attachment.h>
#include <eft/session_slots.h>
#include <eft/state/session_table.h>

namespace eft {

class SessionKeeper {
public:
    SessionKeeper(const SessionKeeper&) = delete;
    SessionKeeper& operator=(const SessionKeeper&) = delete;

    bool in_transaction() const { return log_.phase() != UndoLog::Phase::Closed; }
    // The end of a step without a reply.
    void commit_step();

    // serve_rings() is due before this program sleeps: a client has attached something, or a server says so, whose handler of
    // a call has completed entries.
    void look_again() { look_again_ = true; }
    bool wants_look() const { return look_again_; }
    // For heartbeats, after which serve_rings() is due: an entry of a ring should have been taken since the last one, or has been in
    // progress for longer than its call's `within`.
    bool has_late_entries(u64 now);

protected:
    static constexpr u32 kMostPlaces = 64;
    static constexpr u32 kNowhere = ~u32{0};

    // Of one service.
    struct Shape {
        u32 places;
        u32 events;            // subscriptions of a session, with a slot each
        u32 attachments;       // of a session
        u32 attachment_slots;  // of one
        u32 wake_slot;         // which of these is signalled; kNowhere: none
        u32 ring_slot;         // which of these is a ring; kNowhere: none
        u32 records;           // where in a session the AttachmentRecords lie
        u32 broken;            // where the word lies that says that its client broke a ring's rules; kNowhere: no rings
        u64 area_max;          // 0: no area is attached
        bool resets;           // sessions are forgotten by a restart

        // What depends on types.
        Status (*open)(SessionKeeper&, Badge badge);
        // Of areas and rings; null where nothing is to be mapped.
        Status (*map)(SessionKeeper&, u32 place, u32 index, u64 area_bytes, bool not_at_fault);
        void (*unmap)(SessionKeeper&, u32 place, u32 index);
        // Of rings; null where there are none.
        u32 (*entries_in_progress)(const SessionKeeper&, u32 place, u32 index);
        bool (*is_late)(SessionKeeper&, u32 place, u32 index, u64 now);
        // `wake`: the client is to be woken. True: nobody has submitted anything since.
        bool (*prepare_to_sleep)(SessionKeeper&, u32 place, u32 index, bool& wake);
        // Of `once` calls, and of events; null where there are none.
        void (*drop_last_reply)(SessionKeeper&, u32 place);
        bool (*subscribed)(const SessionKeeper&, u32 place, u32 event);

        u32 place_slots() const { return events + attachments * attachment_slots; }
    };
    // What the server adds; null: nothing. StatefulServer::serve_rings() says what each is.
    struct Hooks {
        Status (*attached)(SessionKeeper&, u32 place, u32 index);
        void (*replacing)(SessionKeeper&, u32 place, u32 index);
        void (*detaching)(SessionKeeper&, u32 place, u32 index);
        void (*closed)(SessionKeeper&, u32 place);
        bool (*lingers)(SessionKeeper&, u32 place);
        bool (*progress)(SessionKeeper&);
        // Hands the entries of one ring to their handlers. An error: its client broke the rules.
        Status (*poll)(SessionKeeper&, u32 place, u32 index);
    };

    // `open`: a word per place.
    SessionKeeper(const Shape& shape, AnySessions& sessions, UndoLog& log, SessionSlots& slots, u64* open)
        : shape_(shape), sessions_(sessions), log_(log), slots_(slots), open_(open) {}
    ~SessionKeeper() = default;

    void recover_sessions();
    void recover_attachments(const Hooks& hooks, bool not_at_fault);
    // Of a badge without a place, or with a stale one.
    Result<u32> admit(const Hooks& hooks, Badge badge);
    Error refuse(u32 place);
    void close_ended(const Hooks& hooks);
    bool serve_rings(const Hooks& hooks);

    bool has_session(u32 place) const { return sessions_.badge_at(place) != 0; }
    bool is_ending(u32 place) const { return (ended_ | broken_) >> place & 1; }
    bool is_stale(u32 place) const { return stale_ >> place & 1; }
    // Its requests are refused.
    bool is_unusual(u32 place) const { return (stale_ | broken_) >> place & 1; }
    bool is_open(u32 place, u32 index) const { return open_[place] >> index & 1; }

    u32 event_slot(u32 place, u32 event) const { return place * shape_.place_slots() + event; }
    u32 kept_slot(u32 place, u32 index) const { return place * shape_.place_slots() + shape_.events + index * shape_.attachment_slots; }
    ipc::AttachmentRecord& record(u32 place, u32 index) const {
        return reinterpret_cast<ipc::AttachmentRecord*>(sessions_.bytes_at(place) + shape_.records)[index];
    }
    void signal(u32 place, u32 index) {
        if (record(place, index).attached != 0) slots_.signal(kept_slot(place, index) + shape_.wake_slot);
    }

    // A handler changes something: in this step's transaction.
    Status join_transaction() { return in_transaction() ? Status() : log_.begin(); }
    Status save(std::span<const std::byte> part);
    Status save_part(u32 place, std::span<const std::byte> part);

    // An attachment in three steps: what was there goes, within a transaction; the capabilities, which it takes from
    // `received`, go to their slots and are mapped; the end.
    Status begin_attachment(const Hooks& hooks, u32 place, u32 index, u64 area_bytes);
    Status keep_attachment(const Hooks& hooks, u32 place, u32 index, std::span<Slot> received);
    void end_attachment(const Hooks& hooks, u32 place, u32 index, bool done);

    SessionSlots& slots() { return slots_; }

private:
    u64& broken_word(u32 place) const { return *reinterpret_cast<u64*>(sessions_.bytes_at(place) + shape_.broken); }
    void empty_slots(u32 first, u32 count);
    u32 entries_in_progress(u32 place, u32 index) const;
    bool in_progress(u32 place) const;
    Status open_attachment(const Hooks& hooks, u32 place, u32 index, bool not_at_fault);
    void close_attachment(u32 place, u32 index);
    // `tell`: the client has not asked for it.
    void detach(const Hooks& hooks, u32 place, u32 index, bool tell);
    void drop_attachment(u32 place, u32 index);
    enum class Lingering : bool { Cut, Allowed };
    void close_idle(const Hooks& hooks, Lingering lingering = Lingering::Allowed);
    void poll_rings(const Hooks& hooks);
    bool prepare_all_to_sleep();
    void break_session(u32 place, const char* why);
    void end_all_but_open();

    const Shape& shape_;
    AnySessions& sessions_;
    UndoLog& log_;
    SessionSlots& slots_;
    u64* open_;       // by place, a bit for each attachment that is mapped
    u64 mapped_ = 0;  // places with such a bit; like the words below, a bit each
    u64 stale_ = 0;   // of a dead incarnation, and not told yet
    u64 ended_ = 0;   // its client is gone, and a request of it is in progress, or it lingers
    u64 broken_ = 0;  // its record says so, too
    bool look_again_ = false;
};

}  // namespace eft
