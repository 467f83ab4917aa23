#include "differential.h"

#include <schedule/budget.h>

#include <arch/record.h>

namespace eft::model {

using kernel::test::kPriority;

Differential::Differential(u32 seed, Coverage& coverage) : random_(seed), pauses_(seed), coverage_(coverage) {
    machine_.check_each_entry(false);
    machine_.preempt([this] { return pauses_() % 4 == 0 && may_pause(); }, {});
    manager_ = model_.current;
    build_shared();
    for (u32 i = 0; i < kWorkers; ++i) build_worker(i);
    script(kernel::test::kThread, Invocation::ThreadPriority, 5);
}

bool Differential::may_pause() {
    if (entering_ && goes_on_after_pause(machine_.core())) return ++coverage_["pause"]["done"];
    return in_kernel_ && searches_for_budget(machine_.core()) && ++coverage_["pause"]["in a search"];
}

void Differential::script(u32 slot, Invocation operation, u64 a, u64 b, u64 c, u64 d) {
    script_.push_back(invoke(slot, operation, {a, b, c, d}));
}

Operation Differential::system(SystemCall call, u64 slot, Tag tag, Words words, u64 flags) {
    Operation operation;
    operation.number = static_cast<u64>(call) | flags;
    operation.slot = slot;
    operation.tag = tag;
    operation.words = words;
    return operation;
}

Operation Differential::invoke(u64 slot, Invocation operation, Words words) {
    return system(SystemCall::Call, slot, Tag(static_cast<u32>(operation), kRegisterWords), words);
}

// What everybody meets at: endpoints, notifications, frames and page tables of a pool, and a Reply for the manager.
void Differential::build_shared() {
    const auto retype = [&](u32 untyped, ObjectType type, u32 bits, u32 first, u32 count) {
        script(untyped, Invocation::UntypedRetype, static_cast<u64>(type) | bits << 8, first, count);
    };
    retype(kernel::test::kUntyped, ObjectType::Untyped, 17, kShared, 1);
    retype(kShared, ObjectType::Endpoint, 0, kShared + 1, kEndpoints);
    retype(kShared, ObjectType::Notification, 0, kShared + 4, kNotifications);
    retype(kShared, ObjectType::Frame, 0, kShared + 8, 6);
    retype(kShared, ObjectType::PageTable, 0, kShared + 14, 10);
    retype(kShared, ObjectType::Reply, 0, kShared + 24, 1);
    retype(kShared, ObjectType::AddressSpace, 0, kShared + 25, 1);
    retype(kernel::test::kDevice, ObjectType::Frame, 0, kShared + 26, 2);
    retype(kernel::test::kDevice, ObjectType::Frame, 21, kShared + 28, 2);
    retype(kShared, ObjectType::CapTable, 6 | 8 << 8, kShared + 30, 1);
    retype(kShared, ObjectType::CapPage, 0, kShared + 31, 3);
    script(kernel::test::kThread, Invocation::ThreadSetReply, kShared + 24);
}

void Differential::grant(u32 which, u32 index, u32 source, u64 rights, u64 badge) {
    script(kFirstGroup + which * kGroup + 4, Invocation::CapDerive, index, source, rights, badge);
}

// Slots of a worker's group: 0 untyped, 1 space, 2 frame, 3 thread, 4 table, 5 and 6 Replies, 7 and 8 contexts, 9 a small
// untyped, 10 to 15 page tables.
void Differential::build_worker(u32 which) {
    const u32 base = kFirstGroup + which * kGroup;
    const auto retype = [&](u32 untyped, ObjectType type, u32 bits, u32 first, u32 count) {
        script(untyped, Invocation::UntypedRetype, static_cast<u64>(type) | bits << 8, first, count);
    };
    if (!model_.slot(manager_, base)) {
        retype(kernel::test::kUntyped, ObjectType::Untyped, 16, base, 1);
    } else {
        script(kernel::test::kTable, Invocation::CapRevoke, base);
        script(kernel::test::kTable, Invocation::CapDelete, base + 1, kGroup - 1);
    }
    retype(base, ObjectType::AddressSpace, 0, base + 1, 1);
    retype(base, ObjectType::Frame, 0, base + 2, 1);
    retype(base, ObjectType::Thread, 0, base + 3, 1);
    retype(base, ObjectType::CapTable, 5, base + 4, 1);
    retype(base, ObjectType::Reply, 0, base + 5, 2);
    retype(base, ObjectType::SchedContext, 0, base + 7, 2);
    retype(base, ObjectType::Untyped, 13, base + 9, 1);
    retype(base, ObjectType::PageTable, 0, base + 10, 6);
    for (u32 i = 12; i < 16; ++i) script(base + 1, Invocation::SpaceDonate, base + i);
    script(base + 3, Invocation::ThreadConfigure, base + 4, base + 1, base + 2, 0x10000);
    script(base + 3, Invocation::ThreadRegisters, 0x40'1000, 0x7f'f000, which, 0);
    if (chance(90)) script(base + 3, Invocation::ThreadSetReply, base + 5);
    const bool limited = chance(30);
    script(base + 7, Invocation::SchedConfigure, limited ? 1500 + choose(2000) : 0, limited ? 4000 + choose(8000) : 0, 40);
    script(base + 8, Invocation::SchedConfigure, 0, 0, kPriorities - 1);
    if (limited && chance(50)) script(base + 7, Invocation::SchedHandler, kShared + 1);
    script(base + 3, Invocation::ThreadContext, base + 7);
    script(base + 3, Invocation::ThreadPriority, 8 + choose(4));
    if (chance(80)) script(base + 3, Invocation::ThreadHandlers, kShared + 1 + choose(2), kShared + 3);
    if (chance(50)) script(base + 3, Invocation::ThreadBind, kShared + 4 + choose(kNotifications));
    // Even workers serve, odd ones call; all may do both somewhere.
    for (u32 i = 0; i < kEndpoints; ++i) {
        const u64 rights = which == 4 && i == 1 ? 2 : which % 2 == 0 || i == 2 ? 3 : 1;
        grant(which, 1 + i, kShared + 1 + i, rights, which * 16 + i + 1);
    }
    for (u32 i = 0; i < kNotifications; ++i) grant(which, 4 + i, kShared + 4 + i, 3, u64{1} << (which * 4 + i));
    grant(which, 7, base + 4, kAllRights);
    grant(which, 8, base + 3, kAllRights);
    grant(which, 9, base + 1, kAllRights);
    grant(which, 10, kShared + 8 + choose(6), 7);
    grant(which, 11, base + 7, chance(50) ? 2 : 3);
    grant(which, 12, kFirstGroup + (which + 1) % kWorkers * kGroup + 3, 3);  // another's thread, where there is one already
    script(base + 4, Invocation::CapMove, 13, base + 6);
    script(base + 4, Invocation::CapMove, 14, base + 9);
    script(base + 4, Invocation::CapMove, 15, base + 10);
    script(base + 4, Invocation::CapMove, 16, base + 11);
    grant(which, 17, kernel::test::kIrq, kAllRights, u64{4} << 32 | (20 + which));
    grant(which, 18, kernel::test::kPorts, kAllRights, u64{8} << 32 | 0x3f8);
    script(base + 3, Invocation::ThreadResume);
}

// Pauses go on at once (compare.h).
void Differential::enter() {
    kernel::Core& core = machine_.core();
    kernel::Thread* const thread = core.current;
    entering_ = true;
    do {
        thread->registers.repeats = false;
        kernel::arch::enter_system_call(core);
    } while (core.current == thread && thread->registers.repeats);
    entering_ = false;
}

void Differential::apply(const Operation& operation) {
    namespace k = eft::kernel;
    k::Core& core = machine_.core();
    const bool by_manager = is_manager(model_.current);
    static constexpr const char* kKinds[] = {"system call", "page fault", "exception", "interrupt", "time slice", "time passes"};
    std::string name = kKinds[operation.kind];
    k::arch::record().events.clear();
    if (operation.kind == Operation::System) {
        k::arch::UserRegisters& registers = core.current->registers;
        registers.number = operation.number;
        registers.target = operation.slot;
        registers.message_tag = operation.tag.value;
        for (unsigned i = 0; i < kRegisterWords; ++i) registers.words[i] = operation.words[i];
        const CapId to = model_.slot(model_.current, operation.slot);
        static constexpr const char* kNames[] = {"call", "reply_recv", "send", "recv", "yield", "debug"};
        const u64 number = operation.number & 0xff;
        name = number < std::size(kNames) ? kNames[number] : "unknown system call";
        if (operation.number & kPoll) name += " poll";
        if (number < 4 && !to) name += " on nothing";
        if (number < 4 && to) {
            const ObjectType type = model_.cap(to).type;
            const bool invokes = number == 0 && type != ObjectType::Endpoint;
            if (invokes) {
                name = "invocation " + std::to_string(operation.tag.label() >> 8) + "." + std::to_string(operation.tag.label() & 0xff);
                if (operation.tag.label() >> 8 > 8) name = "invocation of what there is not";
            } else {
                name += " on " + std::string(type == ObjectType::Endpoint ? "endpoint" : type == ObjectType::Notification ? "notification" : type == ObjectType::Reply ? "reply" : "others");
                if (operation.tag.caps() != 0) name += operation.tag.has(Tag::Move) ? " moving" : " with caps";
            }
        }
    }
    history_.push_back((by_manager ? "manager: " : "") + describe(operation));
    in_kernel_ = true;
    switch (operation.kind) {
        case Operation::System: enter(); break;
        case Operation::PageFault: k::arch::go_on(k::handle_page_fault(core, {14, 4, operation.address})); break;
        case Operation::Exception: k::arch::go_on(k::handle_exception(core, {static_cast<u32>(operation.number), 0, 0})); break;
        case Operation::Interrupt: k::arch::go_on(k::handle_interrupt(core, static_cast<u32>(operation.number))); break;
        case Operation::TimeSlice:
            k::arch::record().time += operation.address;
            k::arch::go_on(k::handle_time_slice(core));
            break;
        case Operation::Time: k::arch::record().time += operation.address; break;
    }
    while (!core.current && core.scheduler.anyone_ready()) k::arch::go_on(k::choose_next(core));  // a search paused
    in_kernel_ = false;
    model_.step(operation);
    adopt(model_, operation);
    ++coverage_[name][model_.outcome];
    for (const auto& [id, thread] : model_.threads) ++coverage_["state"][std::to_string(static_cast<u32>(thread.state))];
    difference_ = model::difference(model_, core, steps() % 64 == 0);
}

bool Differential::step() {
    if (!difference_.empty()) return false;
    Operation operation;
    if (model_.current == 0) {
        operation.kind = chance(80) ? Operation::TimeSlice : Operation::Interrupt;
        if (operation.kind == Operation::TimeSlice) operation.address = 1000 + choose(4000);
        operation.number = 20 + choose(10);
    } else if (is_manager(model_.current) && !script_.empty()) {
        operation = script_.front();
        script_.pop_front();
    } else {
        operation = random_operation();
    }
    // The timer fires when the kernel wanted it to.
    if (const u64 deadline = machine_.core().deadline; operation.kind == Operation::Time && deadline != 0 && model_.now + operation.address >= deadline) {
        operation.kind = Operation::TimeSlice;
        operation.address = deadline > model_.now ? deadline - model_.now : 0;
    }
    if (model_.current && operation.kind == Operation::System) prepare_page(model_.current);
    // Floating point is no business of the model's: it changes nothing that the model sees.
    if (model_.current && !is_manager(model_.current) && pauses_() % 64 == 0) machine_.use_fpu(*machine_.core().current);
    apply(operation);
    return model_.current != 0 || model_.threads.contains(manager_);
}

}  // namespace eft::model
