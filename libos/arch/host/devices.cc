// Which device model an access goes to: see eft/arch/device_model.h.
#include <eft/arch/device_memory.h>
#include <eft/arch/device_model.h>
#include <eft/arch/device_ports.h>
#include <eft/arch/program.h>

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

namespace {

// Outside of a machine a register's address is that of its model.
struct Register {
    Register(const volatile void* place, bool write) {
        const auto physical = device_address ? device_address(place, write) : std::nullopt;
        on_bus = physical.has_value();
        address = physical.value_or(reinterpret_cast<u64>(place));
    }
    DeviceWindow* window(unsigned width) const { return DeviceWindow::find(DeviceSpace::Memory, address, width); }

    bool on_bus;
    u64 address;
};

bool may_access(Slot ports, u16 port, unsigned width) { return !holds_ports || holds_ports(ports, port, width); }

}  // namespace

u64 read_device_word(const volatile void* place, unsigned width) {
    const Register at(place, false);
    if (DeviceWindow* found = at.window(width)) return found->read(at.address, width);
    u64 value = ~u64{0};
    if (!at.on_bus) std::memcpy(&value, const_cast<const void*>(place), width);
    return value;
}

void write_device_word(volatile void* place, unsigned width, u64 value) {
    const Register at(place, true);
    if (DeviceWindow* found = at.window(width)) return found->write(at.address, width, value);
    if (!at.on_bus) std::memcpy(const_cast<void*>(place), &value, width);
}

u32 read_port(Slot ports, u16 port, unsigned width) {
    if (!may_access(ports, port, width)) return 0;
    DeviceWindow* found = DeviceWindow::find(DeviceSpace::Ports, port, width);
    return found ? static_cast<u32>(found->read(port, width)) : ~u32{0};
}

void write_port(Slot ports, u16 port, unsigned width, u32 value) {
    if (!may_access(ports, port, width)) return;
    if (DeviceWindow* found = DeviceWindow::find(DeviceSpace::Ports, port, width)) found->write(port, width, value);
}

}  // namespace eft::arch
