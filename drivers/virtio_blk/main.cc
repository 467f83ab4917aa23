// virtio_blk: disks behind virtio over PCI. The device is in device.h, the service in drivers/block.
#include <drivers/block/block_server.h>
#include <drivers/virtio/device_windows.h>
#include <drivers/virtio_blk/disk.h>

#include <eft/run_server.h>

using namespace eft;

int eft_main() {
    static EFT_PROCESS_LOCAL auto own = driver::Device::connect();
    if (!own.ok()) panic("virtio_blk: the manifest gives no device");
    static EFT_PROCESS_LOCAL virtio::DeviceWindows windows;
    const auto opened = windows.open(*own, virtio_blk::Requests::memory_size(virtio::kMaximumQueueSize));
    if (!opened.ok()) panic("virtio_blk: the device's windows, memory or interrupts are not to be had");
    static EFT_PROCESS_LOCAL virtio_blk::BlockDevice device(opened->windows, opened->memory, opened->vectors);
    if (!device.start().ok()) panic("virtio_blk: the device cannot be started");

    static EFT_PROCESS_LOCAL virtio_blk::Disk disk(device, *own);
    run_server<block::Server>(block::kLayoutVersion, disk);
}
