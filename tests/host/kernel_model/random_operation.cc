// What a random program does next. Most arguments fit, so that operations go far; some do not.
#include "differential.h"

namespace eft::model {

bool Differential::forbidden(Id thread, u32 slot) const {
    if (!is_manager(thread)) return false;
    return slot < kFirstGroup || (slot < kShared && (slot - kFirstGroup) % kGroup == 0) || slot == kShared;
}

u32 Differential::any_slot(Id thread) {
    if (chance(1)) return chance(50) ? 0 : 1000 + choose(2);
    return is_manager(thread) ? kFirstGroup + choose(160) : 1 + choose(31);
}

u32 Differential::full_slot(Id thread) {
    for (unsigned i = 0; i < 16; ++i) {
        const u32 slot = any_slot(thread);
        if (model_.slot(thread, slot) && !forbidden(thread, slot)) return slot;
    }
    return any_slot(thread);
}

u32 Differential::empty_slot(Id thread) {
    for (unsigned i = 0; i < 16; ++i) {
        const u32 slot = any_slot(thread);
        if (!model_.slot(thread, slot)) return slot;
    }
    return any_slot(thread);
}

// A capability of this type that the thread has, as a rule with these rights.
u32 Differential::slot_of(Id thread, ObjectType type, Rights rights) {
    if (chance(4)) return any_slot(thread);
    if (chance(5)) rights = 0;
    std::vector<u32> found;
    const Id table = model_.inner_object(thread, kTable);
    for (auto it = model_.places.lower_bound({table, 0}); it != model_.places.end() && it->first.holder == table; ++it) {
        const Cap& cap = model_.caps.at(it->second);
        if (cap.type != type || (rights & ~cap.rights) || it->first.index >= model::kTable) continue;
        // The manager's own thread, table and memory stay out of the game.
        if (is_manager(thread) && it->first.index < kFirstGroup && type != ObjectType::Irq && type != ObjectType::IoPorts) continue;
        found.push_back(it->first.index);
    }
    return found.empty() ? any_slot(thread) : found[choose(static_cast<u32>(found.size()))];
}

// Both pages get the same: what to send, where to receive, and a few words.
void Differential::prepare_page(Id thread) {
    const CapId frame = model_.inner(thread, kUtcb);
    if (!frame) return;
    Page& page = model_.pages.at(model_.cap(frame).object);
    const u32 base = any_slot(thread);
    for (unsigned i = 0; i < kMaxCaps; ++i) {
        page.send[i] = chance(10) ? choose(300) : full_slot(thread);
        while (forbidden(thread, page.send[i])) page.send[i] = 250 + choose(40);
        page.receive[i] = chance(90) ? empty_slot(thread) : (base + i) % 40;
    }
    for (unsigned i = kRegisterWords; i < 12; ++i) page.words[i] = random_();
    Utcb& real = kernel_page(model_.cap(frame).object);
    for (unsigned i = 0; i < kMaxCaps; ++i) real.send_slots[i] = page.send[i], real.receive_slots[i] = page.receive[i];
    for (unsigned i = kRegisterWords; i < 12; ++i) real.words[i] = page.words[i];
}

Operation Differential::random_operation() {
    const Id thread = model_.current;
    const bool manager = is_manager(thread);
    Operation operation;
    const u32 what = choose(100);
    if (what < 4) {
        operation.kind = Operation::TimeSlice;
        operation.address = 1 + choose(3000);
    } else if (what < 7) {
        operation.kind = Operation::Time;
        operation.address = choose(600);
    } else if (what < 9) {
        operation.kind = Operation::Interrupt;
        operation.number = 20 + choose(10);
    } else if (what < 12 && !manager) {
        operation.kind = Operation::PageFault;
        operation.address = address();
    } else if (what < 13 && !manager) {
        operation.kind = Operation::Exception;
        operation.number = 6;
    } else if (manager) {
        return chance(35) ? help(thread) : invocation(thread);
    } else {
        return chance(35) ? invocation(thread) : worker_call(thread);
    }
    return operation;
}

// The manager has its turn because nobody else can run: something that lets somebody run again.
Operation Differential::help(Id thread) {
    if (chance(6)) {
        build_worker(choose(kWorkers));
        const Operation first = script_.front();
        script_.pop_front();
        return first;
    }
    const u32 which = kFirstGroup + choose(kWorkers) * kGroup;
    switch (choose(8)) {
        case 0:
        case 1: return invoke(which + 3, Invocation::ThreadCancel, {});
        case 2:
        case 3: return invoke(which + 3, Invocation::ThreadResume, {});
        case 4: {
            const u64 reply = slot_of(thread, ObjectType::Reply);
            return invoke(which + 3, Invocation::ThreadSetReply, {reply});
        }
        case 5: return system(SystemCall::Send, slot_of(thread, ObjectType::Notification), Tag(), {}, chance(50) ? kPoll : 0);
        case 6: return system(SystemCall::Send, slot_of(thread, ObjectType::Endpoint), Tag(choose(3), choose(7), choose(2)), {1, 2, 3, 4}, kPoll);
        default:
            return system(chance(70) ? SystemCall::ReplyRecv : SystemCall::Recv, slot_of(thread, ObjectType::Endpoint), Tag(choose(2), choose(5)), {5, 6, 7, 8}, kPoll);
    }
}

Operation Differential::worker_call(Id thread) {
    static constexpr u32 kCounts[] = {0, 1, 2, 3, 4, 4, 5, 8, 12, 40, kMaxWords, kMaxWords + 1};
    unsigned caps = chance(25) ? 1 + choose(chance(10) ? 6 : 2) : 0;
    Tag tag(chance(60) ? 0 : choose(4), kCounts[choose(chance(80) ? 9 : 12)], caps, static_cast<u16>(choose(3)));
    if (chance(30)) tag = tag.with(Tag::Move);
    if (chance(5)) tag = Tag(tag.value | Tag::kReceiveFlags);
    const Words words{random_(), random_(), random_(), random_()};
    const u64 flags = chance(15) ? kPoll : 0;
    const Id reply = model_.inner_object(thread, kReply);
    const bool serves = reply && model_.replies.at(reply).state != Reply::Free;
    const u32 what = choose(100);
    if (serves && what < 65) return system(SystemCall::ReplyRecv, slot_of(thread, ObjectType::Endpoint, 2), tag, words, flags);
    if (serves && what < 72) {
        return invoke(slot_of(thread, ObjectType::Thread), Invocation::ThreadSetReply, {chance(60) ? empty_slot(thread) : slot_of(thread, ObjectType::Reply)});
    }
    if (what < 30) return system(SystemCall::Call, slot_of(thread, ObjectType::Endpoint, 1), tag, words, flags);
    if (what < 60) return system(SystemCall::Recv, slot_of(thread, ObjectType::Endpoint, 2), tag, words, flags);
    if (what < 68) return system(SystemCall::Send, slot_of(thread, ObjectType::Endpoint, 1), tag, words, flags);
    if (what < 76) return system(SystemCall::Send, slot_of(thread, ObjectType::Notification, 1), tag, words, flags);
    if (what < 82) return system(SystemCall::Recv, slot_of(thread, ObjectType::Notification, 2), tag, words, flags);
    if (what < 90) return system(SystemCall::Send, slot_of(thread, ObjectType::Reply), tag, words, flags);
    if (what < 94) return system(SystemCall::Yield, 0, tag, words, flags);
    if (what < 96) return system(SystemCall::Debug, choose(4), Tag(), {'x'}, 0);
    if (what < 97) return system(static_cast<SystemCall>(choose(9)), any_slot(thread), tag, words, u64{choose(4)} << 8);
    return system(static_cast<SystemCall>(choose(4)), any_slot(thread), tag, words, flags);
}

}  // namespace eft::model
