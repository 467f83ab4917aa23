// Task<T>: the coroutine of Eft. Work that has to wait is written as one.
//
// A Task is started lazily (by `co_await`, start() or start_detached()), owns its frame, and is move-only.
// Destroying a Task that waits cancels it: the frames of the tasks it waits for are destroyed with it, and the
// WaitPoint at the bottom forgets it. So cancelling is destroying the outermost Task. A Task must not be destroyed
// by code that it is itself running. All of this is for one thread.
//
// In a server a coroutine belongs to the request whose handler started it. Where it is to go on in the middle of another
// request's step, it has its turn after that step instead: run_turns() (the server loop calls it).
//
// Starting a child resumes it from await_suspend, which answers false if the child ended at once: a loop over
// children that never wait needs no stack, even in a build without tail calls (GCC at -O0, sanitizers). A child
// that did wait passes on to its parent by symmetric transfer.
//
// GCC 12 has miscompiled coroutines. Rules, kept everywhere in Eft:
//   - In a `co_await f(a, b)` no argument is a temporary that has a destructor; name it first. (The Task that f
//     returns is such a temporary and is safe; the tests pin that down.)
//   - No `co_await` inside `?:`, `&&`, `||`, a range-for initialiser, or as a function argument: name its result.
//   - Awaiters have no destructor: what must be undone at cancellation hangs on a named local or on the promise.
//   - A lambda that is a coroutine captures nothing; it takes parameters.
//   - Parameters are copied into the frame, references are not: what a reference names must outlive the Task.
#pragma once

#include <eft/step.h>

#include <concepts>
#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

namespace eft {

class WaitPoint;
class TaskPromise;

// A coroutine that can go on, and for whom.
struct Turn {
    std::coroutine_handle<> coroutine;
    u64 session = 0;
    u64 request = 0;

    bool must_wait() const { return request != 0 && request != step_request() && step_is_taken(); }
    void run() const {
        const bool own_step = request != 0 && request != step_request();
        {
            const StepFor served(session, request);
            coroutine.resume();
        }
        if (own_step) end_turn(request);
    }
};

// Those whose turn comes after the present step, oldest first.
class TurnQueue {
public:
    bool empty() const { return first_ == nullptr; }
    // Calls `on_first`, if there is one, when it was empty.
    inline void push(TaskPromise& promise, const Turn& turn);
    inline void remove(TaskPromise& promise);
    // Each runs before the next is taken; those that come meanwhile, too.
    template <class AfterEach>
    void run(AfterEach after_each);

    void (*on_first)() = nullptr;

private:
    TaskPromise* first_ = nullptr;
};
namespace detail {
inline EFT_PROCESS_LOCAL constinit TurnQueue turns;
}

// What every Task's promise has: who goes on after it, and where it waits.
class TaskPromise {
public:
    TaskPromise() = default;
    TaskPromise(const TaskPromise&) = delete;
    TaskPromise& operator=(const TaskPromise&) = delete;
    inline ~TaskPromise();

    struct FinalAwaiter {
        bool await_ready() const noexcept { return false; }
        template <std::derived_from<TaskPromise> Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
            TaskPromise& promise = ended.promise();
            promise.state_ = State::Ended;
            if (promise.starting_ || !promise.parent_) return std::noop_coroutine();
            return promise.parent_;
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    FinalAwaiter final_suspend() const noexcept { return {}; }
    [[noreturn]] void unhandled_exception() const noexcept { __builtin_trap(); }

private:
    template <class T>
    friend class Task;
    friend class WaitPoint;
    friend class TurnQueue;
    enum class State : unsigned char { Created, Started, Ended };

    std::coroutine_handle<> parent_;
    WaitPoint* wait_point_ = nullptr;
    Turn turn_;                    // while it is queued
    TaskPromise* next_ = nullptr;  // in the queue
    bool queued_ = false;
    State state_ = State::Created;
    bool starting_ = false;  // inside the resume() that started it: its starter sees the end by itself
};

template <class T>
class TaskPromiseOf : public TaskPromise {
public:
    template <std::convertible_to<T> From>
    void return_value(From&& value) {
        value_.emplace(std::forward<From>(value));
    }
    T take() {
        if (!value_) __builtin_trap();  // taken before the end
        return std::move(*value_);
    }

private:
    std::optional<T> value_;
};

template <>
class TaskPromiseOf<void> : public TaskPromise {
public:
    void return_void() const noexcept {}
    void take() const noexcept {}
};

template <class T = void>
class [[nodiscard]] Task {
public:
    struct promise_type : TaskPromiseOf<T> {
        Task get_return_object() noexcept { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    };

    Task() = default;
    Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        if (this != &other) {
            cancel();
            frame_ = std::exchange(other.frame_, nullptr);
        }
        return *this;
    }
    ~Task() { cancel(); }

    explicit operator bool() const { return static_cast<bool>(frame_); }

    // Runs it until it first waits or ends. For the outermost Task, and for children that shall run side by side:
    // start them all, then `co_await` each.
    void start() {
        if (!frame_) __builtin_trap();  // empty or moved-from
        start_with_parent(frame_, nullptr);
    }
    bool done() const { return frame_ && frame_.promise().state_ == TaskPromise::State::Ended; }
    // The value of a Task that is done; once.
    T take() { return frame_.promise().take(); }
    // Destroys the frame, wherever it waits.
    void cancel() {
        if (auto frame = std::exchange(frame_, nullptr)) frame.destroy();
    }

    struct Awaiter {
        std::coroutine_handle<promise_type> frame;
        bool await_ready() const noexcept { return frame.promise().state_ == TaskPromise::State::Ended; }
        bool await_suspend(std::coroutine_handle<> parent) const noexcept { return start_with_parent(frame, parent); }
        T await_resume() const { return frame.promise().take(); }
    };
    Awaiter operator co_await() & noexcept { return awaiter(); }
    Awaiter operator co_await() && noexcept { return awaiter(); }

private:
    explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}

    Awaiter awaiter() const noexcept {
        if (!frame_) __builtin_trap();  // empty or moved-from
        return Awaiter{frame_};
    }

    // True if the task now waits. `starting_` keeps an end that happens meanwhile from resuming the parent, which
    // is not suspended for good before this returns.
    static bool start_with_parent(std::coroutine_handle<promise_type> frame, std::coroutine_handle<> parent) noexcept {
        TaskPromise& promise = frame.promise();
        if (parent) promise.parent_ = parent;
        if (promise.state_ != TaskPromise::State::Created) return promise.state_ == TaskPromise::State::Started;
        promise.state_ = TaskPromise::State::Started;
        promise.starting_ = true;
        frame.resume();
        promise.starting_ = false;
        return promise.state_ == TaskPromise::State::Started;
    }

    std::coroutine_handle<promise_type> frame_;
};

// Where at most one coroutine waits. Either side may go first: the coroutine's promise and the WaitPoint know each
// other and part when one is destroyed. Derive awaitables from it, or use Completion.
class WaitPoint {
public:
    WaitPoint() = default;
    WaitPoint(const WaitPoint&) = delete;
    WaitPoint& operator=(const WaitPoint&) = delete;
    ~WaitPoint() { forget(); }

    bool occupied() const { return promise_ != nullptr; }

    template <std::derived_from<TaskPromise> Promise>
    void suspend(std::coroutine_handle<Promise> waiter) noexcept {
        if (promise_) __builtin_trap();  // a second waiter would lose the first
        turn_ = {waiter, step_session(), step_request()};
        promise_ = &waiter.promise();
        promise_->wait_point_ = this;
    }

    // Runs the waiting coroutine, if there is one, or puts it where its turn comes. It may destroy this WaitPoint: touch
    // nothing afterwards.
    void resume() {
        if (!promise_) return;
        TaskPromise& promise = *promise_;
        forget();
        if (turn_.must_wait()) {
            detail::turns.push(promise, turn_);
        } else {
            const Turn now = turn_;
            now.run();
        }
    }

private:
    friend class TaskPromise;
    void forget() noexcept {
        if (promise_) promise_->wait_point_ = nullptr;
        promise_ = nullptr;
    }

    TaskPromise* promise_ = nullptr;
    Turn turn_;
};

// `co_await Suspension(point)`: until somebody resumes the point.
class Suspension {
public:
    explicit Suspension(WaitPoint& point) : point_(point) {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> waiter) const noexcept {
        point_.suspend(waiter);
    }
    void await_resume() const noexcept {}

private:
    WaitPoint& point_;
};

inline TaskPromise::~TaskPromise() {
    if (wait_point_) wait_point_->forget();
    if (queued_) detail::turns.remove(*this);
}

void TurnQueue::push(TaskPromise& promise, const Turn& turn) {
    promise.turn_ = turn;
    promise.queued_ = true;
    promise.next_ = nullptr;
    TaskPromise** last = &first_;
    while (*last) last = &(*last)->next_;
    *last = &promise;
    if (first_ == &promise && on_first) on_first();
}

void TurnQueue::remove(TaskPromise& promise) {
    for (TaskPromise** each = &first_; *each; each = &(*each)->next_)
        if (*each == &promise) {
            *each = promise.next_;
            break;
        }
    promise.queued_ = false;
}

template <class AfterEach>
void TurnQueue::run(AfterEach after_each) {
    while (first_) {
        const Turn turn = first_->turn_;
        remove(*first_);
        turn.run();
        after_each();
    }
}

// Of the coroutines whose turn it was not, in the middle of another request's step. `after_each` ends the step of each.
template <class AfterEach>
void run_turns(AfterEach after_each) {
    detail::turns.run(after_each);
}

// A single-shot event with a value: one coroutine awaits it, somebody sets it, in either order. The value is moved to the
// waiter, which needs the event no longer. The first set() wins; set() runs the waiter before it returns, unless it must
// wait for its turn.
template <class T>
class Completion {
public:
    static_assert(std::is_trivially_destructible_v<T>, "it is part of an awaiter");

    Completion() = default;
    Completion(const Completion&) = delete;
    Completion& operator=(const Completion&) = delete;

    bool is_set() const { return set_; }
    bool awaited() const { return point_.occupied(); }

    bool set(T value) {
        if (set_) return false;
        set_ = true;
        if (!point_.occupied()) {
            value_.emplace(std::move(value));
            return true;
        }
        *waiter_ = std::move(value);
        point_.resume();  // may destroy *this
        return true;
    }

    struct Awaiter {
        Completion& completion;
        std::optional<T> value = {};  // set() gives it here
        bool await_ready() const noexcept { return completion.is_set(); }
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
            completion.waiter_ = &value;
            completion.point_.suspend(waiter);
        }
        T await_resume() { return value ? std::move(*value) : std::move(*completion.value_); }
    };
    Awaiter operator co_await() noexcept { return Awaiter{*this}; }

private:
    std::optional<T> value_;
    std::optional<T>* waiter_ = nullptr;
    bool set_ = false;
    WaitPoint point_;
};

// The coroutine that owns a detached Task; its frame frees itself at the end.
struct DetachedTask {
    struct promise_type {
        DetachedTask get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { __builtin_trap(); }
    };
    static DetachedTask run(Task<void> task) { co_await task; }
};

// Starts a task that nobody owns. It cannot be cancelled: it ends by itself or never.
inline void start_detached(Task<void> task) { DetachedTask::run(std::move(task)); }

}  // namespace eft
