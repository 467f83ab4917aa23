// A driver whose device has memory, and that does nothing with it.
#include <drivers/service/device.h>

#include <eft/panic.h>
#include <eft/process.h>
#include <eft/wake.h>

using namespace eft;

int eft_main() {
    auto device = driver::Device::connect();
    if (!device.ok() || !device->window(0).ok()) panic("no device");
    if (!device->make_dma_memory(16 * kPageSize).ok() || !device->enable_bus_master().ok()) panic("no memory for it");
    report_ready();
    for (;;) wait_for_wake();
}
