#include "monitor/rpc/boot_files.h"

#include <eft/archive.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/shared_memory.h>

#include <eft/idl/mem.h>

#include <optional>

namespace eft::monitor {
namespace {

Result<SharedMemory> map_archive(u64& bytes) {
    static mem::MemClient<> memory{CapHandle(slot(WellKnown::Memory))};
    EFT_TRY(mem::Archive archive, memory.boot_archive().or_error());
    bytes = archive.bytes;
    const CapHandle object(archive.object.release());
    return SharedMemory::borrow_to_read(object.slot(), page_up(bytes));
}

}  // namespace

Result<std::span<const std::byte>> boot_file(std::string_view name) {
    static SharedMemory archive;
    static u64 bytes = 0;
    if (!archive) {
        EFT_TRY(archive, map_archive(bytes));
    }
    return find_in_archive(archive.bytes().first(bytes), name);
}

Result<const Catalogue*> system_interfaces() {
    static std::optional<Catalogue> catalogue;
    if (!catalogue) {
        EFT_TRY(const auto bytes, boot_file("interfaces"));
        EFT_TRY(catalogue, Catalogue::open(bytes));
    }
    return &*catalogue;
}

Result<const manifest::Manifest*> system_manifest() {
    static const manifest::Manifest* verified = nullptr;
    if (verified) return verified;
    EFT_TRY(const auto bytes, boot_file("manifest"));
    flatbuffers::Verifier verifier(reinterpret_cast<const u8*>(bytes.data()), bytes.size());
    if (!manifest::VerifyManifestBuffer(verifier)) return Error::BadFormat;
    verified = manifest::GetManifest(bytes.data());
    return verified;
}

const manifest::Service* provider_of(const manifest::Manifest& manifest, std::string_view name) {
    for (const manifest::Service* service : *manifest.services()) {
        if (!service->provides()) continue;
        for (const auto* provided : *service->provides())
            if (text(provided) == name) return service;
    }
    return nullptr;
}

}  // namespace eft::monitor
