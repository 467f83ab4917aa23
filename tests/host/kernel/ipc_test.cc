// The IPC state machine: messages of words, in both orders of sender and receiver, and every error.
#include "program.h"

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::kernel;
using namespace eft::kernel::test;

namespace {

constexpr u64 kBadge = 42;

struct Pair {
    Pair()
        : client(machine),
          server(machine),
          endpoint(machine.make(ObjectType::Endpoint)),
          to(client.grant(endpoint, bits(EndpointRight::Send), kBadge)),
          from(server.grant(endpoint)) {}

    // The client's call has reached the server.
    void connect(Tag tag = Tag(5, 1), Words words = {11}) {
        server.receive(from);
        client.call(to, tag, words);
    }

    Machine machine;
    Program client, server;
    u32 endpoint;
    u32 to, from;
};

}  // namespace

TEST_CASE("a call reaches a waiting receiver, and its answer the caller") {
    Pair pair;
    pair.server.receive(pair.from);
    CHECK(pair.server.state() == ThreadState::Receiving);
    pair.client.call(pair.to, Tag(5, 2, 0, 77), {11, 12, 13, 14});
    CHECK(pair.client.state() == ThreadState::AwaitingReply);
    const Answer request = pair.server.answer();
    CHECK(request.error == Error::None);
    CHECK(raw(request.badge) == kBadge);
    CHECK(request.tag.value == Tag(5, 2, 0, 77).value);
    CHECK(request.word == Words{11, 12, 0, 0});  // registers without a word are zero

    pair.server.reply_receive(pair.from, Tag(0, 3), {21, 22, 23, 24});
    CHECK(pair.server.state() == ThreadState::Receiving);
    const Answer reply = pair.client.answer();
    CHECK(reply.error == Error::None);
    CHECK(raw(reply.badge) == 0);
    CHECK(reply.tag.value == Tag(0, 3).value);
    CHECK(reply.word == Words{21, 22, 23, 0});
    CHECK(pair.server.object().replies_delivered == 1);
}

TEST_CASE("a call that nobody waits for is queued, in order, and taken by receive and by reply_recv") {
    Pair pair;
    Program second(pair.machine);
    const u32 to = second.grant(pair.endpoint, bits(EndpointRight::Send), 43);
    pair.client.call(pair.to, Tag(1, 1), {1});
    second.call(to, Tag(2, 1), {2});
    CHECK(pair.client.state() == ThreadState::Sending);
    pair.server.receive(pair.from);
    CHECK(pair.server.answer().word[0] == 1);
    CHECK(pair.client.state() == ThreadState::AwaitingReply);
    pair.server.reply_receive(pair.from, Tag(0, 1), {9});
    CHECK(pair.client.answer().word[0] == 9);
    CHECK(pair.server.answer().word[0] == 2);
    CHECK(raw(pair.server.answer().badge) == 43);
    CHECK(second.state() == ThreadState::AwaitingReply);
}

TEST_CASE("a send is complete when it is received, in both orders, and holds no Reply") {
    Pair pair;
    pair.server.receive(pair.from);
    pair.client.send(pair.to, Tag(1, 1), {1});
    CHECK(pair.client.error() == Error::None);
    CHECK(pair.client.state() == ThreadState::Ready);
    CHECK(pair.server.answer().word[0] == 1);
    pair.server.reply_receive(pair.from);
    CHECK(pair.server.error() == Error::NothingToAnswer);
    pair.client.send(pair.to, Tag(1, 1), {2});
    CHECK(pair.client.state() == ThreadState::Sending);
    pair.server.receive(pair.from);
    CHECK(pair.server.answer().word[0] == 2);
    CHECK(pair.client.error() == Error::None);
    CHECK(pair.server.object().replies_delivered == 0);
}

TEST_CASE("poll forms do not wait") {
    Pair pair;
    pair.client.call(pair.to, Tag(), {}, kPoll);
    CHECK(pair.client.error() == Error::WouldBlock);
    pair.client.send(pair.to, Tag(), {}, kPoll);
    CHECK(pair.client.error() == Error::WouldBlock);
    pair.server.receive(pair.from, kPoll);
    CHECK(pair.server.error() == Error::WouldBlock);
    pair.server.receive(pair.from);
    pair.client.call(pair.to, Tag(1, 0), {}, kPoll);
    CHECK(pair.client.state() == ThreadState::AwaitingReply);
    pair.server.reply_receive(pair.from, Tag(), {}, kPoll);
    CHECK(pair.server.error() == Error::WouldBlock);  // the answer went out all the same
    CHECK(pair.client.error() == Error::None);
}

TEST_CASE("every number of words arrives whole, and nothing beside them") {
    Pair pair;
    for (unsigned words : {0u, 1u, 3u, 4u, 5u, 6u, 63u, 64u, 447u, 448u}) {
        CAPTURE(words);
        for (unsigned i = 0; i < kMaxWords; ++i) {
            pair.client.page().words[i] = 1000 + i;
            pair.server.page().words[i] = 1;
        }
        pair.connect(Tag(3, words), {1000, 1001, 1002, 1003});
        const Answer answer = pair.server.answer();
        REQUIRE(answer.tag.words() == words);
        for (unsigned i = 0; i < kMaxWords; ++i) {
            const u64 got = i < kRegisterWords ? answer.word[i] : pair.server.page().words[i];
            const u64 untouched = i < kRegisterWords ? 0 : 1;
            REQUIRE(got == (i < words ? 1000 + i : untouched));
        }
        CHECK(pair.server.page().words[0] == 1);  // words 0 to 3 travel in registers only
        pair.server.reply_receive(pair.from, Tag(), {}, kPoll);
    }
}

TEST_CASE("invalid tags are refused, whether somebody waits or not") {
    Pair pair;
    for (bool waits : {true, false}) {
        for (Tag tag : {Tag(1, 449), Tag(1, 511), Tag(1, 0, 5), Tag(1, 0, 7)}) {
            CAPTURE(waits);
            CAPTURE(tag.value);
            if (waits && pair.server.state() != ThreadState::Receiving) pair.server.receive(pair.from);
            if (!waits && pair.server.state() == ThreadState::Receiving) {
                pair.machine.expect(pair.server.thread, Invocation::ThreadCancel);
            }
            pair.client.call(pair.to, tag);
            if (!waits) {
                pair.server.receive(pair.from, kPoll);
                CHECK(pair.server.error() == Error::WouldBlock);
            }
            CHECK(pair.client.error() == Error::InvalidArgument);
        }
    }
}

TEST_CASE("flags of the kernel cannot be forged") {
    Pair pair;
    pair.connect(Tag(1, 0).with(Tag::Fault).with(Tag::Notification).with(Tag::ReplyLost).with(Tag::Move));
    CHECK(pair.server.answer().tag.value == Tag(1, 0).value);
}

TEST_CASE("a message that needs a page fails if one is missing, and says on whose side") {
    Pair pair;
    CHECK(pair.machine.revoke(pair.client.frame) == Error::None);
    pair.server.receive(pair.from);
    pair.client.call(pair.to, Tag(1, 5));
    CHECK(pair.client.error() == Error::NoUtcb);
    CHECK(pair.server.state() == ThreadState::Receiving);
    pair.client.call(pair.to, Tag(1, 4), {1, 2, 3, 4});
    CHECK(pair.server.answer().word == Words{1, 2, 3, 4});

    Pair other;
    CHECK(other.machine.revoke(other.server.frame) == Error::None);
    other.server.receive(other.from);
    other.client.call(other.to, Tag(1, 5));
    CHECK(other.client.error() == Error::PeerNoUtcb);
    CHECK(other.server.state() == ThreadState::Receiving);
}

TEST_CASE("an answer that the caller cannot take is an error for the caller, and frees the Reply") {
    Pair pair;
    pair.connect();
    CHECK(pair.machine.revoke(pair.client.frame) == Error::None);
    pair.server.reply_receive(pair.from, Tag(0, 5));
    CHECK(pair.client.error() == Error::PeerNoUtcb);
    CHECK(pair.server.state() == ThreadState::Receiving);
}

TEST_CASE("an answer that the server cannot give is an error for the server, and the caller waits on") {
    Pair pair;
    pair.connect();
    pair.server.reply_receive(pair.from, Tag(0, 449));
    CHECK(pair.server.error() == Error::InvalidArgument);
    CHECK(pair.client.state() == ThreadState::AwaitingReply);
    CHECK(pair.server.object().replies_delivered == 0);
    pair.server.reply_receive(pair.from, Tag(0, 0));
    CHECK(pair.client.error() == Error::None);
}

TEST_CASE("receiving needs a free Reply") {
    Pair pair;
    pair.connect();
    pair.server.receive(pair.from);
    CHECK(pair.server.error() == Error::ReplyPending);
    const u32 moved = pair.machine.free_slot();
    pair.machine.expect(pair.server.thread, Invocation::ThreadSetReply, moved);
    pair.server.receive(pair.from);
    CHECK(pair.server.error() == Error::ReplyMissing);
    pair.server.reply_receive(pair.from);
    CHECK(pair.server.error() == Error::ReplyMissing);
    pair.machine.system_call(pair.machine.manager(), SystemCall::Send, moved, Tag(0, 1), {5});
    CHECK(pair.client.answer().word[0] == 5);  // answered later, by whoever holds it
    pair.machine.system_call(pair.machine.manager(), SystemCall::Send, moved);
    CHECK(pair.machine.answer(pair.machine.manager()).error == Error::NothingToAnswer);
}

TEST_CASE("a server may hold several callers and answer them in any order") {
    Pair pair;
    Program second(pair.machine);
    const u32 to = second.grant(pair.endpoint);
    pair.connect(Tag(1, 1), {1});
    const u32 kept = pair.machine.make(ObjectType::Reply);  // exchanged with the current one
    pair.machine.expect(pair.server.thread, Invocation::ThreadSetReply, kept);
    pair.server.receive(pair.from);
    second.call(to, Tag(1, 1), {2});
    pair.server.reply_receive(pair.from, Tag(0, 1), {102});
    CHECK(second.answer().word[0] == 102);
    CHECK(pair.client.state() == ThreadState::AwaitingReply);
    pair.machine.system_call(pair.machine.manager(), SystemCall::Send, kept, Tag(0, 1), {101});
    CHECK(pair.client.answer().word[0] == 101);
}

TEST_CASE("a waiting thread's Reply cannot be exchanged") {
    Pair pair;
    pair.server.receive(pair.from);
    CHECK(pair.machine.invoke(pair.server.thread, Invocation::ThreadSetReply, pair.machine.free_slot()).error ==
          Error::InvalidOperation);
}

TEST_CASE("reply_recv says that the caller was gone, whether a message waits or comes later") {
    for (bool message_waits : {true, false}) {
        CAPTURE(message_waits);
        Pair pair;
        Program second(pair.machine);
        const u32 to = second.grant(pair.endpoint);
        pair.connect();
        pair.machine.expect(pair.client.thread, Invocation::ThreadCancel);
        CHECK(pair.client.error() == Error::Cancelled);
        if (message_waits) second.call(to, Tag(1, 1), {2});
        pair.server.reply_receive(pair.from);
        if (!message_waits) second.call(to, Tag(1, 1), {2});
        CHECK(pair.server.answer().word[0] == 2);
        CHECK(pair.server.answer().tag.has(Tag::ReplyLost));
        pair.server.reply_receive(pair.from);
        CHECK(second.error() == Error::None);
        second.call(to);
        CHECK_FALSE(pair.server.answer().tag.has(Tag::ReplyLost));
    }
}

TEST_CASE("reply_recv that polls in vain says that the caller was gone, too") {
    Pair pair;
    pair.connect();
    pair.machine.expect(pair.client.thread, Invocation::ThreadCancel);
    pair.server.reply_receive(pair.from, Tag(), {}, kPoll);
    CHECK(pair.server.error() == Error::WouldBlock);
    CHECK(pair.server.answer().tag.has(Tag::ReplyLost));
}

TEST_CASE("a Reply answered by send says that its caller was gone") {
    Pair pair;
    pair.connect();
    const u32 reply = pair.machine.free_slot();
    pair.machine.expect(pair.server.thread, Invocation::ThreadSetReply, reply);
    pair.machine.expect(pair.client.thread, Invocation::ThreadCancel);
    pair.machine.system_call(pair.machine.manager(), SystemCall::Send, reply);
    CHECK(pair.machine.answer(pair.machine.manager()).error == Error::None);
    CHECK(pair.machine.answer(pair.machine.manager()).tag.has(Tag::ReplyLost));
}

TEST_CASE("a receiver whose Reply is deleted is told at once") {
    Pair pair;
    const u32 reply_untyped = pair.machine.make(ObjectType::Untyped, 6);
    const u32 reply = pair.machine.make(ObjectType::Reply, 0, reply_untyped);
    pair.machine.expect(pair.server.thread, Invocation::ThreadSetReply, reply);
    pair.server.receive(pair.from);
    CHECK(pair.machine.revoke(reply_untyped) == Error::None);
    CHECK(pair.server.state() == ThreadState::Ready);
    CHECK(pair.server.error() == Error::ReplyMissing);
    pair.client.call(pair.to);
    CHECK(pair.client.state() == ThreadState::Sending);
}
