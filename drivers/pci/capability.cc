// One capability of the list: see capability.h.
#include <drivers/pci/capability.h>

namespace eft::pci {

Result<std::optional<u8>> find_capability(const Configuration& config, CapabilityId wanted, u32 length) {
    std::optional<u8> found;
    EFT_CHECK(walk_capabilities(config, [&](CapabilityId id, u8 offset) {
        if (id == wanted) found = offset;
        return !found;
    }));
    if (found && *found + length > kConfigurationSize) return Error::BadFormat;
    return found;
}

}  // namespace eft::pci
