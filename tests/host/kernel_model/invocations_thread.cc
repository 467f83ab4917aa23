// Invocations of Thread and SchedContext.
#include "invoker.h"

namespace eft::model {

Error Invoker::configure(Id id) {
    const CapId table = find(a_[0], ObjectType::CapTable);
    const CapId space = find(a_[1], ObjectType::AddressSpace);
    const CapId frame = find(a_[2], ObjectType::Frame);
    if (!table || !space || !frame) return Error::InvalidCapability;
    if (a_[3] % kPageSize != 0 || a_[3] >= kUserTop) return Error::InvalidArgument;
    if (!(m_.cap(table).rights & 1) || !(m_.cap(space).rights & 1)) return Error::MissingRight;
    if (m_.cap(frame).device || !(m_.cap(frame).rights & 2)) return Error::MissingRight;
    if (m_.threads.at(id).state != ThreadState::Suspended) return Error::InvalidOperation;
    m_.set_inner(id, kTable, table, 0);
    m_.set_inner(id, kSpace, space, 0);
    m_.set_inner(id, kUtcb, frame, 0);
    return Error::None;
}

Error Invoker::exchange_reply(Id id) {
    const CapId offered = m_.slot(thread_, a_[0]);
    const CapId held = m_.inner(id, kReply);
    if (!m_.slot_exists(thread_, a_[0]) || (offered && m_.cap(offered).type != ObjectType::Reply)) return Error::InvalidCapability;
    if (m_.threads.at(id).state == ThreadState::Receiving) return Error::InvalidOperation;
    if (!offered && !held) return Error::InvalidCapability;
    const Place slot = m_.slot_place(thread_, a_[0]), reply{id, kReply};
    const Place passing{0, 0};
    if (offered) m_.move(offered, passing);
    if (held) m_.move(held, slot);
    if (offered) m_.move(offered, reply);
    return Error::None;
}

Error Invoker::set_context(Id id) {
    Thread& target = m_.threads.at(id);
    if (target.state != ThreadState::Suspended) return Error::InvalidOperation;
    CapId source = 0;
    if (a_[0] != 0) {
        source = find(a_[0], ObjectType::SchedContext);
        if (!source) return Error::InvalidCapability;
        const Context& wanted = m_.contexts.at(m_.cap(source).object);
        if (wanted.owner) return Error::InvalidOperation;
        if (target.priority > wanted.ceiling) return Error::MissingRight;
    }
    m_.set_inner(id, kContext, source, 0);
    if (source) m_.contexts.at(m_.cap(source).object).owner = id;
    return Error::None;
}

Error Invoker::thread() {
    const Id id = m_.cap(cap_).object;
    Thread& target = m_.threads.at(id);
    switch (operation_) {
        case Invocation::ThreadConfigure: return configure(id);
        case Invocation::ThreadHandlers: {
            CapId handlers[2] = {0, 0};
            for (unsigned i = 0; i < 2; ++i) {
                if (a_[i] == 0) continue;
                if (const Error error = find_with(a_[i], ObjectType::Endpoint, 1, handlers[i]); error != Error::None) return error;
            }
            if (target.fault) return Error::InvalidOperation;
            m_.set_inner(id, kPager, handlers[0], handlers[0] ? m_.cap(handlers[0]).badge : 0);
            m_.set_inner(id, kExceptions, handlers[1], handlers[1] ? m_.cap(handlers[1]).badge : 0);
            return Error::None;
        }
        case Invocation::ThreadBind: {
            CapId notification = 0;
            if (a_[0] != 0) {
                if (const Error error = find_with(a_[0], ObjectType::Notification, 2, notification); error != Error::None) return error;
                if (m_.notifications.at(m_.cap(notification).object).bound) return Error::InvalidOperation;
            }
            m_.set_inner(id, kBound, notification, notification ? m_.cap(notification).badge : 0);
            if (!notification) return Error::None;
            const Id object = m_.cap(notification).object;
            m_.notifications.at(object).bound = id;
            m_.signal(object, 0);
            return Error::None;
        }
        case Invocation::ThreadSetReply: return exchange_reply(id);
        case Invocation::ThreadRegisters:
            if (a_[0] >= kUserTop || a_[1] >= kUserTop) return Error::InvalidArgument;
            if (target.state != ThreadState::Suspended) return Error::InvalidOperation;
            target.registers = {0, a_[2], Tag(a_[3]), {}, a_[0], a_[1]};
            target.fault = 0;
            return Error::None;
        case Invocation::ThreadPriority: {
            if (a_[0] >= kPriorities) return Error::InvalidArgument;
            const Id own = m_.own_context(id);
            if (own && a_[0] > m_.contexts.at(own).ceiling) return Error::MissingRight;
            m_.set_priority(id, static_cast<u8>(a_[0]));
            return Error::None;
        }
        case Invocation::ThreadResume:
            if (target.state != ThreadState::Suspended || !m_.can_run(id)) return Error::InvalidOperation;
            target.fault = 0;
            m_.wake(id);
            return Error::None;
        case Invocation::ThreadSuspend: m_.stop(id); return Error::None;
        case Invocation::ThreadInspect: {
            u64 blocked_on = 0;
            const ThreadState state = target.state;
            if (state == ThreadState::Sending || state == ThreadState::Receiving || state == ThreadState::Waiting ||
                state == ThreadState::AwaitingReply) {
                blocked_on = target.waits_on;
            }
            answer(static_cast<u64>(state) | u64{target.priority} << 8, blocked_on, target.delivered, target.registers.instruction);
            if (const CapId page = m_.inner(thread_, kUtcb)) {
                extra_ = static_cast<unsigned>(UserRegister::Count);
                m_.inspected_page = m_.cap(page).object;
            }
            return Error::None;
        }
        case Invocation::ThreadCancel:
            if (target.state == ThreadState::Ready || target.state == ThreadState::Exhausted ||
                target.state == ThreadState::Suspended || target.fault) {
                return Error::InvalidOperation;
            }
            m_.leave_wait(id);
            m_.end_wait(id, Error::Cancelled);
            return Error::None;
        case Invocation::ThreadContext: return set_context(id);
        case Invocation::ThreadForeign:
            if (a_[0] >= kUserTop || a_[1] >= kUserTop || a_[2] > kUserTop - a_[1]) return Error::InvalidArgument;
            target.foreign = a_[0] != 0;
            target.handler = a_[0], target.first = a_[1], target.size = a_[2];
            return Error::None;
        default: return Error::InvalidOperation;
    }
}

Error Invoker::context() {
    const Id id = m_.cap(cap_).object;
    Context& context = m_.contexts.at(id);
    switch (operation_) {
        case Invocation::SchedConfigure: {
            const u64 budget = a_[0], period = a_[1], ceiling = a_[2];
            if (budget > period || period > u64{1} << 48 || (budget == 0) != (period == 0)) return Error::InvalidArgument;
            if (ceiling >= kPriorities) return Error::InvalidArgument;
            if (context.owner && m_.threads.at(context.owner).priority > ceiling) return Error::InvalidArgument;
            context.budget = budget, context.period = period, context.ceiling = static_cast<u8>(ceiling);
            context.left = static_cast<std::int64_t>(budget);
            context.period_end = m_.now + period;
            context.reported = false;
            if (context.owner && m_.threads.at(context.owner).state == ThreadState::Exhausted) {
                m_.unqueue(context.owner);
                m_.wake(context.owner);
            }
            return Error::None;
        }
        case Invocation::SchedHandler: {
            CapId handler = 0;
            if (a_[0] != 0) {
                if (const Error error = find_with(a_[0], ObjectType::Endpoint, 1, handler); error != Error::None) return error;
            }
            m_.set_inner(id, kHandler, handler, handler ? m_.cap(handler).badge : 0);
            return Error::None;
        }
        case Invocation::SchedInspect:
            answer(context.consumed, context.left > 0 ? static_cast<u64>(context.left) : 0, context.budget, context.period);
            return Error::None;
        default: return Error::InvalidOperation;
    }
}

}  // namespace eft::model
