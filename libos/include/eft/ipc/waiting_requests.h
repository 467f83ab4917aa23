// The requests whose handlers wait: each is a coroutine that the process owns until it ends, or is cancelled because nobody
// is there any more who would hear its answer.
#pragma once

#include <eft/arch/program.h>
#include <eft/task.h>
#include <eft/wait_list.h>

namespace eft::ipc {

class WaitingRequests {
public:
    // Runs it until it first waits. It has a number of its own (step.h).
    static void start(u64 badge, const void* server, Task<void> task) {
        const u64 request = next_request();
        {
            const StepFor served(badge, request);
            Request::run(badge, server, request, std::move(task));
        }
        end_turn(request);
    }

    // Destroys those of this client, or all that this server has. Not from within one of them.
    static void cancel(u64 badge) {
        cancel_if([=](const Promise& each) { return each.badge == badge; });
    }
    static void cancel_all(const void* server) {
        cancel_if([=](const Promise& each) { return each.server == server; });
    }

    static bool waits(u64 request) {
        for (const WaitLink* link = all().after; link != &all(); link = link->after)
            if (static_cast<const Promise*>(link)->request == request) return true;
        return false;
    }

private:
    struct Request;
    struct Promise : WaitLink {
        Promise(u64 of, const void* at, u64 number, Task<void>&) : badge(of), server(at), request(number) { insert_before(all()); }
        Request get_return_object() const noexcept;
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { __builtin_trap(); }

        u64 badge;
        const void* server;
        u64 request;
    };
    struct Request {
        using promise_type = Promise;
        static Request run(u64, const void*, u64, Task<void> task) { co_await task; }
    };

    // Whoever is destroyed may let others go on, which end, or begin to wait.
    template <class Fits>
    static void cancel_if(Fits fits) {
        for (WaitLink* link = all().after; link != &all();) {
            Promise& each = *static_cast<Promise*>(link);
            link = link->after;
            if (!fits(each)) continue;
            std::coroutine_handle<Promise>::from_promise(each).destroy();
            link = all().after;
        }
    }
    static WaitLink& all() {
        static EFT_PROCESS_LOCAL WaitLink head;
        return head;
    }
};

inline WaitingRequests::Request WaitingRequests::Promise::get_return_object() const noexcept { return {}; }

}  // namespace eft::ipc
