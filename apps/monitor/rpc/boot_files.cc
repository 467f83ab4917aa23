#include "monitor/rpc/boot_files.h"

#include <eft/boot_file.h>

#include <optional>

namespace eft::monitor {

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
