// The model's start, and operations in words.
#include "model.h"

#include <sstream>

namespace eft::model {

// A machine of 1 MiB at 1 MiB; the manager, its table of 256 slots, and what it holds.
Model::Model() {
    caps[0] = {};
    const auto put = [&](u32 index, ObjectType type, Id object, u64 range, unsigned size_bits, bool device) {
        Cap cap;
        cap.type = type, cap.object = object, cap.rights = kAllRights, cap.badge = range, cap.size_bits = size_bits, cap.device = device;
        return create({0, index}, cap, 0);
    };
    const CapId memory = put(2, ObjectType::Untyped, 0x10'0000, 0, 20, false);
    retype(memory, ObjectType::CapTable, 8, 0, 1, 0, 1);
    const Id table = cap(at({0, 1})).object;
    move(at({0, 1}), {table, 1});
    move(memory, {table, 2});
    move(put(3, ObjectType::Untyped, 0xf000'0000, 0, 23, true), {table, 3});
    move(put(4, ObjectType::Irq, 0, u64{kIrqs} << 32, 0, false), {table, 4});
    move(put(5, ObjectType::IoPorts, 0, u64{0x10000} << 32, 0, false), {table, 5});
    retype(memory, ObjectType::Thread, 0, 0, 1, table, 6);
    retype(memory, ObjectType::AddressSpace, 0, 0, 1, table, 7);
    retype(memory, ObjectType::Frame, 0, 0, 1, table, 8);
    retype(memory, ObjectType::SchedContext, 0, 0, 1, table, 9);
    const Id manager = cap(at({table, 6})).object;
    set_inner(manager, kTable, at({table, 1}), 0);
    set_inner(manager, kSpace, at({table, 7}), 0);
    set_inner(manager, kUtcb, at({table, 8}), 0);
    set_inner(manager, kContext, at({table, 9}), 0);
    Context& context = contexts.at(own_context(manager));
    context.ceiling = kPriorities - 1;
    context.owner = manager;
    threads.at(manager).priority = 10;
    wake(manager);
    schedule();
}

std::string describe(const Operation& operation) {
    std::ostringstream text;
    text << std::hex;
    switch (operation.kind) {
        case Operation::System: {
            static constexpr const char* kNames[] = {"call", "reply_recv", "send", "recv", "yield", "debug"};
            const u64 number = operation.number & 0xff;
            text << (number < std::size(kNames) ? kNames[number] : "unknown") << (operation.number & kPoll ? " poll" : "") << " slot "
                 << operation.slot << " tag " << operation.tag.value << " words";
            for (const u64 word : operation.words) text << ' ' << word;
            break;
        }
        case Operation::PageFault: text << "page fault at " << operation.address; break;
        case Operation::Exception: text << "exception " << operation.number; break;
        case Operation::Interrupt: text << "interrupt " << operation.number; break;
        case Operation::TimeSlice: text << "time slice after " << operation.address; break;
        case Operation::Time: text << "time passes: " << operation.address; break;
    }
    return text.str();
}

}  // namespace eft::model
