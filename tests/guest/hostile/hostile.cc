// A hostile process for every row of the table (table.cc): each does one thing that it must not, and the answer is the one
// that the table names. What the stage can see of the kernel, of the attacker's capabilities and of the victim is the same
// before and after; and when the attacker is gone, nothing is left of it.
#include "../stage.h"
#include "attack.h"
#include "snapshot.h"
#include "toys.h"

#include <drivers/i8254/i8254.h>

#include <eft/layout.h>

using namespace eft;
using namespace eft::test;
using namespace eft::hostile;

namespace {

namespace ko = kernel_object;

constexpr u64 kTimerBit = 1;
constexpr u32 kTimerLine = 2;
constexpr u16 kTick = 10'000;        // timer periods of 838 ns
constexpr unsigned kPatience = 200;  // ticks that a case may take
constexpr u8 kAttackerPriority = 30, kVictimPriority = 20;

root::Service attacker, victim;
Toys toys;
Slot timer;

class Trial {
public:
    explicit Trial(Stage& stage) : stage_(stage) {}
    void run(std::size_t index);

private:
    void begin(std::size_t index);
    Outcome play();
    bool receive(sys::Registers& r);
    bool victim_is_well();
    void end();
    void lose_page();
    void report(const Case& row, Outcome outcome);

    Stage& stage_;
    bool owes_answer_ = false;
    bool lied_ = false;  // a fault message named something of the kernel's
    Snapshot before_, after_, settled_;
    bool has_settled_ = false;
};

void start_timer() {
    i8254::program(i8254::registers(root::root_slot(RootSlot::Ports)), i8254::kModeTerminalCount, kTick);
}

Snapshot look() { return take_snapshot(attacker, victim, toys); }

// The next message; answers the one before. False: the timer.
bool Trial::receive(sys::Registers& r) {
    r.tag = Tag();
    const Error error = owes_answer_ ? sys::reply_recv(stage_.endpoint, r) : sys::recv(stage_.endpoint, r);
    stage_.require(error, "receive");
    owes_answer_ = !r.tag.has(Tag::Notification);
    return owes_answer_;
}

// The frame of the attacker's message page, two slots behind its space (servers/root/service.h), goes.
void Trial::lose_page() {
    const Slot frame = static_cast<Slot>(raw(attacker.space()) + 2);
    stage_.require(ko::revoke(root::root_slot(RootSlot::Table), frame), "revoke the message page");
    stage_.require(ko::remove(root::root_slot(RootSlot::Table), frame), "delete the message page");
}

void Trial::begin(std::size_t index) {
    Orders& orders = *reinterpret_cast<Orders*>(attacker.state());
    orders = Orders{index, 0, 0};
    stage_.require(attacker.build_next(), "build the attacker");
    stage_.require(toys.make(attacker.table(), victim.endpoint()), "make the toys");
    stage_.require(attacker.resume(), "start the attacker");
}

// Until the attacker reports, raises an exception or stops.
Outcome Trial::play() {
    for (unsigned ticks = 0; ticks < kPatience;) {
        start_timer();
        sys::Registers r;
        if (!receive(r)) {
            ++ticks;
            const auto thread = ko::inspect_thread(attacker.thread());
            if (thread.ok() && thread->state == ThreadState::Suspended) return after_ = look(), stops();
            continue;
        }
        if (r.tag.has(Tag::Fault)) {
            lied_ = r.w[1] >= kUserTop && case_at(reinterpret_cast<Orders*>(attacker.state())->which).kind != Kind::Instruction;
            after_ = look();
            return raises(static_cast<u32>(r.w[2] >> 32) & 31);
        }
        switch (static_cast<Report>(r.tag.label())) {
            case Report::Before: before_ = look(); break;
            case Report::After: after_ = look(); return answers(static_cast<Error>(r.w[0]));
            case Report::LosePage: lose_page(), before_ = look(); break;
        }
    }
    return {Outcome::What::Stops, 1};  // it still runs, or waits for something else than the stage
}

bool Trial::victim_is_well() {
    sys::Registers r;
    return sys::call(victim.endpoint(), r) == Error::None && r.w[0] == 1 && r.w[1] == 0;
}

void Trial::end() {
    stage_.require(attacker.end(), "end the attacker");
    stage_.require(toys.destroy(), "destroy the toys");
}

void print_outcome(Outcome outcome) {
    switch (outcome.what) {
        case Outcome::What::Answer: root::print(to_string(static_cast<Error>(outcome.value))); break;
        case Outcome::What::Exception: root::print("exception "), print_number(static_cast<u64>(__builtin_ctz(outcome.value))); break;
        case Outcome::What::Stops: root::print(outcome.value ? "it goes on or waits" : "it stops"); break;
    }
}

std::string_view subject(const Case& row) {
    if (row.kind == Kind::Instruction) return "Instruction";
    if (row.kind == Kind::Registers && row.act) return "Registers";
    for (const auto& operation : kInvocations) {
        if (operation.value == row.operation) return operation.name;
    }
    for (const auto& call : kSystemCallNames) {
        if (call.value == row.call) return call.name;
    }
    return "NoSystemCall";
}

void Trial::report(const Case& row, Outcome outcome) {
    const bool right = outcome.fulfils(row.expected) && !lied_;
    const std::string_view changed = row.changes ? before_.changed_for_others(after_) : before_.changed(after_);
    const bool well = victim_is_well();
    end();
    const Snapshot left = look();
    if (!has_settled_) settled_ = left, has_settled_ = true;
    const std::string_view remains = row.changes ? settled_.changed_for_good(left) : settled_.changed(left);

    const bool passed = right && changed.empty() && well && remains.empty();
    stage_.count(passed);
    root::print("TEST ");
    root::print(subject(row));
    root::print(".");
    root::print(row.name);
    if (passed) return root::print(" ok\n");
    root::print(" FAIL expected: ");
    print_outcome(row.expected);
    root::print(", came: ");
    print_outcome(outcome);
    if (lied_) root::print("; the fault message has an address of the kernel");
    if (!changed.empty()) root::print("; changed: "), root::print(changed);
    if (!well) root::print("; the victim noticed");
    if (!remains.empty()) root::print("; left behind: "), root::print(remains);
    const Orders& orders = *reinterpret_cast<Orders*>(attacker.state());
    if (orders.wrong != 0 || orders.value != 0) {
        root::print("; register or object "), root::print_hex(orders.wrong), root::print(": "), root::print_hex(orders.value);
    }
    root::print("\n");
}

void Trial::run(std::size_t index) {
    lied_ = false;
    begin(index);
    before_ = look();
    const Outcome outcome = play();
    report(case_at(index), outcome);
}

// Memory of a device, of which nothing was made, for two large frames and some small ones.
Slot find_device(const BootInfo& info) {
    for (u32 i = 0; i < info.untyped_count; ++i) {
        const BootUntyped& untyped = info.untyped[i];
        if (untyped.device && !untyped.archive && untyped.address >= u64{1} << 32 && untyped.size_bits >= kLargeFrameBits + 2) {
            return static_cast<Slot>(static_cast<u32>(RootSlot::FirstUntyped) + i);
        }
    }
    return Slot::None;
}

}  // namespace

void stage_main(Stage& stage) {
    stage.open(25);
    timer = stage.memory.take_slots(1);
    stage.require(ko::derive(root::root_slot(RootSlot::Table), timer, stage.notification, kAllRights, kTimerBit), "timer");
    stage.require(ko::bind_irq(root::root_slot(RootSlot::Irqs), kTimerLine, timer), "timer interrupt");
    stage.require(toys.create(stage.memory, find_device(stage.memory.info())), "reserve memory for the toys");

    stage.create(attacker, {"attacker", "hostile_attacker", 20, kAttackerTableBits, kAttackerPriority, 1, u32{kPageSize}, bits(EndpointRight::Receive)});
    stage.create(victim, {"victim", "hostile_victim", 19, 8, kVictimPriority, 1, 0, bits(EndpointRight::Receive)});
    stage.require(attacker.grant("stage", stage.endpoint, bits(EndpointRight::Send), 0x100), "grant");
    stage.require(victim.build_next(), "build the victim");
    stage.require(victim.resume(), "start the victim");

    Trial trial(stage);
    for (std::size_t i = 0; i < case_count(); ++i) trial.run(i);
    print_value("cases", case_count());
}
