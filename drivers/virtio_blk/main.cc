// virtio_blk: disks behind virtio over PCI. The device is in device.h, the service in drivers/block.
#include <drivers/block/block_server.h>
#include <drivers/virtio/device_windows.h>
#include <drivers/virtio_blk/disk.h>

#include <eft/run_server.h>

using namespace eft;

namespace {

constexpr u64 kQueueBit = 1;

Result<virtio_blk::BlockDevice> open_device(driver::Device& own) {
    static EFT_PROCESS_LOCAL virtio::DeviceWindows windows;
    EFT_TRY(const dev::DeviceInfo info, own.dev().describe());
    std::array<u8, pci::kConfigurationSize> configuration{};
    std::copy_n(info.config.begin(), std::min(info.config.size(), configuration.size()), configuration.begin());
    const u32 interrupts = info.interrupts;
    EFT_TRY(const virtio::Windows opened, windows.open(own, pci::Configuration(hw::Mmio(configuration.data(), configuration.size()))));
    EFT_TRY(const hw::DmaMemory memory, own.make_dma_memory(virtio_blk::Requests::memory_size(virtio::kMaximumQueueSize)));
    EFT_TRY([[maybe_unused]] const u32 queue_irq, own.connect_interrupt(0, 0, kQueueBit));
    virtio_blk::Vectors vectors;
    if (own.has_line()) vectors.requests = virtio::kNoVector;
    if (interrupts > 1) {
        EFT_TRY([[maybe_unused]] const u32 configuration_irq, own.connect_interrupt(1, 0, virtio_blk::kConfigurationBit));
        vectors.configuration = 1;
    }
    EFT_CHECK(own.enable_bus_master());
    return virtio_blk::BlockDevice(opened, memory, vectors);
}

}  // namespace

int eft_main() {
    static EFT_PROCESS_LOCAL auto own = driver::Device::connect();
    if (!own.ok()) panic("virtio_blk: the manifest gives no device");
    static EFT_PROCESS_LOCAL auto device = open_device(*own);
    if (!device.ok()) panic("virtio_blk: the device's windows, memory or interrupts are not to be had");
    if (!device->start().ok()) panic("virtio_blk: the device cannot be started");

    static EFT_PROCESS_LOCAL virtio_blk::Disk disk(*device, *own);
    run_server<block::Server>(block::kLayoutVersion, disk);
}
