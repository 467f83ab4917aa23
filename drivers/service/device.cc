// The calls of dev and of the kernel: see device.h.
#include <drivers/service/device.h>

#include <eft/idl/mem.h>
#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/syscall.h>

#include <algorithm>

namespace eft::driver {

Result<hw::Mmio> Window::registers(u64 at, u64 bytes) {
    const u64 mapped = memory.bytes().size() - offset;
    if (!memory || at < start || at - start > mapped || bytes > mapped - (at - start)) return Error::NotSupported;
    return hw::Mmio(memory.bytes().data() + offset + (at - start), bytes);
}

Result<Device> Device::connect() {
    EFT_TRY(const Slot session, granted("device"));
    return Device(CapHandle(session));
}

Result<Window> Device::window(u32 index) {
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

Result<hw::Ports> Device::ports() {
    EFT_TRY(dev::PortWindow answer, dev_.open_ports({}));
    ports_ = CapHandle(answer.ports.release());
    return hw::Ports(ports_.slot(), answer.first, answer.count);
}

Result<u32> Device::connect_interrupt(u32 index, u32 lines, u64 wake_bits) {
    dev::InterruptRequest request;
    request.index = index;
    request.lines = lines;
    EFT_TRY(CapHandle wake, copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), wake_bits));
    Result<dev::Interrupt> answer = dev_.open_interrupt(request);
    if (answer.error() == Error::NotSupported) return join_line(std::move(wake));
    if (!answer.ok()) return answer.error();
    const Slot interrupt = answer->irq.release();
    EFT_CHECK(kernel_object::bind_irq(interrupt, answer->number, wake.slot()));
    return answer->number;
}

Result<u32> Device::join_line(CapHandle wake) {
    dev::LineRequest request;
    request.wake = decltype(request.wake)(wake.slot());
    EFT_TRY(dev::Line answer, dev_.join_line(request));
    line_ = CapHandle(answer.answered.release());
    return answer.number;
}

void Device::acknowledge_line() { sys::signal(line_.slot()); }

Status Device::enable_bus_master() {
    dev::BusMaster master;
    master.enabled = true;
    return dev_.set_bus_master(master).error();
}

Result<hw::DmaMemory> Device::make_dma_memory(u64 bytes) {
    static EFT_PROCESS_LOCAL mem::MemClient<> memory{CapHandle(slot(WellKnown::Memory))};
    mem::ObjectRequest request;
    request.bytes = page_up(bytes);
    request.contiguous = true;
    EFT_TRY(mem::Object made, memory.create_object(request));
    const CapHandle object(made.object.release());
    EFT_TRY(SharedMemory mapped, SharedMemory::borrow(object.slot(), request.bytes));
    u64 address = 0;
    EFT_TRY([[maybe_unused]] const u32 pinned, pin(object.slot(), std::span(&address, 1)));
    static EFT_PROCESS_LOCAL SharedMemory kept;  // for good: one driver has one piece
    kept = std::move(mapped);
    return hw::DmaMemory{kept.bytes().data(), address, request.bytes};
}

Result<u32> Device::pin(Slot object, std::span<u64> addresses) {
    dev::PinRequest request;
    request.object = ipc::CapField<ipc::kind::Memory>(object);
    EFT_TRY(const dev::Pinned pinned, dev_.pin(request));
    const std::size_t known = std::min(pinned.addresses.size(), addresses.size());
    std::copy_n(pinned.addresses.begin(), known, addresses.begin());
    const u32 number = pinned.pin;  // the answer lies where the next one will
    if (Status found = find_pages(number, addresses, known); !found.ok()) {
        unpin(number);
        return found.error();
    }
    return number;
}

void Device::unpin(u32 number) {
    dev::Pin request;
    request.pin = number;
    static_cast<void>(dev_.unpin(request));
}

Status Device::find_pages(u32 pin, std::span<u64> addresses, std::size_t done) {
    while (done < addresses.size()) {
        dev::PinQuery query;
        query.pin = pin;
        query.first = static_cast<u32>(done);
        EFT_TRY(const dev::PinnedPages pages, dev_.pinned_at(query));
        if (pages.addresses.empty()) return Error::OutOfRange;
        const std::size_t count = std::min(pages.addresses.size(), addresses.size() - done);
        std::copy_n(pages.addresses.begin(), count, addresses.begin() + static_cast<std::ptrdiff_t>(done));
        done += count;
    }
    return {};
}

}  // namespace eft::driver
