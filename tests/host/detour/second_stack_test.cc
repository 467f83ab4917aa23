// A function on a stack of its own.
#include <eft/second_stack.h>

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace eft;

namespace {

struct Counting {
    explicit Counting(int count) : stops(count) {}
    SecondStack stack;
    int stops;
    std::vector<int> seen;
};

int sum_to(int depth) {
    volatile int own = depth;
    return depth == 0 ? 0 : own + sum_to(depth - 1);
}

void count(void* of) {
    auto& counting = *static_cast<Counting*>(of);
    double half = 0.5;
    for (int i = 0; i < counting.stops; ++i) {
        counting.seen.push_back(i);
        half += sum_to(50);
        counting.stack.stop();
    }
    CHECK(half == 0.5 + 1275.0 * counting.stops);
}

}  // namespace

TEST_CASE("a function stops and goes on with all that it had, and its stack can be used again") {
    Counting counting(0);
    CHECK(counting.stack.ended());
    for (int stops = 0; stops < 20; ++stops) {
        counting.stops = stops;
        counting.seen.clear();
        counting.stack.begin(count, &counting);
        for (int i = 0; i < stops; ++i) {
            CHECK_FALSE(counting.stack.ended());
            CHECK(counting.seen.size() == static_cast<std::size_t>(i) + 1);
            counting.stack.go_on();
        }
        CHECK(counting.stack.ended());
    }
}

TEST_CASE("many are in the middle at once, and go on in any order") {
    std::vector<std::unique_ptr<Counting>> all;
    for (int i = 0; i < 16; ++i) all.push_back(std::make_unique<Counting>(i + 1));
    for (auto& each : all) each->stack.begin(count, each.get());
    std::mt19937 random(1);
    for (unsigned left = 16; left != 0;) {
        Counting& each = *all[random() % 16];
        if (each.stack.ended()) continue;
        each.stack.go_on();
        left -= each.stack.ended();
    }
    for (int i = 0; i < 16; ++i) CHECK(all[static_cast<unsigned>(i)]->seen.size() == static_cast<unsigned>(i) + 1);
}

TEST_CASE("a function begins another one, which somebody else lets go on, and ends before it") {
    struct Two {
        SecondStack outer, inner;
        std::vector<char> order = {};
    };
    Two two;
    two.outer.begin(
        [](void* of) {
            Two& both = *static_cast<Two*>(of);
            both.order.push_back('a');
            both.inner.begin(
                [](void* of_inner) {
                    Two& same = *static_cast<Two*>(of_inner);
                    same.order.push_back('b');
                    same.inner.stop();
                    same.order.push_back('e');
                    same.inner.stop();
                    same.order.push_back('g');
                },
                of);
            both.order.push_back('c');
            both.outer.stop();
            both.order.push_back('f');
        },
        &two);
    two.order.push_back('d');
    two.inner.go_on();
    two.outer.go_on();
    CHECK(two.outer.ended());
    two.inner.go_on();
    CHECK(two.inner.ended());
    CHECK(std::string(two.order.begin(), two.order.end()) == "abcdefg");
}
