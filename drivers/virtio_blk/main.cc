// virtio_blk: disks behind virtio over PCI. The device is in device.h, the service in drivers/block.
#include <drivers/block/program.h>
#include <drivers/virtio_blk/disk.h>
#include <drivers/virtio_blk/start.h>

using namespace eft;

namespace {

// Behind the bits of the sessions.
constexpr u64 kQueueBit = u64{1} << 32;
constexpr u64 kConfigurationBit = u64{1} << 33;
constexpr u32 kResetLooks = 100'000;
constexpr u32 kMostResets = 8;

using BlockDevice = virtio_blk::BlockDevice<hw::Mmio>;

// What start() and every later reset need.
struct Start {
    hw::DmaMemory memory;
    virtio_blk::Vectors vectors;

    Status operator()(BlockDevice& device) const { return device.start(memory, vectors, hw::Looks{kResetLooks}); }
};

Result<BlockDevice> open_device(driver::Device& own, Start& start) {
    static virtio_blk::DeviceWindows windows;
    EFT_TRY(const dev::DeviceInfo info, own.dev().describe());
    std::array<u8, pci::kConfigurationSize> configuration{};
    std::copy_n(info.config.begin(), std::min(info.config.size(), configuration.size()), configuration.begin());
    const u32 interrupts = info.interrupts;
    EFT_TRY(const auto opened, windows.open(own, configuration));
    EFT_TRY(start.memory, driver::make_dma_memory(own.dev(), virtio_blk::Requests::memory_size(virtio::kMaximumQueueSize)));
    EFT_TRY([[maybe_unused]] const u32 queue_irq, own.connect_interrupt(0, 0, kQueueBit));
    if (interrupts > 1) {
        EFT_TRY([[maybe_unused]] const u32 configuration_irq, own.connect_interrupt(1, 0, kConfigurationBit));
        start.vectors.configuration = 1;
    }
    dev::BusMaster master;
    master.enabled = true;
    EFT_TRY([[maybe_unused]] const Empty mastering, own.dev().set_bus_master(master));
    return BlockDevice(opened);
}

}  // namespace

int eft_main() {
    static auto own = driver::Device::connect();
    if (!own.ok()) panic("virtio_blk: the manifest gives no device");
    static Start start;
    static auto device = open_device(*own, start);
    if (!device.ok()) panic("virtio_blk: the device's windows, memory or interrupts are not to be had");
    if (!start(*device).ok()) panic("virtio_blk: the device cannot be started");

    const auto restart = [](BlockDevice& broken, u32 resets) {
        if (resets > kMostResets || !start(broken).ok()) panic("virtio_blk: the device breaks the rules again and again");
    };
    static virtio_blk::DevPins pins(own->dev());
    static virtio_blk::Disk disk(*device, pins, restart);
    block::run(disk, [](u64 bits) {
        if (bits & kConfigurationBit) disk.look_at_configuration();
    });
}
