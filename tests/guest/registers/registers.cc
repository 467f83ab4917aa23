// No register of one process is seen by another, nor anything of the kernel's: two processes that do everything, a server
// and a waiter enter the kernel in all ways and are preempted, and look at all their registers after each entry (probe.h).
#include "../stage.h"
#include "probe.h"

#include <drivers/i8254/i8254.h>

#include <eft/layout.h>

#include <array>

using namespace eft;
using namespace eft::test;
using namespace eft::registers;

namespace {

namespace ko = kernel_object;

constexpr u64 kTimerBit = 1;
constexpr u32 kTimerLine = 2;
constexpr u16 kTick = 10'000;  // timer periods of 838 ns
constexpr unsigned kTicks = 25;
constexpr u8 kPriority = 30;

constexpr std::string_view kNames[] = {"server", "waiter", "one", "two"};
struct Process {
    std::string_view name;
    root::Service service;
    Slot frame;   // that is mapped at kFaultAddress while it wants it
    Slot tables;  // for that
};
Process processes[std::size(kNames)];  // nobody runs constructors here
bool lied = false;

Findings& findings(Process& process) { return *reinterpret_cast<Findings*>(process.service.state()); }

void start_timer() {
    const hw::Ports ports = i8254::registers(root::root_slot(RootSlot::Ports));
    i8254::start_count(ports, kTick);
}

void create(Stage& stage, u32 index) {
    Process& process = processes[index];
    process.name = kNames[index];
    const u8 priority = process.name == "waiter" ? kPriority + 1 : kPriority;
    stage.create(process.service, {process.name, "registers_probe", 20, 9, priority, 1, u32{kPageSize}, bits(EndpointRight::Receive)});
    char* arguments = process.service.config().arguments;
    for (const char c : process.name) *arguments++ = c;
    stage.require(process.service.grant("stage", stage.endpoint, bits(EndpointRight::Send), index), "grant");
    process.frame = stage.memory.take_slots(1);
    process.tables = stage.memory.take_slots(4);
    stage.require(ko::retype(stage.memory.reserved(), ObjectType::Frame, process.frame), "frame");
}

void start(Stage& stage, u32 index) {
    Process& process = processes[index];
    stage.require(process.service.build_next(), "build a probe");
    stage.require(process.service.grant("self", process.service.thread()), "grant");
    const Slot handler = stage.memory.take_slots(1);
    stage.require(ko::derive(root::root_slot(RootSlot::Table), handler, stage.endpoint, bits(EndpointRight::Send), index), "handler");
    stage.require(ko::set_handlers(process.service.thread(), handler, handler), "handler");
    stage.require(process.service.resume(), "start a probe");
}

// A fault message names what the thread did and nothing else.
void handle_fault(Stage& stage, const sys::Registers& r) {
    constexpr u64 kWrite = static_cast<u64>(FaultBit::Write) | static_cast<u64>(FaultBit::User);
    Process& process = processes[r.badge % std::size(processes)];
    if (r.tag.label() != kPageFaultLabel) {
        root::print("exception of "), root::print(process.name), root::print(" at "), root::print_hex(r.w[1]), root::print("\n");
        stage.expect("no-exceptions", false, "a probe raised an exception");
        stage.finish();
    }
    lied |= r.w[0] != kFaultAddress || r.w[1] >= layout::kImageLimit || r.w[2] != (u64{14} << 32 | kWrite) || r.w[3] >= layout::kStackTop;
    Slot tables = process.tables;
    stage.require(root::map_with_tables(process.service.space(), process.frame, kFaultAddress, FrameRight::Read | FrameRight::Write, stage.memory.reserved(), tables), "map");
    process.tables = tables;
}

void watch(Stage& stage) {
    bool owes_answer = false;
    start_timer();
    for (unsigned ticks = 0; ticks < kTicks;) {
        sys::Registers r;
        const Error error = owes_answer ? sys::reply_recv(stage.endpoint, r) : sys::recv(stage.endpoint, r);
        stage.require(error, "receive");
        owes_answer = !r.tag.has(Tag::Notification);
        if (!owes_answer) {
            ++ticks;
            start_timer();
        } else if (r.tag.has(Tag::Fault)) {
            handle_fault(stage, r);
        } else {
            Process& process = processes[r.badge % std::size(processes)];
            stage.require(ko::unmap(process.service.space(), process.frame), "unmap");
        }
    }
}

void report(Stage& stage, Process& process) {
    const Findings found = findings(process);
    const bool worker = process.name == "one" || process.name == "two";
    constexpr std::string_view kEntryNames[] = {"First", "Call", "Send", "Signal", "ReplyRecv", "Recv", "Wait", "Poll", "Yield", "Debug", "Invoke", "Spin", "Fault", "Foreign"};
    static_assert(std::size(kEntryNames) == kEntries);
    root::print("-- "), root::print(process.name), root::print("\n");
    bool enough = true;
    for (u32 i = 0; i < kEntries; ++i) {
        const Entry entry = static_cast<Entry>(i);
        const bool servers = entry == Entry::ReplyRecv || entry == Entry::Recv, waiters = entry == Entry::Wait;
        const bool first = entry == Entry::First;
        const bool does = first || (servers ? process.name == "server" : waiters ? process.name == "waiter" : worker);
        if (!does) continue;
        print_value(kEntryNames[i], found.entries[i]);
        enough &= found.entries[i] >= (first ? 1 : 20);
    }
    if (found.wrong != 0) {
        print_value("wrong registers", found.wrong);
        root::print("the first: after "), root::print(kEntryNames[found.entry % kEntries]), root::print(", word ");
        print_number(found.word), root::print(" of the image: "), root::print_hex(found.value), root::print("\n");
    }
    stage.expect("nothing-is-seen-of-others", found.wrong == 0, "a register was not as it should be");
    stage.expect("every-entry-happened", enough, "too few entries");
}

}  // namespace

void stage_main(Stage& stage) {
    stage.open(25);
    const Slot timer = stage.memory.take_slots(1);
    stage.require(ko::derive(root::root_slot(RootSlot::Table), timer, stage.notification, kAllRights, kTimerBit), "timer");
    stage.require(ko::bind_irq(root::root_slot(RootSlot::Irqs), kTimerLine, timer), "timer interrupt");
    for (u32 i = 0; i < std::size(processes); ++i) create(stage, i);
    for (u32 i = 2; i < std::size(processes); ++i) {
        stage.connect(processes[i].service, processes[0].service, 1 + i);
        stage.require(processes[i].service.grant("waiter", processes[1].service.notification(), bits(NotificationRight::Signal), u64{1} << i), "grant");
    }
    for (u32 i = 0; i < std::size(processes); ++i) start(stage, i);
    watch(stage);
    for (Process& process : processes) {
        stage.require(ko::suspend(process.service.thread()), "suspend");
        report(stage, process);
    }
    stage.expect("fault-messages-name-the-fault-only", !lied, "a word of a fault message is not what happened");
}
