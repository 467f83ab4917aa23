// The memory behind the disk: see ram_disk.h.
#include <drivers/ram_block/ram_disk.h>

#include <cstring>

namespace eft::ram_block {

RamDisk::RamDisk(std::span<std::byte> memory) : memory_(memory) {
    for (u64 sector = 0; sector < sectors(); ++sector) {
        for (u32 index = 0; index < block::kSectorBytes / sizeof(u64); ++index) {
            const u64 word = pattern(sector, index);
            std::memcpy(place(sector) + index * sizeof word, &word, sizeof word);
        }
    }
}

Result<block::Progress> RamDisk::begin(u32, const block::Operation& operation) {
    if (operation.kind == block::OperationKind::Read) std::memcpy(operation.data.data(), place(operation.sector), operation.data.size());
    if (operation.kind == block::OperationKind::Write) std::memcpy(place(operation.sector), operation.data.data(), operation.data.size());
    return block::Progress::Done;
}

}  // namespace eft::ram_block
