// @name@: the program. The device is in engine.h, the service in @name@.h.
#include <drivers/@name@/@name@.h>
#include <drivers/service/device.h>

#include <eft/run_server.h>

using namespace eft;

namespace {

Result<@name@::Engine> start_device() {
    EFT_TRY(static EFT_PROCESS_LOCAL driver::Device own, driver::Device::connect());
    EFT_TRY(static EFT_PROCESS_LOCAL driver::Window window, own.window(0));
    EFT_TRY(const hw::Mmio registers, window.registers(0, @name@::kRegisterBytes));
    EFT_TRY([[maybe_unused]] const u32 irq, own.connect_interrupt(0, 0, @name@::kInterruptBit));
    EFT_CHECK(own.enable_bus_master());  // an interrupt message is a write of the device to memory
    return @name@::Engine::start(registers);
}

}  // namespace

int eft_main() {
    static EFT_PROCESS_LOCAL auto device = start_device();
    if (!device.ok()) panic("@name@: there is no edu device that can be used");
    run_server<@name@::Server>(@name@::kLayoutVersion, *device);
}
