// Who runs, and on whose time: ready threads, budgets, lent contexts.
#include "model.h"

#include <algorithm>

namespace eft::model {

bool Model::can_run(Id thread) const { return inner(thread, kSpace) && inner(thread, kContext); }

void Model::wake(Id id) {
    Thread& thread = threads.at(id);
    thread.state = ThreadState::Suspended;
    if (!can_run(id)) return;
    if (!thread.charged) thread.charged = own_context(id);
    thread.state = ThreadState::Ready;
    ready[thread.priority].push_back(id);
}

// It goes on with somebody's work: it runs next, if nobody more important is ready.
void Model::switch_to(Id id) {
    wake(id);
    if (direct_ || threads.at(id).state != ThreadState::Ready) return;
    unqueue(id);
    direct_ = id;
}

void Model::unqueue(Id id) {
    for (auto& queue : ready) std::erase(queue, id);
    std::erase(exhausted, id);
    if (direct_ == id) direct_ = 0;
}

void Model::end_wait(Id id, Error error) {
    if (threads.at(id).fault) {
        threads.at(id).state = ThreadState::Suspended;
    } else {
        finish(id, error);
        wake(id);
    }
}

// It leaves wherever it waits; its state is Suspended.
void Model::leave_wait(Id id) {
    Thread& thread = threads.at(id);
    switch (thread.state) {
        case ThreadState::Sending: std::erase(endpoints.at(thread.waits_on).senders, id); break;
        case ThreadState::Receiving: std::erase(endpoints.at(thread.waits_on).receivers, id); break;
        case ThreadState::Waiting: std::erase(notifications.at(thread.waits_on).waiters, id); break;
        case ThreadState::AwaitingReply: {
            Reply& reply = replies.at(thread.waits_on);
            end_call(thread.waits_on);
            reply.state = Reply::Gone;
            break;
        }
        default: break;
    }
    thread.state = ThreadState::Suspended;
}

void Model::stop(Id id) {
    Thread& thread = threads.at(id);
    const bool waited = thread.state != ThreadState::Ready && thread.state != ThreadState::Exhausted &&
                        thread.state != ThreadState::Suspended && !thread.fault;
    unqueue(id);
    leave_wait(id);
    thread.fault = 0;
    if (waited) finish(id, Error::Cancelled);
}

void Model::set_priority(Id id, u8 priority) {
    Thread& thread = threads.at(id);
    auto& queue = ready[thread.priority];
    const bool queued = std::find(queue.begin(), queue.end(), id) != queue.end();
    if (queued) std::erase(queue, id);
    thread.priority = priority;
    if (queued) ready[priority].push_back(id);
}

bool Model::has_budget(Id id) {
    Context& context = contexts.at(id);
    if (context.period == 0) return true;
    if (now >= context.period_end) {
        context.refilled = context.left > 0 && !context.reported;
        context.left_before = context.left;
        context.end_before = context.period_end;
        context.left = static_cast<std::int64_t>(context.budget);
        context.period_end = now + context.period;
        context.reported = false;
    }
    return context.left > 0;
}

// Who would run, taken out of its queue: whoever ran, or was switched to, or is more important than both.
Id Model::choose(Id before) {
    Id chosen = direct_;
    direct_ = 0;
    const auto priority = [&](Id id) { return threads.at(id).priority; };
    if (before && chosen && priority(chosen) > priority(before)) {
        ready[priority(before)].push_front(before);
    } else if (before) {
        if (chosen) ready[priority(chosen)].push_back(chosen);
        chosen = before;
    }
    for (unsigned level = kPriorities; level-- > 0;) {
        if (ready[level].empty()) continue;
        if (chosen && level <= priority(chosen)) break;
        if (chosen) ready[priority(chosen)].push_front(chosen);
        chosen = ready[level].front();
        ready[level].pop_front();
        break;
    }
    return chosen;
}

void Model::schedule() {
    Id before = current;
    if (before) {
        const Thread& thread = threads.at(before);
        const auto& queue = ready[thread.priority];
        if (thread.state != ThreadState::Ready || std::find(queue.begin(), queue.end(), before) != queue.end()) before = 0;
        if (before == direct_) before = 0;
    }
    Id next = choose(before);
    while (next && !has_budget(threads.at(next).charged)) {
        Thread& thread = threads.at(next);
        Context& lent = contexts.at(thread.charged);
        if (!lent.path.empty()) {
            lent.holder = 0;
            thread.charged = own_context(next);
        }
        if (has_budget(thread.charged)) break;
        Context& own = contexts.at(thread.charged);
        if (inner(thread.charged, kHandler) && !own.reported) {
            own.reported = true;
            raise_fault(next, kBudgetLabel, {thread.charged, own.consumed, 0, 0});
        } else {
            thread.state = ThreadState::Exhausted;
            exhausted.push_back(next);
        }
        next = choose(0);
    }
    current = next;
}

void Model::yield() {
    auto& queue = ready[threads.at(current).priority];
    if (!queue.empty()) queue.push_back(current);
}

void Model::wake_refilled() {
    const std::deque<Id> waiting = exhausted;
    for (const Id id : waiting) {
        if (!has_budget(threads.at(id).charged)) continue;
        unqueue(id);
        wake(id);
    }
}

// The running thread uses its time.
void Model::advance(u64 ticks) {
    now += ticks;
    if (!current) return;
    Context& context = contexts.at(threads.at(current).charged);
    context.consumed += ticks;
    context.left -= static_cast<std::int64_t>(ticks);
}

// What it does next is charged to itself.
void Model::let_go(Id id) {
    Thread& thread = threads.at(id);
    if (thread.charged) {
        Context& context = contexts.at(thread.charged);
        if (!context.path.empty() && context.holder == id) context.holder = 0;
    }
    thread.charged = own_context(id);
}

void Model::lend(Id caller, Id server, Id reply) {
    const Id id = threads.at(caller).charged;
    Context& context = contexts.at(id);
    context.path.push_back(reply);
    context.holder = server;
    threads.at(server).charged = id;
}

// Nobody has it from further in than through `reply`.
void Model::draw_back(Id id, Id reply) {
    Context& context = contexts.at(id);
    if (std::find(context.path.begin(), context.path.end(), reply) == context.path.end() || context.path.back() == reply) return;
    if (context.holder) threads.at(context.holder).charged = own_context(context.holder);
    context.holder = 0;
    for (; context.path.back() != reply; context.path.pop_back()) {
        const Id caller = replies.at(context.path.back()).caller;
        threads.at(caller).charged = own_context(caller);
    }
}

void Model::take_back(Id id, Id reply) {
    Context& context = contexts.at(id);
    if (context.path.empty()) return;
    if (reply && std::find(context.path.begin(), context.path.end(), reply) == context.path.end()) return;
    if (context.holder) threads.at(context.holder).charged = own_context(context.holder);
    context.holder = 0;
    while (!context.path.empty()) {
        const Id last = context.path.back();
        const Id caller = replies.at(last).caller;
        context.path.pop_back();
        if (last == reply) {
            if (!context.path.empty()) context.holder = caller;  // it was lent to the caller, too
            return;
        }
        threads.at(caller).charged = own_context(caller);
    }
}

}  // namespace eft::model
