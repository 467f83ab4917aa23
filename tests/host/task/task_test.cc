// Task and Completion: order of execution, results, cancellation in every position, and the forms of co_await
// expressions that GCC 12 has to get right. Run under AddressSanitizer, which sees lost and doubly freed frames.
#include <eft/abi/result.h>
#include <eft/task.h>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using eft::Completion;
using eft::Error;
using eft::Result;
using eft::Status;
using eft::Task;

namespace {

// Counts its live instances, so that a frame that is never destroyed, or destroyed twice, is seen.
struct Counted {
    static inline int alive = 0;
    Counted() { ++alive; }
    Counted(const Counted&) { ++alive; }
    Counted(Counted&&) noexcept { ++alive; }
    ~Counted() { --alive; }
};

Task<int> plus_one(int value) { co_return value + 1; }
Task<std::string> greeting(const std::string& name) { co_return "good day, " + name; }
Task<std::unique_ptr<int>> boxed(int value) { co_return std::make_unique<int>(value); }
Task<int> wait_for(Completion<int>& completion) {
    Counted local;
    int value = co_await completion;
    co_return value;
}
Task<int> middle(Completion<int>& completion) {
    Counted local;
    int value = co_await wait_for(completion);
    co_return value * 2;
}
Task<void> outer(Completion<int>& completion, int& out) {
    Counted local;
    int value = co_await middle(completion);
    out = value;
}
Task<Result<int>> fallible(int value) {
    if (value < 0) co_return Error::OutOfRange;
    co_return value;
}
Task<Status> check_all(int first, int second) {
    EFT_CO_CHECK(co_await fallible(first));
    EFT_CO_TRY(int kept, co_await fallible(second));
    if (kept != second) co_return Error::WrongState;
    co_return Status{};
}

}  // namespace

TEST_CASE("a task is lazy, runs once, and gives its value") {
    bool ran = false;
    auto body = [](bool& flag) -> Task<int> {
        flag = true;
        co_return 7;
    };
    Task<int> task = body(ran);
    CHECK_FALSE(ran);
    CHECK_FALSE(task.done());
    task.start();
    CHECK(ran);
    REQUIRE(task.done());
    CHECK(task.take() == 7);
}

TEST_CASE("a task that is never started frees its frame and its parameters") {
    auto body = [](Counted) -> Task<void> { co_return; };
    {
        Task<void> task = body(Counted{});
        CHECK(Counted::alive == 1);
    }
    CHECK(Counted::alive == 0);
}

TEST_CASE("values of all kinds pass through nested awaits") {
    auto body = [](std::string& text, int& number) -> Task<void> {
        std::string name = "newt";
        text = co_await greeting(name);
        auto box = co_await boxed(4);
        number = *box + co_await plus_one(1);
    };
    std::string text;
    int number = 0;
    Task<void> task = body(text, number);
    task.start();
    CHECK(task.done());
    CHECK(text == "good day, newt");
    CHECK(number == 6);
}

TEST_CASE("errors travel through the macros") {
    auto run = [](int first, int second) {
        Task<Status> task = check_all(first, second);
        task.start();
        return task.take().error();
    };
    CHECK(run(1, 2) == Error::None);
    CHECK(run(-1, 2) == Error::OutOfRange);
    CHECK(run(1, -2) == Error::OutOfRange);
}

TEST_CASE("a loop over a million children that never wait needs no stack") {
    auto body = [](long& sum) -> Task<void> {
        for (int i = 0; i < 1'000'000; ++i) sum += co_await plus_one(i);
    };
    long sum = 0;
    Task<void> task = body(sum);
    task.start();
    CHECK(task.done());
    CHECK(sum == 500'000'500'000);
}

TEST_CASE("a completion resumes the whole chain, set later or first") {
    int out = 0;
    SUBCASE("set later") {
        Completion<int> completion;
        Task<void> task = outer(completion, out);
        task.start();
        CHECK_FALSE(task.done());
        CHECK(completion.awaited());
        CHECK(completion.set(21));
        CHECK(task.done());
    }
    SUBCASE("set first, and a second set is refused") {
        Completion<int> completion;
        CHECK(completion.set(21));
        CHECK_FALSE(completion.set(22));
        Task<void> task = outer(completion, out);
        task.start();
        CHECK(task.done());
    }
    CHECK(out == 42);
    CHECK(Counted::alive == 0);
}

TEST_CASE("destroying the outermost task cancels the chain; a late set harms nobody") {
    int out = 0;
    Completion<int> completion;
    {
        Task<void> task = outer(completion, out);
        task.start();
        CHECK(Counted::alive == 3);
        CHECK(completion.awaited());
    }
    CHECK(Counted::alive == 0);
    CHECK_FALSE(completion.awaited());
    CHECK(completion.set(1));
    CHECK(out == 0);
}

TEST_CASE("a completion may die before the task that waits for it") {
    int out = 0;
    auto completion = std::make_unique<Completion<int>>();
    Task<void> task = outer(*completion, out);
    task.start();
    completion.reset();
    CHECK_FALSE(task.done());
    task.cancel();
    CHECK(Counted::alive == 0);
}

TEST_CASE("the resumed coroutine may destroy the completion") {
    std::unique_ptr<Completion<int>> completion = std::make_unique<Completion<int>>();
    auto body = [](std::unique_ptr<Completion<int>>& owner, int& out) -> Task<void> {
        out = co_await *owner;
        owner.reset();
    };
    int out = 0;
    Task<void> task = body(completion, out);
    task.start();
    completion->set(5);
    CHECK(out == 5);
    CHECK(task.done());
}

TEST_CASE("tasks started side by side are joined in any order of completion") {
    auto body = [](Completion<int>& left, Completion<int>& right, int& out) -> Task<void> {
        Task<int> first = wait_for(left);
        Task<int> second = wait_for(right);
        first.start();
        second.start();
        int a = co_await first;
        int b = co_await second;
        out = 10 * a + b;
    };
    for (bool left_first : {true, false}) {
        Completion<int> left, right;
        int out = 0;
        Task<void> task = body(left, right, out);
        task.start();
        CHECK(left.awaited());
        CHECK(right.awaited());
        (left_first ? left : right).set(left_first ? 1 : 2);
        CHECK_FALSE(task.done());
        (left_first ? right : left).set(left_first ? 2 : 1);
        CHECK(task.done());
        CHECK(out == 12);
    }
    CHECK(Counted::alive == 0);
}

TEST_CASE("a detached task frees itself at its end") {
    Completion<int> completion;
    int out = 0;
    eft::start_detached(outer(completion, out));
    CHECK(Counted::alive == 3);
    completion.set(3);
    CHECK(out == 6);
    CHECK(Counted::alive == 0);
}

TEST_CASE("move assignment cancels what was there") {
    Completion<int> first, second;
    int out = 0;
    Task<void> task = outer(first, out);
    task.start();
    task = outer(second, out);
    CHECK_FALSE(first.awaited());
    task.start();
    second.set(4);
    CHECK(out == 8);
    CHECK(Counted::alive == 0);
}

TEST_CASE("one of many waiting tasks may cancel another from inside its resume") {
    Completion<int> first, second;
    int out = 0;
    Task<void> victim = outer(second, out);
    victim.start();
    auto body = [](Completion<int>& completion, Task<void>& other) -> Task<void> {
        int value = co_await completion;
        if (value == 1) other.cancel();
    };
    Task<void> killer = body(first, victim);
    killer.start();
    first.set(1);
    CHECK(killer.done());
    CHECK_FALSE(second.awaited());
    CHECK(Counted::alive == 0);
}

namespace {

Task<void> note_sessions(Completion<int>& completion, std::vector<eft::u64>& seen) {
    seen.push_back(eft::step_session());
    [[maybe_unused]] const int value = co_await completion;
    seen.push_back(eft::step_session());
}

}  // namespace

TEST_CASE("a coroutine takes the session that it serves along, and gives the step back") {
    std::vector<eft::u64> seen;
    Completion<int> first, second;
    eft::set_step_session(7);
    auto one = note_sessions(first, seen);
    one.start();
    eft::set_step_session(8);
    auto two = note_sessions(second, seen);
    two.start();
    eft::set_step_session(0);  // a wake-up
    first.set(1);
    CHECK(eft::step_session() == 0);
    eft::set_step_session(9);  // another's request
    second.set(1);
    CHECK(eft::step_session() == 9);
    CHECK(seen == std::vector<eft::u64>{7, 8, 7, 8});
    eft::set_step_session(0);
}
