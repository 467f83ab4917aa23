// virtio_net: network cards behind virtio over PCI. The device is in device.h, the service in drivers/ethernet.
#include <drivers/ethernet/ethernet_server.h>
#include <drivers/virtio/device_windows.h>
#include <drivers/virtio_net/network_card.h>

#include <eft/run_server.h>

using namespace eft;

int eft_main() {
    static EFT_PROCESS_LOCAL auto own = driver::Device::connect();
    if (!own.ok()) panic("virtio_net: the manifest gives no device");
    static EFT_PROCESS_LOCAL virtio::DeviceWindows windows;
    const auto opened = windows.open(*own, virtio_net::NetworkDevice::memory_size());
    if (!opened.ok()) panic("virtio_net: the device's windows, memory or interrupts are not to be had");
    static EFT_PROCESS_LOCAL virtio_net::NetworkDevice device(opened->windows, opened->memory, opened->vectors);
    if (!device.start().ok()) panic("virtio_net: the device cannot be started");

    static EFT_PROCESS_LOCAL virtio_net::NetworkCard card(device, *own);
    run_server<ethernet::Server>(ethernet::kLayoutVersion, card);
}
