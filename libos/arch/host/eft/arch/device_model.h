// Devices in software, for drivers that run on the host: what hw::Mmio and hw::Ports reach there.
//
// A model is found by where it lies: a DeviceWindow puts it at a range of device memory or of I/O ports. An access must lie
// in one window. Device memory where there is no window is plain memory of the test (a table, a copy of a configuration
// space); ports where there is no window are an empty bus, which reads as all ones. In programs on a machine
// (tests/host/machine), an address is the physical one of what is mapped, and ports are reached by capability.
#pragma once

#include <eft/abi/types.h>

namespace eft::host {

class DeviceModel {
public:
    // `offset`: from the start of the window. `width`: 1, 2, 4 or 8 bytes; of what is answered the lowest count.
    virtual u64 read(u64 offset, unsigned width) = 0;
    virtual void write(u64 offset, unsigned width, u64 value) = 0;

protected:
    ~DeviceModel() = default;
};

enum class DeviceSpace : u8 { Memory, Ports };

// The model is reached at [first, first + length) as long as this lives. Windows of one space must not overlap.
class DeviceWindow {
public:
    DeviceWindow(DeviceModel& model, DeviceSpace space, u64 first, u64 length);
    ~DeviceWindow();
    DeviceWindow(const DeviceWindow&) = delete;
    DeviceWindow& operator=(const DeviceWindow&) = delete;

    u64 first() const { return first_; }
    u64 length() const { return length_; }

    // Null: there is none.
    static DeviceWindow* find(DeviceSpace space, u64 address, unsigned width);
    u64 read(u64 address, unsigned width) { return model_.read(address - first_, width); }
    void write(u64 address, unsigned width, u64 value) { model_.write(address - first_, width, value); }

private:
    DeviceModel& model_;
    DeviceSpace space_;
    u64 first_;
    u64 length_;
    DeviceWindow* next_;  // of all that there are
};

}  // namespace eft::host
