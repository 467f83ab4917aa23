// Page-table entries in a format of the host's own, with the shape of x86-64: four levels of 512 entries, the upper
// half of the root is the kernel's. Each assignment to an entry in memory is recorded.
#pragma once

#include <arch/record.h>
#include <memory/physical.h>

#include <eft/abi/object.h>

namespace eft::kernel::arch {

constexpr unsigned kRootLevel = 4;
constexpr unsigned kTableEntries = 512;
constexpr unsigned kUserRootEntries = 256;

constexpr unsigned table_index(u64 address, unsigned level) { return address >> (kPageBits + 9 * (level - 1)) & 511; }

class PageEntry {
public:
    enum Bit : u64 { Present = 1, Table = 2, Read = 4, Write = 8, Execute = 16, Uncached = 32, Kernel = 64, Large = 128 };

    constexpr PageEntry() = default;
    constexpr PageEntry(PhysAddr address, u64 bits) : value_(address.value() | bits) {}
    constexpr PageEntry(const PageEntry&) = default;
    PageEntry& operator=(const PageEntry& other) {
        value_ = other.value_;
        record().add(Action::WriteEntry, to_physical(this).value(), value_);
        return *this;
    }

    static PageEntry table(PhysAddr address) { return {address, Present | Table}; }
    static PageEntry page(PhysAddr address, FrameRights rights, u8 flags, bool large) {
        u64 bits = Present;
        if (large) bits |= Large;
        if (rights.has(FrameRight::Read)) bits |= Read;
        if (rights.has(FrameRight::Write)) bits |= Write;
        if (rights.has(FrameRight::Execute)) bits |= Execute;
        if (flags & static_cast<u8>(MapFlag::Uncached)) bits |= Uncached;
        return {address, bits};
    }

    bool present() const { return value_ & Present; }
    bool leads_on() const { return value_ & Table; }
    bool has(Bit bit) const { return value_ & bit; }
    PhysAddr address() const { return PhysAddr(page_down(value_)); }
    bool leads_to(PhysAddr wanted) const { return present() && address() == wanted; }
    u64 value() const { return value_; }

private:
    u64 value_ = 0;
};
static_assert(sizeof(PageEntry) == 8);

// The kernel's half of the host's root tables: entries that lead nowhere but must stay as they are.
inline PageEntry kernel_entry(unsigned index) {
    return {PhysAddr(u64{index} << kPageBits), PageEntry::Present | PageEntry::Kernel};
}
void install_kernel_entries(PageEntry* root);
void flush_page(PhysAddr root, u64 address);
void flush_all(PhysAddr root);
void leave_space(PhysAddr root);

}  // namespace eft::kernel::arch
