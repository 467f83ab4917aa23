// Measures the kernel's operations, as rounds.h says, and ends the machine.
#include <eft/idl/echo.h>
#include <eft/idl/nested.h>
#include <eft/invoke.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/layout.h>
#include <eft/process.h>

#include "bench_latency.h"
#include "rounds.h"

using namespace eft;
using namespace eft::bench;

namespace {

namespace ko = kernel_object;

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
        measure_call(peer, suffix_of[i], kWords[i]);
    }
}

// The server is more important than its client.
void measure_priorities(Slot peer) { measure_call(peer, "ipc.cross.w0.priorities", 0); }

// This thread has floating point state in the registers, its server none.
void measure_fpu(Slot peer) {
    if (!wanted("ipc.cross.w0.fpu")) return;
    asm volatile("movd %0, %%xmm0" : : "r"(1));
    measure_call(peer, "ipc.cross.w0.fpu", 0);
}

// A thread in this address space answers.
alignas(16) std::byte second_stack[8192];
alignas(4096) std::byte second_utcb_place[4096];

[[noreturn]] void second_thread() {
    const Slot endpoint = static_cast<Slot>(table_plan().first_scratch + 200);
    sys::Registers registers;
    static_cast<void>(sys::recv(endpoint, registers));
    for (;;) static_cast<void>(sys::reply_recv(endpoint, registers));
}

Slot scratch(u32 index) { return static_cast<Slot>(table_plan().first_scratch + 200 + index); }

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
    measure_call(endpoint, "ipc.same.w0", 0);
}

void measure_caps(Slot peer, Slot untyped) {
    const Slot object = scratch(8);
    require(ko::retype(untyped, ObjectType::Endpoint, object).ok(), "endpoint");
    if (!wanted("ipc.cross.cap1")) return;
    const u64 rounds = usual_rounds(), batch = rounds < 200 ? rounds : 200;
    bench_listed_part = 0;
    u64 spent = 0;
    sys::Registers registers;
    for (u64 done = 0; done < rounds; done += batch) {
        registers.tag = Tag(1, 0);
        static_cast<void>(sys::call(peer, registers));
        spent += total(batch, [&](u64) {
            sys::utcb().send_slots[0] = raw(object);
            registers.tag = Tag(1, 1, 1);
            static_cast<void>(sys::call(peer, registers));
        });
    }
    report("ipc.cross.cap1", spent, rounds, loop_cost);
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
    // The fault's answer goes nowhere: this program can serve others again.
    require(sys::poll_reply_recv(slot(WellKnown::Endpoint), registers) == Error::WouldBlock, "a fault after the last");
}

void measure_entries() {
    measure("yield.alone", [](u64) { sys::yield(); });
    measure("entry.min", [](u64) {
        sys::Registers registers;
        static_cast<void>(sys::enter(sys::number(SystemCall::Yield, true), Slot::None, registers));
    });
}

// A foreign thread's system call, to a handler that does nothing, and back. Meanwhile only the code behind
// bench_native_code can call the kernel.
extern "C" {
extern const char bench_foreign_handler[], bench_native_code[], bench_native_end[];
u64 bench_stop_foreign(u64 thread, u64 tag);
}
asm(R"(
        .pushsection .text.bench_foreign, "ax"
        .globl bench_foreign_handler, bench_native_code, bench_native_end, bench_stop_foreign
bench_foreign_handler:
        movq    %gs:4088, %rcx
        jmp     *%rcx
bench_native_code:
bench_stop_foreign:             # a call with the tag, of the thread, with words of zero
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        xorl    %eax, %eax
        xorl    %r12d, %r12d
        syscall
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        ret
bench_native_end:
        .popsection
)");

void measure_foreign(Slot self) {
    if (!wanted("foreign.bounce")) return;
    const auto at = [](const char* symbol) { return reinterpret_cast<u64>(symbol); };
    bench_listed_part = 0;
    require(ko::set_foreign(self, at(bench_foreign_handler), at(bench_native_code), at(bench_native_end) - at(bench_native_code)).ok(), "foreign");
    const u64 spent = total(usual_rounds(), [](u64) {
        u64 number = 39;
        asm volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
    });
    require(bench_stop_foreign(raw(self), Tag(static_cast<u32>(Invocation::ThreadForeign), 1).value) == 0, "not foreign");
    report("foreign.bounce", spent, usual_rounds(), loop_cost);
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
    bool wrong = false;
    measure("stub.cross.w0", [&](u64) {
        if (!client.ping({}).ok()) [[unlikely]]
            wrong = true;
    });
    measure("stub.cross.w4", [&](u64 i) {
        const auto answer = client.repeat({.a = i, .b = 2, .c = 3, .d = 4});
        if (!answer.ok()) [[unlikely]]
            wrong = true;
        else
            asm volatile("" ::"r"(answer->a), "r"(answer->b), "r"(answer->c), "r"(answer->d));
    });
    const auto same = client.repeat({.a = 1, .b = 2, .c = 3, .d = 4});
    require(same.ok() && same->a == 1 && same->b == 2 && same->c == 3 && same->d == 4, "the echo service repeated something else");
    static constexpr char kText[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    measure("stub.cross.str64", [&](u64) {
        const auto answer = client.say({.text = std::string_view(kText, 64)});
        if (!answer.ok() || answer->text.size() != 64) [[unlikely]]
            wrong = true;
    });
    static bench::NestedClient<> nested{CapHandle(*granted("nested"))};
    measure("stub.nested", [&](u64 i) {
        const bench::Entry entry{.path = "/an/ordinary/path", .size = i, .modified = 2};
        const auto answer = nested.turn({.entry = &entry});
        if (!answer.ok() || answer->entry().size() != i || answer->entry().path().size() != 17) [[unlikely]]
            wrong = true;
    });
    require(!wrong, "the echo service answered wrongly");
}

}  // namespace

int eft_main() {
    check_counter();
    const Slot untyped = *granted("untyped");
    const Slot space = *granted("space");
    const char* keys[] = {"ipc.cross.w0", "ipc.cross.w4", "ipc.cross.w10", "ipc.cross.w120", nullptr};
    measure_entries();
    measure_calls(*granted("peer"), keys);
    measure_priorities(*granted("high"));
    measure_same_space(untyped, space);
    measure_caps(*granted("caps"), untyped);
    measure_signals(*granted("wake"), untyped);
    measure_faults(*granted("fault_thread"));
    measure_objects(untyped, space);
    measure_stubs();
    measure_foreign(*granted("self"));
    measure_latency(untyped, space, scratch(32));
    measure_crowd(untyped, space);
    measure_fpu(*granted("peer"));
    finish(0x10);
}
