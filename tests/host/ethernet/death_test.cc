// The driver dies at every system call, store and step of its card, once: its clients notice nothing but a frame that is
// lost or comes twice, and nothing is left over.
#include "driver.h"

using namespace eft;
using namespace eft::test;

namespace {

constexpr u32 kFrames = 8, kArriving = 6;

// Every frame once or, in progress at the death, twice; in order.
void check_sent(const std::vector<std::string>& sent) {
    u32 next = 0;
    for (const std::string& frame : sent) {
        const u32 number = number_of(frame);
        CHECK(frame == frame_of(number));
        CHECK(number <= next);
        next = std::max(next, number + 1);
    }
    CHECK(next == kFrames);
    CHECK(sent.size() <= kFrames + SlowCard::kRoom);
}

// A whole life: attaching, frames both ways, and the end of the clients. False if the driver did not die.
bool live(Stage& stage, Death death) {
    CardScene scene{stage};
    CardClient sender(scene, 7), receiver(scene, 8);
    scene.driver.die(death);

    REQUIRE(sender.attach().ok());
    REQUIRE(receiver.attach().ok());
    ethernet::Filter filter;
    filter.all_groups = true;
    REQUIRE(receiver.client.set_filter(filter).ok());
    for (u32 i = 0; i < kFrames; ++i) {
        REQUIRE(receiver.receive(i).ok());
        REQUIRE(sender.send(i).ok());
    }
    for (u32 i = 0; i < kArriving; ++i) scene.card.arriving.push_back(frame_of(i, 100 + i));
    u32 sent = 0, received = 0;
    u32 next = 0;  // that may arrive
    for (int round = 0; round < 30; ++round) {
        scene.interrupt(2);
        for (Error answer; (answer = sender.next()) != CardClient::kNothing; ++sent) CHECK(answer == Error::None);
        for (;; ++received) {
            const auto done = receiver.ring.take_completion();
            REQUIRE(done.ok());
            if (!done->has_value()) break;
            CHECK((*done)->status == Error::None);
            const u32 bytes = ring::response_of<ethernet::Ethernet::ReceiveMethod>(**done)->bytes;
            const std::string_view frame = receiver.window(received, bytes);
            CHECK(frame == frame_of(number_of(frame), bytes));
            CHECK(number_of(frame) >= next);
            next = number_of(frame) + 1;
        }
    }
    CHECK(sent == kFrames);
    check_sent(scene.card.sent);
    CHECK(received + scene.driver.deaths >= kArriving);
    CHECK(next + scene.driver.deaths >= kArriving);
    CHECK(scene.card.filter.all_groups);
    const auto counts = sender.client.counts();
    REQUIRE(counts.ok());
    CHECK(counts->sent_frames <= kFrames);
    CHECK(counts->sent_frames + 2 * scene.driver.deaths >= kFrames);  // those of one step

    scene.names.close({7, 8});
    for (int i = 0; i < 2; ++i) scene.names.close_all_but({});  // as names tells each incarnation
    CHECK(scene.nothing_left());
    CHECK(scene.driver.deaths <= 1);
    return scene.driver.deaths == 1;
}

}  // namespace

TEST_CASE("a death at every step loses a frame at most, and sends some twice") {
    const Deaths deaths = die_everywhere(live);
    CHECK(deaths.system_calls > 50);
    CHECK(deaths.stores > 100);
}

STAGE_CASE(CardScene, "a driver that is killed again and again goes on with both directions") {
    CardClient sender(*this, 7), receiver(*this, 8);
    REQUIRE(sender.attach().ok());
    REQUIRE(receiver.attach().ok());
    constexpr u32 kRounds = 300, kBuffers = 20;
    u32 submitted = 0, answered = 0, received = 0, given_up = 0;
    for (u32 i = 0; i < kBuffers; ++i) REQUIRE(receiver.receive(i).ok());
    for (u32 round = 0; round < kRounds; ++round) {
        while (submitted - answered < 20) REQUIRE(sender.send(submitted++).ok());
        card.arriving.push_back(frame_of(round));
        interrupt(7);
        if (round % 3 == 0) stage.kill(driver);
        const auto count = [&](Error answer) {
            const bool failed = answer != Error::None;  // in progress at two deaths: ServiceFailed
            if (failed) CHECK(answer == Error::ServiceFailed);
            given_up += failed;
            return !failed;
        };
        for (Error answer; (answer = sender.next()) != CardClient::kNothing; ++answered) count(answer);
        for (Error answer; (answer = receiver.next()) != CardClient::kNothing;) {
            received += count(answer);
            REQUIRE(receiver.receive(round % kBuffers).ok());
        }
    }
    CHECK(driver.deaths == kRounds / 3);
    CHECK(answered > 1000);
    CHECK(received == kRounds);
    CHECK(sender.client.counts()->received_frames == kRounds);
    CHECK(given_up < answered);
}
