// Mapping the BARs, and finding the structures in them: see device_windows.h.
#include <drivers/virtio/device_windows.h>

namespace eft::virtio {

Result<Windows> DeviceWindows::open(driver::Device& device, const pci::Configuration& configuration) {
    BarLengths lengths{};
    for (u32 bar = 0; bar < lengths.size(); ++bar) {
        auto window = device.window(bar);  // an error: there is none, or none for drivers
        if (!window.ok()) continue;
        windows_[bar] = std::move(*window);
        lengths[bar] = windows_[bar].length;
    }
    EFT_TRY(const Layout layout, find_layout(configuration, lengths));
    EFT_TRY(const hw::Mmio common, registers(layout.common));
    EFT_TRY(const hw::Mmio notify, registers(layout.notify));
    EFT_TRY(const hw::Mmio interrupt_status, registers(layout.interrupt_status));
    Windows windows{common, notify, layout.notify_multiplier, interrupt_status, std::nullopt};
    if (layout.device.present()) {
        EFT_TRY(windows.device, registers(layout.device));
    }
    return windows;
}

}  // namespace eft::virtio
