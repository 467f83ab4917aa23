// The start of a state region: see eft/state/region.h.
#include <eft/state/region.h>
#include <eft/state/session_table.h>

#include <algorithm>
#include <cstring>

namespace eft {
namespace {

// A first start looks at all of it, so by words.
bool all_zero(std::span<const std::byte> memory) {
    for (; memory.size() >= sizeof(u64); memory = memory.subspan(sizeof(u64))) {
        u64 word;
        std::memcpy(&word, memory.data(), sizeof word);
        if (word != 0) return false;
    }
    for (const std::byte byte : memory)
        if (byte != std::byte{}) return false;
    return true;
}

// Of a state with sessions (StateShape), where its parts are.
struct Parts {
    static u64 size(const StateShape& shape) { return shape.shared + u64{shape.sessions} * (2 * sizeof(u64) + shape.record); }
    u64& badge(u32 place) const { return word(shape.shared, place); }
    u64& check(u32 place) const { return word(shape.shared + u64{shape.sessions} * sizeof(u64), place); }
    std::span<std::byte> record(u32 place) const {
        return bytes.subspan(shape.shared + u64{shape.sessions} * 2 * sizeof(u64) + u64{place} * shape.record, shape.record);
    }

    const StateShape& shape;
    std::span<std::byte> bytes;

private:
    u64& word(u64 offset, u32 place) const { return *reinterpret_cast<u64*>(bytes.data() + offset + place * sizeof(u64)); }
};

void copy_start(std::span<std::byte> to, std::span<const std::byte> from) { std::memcpy(to.data(), from.data(), std::min(to.size(), from.size())); }

// Sessions that are damaged are left behind.
void copy_sessions(const Parts& to, const Parts& from) {
    for (u32 place = 0; place < to.shape.sessions; ++place) {
        const u64 badge = from.badge(place);
        const std::span<std::byte> old = from.record(place), record = to.record(place);
        if (badge == 0 || from.check(place) != session_check(old, place, badge)) continue;
        copy_start(record.first(to.shape.session), old.first(from.shape.session));
        copy_start(record.subspan(to.shape.session), old.subspan(from.shape.session));
        to.badge(place) = badge;
        to.check(place) = session_check(record, place, badge);
    }
}

bool fits(const StateShape& shape, u64 state_bytes) {
    return shape.sessions <= kMostSessions && shape.session <= shape.record && shape.shared % sizeof(u64) == 0 && Parts::size(shape) <= state_bytes;
}

}  // namespace

RecoveryOutcome AnyStateRegion::recover(u64 replies_delivered, bool is_elsewhere) {
    const RegionHeader& found = header();
    if (found.magic == RegionHeader::kInitialising && is_elsewhere) return RecoveryOutcome::OtherLayout;
    if (found.magic == RegionHeader::kInitialising || (found.magic == 0 && all_zero(memory_))) {
        reset();
        return RecoveryOutcome::Fresh;
    }
    if (!found.is_ready()) return RecoveryOutcome::Damaged;
    if (!found.has_layout_of(own_layout())) return RecoveryOutcome::OtherLayout;
    if (!log_.valid()) return RecoveryOutcome::Damaged;
    usable_ = true;
    return log_.recover(replies_delivered) ? RecoveryOutcome::Undone : RecoveryOutcome::Kept;
}

Status AnyStateRegion::take_over(std::span<std::byte> old, u64 replies_delivered, Migrate migrate) {
    if (old.size() < sizeof(RegionHeader)) return Error::BadFormat;
    RegionHeader& found = *reinterpret_cast<RegionHeader*>(old.data());
    const std::span<std::byte> behind = old.subspan(sizeof(RegionHeader));
    if (!found.is_ready() || found.log_bytes > behind.size() || found.state_bytes > behind.size() - found.log_bytes || !fits(found.shape, found.state_bytes))
        return Error::BadFormat;
    const bool same_sessions = found.shape.sessions == shape_.sessions && found.shape.record - found.shape.session == shape_.record - shape_.session;
    if (shape_.sessions == 0 || !same_sessions || (found.layout_version != layout_version_ && !migrate)) return Error::NotSupported;
    const std::span<std::byte> old_state = behind.subspan(found.log_bytes, found.state_bytes);
    UndoLog log(*reinterpret_cast<UndoLog::Words*>(old.data() + kLogWordsOffset), behind.first(found.log_bytes), old_state);
    if (!log.valid()) return Error::BadFormat;
    log.recover(replies_delivered);

    begin_anew();
    std::byte* const state = memory_.data() + state_offset();
    const Parts to{shape_, {state, state_bytes()}}, from{found.shape, old_state};
    const std::span<const std::byte> old_shared = old_state.first(found.shape.shared);
    copy_start({state, shape_.shared}, old_shared);
    if (migrate && !migrate(found.layout_version, old_shared, state)) return Error::NotSupported;
    copy_sessions(to, from);
    finish();
    return {};
}

RegionHeader AnyStateRegion::own_layout() const {
    RegionHeader own{};
    own.layout_version = layout_version_;
    own.log_bytes = log_bytes_;
    own.state_bytes = state_bytes();
    own.shape = shape_;
    return own;
}

void AnyStateRegion::begin_anew() {
    RegionHeader& made = header();
    store_word(made.magic, RegionHeader::kInitialising);
    made = own_layout();
    made.magic = RegionHeader::kInitialising;
    made.check = made.computed_check();
    made.log_expected = UndoLog::kNever;
    make_(memory_.data() + state_offset());
}

void AnyStateRegion::finish() {
    store_word(header().magic, RegionHeader::kReady);
    usable_ = true;
}

}  // namespace eft
