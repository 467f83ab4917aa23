// dev's world on the machine: memory through mem, the rest by kernel invocations.
#pragma once

#include <servers/dev/acpi.h>
#include <servers/dev/pci_enumerate.h>
#include <servers/dev/world.h>

#include <eft/cap.h>
#include <eft/idl/mem.h>
#include <eft/ipc/kernel_transport.h>

namespace eft::dev {

// mem's two sessions of dev: control, to name physical memory, and that of dev's own address space.
class PhysicalMemoryMapper {
public:
    // Takes up what root granted; afterwards libos finds dev's memory session where every process has it.
    Status open();

    // Maps [address, address + bytes), whole pages. The object lives as long as somebody has it mapped or holds it.
    Status map(u64 at, u64 address, u64 bytes, u64 offset, u64 whole);
    void unmap(u64 at, u64 bytes);
    Result<CapHandle> object(u64 address, u64 bytes);
    void release(const CapHandle& object);

    mem::MemClient<>& control() { return control_; }

private:
    mem::MemClient<> control_;
    mem::MemClient<> space_;
};

// The bytes of ACPI tables, wherever they lie. A span is valid until the next read.
class AcpiMemory {
public:
    // `root_pointer`: its 36 bytes, which root has read already, answer for address 0.
    AcpiMemory(PhysicalMemoryMapper& mapper, Bytes root_pointer) : mapper_(mapper), root_pointer_(root_pointer) {}
    ~AcpiMemory() { forget(); }

    Result<Bytes> read(u64 address, u64 length);

private:
    static constexpr u64 kWindow = kLargestTable + 2 * kPageSize;
    void forget();

    PhysicalMemoryMapper& mapper_;
    Bytes root_pointer_;
    u64 window_ = 0;
    u32 mapped_pages_ = 0;
};
static_assert(PhysicalMemory<AcpiMemory>);

// The page of configuration space of each function that is there, mapped when it is first asked for.
class EcamSpace {
public:
    static constexpr u32 kMostFunctions = 128;

    explicit EcamSpace(PhysicalMemoryMapper& mapper) : mapper_(mapper) {}
    void set_ranges(const BoundedList<EcamRange, 8>& ranges) { ranges_ = ranges; }
    Result<hw::Mmio> function(pci::FunctionAddress address);

private:
    struct Mapped {
        pci::FunctionAddress address;
        u64 at = 0;
    };
    Result<u64> physical(pci::FunctionAddress address) const;

    PhysicalMemoryMapper& mapper_;
    BoundedList<EcamRange, 8> ranges_;
    std::array<Mapped, kMostFunctions> mapped_{};
    u32 count_ = 0;
};
static_assert(ConfigurationSpace<EcamSpace>);

class KernelWorld {
public:
    KernelWorld(PhysicalMemoryMapper& mapper, EcamSpace& space) : mapper_(mapper), space_(space) {}
    // Takes up the capabilities that root granted.
    Status open();

    Result<hw::Mmio> function(pci::FunctionAddress address) { return space_.function(address); }
    Result<hw::Mmio> map_registers(u64 address, u64 whole, u64 offset, u64 bytes);
    void unmap_registers(hw::Mmio& registers);
    Result<Slot> window(u64 address, u64 bytes);
    void forget_window(u64 address, u64 bytes);

    Result<Slot> make_session(u64 badge);
    Result<Slot> make_interrupt(u32 number);
    Result<Slot> make_ports(u16 first, u16 count);
    Result<Slot> copy(Slot parent);
    void revoke(Slot parent);
    void drop(Slot capability) { drop_slot(capability); }

    Result<Message> message(u32 number);
    Status set_line_mode(u32 line, bool level, bool active_low);

    Status pin(Slot object);
    void unpin(Slot object);
    Result<u32> pages(Slot object, u32 first, std::span<u64> addresses);

private:
    PhysicalMemoryMapper& mapper_;
    EcamSpace& space_;
    Slot interrupts_ = Slot::None;
    Slot ports_ = Slot::None;
};
static_assert(World<KernelWorld>);

}  // namespace eft::dev
