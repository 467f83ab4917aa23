// A disk in memory, filled with a pattern that tells every sector from every other: for tests of Block and of its clients.
//
// The memory is the incarnation's: what was written is gone after a restart, and the pattern is there again.
#pragma once

#include <drivers/block/backend.h>

#include <cstring>

namespace eft::ram_block {

// Word `index` (0 to 63) of a sector.
constexpr u64 pattern(u64 sector, u32 index) {
    u64 word = (sector << 6 | index) * 0x9e37'79b9'7f4a'7c15;
    return word ^ word >> 31;
}

class RamDisk {
public:
    static constexpr u32 kMaxCount = 256;

    explicit RamDisk(std::span<std::byte> memory) : memory_(memory) {
        for (u64 sector = 0; sector < sectors(); ++sector) {
            for (u32 index = 0; index < block::kSectorBytes / sizeof(u64); ++index) {
                const u64 word = pattern(sector, index);
                std::memcpy(place(sector) + index * sizeof word, &word, sizeof word);
            }
        }
    }

    block::Geometry geometry() const { return {sectors(), true, kMaxCount}; }
    Status open_area(u32, Slot, u64) { return {}; }
    void close_area(u32) {}
    Result<block::Progress> begin(u32, const block::Operation& operation) {
        if (operation.kind == block::OperationKind::Read) std::memcpy(operation.data.data(), place(operation.sector), operation.data.size());
        if (operation.kind == block::OperationKind::Write) std::memcpy(place(operation.sector), operation.data.data(), operation.data.size());
        return block::Progress::Done;
    }
    void kick() {}
    Result<std::optional<block::Ended>> next_ended() { return std::optional<block::Ended>(); }

private:
    u64 sectors() const { return memory_.size() / block::kSectorBytes; }
    std::byte* place(u64 sector) const { return memory_.data() + sector * block::kSectorBytes; }

    std::span<std::byte> memory_;
};
static_assert(block::Backend<RamDisk>);

}  // namespace eft::ram_block
