// ram_block: the test driver for Block. Its argument is the disk's size in MiB; 2 if there is none.
#include <drivers/block/block_server.h>
#include <drivers/ram_block/ram_disk.h>

#include <eft/run_server.h>

using namespace eft;

int eft_main() {
    constexpr u64 kMebibyte = 1024 * 1024, kDefaultSize = 2, kLargest = 64;
    const u64 size = parse_u64(field_text(config().arguments)).value_or(kDefaultSize);
    if (size == 0 || size > kLargest) panic("ram_block: the size must be 1 to 64 MiB");
    auto memory = SharedMemory::create(size * kMebibyte);
    if (!memory.ok()) panic("ram_block: not enough memory");
    static EFT_PROCESS_LOCAL ram_block::RamDisk disk(memory->bytes());
    run_server<block::Server>(block::kLayoutVersion, disk);
}
