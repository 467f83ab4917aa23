// What the kernel did to the machine, in order. A test clears the record, lets the kernel work, and asserts every
// step: each write of a page-table entry, each flush, each access to a device.
#pragma once

#include <memory/physical.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace eft::kernel {
class Thread;
}

namespace eft::kernel::arch {

enum class Action : u8 {
    WriteEntry,  // subject: physical address of the entry, value: the new one
    FlushPage,   // subject: root, value: virtual address
    FlushAll,    // subject: root
    LeaveSpace,  // subject: root
    Protect,     // subject: page
    Unprotect,   // subject: page; only recorded where it was protected
    MaskLine,    // subject: line
    UnmaskLine,  // subject: line
    LineMode,    // subject: line, value: level | active low << 1
    PortIn,      // subject: port, value: width
    PortOut,     // subject: port, value: width << 32 | value
};

struct Event {
    Action action;
    u64 subject = 0;
    u64 value = 0;
    bool operator==(const Event&) const = default;
};

struct Line {
    bool masked = true;
    bool level = false;
    bool active_low = false;
};

// All state of the machine that is not memory.
struct Record {
    std::vector<Event> events;
    std::array<Line, 24> lines;
    std::vector<u64> protected_pages;  // physical addresses
    u32 port_value = 0;                // what the next reads of ports give
    u64 time = 0;                      // what the clock shows
    u64 timer = 0;                     // when the timer was last told to fire; 0: never
    u64 fpu = 0;                       // the floating point register; 0: as at the start
    Thread* fpu_of = nullptr;          // whose state that is; null: nobody's
    std::string printed;
    std::function<bool()> pending;     // whether an interrupt waits, at each point at which the kernel asks

    // Of who runs programs on this machine: mappings of a space that may be cached no longer (all of them: kAllPages), and
    // a thread whose native state is worth nothing any more.
    static constexpr u64 kAllPages = ~u64{0};
    std::function<void(u64 root, u64 address)> flushed;
    std::function<void(Thread&)> state_dropped;

    void add(Action action, u64 subject = 0, u64 value = 0) { events.push_back({action, subject, value}); }
    bool is_protected(PhysAddr page) const;
};

Record& record();

}  // namespace eft::kernel::arch
