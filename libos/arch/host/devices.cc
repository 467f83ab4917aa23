// Which device model an access goes to: see eft/arch/device_model.h.
#include <eft/arch/device_memory.h>
#include <eft/arch/device_model.h>
#include <eft/arch/device_ports.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace eft::host {

namespace {

constinit DeviceWindow* all_windows = nullptr;

}  // namespace

DeviceWindow::DeviceWindow(DeviceModel& model, DeviceSpace space, u64 first, u64 length)
    : model_(model), space_(space), first_(first), length_(length), next_(all_windows) {
    for (DeviceWindow* other = all_windows; other; other = other->next_) {
        if (other->space_ != space || first + length <= other->first_ || other->first_ + other->length_ <= first) continue;
        std::fprintf(stderr, "two device windows overlap at %llx\n", static_cast<unsigned long long>(first));
        std::abort();
    }
    all_windows = this;
}

DeviceWindow::~DeviceWindow() {
    DeviceWindow** link = &all_windows;
    while (*link != this) link = &(*link)->next_;
    *link = next_;
}

DeviceWindow* DeviceWindow::find(DeviceSpace space, u64 address, unsigned width) {
    for (DeviceWindow* window = all_windows; window; window = window->next_)
        if (window->space_ == space && address >= window->first_ && address - window->first_ + width <= window->length_) return window;
    return nullptr;
}

}  // namespace eft::host

namespace eft::arch {

using host::DeviceSpace;
using host::DeviceWindow;

u64 read_device_word(const volatile void* place, unsigned width) {
    const u64 address = reinterpret_cast<u64>(place);
    if (DeviceWindow* window = DeviceWindow::find(DeviceSpace::Memory, address, width)) return window->read(address, width);
    u64 value = 0;
    std::memcpy(&value, const_cast<const void*>(place), width);
    return value;
}

void write_device_word(volatile void* place, unsigned width, u64 value) {
    const u64 address = reinterpret_cast<u64>(place);
    if (DeviceWindow* window = DeviceWindow::find(DeviceSpace::Memory, address, width)) return window->write(address, width, value);
    std::memcpy(const_cast<void*>(place), &value, width);
}

u32 read_port(Slot, u16 port, unsigned width) {
    DeviceWindow* window = DeviceWindow::find(DeviceSpace::Ports, port, width);
    return window ? static_cast<u32>(window->read(port, width)) : ~u32{0};
}

void write_port(Slot, u16 port, unsigned width, u32 value) {
    if (DeviceWindow* window = DeviceWindow::find(DeviceSpace::Ports, port, width)) window->write(port, width, value);
}

}  // namespace eft::arch
