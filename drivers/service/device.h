// The device that dev has assigned to this driver: its windows, ports, interrupts, and memory that it may reach.
#pragma once

#include <eft/cap.h>
#include <eft/hw/dma.h>
#include <eft/hw/mmio.h>
#include <eft/hw/ports.h>
#include <eft/idl/dev.h>
#include <eft/idl/mem.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/process.h>
#include <eft/shared_memory.h>

namespace eft::driver {

// Mapped registers. `start`: which byte of the device's window the mapping begins with; `length`: of the whole window.
struct Window {
    SharedMemory memory;
    u64 offset = 0;
    u64 start = 0;
    u64 length = 0;

    // Registers at [at, at + bytes) of the device's window; NotSupported where dev keeps them for itself.
    Result<hw::Mmio> registers(u64 at, u64 bytes) {
        const u64 mapped = memory.bytes().size() - offset;
        if (!memory || at < start || at - start > mapped || bytes > mapped - (at - start)) return Error::NotSupported;
        return hw::Mmio(memory.bytes().data() + offset + (at - start), bytes);
    }
};

class Device {
public:
    // NotFound: the manifest gives this service no device.
    static Result<Device> connect() {
        EFT_TRY(const Slot session, granted("device"));
        return Device(session);
    }

    dev::DevClient<>& dev() { return dev_; }

    Result<Window> window(u32 index) {
        dev::WindowRequest request;
        request.index = index;
        EFT_TRY(dev::Window answer, dev_.open_window(request));
        Window window;
        window.offset = answer.offset;
        window.start = answer.start;
        window.length = answer.length;
        if (!answer.memory.present()) return window;
        const CapHandle object(answer.memory.release());
        EFT_TRY(window.memory, SharedMemory::borrow(object.slot(), answer.bytes));
        return window;
    }

    Result<hw::Ports> ports() {
        EFT_TRY(dev::PortWindow answer, dev_.open_ports({}));
        ports_ = CapHandle(answer.ports.release());
        return hw::Ports(ports_.slot(), answer.first, answer.count);
    }

    // From now on the interrupt signals this program with `bits`; answers its number. The capability is this program's
    // as long as it lives.
    Result<u32> connect_interrupt(u32 index, u32 lines, u64 wake_bits) {
        dev::InterruptRequest request;
        request.index = index;
        request.lines = lines;
        EFT_TRY(dev::Interrupt answer, dev_.open_interrupt(request));
        CapHandle interrupt(answer.irq.release());
        EFT_TRY(const CapHandle wake, copy_capability(slot(WellKnown::SelfSignal), kAllRights, wake_bits));
        EFT_CHECK(kernel_object::bind_irq(interrupt.slot(), answer.number, wake.slot()));
        interrupt.release();
        return answer.number;
    }

private:
    explicit Device(Slot session) : dev_(CapHandle(session)) {}

    dev::DevClient<> dev_;
    CapHandle ports_;
};

// Memory that the device reaches: zeroed, in one physical piece, pinned until the device was reset after our death.
inline Result<hw::DmaMemory> make_dma_memory(dev::DevClient<>& dev, u64 bytes) {
    static mem::MemClient<> memory{CapHandle(slot(WellKnown::Memory))};
    mem::ObjectRequest request;
    request.bytes = page_up(bytes);
    request.contiguous = true;
    EFT_TRY(mem::Object made, memory.create_object(request).or_error());
    const CapHandle object(made.object.release());
    EFT_TRY(SharedMemory mapped, SharedMemory::borrow(object.slot(), request.bytes));
    dev::PinRequest pin;
    pin.object = ipc::CapField<ipc::kind::Memory>(object);
    EFT_TRY(const dev::Pinned pinned, dev.pin(pin).or_error());
    dev::PinQuery query;
    query.pin = pinned.pin;
    EFT_TRY(const dev::PinnedPages pages, dev.pinned_at(query));
    if (pages.addresses.empty()) return Error::OutOfMemory;
    const u64 address = pages.addresses[0];
    static SharedMemory kept;  // for good: one driver has one piece
    kept = std::move(mapped);
    return hw::DmaMemory{kept.bytes().data(), address, request.bytes};
}

}  // namespace eft::driver
