// Measures how long an interrupt waits for the kernel: a thread with a short budget does long operations,
// so that the timer falls due in the middle of them again and again. The kernel knows by how many
// instructions the timer's handler was late at most. Prints "BENCH irq.latency.OPERATION value" for each
// and the maximum as irq.latency.max.
#include "bench_latency.h"

#include <eft/layout.h>

#include "rounds.h"

namespace eft::bench {
namespace {

namespace ko = kernel_object;

constexpr unsigned kWorkerPriority = 30;  // below the measuring thread
constexpr unsigned kPoolBits = 22;
constexpr u32 kBits = 12;                 // log2 of the slots of a large table
constexpr u32 kDepth = 120;               // of nested calls

alignas(16) std::byte worker_stack[8192];
alignas(4096) std::byte worker_utcb_place[4096];
alignas(16) std::byte caller_stack[512];
alignas(16) std::byte nested_stacks[kDepth][256];

u64 longest = 0;
Slot slots_from{}, own_space{};

Slot at(u32 index) { return static_cast<Slot>(raw(slots_from) + index); }
Slot own_table() { return slot(WellKnown::Table); }

void need(Status status, const char* what) { require(status.ok(), what); }

enum Place : u32 { kThread, kContext, kUtcb, kReply, kDone, kTable, kPool, kParent, kSmall, kEndpoint, kFrames, kTables = kFrames + 4 * kDepth, kCount = kTables + 8 };

u64 lateness() {
    sys::Registers registers;
    static_cast<void>(sys::enter(sys::number(SystemCall::Debug), static_cast<Slot>(static_cast<u32>(DebugCall::Latency)), registers));
    return registers.w[0];
}

void report_lateness(const char* key) {
    const u64 late = lateness();
    if (late > longest) longest = late;
    report(key, late, 1, 0);
}

// Numbers that have nothing to do with the lengths of loops.
constexpr u64 kWorkerBudget = 12'343, kWorkerPeriod = 20'011;
void limit_worker() { need(ko::configure_context(at(kContext), kWorkerBudget, kWorkerPeriod, kWorkerPriority), "budget"); }

// A table full of capabilities derived from one; `depth` of them each from the one before.
void fill_table(Slot table, u32 count, bool chain) {
    for (u32 i = 1; i <= count; ++i) {
        if (chain && i > 1) {
            // derive needs the source in the own table: move it out and back
            need(ko::take(table, static_cast<Slot>(i - 1), at(kSmall)), "take");
            need(ko::derive(table, static_cast<Slot>(i), at(kSmall)), "derive");
            need(ko::move(table, static_cast<Slot>(i - 1), at(kSmall)), "move");
        } else {
            need(ko::derive(table, static_cast<Slot>(i), at(kParent)), "derive");
        }
    }
}

// All is made in one pool, which starts again when it is empty.
void end_pool() { need(ko::revoke(own_table(), at(kPool)), "revoke"); }

void make_table() {
    need(ko::retype(at(kPool), ObjectType::CapTable, at(kTable), 1, kBits), "table");
    need(ko::retype(at(kPool), ObjectType::Endpoint, at(kParent)), "parent");
}

// What is measured. Each leaves all as it was.
void revoke_tree(bool chain, const char* key) {
    make_table();
    fill_table(at(kTable), (1u << kBits) - 1, chain);
    static_cast<void>(lateness());
    need(ko::revoke(own_table(), at(kParent)), "revoke");
    report_lateness(key);
    end_pool();
}

void delete_table() {
    make_table();
    fill_table(at(kTable), (1u << kBits) - 1, false);
    static_cast<void>(lateness());
    need(ko::remove(own_table(), at(kTable)), "delete");
    report_lateness("irq.latency.table");
    end_pool();
}

void delete_range() {
    make_table();
    fill_table(at(kTable), (1u << kBits) - 1, false);
    static_cast<void>(lateness());
    need(ko::used_slots(at(kTable)).ok() ? Status() : Status(Error::BadMessage), "used");
    report_lateness("irq.latency.used");
    need(ko::remove(at(kTable), static_cast<Slot>(1), (1u << kBits) - 1), "delete");
    report_lateness("irq.latency.range");
    end_pool();
}

void retype_large() {
    static_cast<void>(lateness());
    need(ko::retype(at(kPool), ObjectType::CapTable, at(kTable), 1, 15), "large table");
    report_lateness("irq.latency.retype_table");
    end_pool();
    struct Kind {
        ObjectType type;
        u32 count;  // as many as one call may make
        const char* key;
    };
    constexpr Kind kKinds[] = {{ObjectType::Frame, 256, "irq.latency.retype_frames"}, {ObjectType::Thread, 64, "irq.latency.retype_threads"},
                               {ObjectType::AddressSpace, 64, "irq.latency.retype_spaces"}, {ObjectType::SchedContext, 64, "irq.latency.retype_contexts"}};
    for (const Kind& kind : kKinds) {
        for (u32 round = 0; round < 16; ++round) {
            need(ko::retype(at(kPool), kind.type, at(kFrames), kind.count), "retype");
            end_pool();
        }
        report_lateness(kind.key);
    }
}

// Pages of a table that is in use, each full.
void delete_pages() {
    constexpr u32 kPages = 8, kSlots = kPages * static_cast<u32>(kPageSlots);
    need(ko::retype_table(at(kPool), at(kTable), 6, kBits), "table");
    need(ko::retype(at(kPool), ObjectType::CapPage, at(kFrames), kPages), "pages");
    need(ko::retype(at(kPool), ObjectType::Endpoint, at(kParent)), "parent");
    for (u32 i = 0; i < kPages; ++i) need(ko::donate_slots(at(kTable), static_cast<Slot>((i + 1) * kPageSlots), at(kFrames + i)), "donate");
    for (u32 i = 0; i < kSlots; ++i) need(ko::derive(at(kTable), static_cast<Slot>(kPageSlots + i), at(kParent)), "derive");
    static_cast<void>(lateness());
    need(ko::remove(own_table(), at(kFrames), kPages), "remove");
    report_lateness("irq.latency.table_pages");
    end_pool();
}

// Frames of 2 MiB: cleared, and guarded in the direct map, each page.
void large_frames() {
    static_cast<void>(lateness());
    for (u32 round = 0; round < 8; ++round) {
        need(ko::retype(at(kPool), ObjectType::Frame, at(kFrames), 1, kLargeFrameBits), "retype");
        need(ko::seal(at(kFrames)), "seal");
        end_pool();
    }
    report_lateness("irq.latency.large_frames");
}

void destroy_space() {
    constexpr u32 kPages = 256;
    need(ko::retype(at(kPool), ObjectType::AddressSpace, at(kSmall)), "space");
    need(ko::retype(at(kPool), ObjectType::PageTable, at(kTables), 4), "tables");
    for (u32 i = 0; i < 4; ++i) need(ko::donate(at(kSmall), at(kTables + i)), "donate");
    need(ko::retype(at(kPool), ObjectType::Frame, at(kFrames), kPages), "frames");
    for (u32 i = 0; i < kPages; ++i) need(ko::map(at(kSmall), at(kFrames + i), 0x40000000 + u64{i} * kPageSize, bits(FrameRight::Read)), "map");
    static_cast<void>(lateness());
    need(ko::inspect_space(at(kSmall)).ok() ? Status() : Status(Error::BadMessage), "inspect");
    need(ko::remove(own_table(), at(kSmall)), "remove");
    report_lateness("irq.latency.space");
    end_pool();
}

// Threads that wait at one endpoint, half of them through a capability that is then deleted.
[[noreturn]] void wait_in_queue(u64 endpoint) {
    sys::Registers registers;
    static_cast<void>(sys::call(static_cast<Slot>(endpoint), registers));
    for (;;) static_cast<void>(sys::call(static_cast<Slot>(endpoint), registers));
}

void delete_queue() {
    constexpr u32 kThreads = 120;
    need(ko::retype(at(kPool), ObjectType::Endpoint, at(kEndpoint)), "endpoint");
    need(ko::derive(own_table(), at(kParent), at(kEndpoint)), "derive");
    for (u32 i = 0; i < kThreads; i += kThreads / 2) {
        need(ko::retype(at(kPool), ObjectType::Thread, at(kFrames + i), kThreads / 2), "threads");
        need(ko::retype(at(kPool), ObjectType::SchedContext, at(kFrames + kThreads + i), kThreads / 2), "contexts");
    }
    for (u32 i = 0; i < kThreads; ++i) {
        const Slot thread = at(kFrames + i), context = at(kFrames + kThreads + i);
        need(ko::configure(thread, own_table(), own_space, at(kUtcb), reinterpret_cast<u64>(worker_utcb_place)), "configure");
        need(ko::configure_context(context, 0, 0, kWorkerPriority + 1), "context");
        need(ko::set_context(thread, context), "context");
        need(ko::set_priority(thread, kWorkerPriority + 1), "priority");
        need(ko::set_registers(thread, reinterpret_cast<u64>(&wait_in_queue), reinterpret_cast<u64>(caller_stack + sizeof(caller_stack) - 8), raw(i % 2 == 0 ? at(kParent) : at(kEndpoint))), "registers");
        need(ko::resume(thread), "resume");
    }
    static_cast<void>(lateness());
    // They would call again for ever through what is gone: they end with their threads.
    for (u32 i = 0; i < kThreads; ++i) need(ko::set_priority(at(kFrames + i), 1), "priority");
    need(ko::remove(own_table(), at(kParent)), "delete");
    report_lateness("irq.latency.queue");
    end_pool();
    report_lateness("irq.latency.threads");
}

// Server number `place` of nested calls, which calls the next one; number 0 is the caller of all, the last one stays.
Slot nested(u32 what, u32 place) { return at(kFrames + what * kDepth + place); }

[[noreturn]] void call_on(u64 place) {
    const u32 own = static_cast<u32>(place);
    sys::Registers registers;
    if (own != 0) static_cast<void>(sys::recv(nested(3, own), registers));
    if (own + 1 != kDepth) static_cast<void>(sys::call(nested(3, own + 1), registers));
    for (;;) static_cast<void>(sys::recv(at(kEndpoint), registers));
}

// The caller of all ends its call, and takes its context back from all others.
void end_nested_calls() {
    constexpr ObjectType kTypes[] = {ObjectType::Thread, ObjectType::SchedContext, ObjectType::Reply, ObjectType::Endpoint};
    need(ko::retype(at(kPool), ObjectType::Notification, at(kEndpoint)), "bell");
    for (u32 i = 0; i < 4 * kDepth; i += kDepth / 2) need(ko::retype(at(kPool), kTypes[i / kDepth], at(kFrames + i), kDepth / 2), "nested");
    for (u32 i = kDepth; i-- > 0;) {
        const Slot thread = nested(0, i);
        need(ko::configure(thread, own_table(), own_space, at(kUtcb), reinterpret_cast<u64>(worker_utcb_place)), "configure");
        need(ko::configure_context(nested(1, i), 0, 0, kWorkerPriority + 1), "context");
        need(ko::set_context(thread, nested(1, i)), "context");
        need(ko::exchange_reply(thread, nested(2, i)), "reply");
        need(ko::set_priority(thread, kWorkerPriority + 1), "priority");
        need(ko::set_registers(thread, reinterpret_cast<u64>(&call_on), reinterpret_cast<u64>(nested_stacks[i] + sizeof(nested_stacks[i]) - 8), i), "registers");
        need(ko::resume(thread), "resume");
    }
    static_cast<void>(lateness());
    // The calls that they make then would fail for ever: as above.
    for (u32 i = 0; i < kDepth; ++i) need(ko::set_priority(nested(0, i), 1), "priority");
    need(ko::suspend(nested(0, 0)), "suspend");
    report_lateness("irq.latency.nested");
    end_pool();
}

// Threads whose budgets are used up, to come back at the same time.
[[noreturn]] void use_up_budget() {
    for (;;) static_cast<void>(sys::time_stamp());
}

void make_spenders(u32 count, u64 period) {
    constexpr u32 kAtOnce = 60;
    constexpr u64 kBudget = 1'000;
    for (u32 i = 0; i < count; i += kAtOnce) {
        need(ko::retype(at(kPool), ObjectType::Thread, at(kFrames + i), kAtOnce), "threads");
        need(ko::retype(at(kPool), ObjectType::SchedContext, at(kFrames + count + i), kAtOnce), "contexts");
    }
    static_cast<void>(lateness());
    for (u32 i = 0; i < count; ++i) {
        const Slot thread = at(kFrames + i), context = at(kFrames + count + i);
        need(ko::configure(thread, own_table(), own_space, at(kUtcb), reinterpret_cast<u64>(worker_utcb_place)), "configure");
        need(ko::configure_context(context, kBudget, period, kWorkerPriority + 1), "context");
        need(ko::set_context(thread, context), "context");
        need(ko::set_priority(thread, kWorkerPriority + 1), "priority");
        need(ko::set_registers(thread, reinterpret_cast<u64>(&use_up_budget), reinterpret_cast<u64>(caller_stack + sizeof(caller_stack) - 8)), "registers");
        need(ko::resume(thread), "resume");
    }
}

void spend(u64 time) {
    for (const u64 end = sys::time_stamp() + time; sys::time_stamp() < end;) {}
}

void refill_budgets() {
    constexpr u64 kPeriod = 400'000;
    make_spenders(120, kPeriod);
    spend(16 * kPeriod);
    report_lateness("irq.latency.budgets");
    end_pool();
}

// They are ready, but have no budget: when the worker's ends, all are passed by, and it has new budget before that is over.
void search_for_budget() {
    constexpr u32 kSpenders = 2 * kDepth;
    make_spenders(kSpenders, u64{1} << 40);
    for (u32 round = 0; round < 16; ++round) {
        need(ko::configure_context(at(kContext), 0, 0, kWorkerPriority), "no limit");
        for (u32 i = 0; i < kSpenders; ++i) {
            need(ko::suspend(at(kFrames + i)), "suspend");
            need(ko::set_priority(at(kFrames + i), 1), "priority");
            need(ko::resume(at(kFrames + i)), "resume");
        }
        limit_worker();
        spend(4 * kWorkerPeriod);
    }
    report_lateness("irq.latency.search");
    end_pool();
}

[[noreturn]] void worker() {
    revoke_tree(false, "irq.latency.revoke");
    revoke_tree(true, "irq.latency.revoke_chain");
    delete_table();
    delete_range();
    retype_large();
    delete_pages();
    large_frames();
    destroy_space();
    delete_queue();
    end_nested_calls();
    refill_budgets();
    search_for_budget();
    sys::signal(at(kDone));
    for (;;) sys::yield();
}

}  // namespace

void measure_latency(Slot untyped, Slot space, Slot first_slot) {
    if (!listed().empty()) return;  // it is no round of anything
    slots_from = first_slot, own_space = space;
    need(ko::retype(untyped, ObjectType::Thread, at(kThread)), "thread");
    need(ko::retype(untyped, ObjectType::SchedContext, at(kContext)), "context");
    need(ko::retype(untyped, ObjectType::Frame, at(kUtcb)), "message page");
    need(ko::retype(untyped, ObjectType::Notification, at(kSmall)), "notification");
    need(ko::derive(own_table(), at(kDone), at(kSmall), kAllRights, 1), "notification");
    need(ko::remove(own_table(), at(kSmall)), "notification");
    need(ko::configure(at(kThread), own_table(), space, at(kUtcb), reinterpret_cast<u64>(worker_utcb_place)), "configure");
    need(ko::retype(untyped, ObjectType::Untyped, at(kPool), 1, kPoolBits), "pool");
    limit_worker();
    need(ko::set_context(at(kThread), at(kContext)), "context of the thread");
    need(ko::set_priority(at(kThread), kWorkerPriority), "priority");
    need(ko::set_registers(at(kThread), reinterpret_cast<u64>(&worker), reinterpret_cast<u64>(worker_stack + sizeof(worker_stack) - 8)), "registers");
    need(ko::resume(at(kThread)), "resume");
    sys::Registers registers;
    static_cast<void>(sys::recv(at(kDone), registers));
    need(ko::suspend(at(kThread)), "suspend");
    report("irq.latency.max", longest, 1, 0);
}

}  // namespace eft::bench
