// The service Ethernet over a slow card: what a client is promised, without deaths.
#include "driver.h"

using namespace eft;
using namespace eft::test;

namespace {

struct Fixture : CardScene {
    Fixture(Stage& where) : CardScene{where} {}
    CardClient sender{*this, 7}, receiver{*this, 8};

    void attach() {
        REQUIRE(sender.attach().ok());
        REQUIRE(receiver.attach().ok());
    }
};

}  // namespace

STAGE_CASE(Fixture, "frames go out as they are, in their order, several at once") {
    const auto attached = sender.attach();
    REQUIRE(attached.ok());
    CHECK(attached->address == SlowCard::kAddress);
    CHECK(attached->max_frame == 1514);
    CHECK(attached->send_depth == SlowCard::kRoom);
    for (u32 i = 0; i < 10; ++i) REQUIRE(sender.send(i, 60 + i).ok());
    CHECK(card.frames() == SlowCard::kRoom);
    CHECK(sender.next() == CardClient::kNothing);
    for (int i = 0; i < 4; ++i) interrupt(3);
    REQUIRE(card.sent.size() == 10);
    for (u32 i = 0; i < 10; ++i) {
        CHECK(card.sent[i] == frame_of(i, 60 + i));
        CHECK(sender.next() == Error::None);
    }
    CHECK(sender.next() == CardClient::kNothing);
}

STAGE_CASE(Fixture, "frames that arrive fill the buffers in their order, while others go out") {
    attach();
    for (u32 i = 0; i < 6; ++i) REQUIRE(receiver.receive(i).ok());
    CHECK(card.buffers() == SlowCard::kRoom);
    REQUIRE(sender.send(1).ok());
    for (u32 i = 0; i < 5; ++i) arrive(frame_of(i, 100 + i));
    for (u32 i = 0; i < 5; ++i) {
        CHECK(receiver.received_bytes() == 100 + i);
        CHECK(receiver.window(i, 100 + i) == frame_of(i, 100 + i));
    }
    CHECK(receiver.next() == CardClient::kNothing);
    CHECK(sender.next() == CardClient::kNothing);
    interrupt(1);
    CHECK(sender.next() == Error::None);
}

STAGE_CASE(Fixture, "what cannot be is refused, and others go on") {
    attach();
    const auto answer_to = [&](const ethernet::Send& request) {
        REQUIRE(sender.ring.submit_send(request).ok());
        interrupt(1);
        return sender.next();
    };
    CHECK(answer_to(sender.frame_at(0, 13)) == Error::OutOfRange);
    CHECK(answer_to(sender.frame_at(0, 1515)) == Error::OutOfRange);
    CHECK(answer_to(sender.frame_at(0, 14)) == Error::None);
    CHECK(answer_to(sender.frame_at(0, 1514)) == Error::None);

    REQUIRE(receiver.receive(0, 1535).ok());
    CHECK(receiver.next() == Error::OutOfRange);
    REQUIRE(receiver.receive(0, 1536).ok());
    CHECK(receiver.next() == CardClient::kNothing);
    REQUIRE(sender.receive(0).ok());  // one session receives
    CHECK(sender.next() == Error::Busy);
    arrive(frame_of(1));
    CHECK(receiver.received_bytes() == 64);
    REQUIRE(sender.receive(0).ok());  // and now another
    CHECK(sender.next() == CardClient::kNothing);
    arrive(frame_of(2));
    CHECK(sender.received_bytes() == 64);
}

STAGE_CASE(Fixture, "offloads go to a card that has them, for frames that they fit") {
    attach();
    ethernet::Send summed = sender.frame_at(0, 1000);
    summed.checksum_start = 34;
    summed.checksum_at = 50;
    ethernet::Send cut = sender.frame_at(0, 2048);  // more than a frame
    cut.checksum_start = 34;
    cut.checksum_at = 50;
    cut.segment_bytes = 1460;
    cut.header_bytes = 54;
    const auto answer_to = [&](const ethernet::Send& request) {
        REQUIRE(sender.ring.submit_send(request).ok());
        interrupt(1);
        return sender.next();
    };
    CHECK(answer_to(summed) == Error::NotSupported);
    CHECK(answer_to(cut) == Error::NotSupported);
    card.offloads = ethernet::Offloads::SendChecksum;
    CHECK(answer_to(cut) == Error::NotSupported);
    CHECK(answer_to(summed) == Error::None);
    CHECK(card.treatment.checksum_start == 34);
    CHECK(card.treatment.checksum_at == 50);
    card.offloads = static_cast<ethernet::Offloads>(static_cast<u32>(ethernet::Offloads::SendChecksum) | static_cast<u32>(ethernet::Offloads::SegmentIpv4));
    CHECK(answer_to(cut) == Error::None);
    CHECK(card.treatment.segment_bytes == 1460);
    CHECK(card.sent.back().size() == 2048);

    struct Case {
        const char* what;
        ethernet::Send* base;
        void (*change)(ethernet::Send&);
        Error error;
    };
    const Case cases[] = {
        {"the field lies before what is summed", &summed, [](ethernet::Send& send) { send.checksum_at = 33; }, Error::OutOfRange},
        {"the field lies behind the frame", &summed, [](ethernet::Send& send) { send.checksum_at = 999; }, Error::OutOfRange},
        {"a field, but nothing is summed", &summed, [](ethernet::Send& send) { send.checksum_start = 0; }, Error::OutOfRange},
        {"headers of what is not cut", &summed, [](ethernet::Send& send) { send.header_bytes = 54; }, Error::OutOfRange},
        {"IPv6 of what is not cut", &summed, [](ethernet::Send& send) { send.ipv6 = true; }, Error::OutOfRange},
        {"cut, but not summed", &cut, [](ethernet::Send& send) { send.checksum_start = send.checksum_at = 0; }, Error::OutOfRange},
        {"the field lies behind the headers", &cut, [](ethernet::Send& send) { send.checksum_at = 53; }, Error::OutOfRange},
        {"headers alone", &cut, [](ethernet::Send& send) { send.header_bytes = 2048; }, Error::OutOfRange},
        {"segments longer than a frame", &cut, [](ethernet::Send& send) { send.segment_bytes = 1461; }, Error::OutOfRange},
        {"another protocol than the card's", &cut, [](ethernet::Send& send) { send.ipv6 = true; }, Error::NotSupported},
    };
    for (const Case& each : cases) {
        CAPTURE(each.what);
        ethernet::Send request = *each.base;
        each.change(request);
        CHECK(answer_to(request) == each.error);
    }
}

STAGE_CASE(Fixture, "counts are those of all frames, over restarts") {
    attach();
    for (u32 i = 0; i < 3; ++i) REQUIRE(receiver.receive(i).ok());
    for (u32 i = 0; i < 2; ++i) arrive(frame_of(i, 100));
    for (u32 i = 0; i < 4; ++i) REQUIRE(sender.send(i).ok());
    card.send_error = Error::DeviceError;
    interrupt(4);
    CHECK(sender.next() == Error::DeviceError);
    card.lost = 5;
    interrupt();
    stage.kill(driver);
    REQUIRE(sender.send(4).ok());
    interrupt(1);
    const auto counts = sender.client.counts();
    REQUIRE(counts.ok());
    CHECK(counts->sent_frames == 4);
    CHECK(counts->sent_bytes == 4 * 64);
    CHECK(counts->received_frames == 2);
    CHECK(counts->received_bytes == 200);
    CHECK(counts->send_errors == 1);
    CHECK(counts->receive_errors == 5);
    CHECK(counts->resets == 0);
}

STAGE_CASE(Fixture, "a card that breaks the rules is reset, and does in the same order what it had and what waits") {
    attach();
    for (u32 i = 0; i < 3; ++i) REQUIRE(receiver.receive(i).ok());
    for (u32 i = 0; i < 9; ++i) REQUIRE(sender.send(i).ok());
    interrupt(2);
    card.breaks_rules = true;
    interrupt();
    CHECK(card.resets == 1);
    for (int i = 0; i < 3; ++i) interrupt(4);
    REQUIRE(card.sent.size() == 9);
    for (u32 i = 0; i < 9; ++i) CHECK(number_of(card.sent[i]) == i);
    for (u32 i = 0; i < 3; ++i) arrive(frame_of(i));
    for (u32 i = 0; i < 3; ++i) {
        CHECK(receiver.received_bytes() == 64);
        CHECK(receiver.window(i, 64) == frame_of(i));
    }
    CHECK(sender.client.counts()->resets == 1);
    CHECK(stage.logged(driver).back() == "the card broke its rules, and was reset; what it had is begun again");
}

STAGE_CASE(Fixture, "a card that breaks the rules again and again ends its driver, and a next one tries") {
    attach();
    for (u32 i = 0; i < ethernet::Server::kMostViolations; ++i) {
        card.breaks_rules = true;
        interrupt();
    }
    CHECK(driver.deaths == 0);
    card.breaks_rules = true;
    interrupt();
    CHECK(driver.deaths == 1);
    REQUIRE(sender.send(1).ok());
    interrupt(1);
    CHECK(sender.next() == Error::None);
}

STAGE_CASE(Fixture, "a frame that is not sent in time has the card reset; buffers may wait as long as they like") {
    attach();
    REQUIRE(receiver.receive(0).ok());
    beat_after(30);
    CHECK(card.resets == 0);
    REQUIRE(sender.send(1).ok());
    beat_after(2);
    CHECK(card.resets == 1);
    CHECK(stage.logged(driver).back() == "the card did not send a frame in time, and was reset");
    interrupt(1);
    CHECK(sender.next() == Error::None);
    arrive(frame_of(3));
    CHECK(receiver.received_bytes() == 64);
}

STAGE_CASE(Fixture, "an interrupt that never comes is made up for by the next heartbeat") {
    attach();
    REQUIRE(sender.send(1).ok());
    card.to_send = 1;
    beat_after(1);
    CHECK(sender.next() == Error::None);
    CHECK(card.resets == 0);
}

STAGE_CASE(Fixture, "heartbeats that find what an interrupt should have told are missed, if interrupts came before") {
    attach();
    const auto is_answered = [&](u32 sent) {
        const u64 before = driver.service.head().heartbeats;
        REQUIRE(sender.send(sent).ok());
        stage.run();
        card.to_send = 1;
        beat_after(1);
        CHECK(sender.next() == Error::None);
        return driver.service.head().heartbeats != before;
    };
    CHECK(is_answered(1));
    CHECK(is_answered(2));
    interrupt();
    CHECK(!is_answered(3));
    CHECK(!is_answered(4));
    REQUIRE(sender.send(5).ok());
    interrupt(1);
    CHECK(is_answered(6));  // something has ended as it should since the last one
}

STAGE_CASE(Fixture, "a client's end takes its buffers from the card, and others' frames go on in their order") {
    attach();
    for (u32 i = 0; i < 8; ++i) REQUIRE(receiver.receive(i).ok());
    for (u32 i = 0; i < 6; ++i) REQUIRE(sender.send(i).ok());
    interrupt();
    names.close({8});
    CHECK(card.resets == 1);
    CHECK(card.buffers() == 0);
    for (int i = 0; i < 3; ++i) interrupt(2);
    REQUIRE(card.sent.size() == 6);
    for (u32 i = 0; i < 6; ++i) CHECK(number_of(card.sent[i]) == i);
    CardClient next(*this, 9);
    REQUIRE(next.attach().ok());
    REQUIRE(next.receive(0).ok());
    arrive(frame_of(1));
    CHECK(next.received_bytes() == 64);
    names.close({7, 9});
    CHECK(nothing_left());
}

STAGE_CASE(Fixture, "who receives when another has just ended is not told that the other does") {
    attach();
    REQUIRE(receiver.receive(0).ok());
    {
        const CardClient::Ring::Batch unseen(sender.ring);
        REQUIRE(sender.receive(0).ok());
        names.close({8});  // the driver learns of both in one step
    }
    CHECK(sender.next() == CardClient::kNothing);
    arrive(frame_of(3));
    CHECK(sender.received_bytes() == 64);
}

STAGE_CASE(Fixture, "a client that breaks the rules of its ring loses its buffers, and others' frames go on in their order") {
    attach();
    for (u32 i = 0; i < 8; ++i) REQUIRE(receiver.receive(i).ok());
    for (u32 i = 0; i < 6; ++i) REQUIRE(sender.send(i).ok());
    auto& header = *reinterpret_cast<ring::Header*>(receiver.ring_memory.bytes().data());
    header.submitted += 100'000;
    for (int i = 0; i < 4; ++i) interrupt(2);
    CHECK(card.buffers() == 0);
    REQUIRE(card.sent.size() == 6);
    for (u32 i = 0; i < 6; ++i) CHECK(number_of(card.sent[i]) == i);
    CHECK(receiver.client.counts().error() == Error::ProtocolViolation);
    CHECK(receiver.attach().error() == Error::ProtocolViolation);

    // Another session can receive now.
    REQUIRE(sender.receive(100).ok());
    arrive(frame_of(5));
    for (u32 i = 0; i < 6; ++i) CHECK(sender.next() == Error::None);
    CHECK(sender.received_bytes() == 64);
    CHECK(sender.window(100, 64) == frame_of(5));
}

STAGE_CASE(Fixture, "what is attached takes the place of what was, which is answered Cancelled") {
    attach();
    for (u32 i = 0; i < 8; ++i) REQUIRE(receiver.receive(i).ok());
    REQUIRE(receiver.attach().ok());
    for (u32 i = 0; i < 8; ++i) CHECK(receiver.next() == Error::Cancelled);
    CHECK(receiver.next() == CardClient::kNothing);
    CHECK(card.buffers() == 0);
    REQUIRE(receiver.receive(3).ok());
    arrive(frame_of(7));
    CHECK(receiver.received_bytes() == 64);
    CHECK(receiver.window(3, 64) == frame_of(7));

    // What nobody waits for is replaced without disturbing the card.
    const unsigned before = card.resets;
    REQUIRE(receiver.attach().ok());
    CHECK(card.resets == before);

    const SharedMemory small = *SharedMemory::create(kPageSize);  // smaller than it says
    CHECK(receiver.attach(small).error() == Error::OutOfRange);
    REQUIRE(sender.send(1).ok());
    interrupt(1);
    CHECK(sender.next() == Error::None);
}
