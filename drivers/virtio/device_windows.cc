// Mapping the BARs, and finding the structures in them: see device_windows.h.
#include <drivers/virtio/device_windows.h>

#include <algorithm>

namespace eft::virtio {

Result<OpenedDevice> DeviceWindows::open(driver::Device& device, u64 memory_bytes) {
    EFT_TRY(const dev::DeviceInfo info, device.dev().describe());
    std::array<u8, pci::kConfigurationSize> configuration{};
    std::copy_n(info.config.begin(), std::min(info.config.size(), configuration.size()), configuration.begin());
    const u32 interrupts = info.interrupts;  // the answer lies where the next one will
    EFT_TRY(const Windows windows, find(device, pci::Configuration(hw::Mmio(configuration.data(), configuration.size()))));
    EFT_TRY(const hw::DmaMemory memory, device.make_dma_memory(memory_bytes));
    Vectors vectors;
    EFT_TRY([[maybe_unused]] const u32 queue_irq, device.connect_interrupt(0, 0, kQueueBit));
    if (device.has_line()) vectors.queues = kNoVector;
    if (interrupts > 1) {
        EFT_TRY([[maybe_unused]] const u32 configuration_irq, device.connect_interrupt(1, 0, kConfigurationBit));
        vectors.configuration = 1;
    }
    EFT_CHECK(device.enable_bus_master());
    return OpenedDevice{windows, memory, vectors};
}

Result<Windows> DeviceWindows::find(driver::Device& device, const pci::Configuration& configuration) {
    BarLengths lengths{};
    for (u32 bar = 0; bar < lengths.size(); ++bar) {
        if (hw::read<pci::BaseAddress>(configuration, bar).raw() == 0) continue;
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
