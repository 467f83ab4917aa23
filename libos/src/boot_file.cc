#include <eft/boot_file.h>

#include <eft/archive.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/shared_memory.h>

#include <eft/idl/mem.h>

namespace eft {
namespace {

Result<SharedMemory> map_archive(u64& bytes) {
    static EFT_PROCESS_LOCAL mem::MemClient<> memory{CapHandle(slot(WellKnown::Memory))};
    EFT_TRY(mem::Archive archive, memory.boot_archive());
    bytes = archive.bytes;
    const CapHandle object(archive.object.release());
    return SharedMemory::borrow_to_read(object.slot(), page_up(bytes));
}

}  // namespace

Result<std::span<const std::byte>> boot_file(std::string_view name) {
    static EFT_PROCESS_LOCAL SharedMemory archive;
    static EFT_PROCESS_LOCAL u64 bytes = 0;
    if (!archive) {
        EFT_TRY(archive, map_archive(bytes));
    }
    return find_in_archive(archive.bytes().first(bytes), name);
}

}  // namespace eft
