// A line that three devices have: who is asked, and that nobody who is silent, dead, or goes on requesting keeps the others from
// their interrupts.
#include "shared_line.h"

using namespace eft;
using namespace eft::test;

STAGE_CASE(SharedLine, "everybody who has joined a line is asked, and it is masked until all have answered") {
    begin_all();
    CHECK_FALSE(masked());
    for (int i = 0; i < 3; ++i) {
        interrupt();
        CHECK(poll_wake() == 7);
        CHECK(masked());
        answer(2);
        answer(0);
        answer(0);  // twice is once
        CHECK(masked());
        answer(1);
        CHECK_FALSE(masked());
    }
    CHECK(poll_wake() == 0);
    answer(1);  // that nobody has asked for
    interrupt();
    CHECK(masked());
}

STAGE_CASE(SharedLine, "a driver that dies leaves the line; the next incarnation joins it again") {
    begin_all();
    interrupt();
    answer(0);
    answer(2);
    CHECK(masked());
    REQUIRE(control.silence({.id = drivers[1].id}).ok());
    CHECK(disabled(1));
    CHECK_FALSE(masked());
    static_cast<void>(poll_wake());
    interrupt();
    CHECK(poll_wake() == 5);
    answer(1);  // what the dead one has left
    CHECK(masked());
    join(1);
    CHECK_FALSE(disabled(1));
    answer(0);
    answer(2);
    CHECK_FALSE(masked());  // who came later was not asked
    interrupt();
    CHECK(poll_wake() == 7);
}

STAGE_CASE(SharedLine, "a line that everybody has left stays masked until somebody joins it") {
    begin(0);
    interrupt();
    REQUIRE(control.silence({.id = drivers[0].id}).ok());
    CHECK(masked());
    tick(2);
    CHECK(masked());
    join(0);
    CHECK_FALSE(masked());
    CHECK(unassign(drivers[0].id) == Error::None);
    begin(1);
    static_cast<void>(poll_wake());
    interrupt();
    CHECK(poll_wake() == 2);
}

STAGE_CASE(SharedLine, "a driver that does not answer is left out, with its device, after its patience, until it answers") {
    begin(0);
    begin(1, 120);  // three ticks
    begin(2, 10'000);
    interrupt();
    answer(0);
    answer(2);
    tick(3);
    CHECK(masked());
    CHECK_FALSE(disabled(1));
    tick();
    CHECK_FALSE(masked());
    CHECK(disabled(1));
    static_cast<void>(poll_wake());
    interrupt();
    CHECK(poll_wake() == 5);
    answer(0);
    answer(2);
    CHECK_FALSE(masked());
    answer(1);
    CHECK_FALSE(disabled(1));
    interrupt();
    CHECK(poll_wake() == 7);
    answer(0);
    answer(1);
    tick(20);
    CHECK(masked());  // it has more patience
    CHECK_FALSE(disabled(2));
}

STAGE_CASE(SharedLine, "a device that requests again at once after each answer is left out until the next tick") {
    using dev::SharedLines;
    begin_all();
    request(1, true);
    request(2, true);
    const auto interrupts = [&](u32 most) {
        u32 count = 0;
        for (; count < most && !masked() && !disabled(1); ++count) {
            interrupt();
            request(2, count % 8 == 0);  // a busy one, but not a device that never stops
            answer_all();
        }
        return count;
    };
    CHECK(interrupts(1000) == SharedLines::kManyInterrupts + SharedLines::kMostClaims - 1);
    CHECK_FALSE(masked());
    CHECK_FALSE((disabled(0) || disabled(2)));
    static_cast<void>(poll_wake());
    interrupt();
    CHECK(poll_wake() == 5);
    answer(0);
    answer(2);
    join(1);
    CHECK(disabled(1));  // joining again is no way out
    tick();
    CHECK_FALSE(disabled(1));
    CHECK(interrupts(1000) == SharedLines::kClaimsAgain);
    request(1, false);
    tick();
    CHECK(interrupts(1) == 1);
    request(1, true);
    CHECK(interrupts(1000) == SharedLines::kMostClaims);  // it was good for once

    request(1, true);
    tick();
    CHECK(interrupts(1000) == SharedLines::kClaimsAgain);
    tick();
    u32 joined = 0;
    for (; joined < 1000 && !disabled(1); ++joined) {
        interrupt();
        answer(0);
        answer(2);
        join(1);  // instead of an answer
    }
    CHECK(joined == SharedLines::kClaimsAgain);
}

STAGE_CASE(SharedLine, "a line that interrupts all the time, and nobody says why, rests until the next tick") {
    using dev::SharedLines;
    begin_all();
    for (int round = 0; round < 2; ++round) {
        u32 count = 0;
        for (; !masked(); ++count) {
            interrupt();
            answer_all();
        }
        CHECK(count == SharedLines::kMostInterrupts);
        tick();
        CHECK_FALSE(masked());
    }
}

STAGE_CASE(SharedLine, "a function without the bit that keeps it from its line is silenced") {
    begin_all();
    REQUIRE(drivers[1].device->set_bus_master({.enabled = true}).ok());
    function(kFirstDevice + 1).can_disable_pin = false;
    interrupt();
    answer(0);
    answer(2);
    tick(6);
    CHECK_FALSE(masked());
    CHECK((command(kFirstDevice + 1) & 4) == 0);  // and reset, if dev knows how
}
