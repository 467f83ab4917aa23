// The start of a state region: see eft/state/region.h.
#include <eft/state/region.h>

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

}  // namespace

RecoveryOutcome AnyStateRegion::recover(u64 replies_delivered) {
    const RegionHeader& found = header();
    if (found.magic == RegionHeader::kInitialising || (found.magic == 0 && all_zero(memory_))) {
        reset();
        return RecoveryOutcome::Fresh;
    }
    if (found.magic != RegionHeader::kReady || found.check != found.computed_check()) return RecoveryOutcome::Damaged;
    if (found.layout_version != layout_version_ || found.log_bytes != log_bytes_ || found.state_bytes != state_bytes())
        return RecoveryOutcome::OtherLayout;
    if (!log_.valid()) return RecoveryOutcome::Damaged;
    usable_ = true;
    return log_.recover(replies_delivered) ? RecoveryOutcome::Undone : RecoveryOutcome::Kept;
}

void AnyStateRegion::reset() {
    RegionHeader& made = header();
    store_word(made.magic, RegionHeader::kInitialising);
    made.layout_version = layout_version_;
    made.log_bytes = log_bytes_;
    made.state_bytes = state_bytes();
    made.check = made.computed_check();
    made.log_used = 0;
    made.log_expected = UndoLog::kNever;
    make_(memory_.data() + state_offset());
    store_word(made.magic, RegionHeader::kReady);
    usable_ = true;
}

}  // namespace eft
