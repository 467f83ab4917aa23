// The reset: see common.h.
#include <drivers/virtio/common.h>

namespace eft::virtio {

Status reset_device(hw::Mmio common, hw::Looks looks) {
    hw::write<DeviceStatus>(common, hw::Value<DeviceStatus>());
    return hw::wait_until([&] { return hw::read<DeviceStatus>(common).raw() == 0; }, looks);
}

}  // namespace eft::virtio
