// e1000: Intel's 8254x network cards. The device is in device.h, the service in drivers/ethernet.
#include <drivers/e1000/network_card.h>
#include <drivers/ethernet/ethernet_server.h>

#include <eft/run_server.h>

using namespace eft;

namespace {

// Started, and only then allowed to reach memory: see device.h.
Result<e1000::Controller> open(driver::Device& own, driver::Window& window) {
    EFT_TRY(window, own.window(0));
    EFT_TRY(const hw::Mmio registers, window.registers(0, e1000::kWindowBytes));
    EFT_TRY(const hw::DmaMemory memory, own.make_dma_memory(e1000::Controller::kMemoryBytes));
    e1000::Controller controller(registers, memory);
    EFT_CHECK(controller.start());
    EFT_TRY([[maybe_unused]] const u32 line, own.connect_interrupt(0, 0, e1000::kInterruptBit));
    EFT_CHECK(own.enable_bus_master());
    return controller;
}

}  // namespace

int eft_main() {
    static EFT_PROCESS_LOCAL auto own = driver::Device::connect();
    if (!own.ok()) panic("e1000: the manifest gives no device");
    static EFT_PROCESS_LOCAL driver::Window window;
    static EFT_PROCESS_LOCAL auto controller = open(*own, window);
    if (!controller.ok()) panic("e1000: the device cannot be started, or its registers, memory or interrupt are not to be had");

    static EFT_PROCESS_LOCAL e1000::NetworkCard card(*controller, *own);
    run_server<ethernet::Server>(ethernet::kLayoutVersion, card);
}
