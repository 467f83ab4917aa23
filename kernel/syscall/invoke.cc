#include <syscall/invoke.h>

namespace eft::kernel {

void InvocationContext::answer(u64 a, u64 b, u64 c, u64 d, unsigned more) {
    thread.registers.set_result(Error::None, Badge::None, Tag(0, kRegisterWords + more));
    thread.registers.set_word(0, a);
    thread.registers.set_word(1, b);
    thread.registers.set_word(2, c);
    thread.registers.set_word(3, d);
    answered = true;
}

namespace {

// The high byte of an Invocation says which type it is for.
struct Group {
    ObjectType type;
    const std::span<const Operation>* operations;
};
constexpr std::span<const Operation> kNoOperations;
constexpr Group kGroups[] = {
    {ObjectType::None, &kNoOperations},
    {ObjectType::Untyped, &kUntypedOperations},
    {ObjectType::CapTable, &kCapTableOperations},
    {ObjectType::Thread, &kThreadOperations},
    {ObjectType::AddressSpace, &kAddressSpaceOperations},
    {ObjectType::Frame, &kFrameOperations},
    {ObjectType::Irq, &kIrqOperations},
    {ObjectType::IoPorts, &kIoPortsOperations},
    {ObjectType::SchedContext, &kSchedContextOperations},
};

// Words that the message does not have are 0. Nobody misses them: whatever the invocation gives, it sets all.
[[gnu::noinline]] void clear_missing_words(Thread& thread, unsigned words) {
    for (unsigned i = words; i < kRegisterWords; ++i) thread.registers.set_word(i, 0);
}

bool can_be_invoked(ObjectType type) {
    for (const Group& group : kGroups) {
        if (group.type == type) return type != ObjectType::None;
    }
    return false;
}

}  // namespace

Error invoke(Core& core, Thread& thread, Capability& cap) {
    const Tag tag = thread.registers.tag();
    if (!tag.valid() || tag.caps() != 0) return Error::InvalidArgument;
    const u32 group = tag.label() >> 8;
    const u32 index = tag.label() & 0xff;
    if (group >= std::size(kGroups) || !cap.is(kGroups[group].type) || index >= kGroups[group].operations->size()) {
        return can_be_invoked(cap.type()) ? Error::InvalidOperation : Error::InvalidCapability;
    }
    const Operation& operation = (*kGroups[group].operations)[index];
    if (operation.rights != kLooksItself && !operation.rights.has_any(ControlRights::from_mask(cap.rights()))) return Error::MissingRight;
    if (tag.words() < operation.words) [[unlikely]] clear_missing_words(thread, tag.words());
    InvocationContext context{core, thread, cap};
    if (Error error = operation.run(context); error != Error::None) return error;
    // The thread may have stopped or moved itself: its registers still take the answer.
    if (!context.answered) thread.registers.set_result(Error::None, Badge::None, Tag());
    return Error::None;
}

}  // namespace eft::kernel
