// Page-table entries (Intel SDM 3A, 4.5) and the operations that the processor needs when they change.
#pragma once

#include <memory/physical.h>

#include <eft/abi/object.h>

namespace eft::kernel::arch {

constexpr unsigned kRootLevel = 4;
constexpr unsigned kTableEntries = 512;
constexpr unsigned kUserRootEntries = 256;  // the upper half of the root is the kernel's

constexpr unsigned table_index(u64 address, unsigned level) { return address >> (kPageBits + 9 * (level - 1)) & 511; }

class PageEntry {
public:
    enum Bit : u64 {
        Present = 1 << 0, Writable = 1 << 1, User = 1 << 2, WriteThrough = 1 << 3, CacheDisable = 1 << 4,
        Accessed = 1 << 5, Dirty = 1 << 6, Large = 1 << 7, Global = 1 << 8, NoExecute = u64{1} << 63,
    };
    constexpr PageEntry() = default;
    constexpr PageEntry(PhysAddr address, u64 bits) : value_(address.value() | bits) {}

    static PageEntry table(PhysAddr address) { return {address, Present | Writable | User}; }
    static PageEntry page(PhysAddr address, FrameRights rights, u8 flags, bool large) {
        u64 bits = Present | User | Accessed | u64{large} << 7;
        if (rights.has(FrameRight::Write)) bits |= Writable | Dirty;
        if (!rights.has(FrameRight::Execute)) bits |= NoExecute;
        if (flags & static_cast<u8>(MapFlag::Uncached)) bits |= CacheDisable | WriteThrough;
        return {address, bits};
    }

    bool present() const { return value_ & Present; }
    // Above the last level: to another table, that is, not to a large page.
    bool leads_on() const { return (value_ & (Present | Large)) == Present; }
    bool writable() const { return value_ & Writable; }
    PhysAddr address() const { return PhysAddr(value_ & kAddress); }
    // It translates to the page, or leads on to the table, at `address`.
    bool leads_to(PhysAddr address) const { return (value_ & (kAddress | Present)) == (address.value() | Present); }
    void set(Bit bit) { value_ |= bit; }
    void clear(Bit bit) { value_ &= ~u64{bit}; }

private:
    static constexpr u64 kAddress = 0x000f'ffff'ffff'f000;

    u64 value_ = 0;
};
static_assert(sizeof(PageEntry) == 8);

// Puts the kernel's half into a new root table, whose memory is cleared.
void install_kernel_entries(PageEntry* root);
// A mapping of `address` in the space with this root changed.
void flush_page(PhysAddr root, u64 address);
void flush_all(PhysAddr root);
// This root is about to be destroyed: the processor must not use it.
void leave_space(PhysAddr root);

}  // namespace eft::kernel::arch
