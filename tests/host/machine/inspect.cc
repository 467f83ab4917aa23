#include "inspect.h"

#include "window.h"

#include <object/address_space.h>

#include <eft/invoke.h>
#include <eft/layout.h>

namespace eft::host {

std::optional<MappedPage> look_up(Slot space, u64 address) {
    const auto info = kernel_object::inspect(slot(WellKnown::Table), space);
    if (!info.ok() || info->type != ObjectType::AddressSpace) return {};
    const auto& object = *kernel::to_pointer<kernel::AddressSpace>(kernel::PhysAddr(info->id));
    const Translation found = translate(object.root(), address);
    if (!found.present) return {};
    Rights rights = bits(FrameRight::Read);
    if (found.writable) rights |= bits(FrameRight::Write);
    if (found.executable) rights |= bits(FrameRight::Execute);
    return MappedPage{rights, kernel::to_pointer<std::byte>(found.page)};
}

}  // namespace eft::host
