#include "compare.h"

#include <object/address_space.h>
#include <object/cap_table.h>
#include <object/endpoint.h>
#include <object/frame.h>
#include <object/notification.h>
#include <object/reply.h>
#include <object/sched_context.h>
#include <object/untyped.h>

#include <sstream>

namespace eft::model {
namespace {

namespace k = eft::kernel;

template <class T>
T& object(Id id) {
    return *k::to_pointer<T>(k::PhysAddr(id));
}

template <class T>
Id id_of(const T* pointer) {
    return pointer ? k::to_physical(pointer).value() : 0;
}

class Comparison {
public:
    Comparison(const Model& model, k::Core& core, bool thorough) : m_(model), core_(core), thorough_(thorough) {}

    std::string run() {
        capabilities();
        for (const auto& [id, thread] : m_.threads) one_thread(id, thread);
        for (const auto& [id, endpoint] : m_.endpoints) {
            queue("senders", id, object<k::Endpoint>(id).senders_, endpoint.senders);
            queue("receivers", id, object<k::Endpoint>(id).receivers_, endpoint.receivers);
        }
        for (const auto& [id, one] : m_.notifications) {
            const auto& real = object<k::Notification>(id);
            same("bits of notification", id, real.bits_, one.bits);
            same("bound thread of notification", id, id_of(real.bound_), one.bound);
            queue("waiters", id, real.waiters_, one.waiters);
        }
        for (const auto& [id, one] : m_.replies) {
            const auto& real = object<k::Reply>(id);
            const auto state = real.free() ? Reply::Free : real.holds() ? Reply::Holds : Reply::Gone;
            same("state of reply", id, static_cast<u64>(state), static_cast<u64>(one.state));
            if (state == Reply::Holds) same("caller of reply", id, id_of(real.caller()), one.caller);
        }
        for (const auto& [id, one] : m_.contexts) one_context(id, one);
        for (const auto& [id, space] : m_.spaces) one_space(id, space);
        schedule();
        pages();
        same("live objects", 0, core_.kernel.objects, m_.object_count());
        return first_;
    }

private:
    void same(const char* what, u64 of, u64 real, u64 wanted) {
        if (real == wanted || !first_.empty()) return;
        std::ostringstream text;
        text << std::hex << what << ' ' << of << ": kernel " << real << ", model " << wanted;
        first_ = text.str();
    }

    void queue(const char* what, u64 of, const k::ThreadQueue& real, const std::deque<Id>& wanted) {
        std::deque<Id> found;
        for (const k::Thread* thread = real.head(); thread; thread = thread->queue_next) found.push_back(id_of(thread));
        if (found == wanted || !first_.empty()) return;
        std::ostringstream text;
        text << std::hex << what << " of " << of << ": kernel";
        for (const Id id : found) text << ' ' << id;
        text << ", model";
        for (const Id id : wanted) text << ' ' << id;
        first_ = text.str();
    }

    k::Capability* place(Place where) {
        if (where.index < kTable) return object<k::CapTable>(where.holder).lookup(where.index);
        if (where.index >= kIrq) return &core_.kernel.irqs.bindings_[where.index - kIrq].notification;
        if (where.index == kHandler) return &object<k::SchedContext>(where.holder).handler;
        k::Thread& thread = kernel_thread(where.holder);
        k::Capability* inner[] = {&thread.table, &thread.space, &thread.utcb_frame, &thread.pager, &thread.exception_handler,
                                  &thread.bound_notification, &thread.reply, &thread.context};
        return inner[where.index - kTable];
    }

    void capabilities() {
        for (const auto& [id, cap] : m_.caps) {
            if (id != 0) one_capability(cap);
            children(id ? *place(cap.place) : core_.kernel.ancestor, cap);
            if (!first_.empty()) return;
        }
        std::map<Id, u64> used;
        for (const auto& [where, id] : m_.places) {
            if (where.index < kTable) ++used[where.holder];
        }
        for (const auto& [id, table] : m_.tables) {
            u64 index = 0, count = 0;
            if (!object<k::CapTable>(id).count_used(core_, index, count)) count = ~u64{0};
            same("used slots of table", id, count, used[id]);
            same("pages of table", id, object<k::CapTable>(id).pages(), table.pages.size());
        }
        for (const auto& [id, thread] : m_.threads) {
            for (u32 which = kTable; which <= kContext; ++which) inner_slot({id, which});
        }
        for (const auto& [id, context] : m_.contexts) inner_slot({id, kHandler});
        for (u32 i = 0; thorough_ && i < kIrqs; ++i) {
            inner_slot({0, kIrq + i});
            const auto through = m_.bound_through.find(i);
            const k::Capability* real = core_.kernel.irqs.bindings_[i].through;
            same("what interrupt is bound through", i, id_of(real), through == m_.bound_through.end() ? 0 : id_of(place(m_.caps.at(through->second).place)));
        }
    }

    void inner_slot(Place where) { same("inner slot in use", where.holder, !place(where)->empty(), m_.at(where) != 0); }

    void one_capability(const Cap& cap) {
        const k::Capability& real = *place(cap.place);
        const u64 where = cap.place.holder + cap.place.index;
        same("type in slot", where, static_cast<u64>(real.type()), static_cast<u64>(cap.type));
        if (!first_.empty()) return;
        same("object in slot", where, real.id(), cap.object);
        same("rights in slot", where, real.rights(), cap.rights);
        const bool frame = cap.type == ObjectType::Frame;
        if (frame) {
            const k::FrameState data = real.payload<ObjectType::Frame>().state;
            same("seal in slot", where, data.sealed(), cap.sealed);
            same("device in slot", where, data.device(), cap.device);
            same("size of frame in slot", where, data.large(), cap.large);
            same("origin in slot", where, data.original(), cap.original);
            if (cap.space || cap.place.index < kTable) same("mapped address in slot", where, data.mapped_address(), cap.address);
        }
        if (cap.type == ObjectType::CapPage) {
            same("table of page in slot", where, id_of(real.payload<ObjectType::CapPage>().table), cap.space);
            same("index of page in slot", where, real.detail(), cap.address);
        }
        if (frame || cap.type == ObjectType::PageTable) same("space in slot", where, id_of(real.link().space), cap.space);
        if (cap.type == ObjectType::Untyped) {
            const k::UntypedPayload& data = real.payload<ObjectType::Untyped>();
            same("size of untyped in slot", where, data.size_bits, cap.size_bits);
            if (real.has_children()) same("used bytes of untyped in slot", where, data.used, cap.used);
        } else if (cap.type == ObjectType::Endpoint || cap.type == ObjectType::Notification || cap.type == ObjectType::Irq || cap.type == ObjectType::IoPorts) {
            same("badge in slot", where, real.detail(), cap.badge);
        }
    }

    void children(const k::Capability& real, const Cap& cap) {
        const k::Capability* child = real.child_;
        const u64 where = cap.place.holder + cap.place.index;
        for (const CapId id : cap.children) {
            same("a child of slot", where, id_of(child), id_of(place(m_.caps.at(id).place)));
            if (!first_.empty()) return;
            child = k::Capability::is_tagged(child->next_) ? nullptr : child->next_;
        }
        same("one more child of slot", where, id_of(child), 0);
    }

    void one_thread(Id id, const Thread& thread) {
        const k::Thread& real = kernel_thread(id);
        same("state of thread", id, static_cast<u64>(real.state), static_cast<u64>(thread.state));
        same("priority of thread", id, real.priority, thread.priority);
        same("replies delivered by thread", id, real.replies_delivered, thread.delivered);
        same("fault of thread", id, real.in_fault() ? real.fault.label : 0, thread.fault);
        same("lost reply of thread", id, (real.attention & k::Thread::ReplyLost) != 0, thread.reply_lost);
        const Id bound = m_.inner_object(id, kBound);
        same("pending signal of thread", id, (real.attention & k::Thread::SignalPending) != 0, bound && m_.notifications.at(bound).bits != 0);
        // Who does not run may be charged to nobody: its own is meant then.
        const bool idle = !real.charged && thread.state != ThreadState::Ready;
        same("charged context of thread", id, idle ? m_.own_context(id) : id_of(real.charged), thread.charged ? thread.charged : m_.own_context(id));
        if (thread.state == ThreadState::Sending || thread.state == ThreadState::Receiving || thread.state == ThreadState::Waiting) {
            same("via of thread", id, id_of(real.via), id_of(place(m_.caps.at(thread.via).place)));
        }
        if (thread.state == ThreadState::Sending) same("badge sent by thread", id, raw(real.sender_badge), thread.sender_badge);
        if (thread.state == ThreadState::AwaitingReply) same("reply awaited by thread", id, id_of(real.awaiting), thread.waits_on);
        const bool blocked = thread.state != ThreadState::Ready && thread.state != ThreadState::Exhausted && thread.state != ThreadState::Suspended;
        if (blocked && !thread.fault) return;
        same("instruction pointer of thread", id, real.registers.instruction, thread.registers.instruction);
        same("status in registers of thread", id, real.registers.number, thread.registers.number);
        same("badge in registers of thread", id, real.registers.target, thread.registers.target);
        same("tag in registers of thread", id, real.registers.message_tag, thread.registers.tag.value);
        for (unsigned i = 0; i < kRegisterWords; ++i) same("word in registers of thread", id, real.registers.words[i], thread.registers.words[i]);
    }

    void one_context(Id id, const Context& context) {
        const auto& real = object<k::SchedContext>(id);
        const u64 unsettled = core_.charged == &real ? m_.now - core_.charged_since : 0;
        same("time consumed of context", id, real.consumed() + unsettled, context.consumed);
        if (context.period != 0) {
            same("budget left of context", id, static_cast<u64>(real.left_) - unsettled, static_cast<u64>(context.left));
            same("end of period of context", id, real.period_end_, context.period_end);
        }
        same("owner of context", id, id_of(real.owner), context.owner);
        same("ceiling of context", id, real.ceiling(), context.ceiling);
        const k::Reply* reply = real.reply;
        for (auto it = context.path.rbegin(); it != context.path.rend(); ++it) {
            same("a reply that lends context", id, id_of(reply), *it);
            if (!first_.empty()) return;
            reply = reply->outer;
        }
        same("one more reply that lends context", id, id_of(reply), 0);
        if (!context.path.empty()) same("holder of context", id, id_of(real.holder), context.holder);
    }

    void one_space(Id id, const Space& space) {
        same("spare tables of space", id, object<k::AddressSpace>(id).spare_tables(), space.spare.size());
        for (const auto& [where, entry] : space.entries) {
            const auto [level, address] = where;
            k::PhysAddr table = object<k::AddressSpace>(id).root();
            for (unsigned at = k::arch::kRootLevel; at > level + 1; --at) {
                const auto found = k::to_pointer<k::arch::PageEntry>(table)[k::arch::table_index(address, at)];
                same("missing table above", address, !found.present(), false);
                if (!first_.empty()) return;
                table = found.address();
            }
            const auto found = k::to_pointer<k::arch::PageEntry>(table)[k::arch::table_index(address, level + 1)];
            same("page table entry for", address, found.present() ? found.address().value() : 0, m_.caps.at(entry).object);
        }
        if (!thorough_) return;
        u64 mapped = 0;
        for (const auto& [where, entry] : space.entries) {
            const Cap& cap = m_.caps.at(entry);
            if (cap.type == ObjectType::Frame) mapped += cap.large ? 512 : 1;
        }
        u64 address = 0, pages = 0;
        if (!object<k::AddressSpace>(id).count_mapped(core_, address, pages)) pages = ~u64{0};
        same("mapped pages of space", id, pages, mapped);
    }

    void schedule() {
        same("running thread of core", 0, id_of(core_.current), m_.current);
        same("context charged by core", 0, id_of(core_.charged), m_.current ? m_.threads.at(m_.current).charged : 0);
        for (unsigned i = 0; i < kPriorities; ++i) queue("ready threads", i, core_.scheduler.queues_[i], m_.ready[i]);
        queue("exhausted threads", 0, core_.scheduler.exhausted_, m_.exhausted);
    }

    void pages() {
        for (const auto& [id, cap] : m_.caps) {
            if (cap.place.index != kUtcb) continue;
            const Page& page = m_.pages.at(cap.object);
            const Utcb& real = kernel_page(cap.object);
            const unsigned words = thorough_ ? kMaxWords : 12;
            for (unsigned i = kRegisterWords; i < words; ++i) same("a word of page", cap.object, real.words[i], page.words[i]);
            same("the return of a foreign call in page", cap.object, real.foreign_return, page.foreign_return);
        }
    }

    const Model& m_;
    k::Core& core_;
    bool thorough_;
    std::string first_;
};

}  // namespace

kernel::Thread& kernel_thread(Id id) { return object<k::Thread>(id); }
Utcb& kernel_page(Id frame) { return object<Utcb>(frame); }

bool goes_on_after_pause(const k::Core& core) {
    const k::Thread* thread = core.current;
    if (!thread || thread->table.empty()) return false;
    const k::Capability* used = thread->table.as<k::CapTable>().lookup(thread->registers.slot());
    return used && !used->empty() && thread->state == ThreadState::Ready && !thread->queued && !core.scheduler.direct_ &&
           core.scheduler.may_run_next(*thread) && !thread->charged->limited();
}

bool searches_for_budget(const k::Core& core) {
    const k::Thread* thread = core.current;
    const bool goes_on = thread && thread->state == ThreadState::Ready && !thread->queued;
    return !goes_on && !core.scheduler.unsettled() && !core.scheduler.in_round() && !core.kernel.dying;
}

void adopt(Model& model, const Operation& operation) {
    if (model.inspected_page) {
        Page& page = model.pages.at(model.inspected_page);
        const Utcb& real = kernel_page(model.inspected_page);
        constexpr unsigned kEnd = kRegisterWords + static_cast<unsigned>(UserRegister::Count);
        for (unsigned i = kRegisterWords; i < kEnd; ++i) page.words[i] = real.words[i];
    }
    if (const Id thread = model.latency_unknown) {
        model.threads.at(thread).registers.words[0] = kernel_thread(thread).registers.words[0];
    }
    for (auto& [id, context] : model.contexts) {
        if (!context.refilled || object<k::SchedContext>(id).period_end_ != context.end_before) continue;
        context.left = context.left_before;
        context.period_end = context.end_before;
    }
    if (const Id thread = model.two_mistakes; thread && kernel_thread(thread).registers.number == static_cast<u64>(Error::InvalidArgument)) {
        model.threads.at(thread).registers.number = static_cast<u64>(Error::InvalidArgument);
    }
    if (const Id thread = model.nothing_received) {
        Registers& registers = model.threads.at(thread).registers;
        const auto& real = kernel_thread(thread).registers;
        if (real.target == operation.slot && real.message_tag == operation.tag.value && real.words[0] == operation.words[0]) {
            registers.target = operation.slot;
            registers.tag = operation.tag;
            registers.words = operation.words;
        }
    }
}

std::string difference(const Model& model, kernel::Core& core, bool thorough) { return Comparison(model, core, thorough).run(); }

}  // namespace eft::model
