// Measures the kernel's operations: instructions by the time-stamp counter, which advances by one per
// instruction under icount, as the mean of N rounds without the loop's own cost. Prints lines
// "BENCH key value" and ends the machine.
#include <eft/idl/echo.h>
#include <eft/invoke.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/layout.h>
#include <eft/process.h>

using namespace eft;

namespace {

namespace ko = kernel_object;

constexpr u64 kRounds = 10'000;
constexpr u16 kDebugExit = 0xf4;

u64 loop_cost = 0;

void print_number(u64 value) {
    char digits[21] = {};
    unsigned at = 20;
    do {
        digits[--at] = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value != 0);
    sys::debug_print(digits + at);
}

[[noreturn]] void finish(u32 status) {
    for (;;) static_cast<void>(ko::port_out(*granted("ports"), kDebugExit, 4, status));
}

void require(bool fact, const char* what) {
    if (fact) return;
    sys::debug_print("BENCH-ERROR ");
    sys::debug_print(what);
    sys::debug_print("\n");
    finish(0x11);
}

void report(const char* key, u64 instructions) {
    sys::debug_print("BENCH ");
    sys::debug_print(key);
    sys::debug_print(" ");
    print_number(instructions);
    sys::debug_print("\n");
}

template <class Round>
[[gnu::noinline]] u64 total(u64 rounds, Round round) {
    const u64 start = sys::time_stamp();
    for (u64 i = 0; i < rounds; ++i) {
        asm volatile("" ::: "memory");
        round(i);
    }
    return sys::time_stamp() - start;
}

template <class Round>
void measure(const char* key, Round round, u64 rounds = kRounds) {
    round(0);  // warm: the peer waits where it will wait in each round
    const u64 spent = total(rounds, round);
    report(key, (spent - loop_cost * rounds / kRounds + rounds / 2) / rounds);
}

// A loop of known length: the counter must advance by one per instruction.
void check_counter() {
    const u64 start = sys::time_stamp();
    u64 count = 100'000;
    asm volatile("1: dec %0\n\tjnz 1b" : "+r"(count));
    const u64 spent = sys::time_stamp() - start;
    require(spent >= 200'000 && spent < 200'100, "the time-stamp counter does not count instructions: run with -icount shift=0,sleep=off");
    loop_cost = total(kRounds, [](u64) {});
}

void measure_calls(Slot peer, const char* suffix_of[5]) {
    constexpr unsigned kWords[] = {0, 4, 10, 120};
    for (unsigned i = 0; i < 4; ++i) {
        sys::Registers registers;
        measure(suffix_of[i], [&](u64) {
            registers.tag = Tag(1, kWords[i]);
            static_cast<void>(sys::call(peer, registers));
        });
        require(registers.tag.words() == kWords[i], "the peer did not answer");
    }
}

// A thread in this address space answers.
alignas(16) std::byte second_stack[8192];
alignas(4096) std::byte second_utcb_place[4096];

[[noreturn]] void second_thread() {
    const Slot endpoint = static_cast<Slot>(raw(slot(WellKnown::FirstScratch)) + 200);
    sys::Registers registers;
    static_cast<void>(sys::recv(endpoint, registers));
    for (;;) static_cast<void>(sys::reply_recv(endpoint, registers));
}

Slot scratch(u32 index) { return static_cast<Slot>(raw(slot(WellKnown::FirstScratch)) + 200 + index); }

void measure_same_space(Slot untyped, Slot space) {
    const Slot endpoint = scratch(0), thread = scratch(1), utcb = scratch(2), reply = scratch(3), context = scratch(4);
    require(ko::retype(untyped, ObjectType::Endpoint, endpoint).ok(), "endpoint");
    require(ko::retype(untyped, ObjectType::Thread, thread).ok(), "thread");
    require(ko::retype(untyped, ObjectType::Frame, utcb).ok(), "message page");
    require(ko::retype(untyped, ObjectType::Reply, reply).ok(), "reply");
    require(ko::configure(thread, slot(WellKnown::Table), space, utcb, reinterpret_cast<u64>(second_utcb_place)).ok(), "configure");
    require(ko::exchange_reply(thread, reply).ok(), "reply of the thread");
    require(ko::retype(untyped, ObjectType::SchedContext, context).ok(), "context");
    require(ko::configure_context(context, 0, 0, 40).ok(), "budget");
    require(ko::set_context(thread, context).ok(), "context of the thread");
    require(ko::set_priority(thread, 40).ok(), "priority");
    require(ko::set_registers(thread, reinterpret_cast<u64>(&second_thread), reinterpret_cast<u64>(second_stack + sizeof(second_stack) - 8)).ok(), "registers");
    require(ko::resume(thread).ok(), "resume");
    sys::Registers registers;
    measure("ipc.same.w0", [&](u64) {
        registers.tag = Tag(1, 0);
        static_cast<void>(sys::call(endpoint, registers));
    });
}

void measure_caps(Slot peer, Slot untyped) {
    const Slot object = scratch(8);
    require(ko::retype(untyped, ObjectType::Endpoint, object).ok(), "endpoint");
    constexpr u64 kBatch = 200;
    u64 spent = 0;
    sys::Registers registers;
    for (u64 done = 0; done < kRounds; done += kBatch) {
        registers.tag = Tag(1, 0);
        static_cast<void>(sys::call(peer, registers));
        spent += total(kBatch, [&](u64) {
            sys::utcb().send_slots[0] = raw(object);
            registers.tag = Tag(1, 1, 1);
            static_cast<void>(sys::call(peer, registers));
        });
    }
    report("ipc.cross.cap1", (spent - loop_cost) / kRounds);
}

void measure_signals(Slot wake, Slot untyped) {
    const Slot notification = scratch(9);
    require(ko::retype(untyped, ObjectType::Notification, notification).ok(), "notification");
    const Slot badged = scratch(10);
    require(ko::derive(slot(WellKnown::Table), badged, notification, kAllRights, 1).ok(), "badge");
    measure("signal.nowait", [&](u64) { sys::signal(badged); });
    measure("signal.wake", [&](u64) { sys::signal(wake); });
}

void measure_faults(Slot fault_thread) {
    sys::Registers registers;
    require(ko::resume(fault_thread).ok(), "start the faulting thread");
    static_cast<void>(sys::recv(slot(WellKnown::Endpoint), registers));
    require(registers.tag.has(Tag::Fault), "no fault arrived");
    measure("fault.cross", [&](u64) {
        registers.tag = Tag();
        static_cast<void>(sys::reply_recv(slot(WellKnown::Endpoint), registers));
    });
    static_cast<void>(ko::suspend(fault_thread));
}

void measure_entries() {
    measure("yield.alone", [](u64) { sys::yield(); });
    measure("entry.min", [](u64) {
        sys::Registers registers;
        static_cast<void>(sys::enter(sys::number(SystemCall::Yield, true), Slot::None, registers));
    });
}

// Pairs of operations are measured alternately, each with its own sum.
template <class First, class Second>
void measure_pair(const char* first_key, First first, const char* second_key, Second second) {
    first(), second();
    u64 spent[2] = {};
    for (u64 i = 0; i < kRounds; ++i) {
        const u64 start = sys::time_stamp();
        first();
        const u64 middle = sys::time_stamp();
        second();
        const u64 end = sys::time_stamp();
        spent[0] += middle - start, spent[1] += end - middle;
    }
    const u64 stamp = total(kRounds, [](u64) { static_cast<void>(sys::time_stamp()); }) - loop_cost;
    report(first_key, (spent[0] - stamp) / kRounds);
    report(second_key, (spent[1] - stamp) / kRounds);
}

void measure_objects(Slot untyped, Slot space) {
    const Slot frame = scratch(11), made = scratch(12), copy = scratch(13);
    require(ko::retype(untyped, ObjectType::Frame, frame).ok(), "frame");
    constexpr u64 kAddress = layout::kObjectBase;
    for (u32 i = 0; i < 3; ++i) {
        require(ko::retype(untyped, ObjectType::PageTable, scratch(14 + i)).ok(), "page table");
        require(ko::donate(space, scratch(14 + i)).ok(), "page table");
    }
    require(ko::map(space, frame, kAddress, bits(FrameRight::Read)).ok(), "map");
    require(ko::unmap(space, frame).ok(), "unmap");
    measure_pair("map.4k", [&] { static_cast<void>(ko::map(space, frame, kAddress, bits(FrameRight::Read))); },
                 "unmap.4k", [&] { static_cast<void>(ko::unmap(space, frame)); });
    // Untyped memory is used up by each creation: a block of its own, which starts again when it is empty.
    const Slot small = scratch(20);
    require(ko::retype(untyped, ObjectType::Untyped, small, 1, 12).ok(), "untyped");
    measure_pair("endpoint.create", [&] { static_cast<void>(ko::retype(small, ObjectType::Endpoint, made)); },
                 "endpoint.delete", [&] { static_cast<void>(ko::remove(slot(WellKnown::Table), made)); });
    measure_pair("cap.copy", [&] { static_cast<void>(ko::derive(slot(WellKnown::Table), copy, frame)); },
                 "cap.delete", [&] { static_cast<void>(ko::remove(slot(WellKnown::Table), copy)); });
}

void measure_stubs() {
    static echo::EchoClient<> client{CapHandle(*granted("echo"))};
    bool right = true;
    measure("stub.cross.w0", [&](u64) { right &= client.ping({}).ok(); });
    measure("stub.cross.w4", [&](u64 i) {
        const auto answer = client.repeat({.a = i, .b = 2, .c = 3, .d = 4});
        right &= answer.ok() && answer->a == i && answer->d == 4;
    });
    static constexpr char kText[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    measure("stub.cross.str64", [&](u64) {
        const auto answer = client.say({.text = std::string_view(kText, 64)});
        right &= answer.ok() && answer->text.size() == 64;
    });
    require(right, "the echo service answered wrongly");
}

}  // namespace

int eft_main() {
    check_counter();
    const Slot untyped = static_cast<Slot>(config().reserved);
    const Slot space = *granted("space");
    const char* keys[] = {"ipc.cross.w0", "ipc.cross.w4", "ipc.cross.w10", "ipc.cross.w120", nullptr};
    measure_entries();
    measure_calls(*granted("peer"), keys);
    measure_same_space(untyped, space);
    measure_caps(*granted("caps"), untyped);
    measure_signals(*granted("wake"), untyped);
    measure_faults(*granted("fault_thread"));
    measure_objects(untyped, space);
    measure_stubs();
    finish(0x10);
}
