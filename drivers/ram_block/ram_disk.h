// A disk in memory, filled with a pattern that tells every sector from every other: for tests of Block and of its clients.
//
// The memory is the incarnation's: what was written is gone after a restart, and the pattern is there again.
#pragma once

#include <drivers/block/backend.h>

namespace eft::ram_block {

// Word `index` (0 to 63) of a sector.
constexpr u64 pattern(u64 sector, u32 index) {
    u64 word = (sector << 6 | index) * 0x9e37'79b9'7f4a'7c15;
    return word ^ word >> 31;
}

// Every operation is done at once, so none of them ends later.
class RamDisk final : public block::Backend {
public:
    static constexpr u32 kMaxCount = 256;

    // As many sectors as fit into `memory`, which is filled with the pattern.
    explicit RamDisk(std::span<std::byte> memory);

    block::Geometry geometry() const override { return {sectors(), true, kMaxCount}; }
    Status open_area(u32, Slot, u64) override { return {}; }
    void close_area(u32) override {}
    Result<block::Progress> begin(u32, const block::Operation& operation) override;
    void kick() override {}
    Result<std::optional<block::Ended>> next_ended() override { return std::optional<block::Ended>(); }

private:
    u64 sectors() const { return memory_.size() / block::kSectorBytes; }
    std::byte* place(u64 sector) const { return memory_.data() + sector * block::kSectorBytes; }

    std::span<std::byte> memory_;
};

}  // namespace eft::ram_block
