#include <eft/state/session_keeper.h>

#include <eft/cap.h>
#include <eft/ipc/waiting_requests.h>
#include <eft/process.h>
#include <eft/session.h>
#include <eft/text.h>

#include <algorithm>
#include <array>

namespace eft {
namespace {

constexpr u64 bit(u32 place) { return u64{1} << place; }

// Of those that have their bit when it begins.
template <class Visit>
void for_each_bit(u64 bits, Visit visit) {
    for (; bits != 0; bits &= bits - 1) visit(static_cast<u32>(std::countr_zero(bits)));
}

}  // namespace

void SessionKeeper::commit_step() {
    sessions_.seal();
    log_.close();
}

void SessionKeeper::recover_sessions() {
    static_cast<void>(sessions_.restore());
    for (u32 place = 0; place < shape_.places; ++place) {
        const bool is_there = has_session(place);
        if (is_there && shape_.resets) stale_ |= bit(place);
        if (is_there && shape_.broken != kNowhere && broken_word(place) != 0) broken_ |= bit(place);
        for (u32 event = 0; event < shape_.events; ++event) {
            // A subscriber may wait for a signal that the dead one owed it.
            if (is_there && shape_.subscribed(*this, place, event)) slots_.signal(event_slot(place, event));
            else slots_.remove(event_slot(place, event));
        }
    }
}

// What lies in a slot without a record is from a step that was cut short, or its session is lost.
void SessionKeeper::recover_attachments(const Hooks& hooks, bool not_at_fault) {
    for (u32 place = 0; place < shape_.places; ++place)
        for (u32 index = 0; index < shape_.attachments; ++index) {
            if (!has_session(place) || (broken_ & bit(place)) || record(place, index).attached == 0) {
                drop_attachment(place, index);
            } else if (!open_attachment(hooks, place, index, not_at_fault).ok()) {
                break_session(place, "a session's attachment cannot be mapped again");
                detach(hooks, place, index, true);
            } else if (shape_.wake_slot != kNowhere && shape_.broken == kNowhere) {
                signal(place, index);  // the dead one may have owed it
            }
        }
    look_again_ = true;
}

Result<u32> SessionKeeper::admit(const Hooks& hooks, Badge badge) {
    if (badge == Badge::None) return Error::StaleSession;
    Status opened;
    for (const Lingering lingering : {Lingering::Allowed, Lingering::Cut}) {
        close_idle(hooks, lingering);
        EFT_CHECK(log_.begin());
        if (opened = shape_.open(*this, badge); opened.ok()) break;
        log_.abort();
    }
    EFT_CHECK(opened);
    commit_step();
    const u32 place = sessions_.search(badge);
    for (u64* bits : {&stale_, &ended_, &broken_}) *bits &= ~bit(place);
    empty_slots(event_slot(place, 0), shape_.events);
    return place;
}

// A stale session is forgotten with the answer: a client that was not told finds the next incarnation as ignorant. It has
// nothing attached: idlc refuses `attach` where sessions do not survive.
Error SessionKeeper::refuse(u32 place) {
    if (!is_stale(place)) return Error::ProtocolViolation;
    if (const Status begun = log_.begin(); !begun.ok()) return begun.error();
    if (const Status closed = sessions_.close(Badge{sessions_.badge_at(place)}); !closed.ok()) {
        log_.abort();
        return closed.error();
    }
    return Error::StaleSession;
}

// The badges are copied: whatever ends a session may make calls of its own.
void SessionKeeper::close_ended(const Hooks& hooks) {
    std::array<u64, 64> badges;
    bool incomplete = false;
    for (;;) {
        const auto closed = closed_sessions(badges);
        if (!closed.ok()) return;
        incomplete |= closed->incomplete;
        if (closed->count == 0) break;
        for (std::size_t i = 0; i < closed->count; ++i)
            if (const u32 place = sessions_.search(Badge{badges[i]}); place < shape_.places && badges[i] != 0) ended_ |= bit(place);
    }
    if (incomplete) end_all_but_open();
    for_each_bit(ended_, [this](u32 place) { ipc::WaitingRequests::cancel(sessions_.badge_at(place)); });
    close_idle(hooks);
}

void SessionKeeper::end_all_but_open() {
    std::array<u64, 64> badges;
    u64 open = 0;
    for (u64 last = 0;;) {
        const auto count = open_sessions(last, badges);
        if (!count.ok()) return;  // an unknown part of the list: nobody is closed for that
        if (*count == 0) break;
        for (std::size_t i = 0; i < *count; ++i)
            if (const u32 place = sessions_.search(Badge{badges[i]}); place < shape_.places) open |= bit(place);
        last = badges[*count - 1];
    }
    for (u32 place = 0; place < shape_.places; ++place)
        if (has_session(place) && !(open & bit(place))) ended_ |= bit(place);
}

bool SessionKeeper::serve_rings(const Hooks& hooks) {
    constexpr u32 kRounds = 16;
    bool quiet = false;
    for (u32 round = 0; round < kRounds && !quiet; ++round) {
        if (hooks.poll) poll_rings(hooks);
        quiet = !hooks.progress || hooks.progress(*this);
        commit_step();
        look_again_ = false;
        close_idle(hooks);
        quiet &= !look_again_;  // an end may leave something to be done
        if (hooks.poll) quiet &= prepare_all_to_sleep();
    }
    return quiet;
}

bool SessionKeeper::has_late_entries(u64 now) {
    bool late = false;
    if (!shape_.is_late) return late;
    for_each_bit(mapped_ & ~(ended_ | broken_), [&](u32 place) { for_each_bit(open_[place], [&](u32 index) { late |= shape_.is_late(*this, place, index, now); }); });
    return late;
}

void SessionKeeper::poll_rings(const Hooks& hooks) {
    for_each_bit(mapped_, [&](u32 place) {
        for (u64 left = open_[place]; left != 0 && !is_ending(place); left &= left - 1) {
            const Status polled = hooks.poll(*this, place, static_cast<u32>(std::countr_zero(left)));
            commit_step();
            if (!polled.ok()) break_session(place, "a client broke the rules of its ring");
        }
    });
}

// Each client is told once.
bool SessionKeeper::prepare_all_to_sleep() {
    bool quiet = true;
    for_each_bit(mapped_ & ~(ended_ | broken_), [&](u32 place) {
        for_each_bit(open_[place], [&](u32 index) {
            bool wake = false;
            quiet &= shape_.prepare_to_sleep(*this, place, index, wake);
            if (wake) signal(place, index);
        });
    });
    return quiet;
}

void SessionKeeper::break_session(u32 place, const char* why) {
    FixedText<120> line(why);
    log(line.append(": session ").decimal(sessions_.badge_at(place)).view());
    if (shape_.broken == kNowhere) return;
    broken_ |= bit(place);
    if (!log_.begin().ok()) return;
    u64& word = broken_word(place);
    if (!sessions_.save_part(place, std::as_bytes(std::span(&word, 1))).ok()) return log_.abort();
    word = 1;
    commit_step();
}

// Entries that were taken and not completed.
u32 SessionKeeper::entries_in_progress(u32 place, u32 index) const {
    return shape_.entries_in_progress && is_open(place, index) ? shape_.entries_in_progress(*this, place, index) : 0;
}

bool SessionKeeper::in_progress(u32 place) const {
    u32 count = sessions_.requests_in_progress_at(place);
    for (u32 index = 0; index < shape_.attachments; ++index) count += entries_in_progress(place, index);
    return count != 0;
}

void SessionKeeper::close_idle(const Hooks& hooks, Lingering lingering) {
    for_each_bit(ended_ | broken_, [&](u32 place) {
        if (!has_session(place) || in_progress(place)) return;
        const bool may_linger = lingering == Lingering::Allowed && hooks.lingers && !(broken_ & bit(place));
        if (may_linger && hooks.lingers(*this, place)) return;
        for (u32 index = 0; index < shape_.attachments; ++index) detach(hooks, place, index, true);
        if (!(ended_ & bit(place))) return;
        if (hooks.closed) hooks.closed(*this, place);
        if (shape_.drop_last_reply) shape_.drop_last_reply(*this, place);
        empty_slots(event_slot(place, 0), shape_.events);
        if (!join_transaction().ok()) return;  // with what closed() has changed
        if (!sessions_.close(Badge{sessions_.badge_at(place)}).ok()) return log_.abort();
        commit_step();
        for (u64* bits : {&ended_, &broken_}) *bits &= ~bit(place);
    });
}

Status SessionKeeper::save(std::span<const std::byte> part) {
    EFT_CHECK(join_transaction());
    return log_.before_change(part);
}

Status SessionKeeper::save_part(u32 place, std::span<const std::byte> part) {
    EFT_CHECK(join_transaction());
    return sessions_.save_part(place, part);
}

Status SessionKeeper::begin_attachment(const Hooks& hooks, u32 place, u32 index, u64 area_bytes) {
    if (index >= shape_.attachments) return Error::OutOfRange;
    if (shape_.area_max != 0 && (area_bytes == 0 || area_bytes % kPageSize != 0 || area_bytes > shape_.area_max)) return Error::InvalidArgument;
    if (entries_in_progress(place, index) != 0 && hooks.replacing) hooks.replacing(*this, place, index);
    if (entries_in_progress(place, index) != 0) return Error::Busy;
    detach(hooks, place, index, false);
    ipc::AttachmentRecord& kept = record(place, index);
    EFT_CHECK(save_part(place, std::as_bytes(std::span(&kept, 1))));
    kept = {area_bytes, 1, 0};
    return {};
}

// The capabilities in the slots are intents: a death before the commit leaves them for recover_attachments() to remove.
Status SessionKeeper::keep_attachment(const Hooks& hooks, u32 place, u32 index, std::span<Slot> received) {
    for (u32 i = 0; i < received.size(); ++i) {
        EFT_CHECK(slots_.keep(kept_slot(place, index) + i, received[i]));
        received[i] = Slot::None;
    }
    return open_attachment(hooks, place, index, false);
}

void SessionKeeper::end_attachment(const Hooks& hooks, u32 place, u32 index, bool done) {
    if (!done) {
        log_.abort();
        detach(hooks, place, index, false);
        return empty_slots(kept_slot(place, index), shape_.attachment_slots);
    }
    look_again_ = true;  // entries may be there already
    if (shape_.wake_slot != kNowhere && shape_.broken == kNowhere) slots_.signal(kept_slot(place, index) + shape_.wake_slot);
}

Status SessionKeeper::open_attachment(const Hooks& hooks, u32 place, u32 index, bool not_at_fault) {
    Status opened;
    if (shape_.map) {
        opened = shape_.map(*this, place, index, record(place, index).area_bytes, not_at_fault);
        open_[place] |= bit(index);
        mapped_ |= bit(place);
    }
    if (opened.ok() && hooks.attached) opened = hooks.attached(*this, place, index);
    if (!opened.ok()) close_attachment(place, index);
    return opened;
}

void SessionKeeper::close_attachment(u32 place, u32 index) {
    if (!is_open(place, index)) return;
    shape_.unmap(*this, place, index);
    if (open_[place] &= ~bit(index); open_[place] == 0) mapped_ &= ~bit(place);
}

// Nothing of it is in progress. The record goes before the capabilities. Who waits is signalled when the ring says that
// nobody serves it; asks, and is told.
void SessionKeeper::detach(const Hooks& hooks, u32 place, u32 index, bool tell) {
    if (is_open(place, index) && hooks.detaching) hooks.detaching(*this, place, index);
    close_attachment(place, index);
    ipc::AttachmentRecord& kept = record(place, index);
    if (kept.attached == 0) return;
    if (tell && shape_.wake_slot != kNowhere) signal(place, index);
    if (log_.begin().ok()) {
        if (sessions_.save_part(place, std::as_bytes(std::span(&kept, 1))).ok()) {
            kept = {};
            commit_step();
        } else {
            log_.abort();
        }
    }
    empty_slots(kept_slot(place, index), shape_.attachment_slots);
}

// Of which this incarnation knows nothing. A client whose session is lost attaches its ring again when it is told so.
void SessionKeeper::drop_attachment(u32 place, u32 index) {
    const u32 first = kept_slot(place, index);
    if (shape_.ring_slot != kNowhere && slots_.holds_anything(first + shape_.ring_slot)) {
        slots_.end_ring(first + shape_.ring_slot, ring::ConsumerState::Detached);
        if (shape_.wake_slot != kNowhere) slots_.signal(first + shape_.wake_slot);
    }
    empty_slots(first, shape_.attachment_slots);
}

void SessionKeeper::empty_slots(u32 first, u32 count) {
    if (count != 0) slots_.remove(first, count);
}

}  // namespace eft
