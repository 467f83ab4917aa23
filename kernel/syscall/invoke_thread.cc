// Invocations of Thread.
#include <object/address_space.h>
#include <object/cap_table.h>
#include <object/derivation.h>
#include <object/frame.h>
#include <object/notification.h>
#include <object/reply.h>
#include <syscall/invoke.h>

namespace eft::kernel {
namespace {

Error configure(InvocationContext& context, Thread& thread, const ConfigureArguments& arguments) {
    EFT_TRY(const CapTableCap table, context.find<ObjectType::CapTable>(arguments.table));
    EFT_TRY(const AddressSpaceCap space, context.find<ObjectType::AddressSpace>(arguments.space));
    EFT_TRY(const FrameCap frame, context.find<ObjectType::Frame>(arguments.frame));
    const u64 address = arguments.utcb_address;
    if (address != page_down(address) || address >= kUserTop) return Error::InvalidArgument;
    if (!table.may(ControlRight::Control) || !space.may(ControlRight::Control)) return Error::MissingRight;
    if (frame->state.device() || !frame.may(FrameRight::Write)) return Error::MissingRight;
    if (thread.state != ThreadState::Suspended) return Error::InvalidOperation;
    thread.set_inner(context.core, thread.table, &table.slot());
    thread.set_inner(context.core, thread.space, &space.slot());
    thread.set_inner(context.core, thread.utcb_frame, &frame.slot());
    thread.registers.set_message_page(address);
    return Error::None;
}

Result<Capability*> find_handler(InvocationContext& context, u64 index) {
    if (index == 0) return static_cast<Capability*>(nullptr);
    EFT_TRY(const EndpointCap endpoint, context.find<ObjectType::Endpoint>(index));
    if (!endpoint.may(EndpointRight::Send)) return Error::MissingRight;
    return &endpoint.slot();
}

Error set_handlers(InvocationContext& context, Thread& thread, const HandlersArguments& arguments) {
    EFT_TRY(Capability * pager, find_handler(context, arguments.pager));
    EFT_TRY(Capability * handler, find_handler(context, arguments.exceptions));
    if (thread.in_fault()) return Error::InvalidOperation;
    thread.set_inner(context.core, thread.pager, pager);
    thread.set_inner(context.core, thread.exception_handler, handler);
    return Error::None;
}

Error bind(InvocationContext& context, Thread& thread, const SlotArguments& arguments) {
    if (arguments.slot == 0) {
        thread.set_inner(context.core, thread.bound_notification, nullptr);
        return Error::None;
    }
    EFT_TRY(const NotificationCap notification, context.find<ObjectType::Notification>(arguments.slot));
    if (!notification.may(NotificationRight::Wait)) return Error::MissingRight;
    if (notification.object().bound()) return Error::InvalidOperation;
    thread.set_inner(context.core, thread.bound_notification, &notification.slot());
    notification.object().bind(&thread);
    notification.object().signal(context.core, 0);  // it may receive already, and bits may be pending
    return Error::None;
}

// A thread that waits to receive keeps the Reply that it waits with.
Error exchange_reply(InvocationContext& context, Thread& thread, const SlotArguments& arguments) {
    Capability* slot = context.slot(arguments.slot);
    if (!slot || (!slot->empty() && !slot->is(ObjectType::Reply))) return Error::InvalidCapability;
    if (thread.state == ThreadState::Receiving) return Error::InvalidOperation;
    if (slot->empty() && thread.reply.empty()) return Error::InvalidCapability;
    if (slot->empty()) {
        move_capability(thread.reply, *slot);
    } else if (thread.reply.empty()) {
        move_capability(*slot, thread.reply);
    } else {
        Capability passing;
        move_capability(*slot, passing);
        move_capability(thread.reply, *slot);
        move_capability(passing, thread.reply);
    }
    slot->holder() = nullptr;
    if (!thread.reply.empty()) thread.reply.holder() = &thread;
    thread.review();
    return Error::None;
}

Error set_registers(InvocationContext&, Thread& thread, const RegistersArguments& start) {
    if (start.instruction >= kUserTop || start.stack >= kUserTop) return Error::InvalidArgument;
    if (thread.state != ThreadState::Suspended) return Error::InvalidOperation;
    arch::drop_fpu(thread);
    thread.registers.start(start.instruction, start.stack, start.first, start.second);
    thread.end_fault();
    return Error::None;
}

Error resume(InvocationContext& context, Thread& thread) {
    if (thread.state != ThreadState::Suspended || !thread.ready_to_run()) return Error::InvalidOperation;
    thread.end_fault();
    context.core.scheduler.wake(thread);
    return Error::None;
}

Error suspend(InvocationContext& context, Thread& thread) {
    if (!thread.draw_back_lent(context.core)) return kPaused;
    context.core.scheduler.stop(thread);
    return Error::None;
}

Error cancel(InvocationContext& context, Thread& thread) {
    if (thread.state == ThreadState::Ready || thread.state == ThreadState::Exhausted ||
        thread.state == ThreadState::Suspended || thread.in_fault()) {
        return Error::InvalidOperation;
    }
    if (!thread.draw_back_lent(context.core)) return kPaused;
    thread.unblock();
    context.core.scheduler.end_wait(thread, Error::Cancelled);
    return Error::None;
}

// What it is blocked on: the endpoint or notification, or the thread's Reply that it waits in.
u64 blocking_object(const Thread& thread) {
    switch (thread.state) {
        case ThreadState::Sending:
        case ThreadState::Receiving:
        case ThreadState::Waiting: return thread.via->id();
        case ThreadState::AwaitingReply: return to_physical(thread.awaiting).value();
        default: return 0;
    }
}

Error inspect(InvocationContext& context, Thread& thread) {
    unsigned more = 0;
    if (Utcb* utcb = context.thread.utcb) {
        constexpr auto kCount = static_cast<unsigned>(UserRegister::Count);
        for (unsigned i = 0; i < kCount; ++i) utcb->words[kRegisterWords + i] = thread.registers.get(static_cast<UserRegister>(i));
        utcb->words[kRegisterWords + static_cast<unsigned>(UserRegister::FaultAddress)] = thread.fault.words[0];
        utcb->words[kRegisterWords + static_cast<unsigned>(UserRegister::FaultCode)] = thread.fault.words[2];
        more = kCount;
    }
    context.answer(u64{static_cast<u8>(thread.state)} | u64{thread.priority} << 8, blocking_object(thread), thread.replies_delivered,
                   thread.registers.instruction_pointer(), more);
    return Error::None;
}

Error set_priority(InvocationContext& context, Thread& thread, const PriorityArguments& arguments) {
    if (arguments.priority >= kPriorities) return Error::InvalidArgument;
    if (const SchedContext* own = thread.own_context(); own && arguments.priority > own->ceiling()) return Error::MissingRight;
    context.core.scheduler.set_priority(thread, static_cast<u8>(arguments.priority));
    return Error::None;
}

Error set_context(InvocationContext& context, Thread& thread, const SlotArguments& arguments) {
    if (thread.state != ThreadState::Suspended) return Error::InvalidOperation;
    Capability* source = nullptr;
    if (arguments.slot != 0) {
        EFT_TRY(const SchedContextCap found, context.find<ObjectType::SchedContext>(arguments.slot));
        const SchedContext& wanted = found.object();
        if (wanted.owner) return Error::InvalidOperation;
        if (thread.priority > wanted.ceiling()) return Error::MissingRight;
        source = &found.slot();
    }
    thread.set_inner(context.core, thread.context, source);
    if (source) source->as<SchedContext>().owner = &thread;
    return Error::None;
}

Error set_foreign(InvocationContext&, Thread& thread, const ForeignArguments& arguments) {
    const auto [handler, first, size] = arguments;
    if (handler >= kUserTop || first >= kUserTop || size > kUserTop - first) return Error::InvalidArgument;
    thread.foreign = handler == 0 ? ForeignCalls{} : ForeignCalls{ForeignCalls::kMark, handler, first, size};
    return Error::None;
}

constexpr Operation kThread[] = {
    operation<configure>(kControl),     operation<set_handlers>(kControl),  operation<bind>(kControl),
    operation<exchange_reply>(kControl), operation<set_registers>(kControl), operation<set_priority>(kControl),
    operation<resume>(kControl),        operation<suspend>(kControl),       operation<inspect>(kInspect),
    operation<cancel>(kControl),        operation<set_context>(kControl),   operation<set_foreign>(kControl),
};

}  // namespace

constinit const std::span<const Operation> kThreadOperations{kThread};

}  // namespace eft::kernel
