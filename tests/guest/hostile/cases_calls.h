// Attacks by the system calls themselves. The victim waits to receive at Toy::Victim.
#pragma once

#include "rows.h"

namespace eft::hostile {

void send_empty_slot();     // in the message page
void send_slot_0();
void send_slot_all_ones();
void send_a_frame();
void give_reply_away();

constexpr u64 kFiveCaps = 5 << 9, kSevenCaps = 7 << 9, kOneCap = 1 << 9, kTooManyWords = kMaxWords + 1, kAllTagBits = kAllOnes;
constexpr u64 kMove = Tag::Move;

// The same five slots for every call that takes one.
template <SystemCall kCall>
inline constexpr Case kWrongSlots[] = {
    enter(kCall, Place, "slot-0", InvalidCapability, 0),
    enter(kCall, Place, "an-empty-slot", InvalidCapability, S(Toy::Empty)),
    enter(kCall, Place, "the-end-of-the-table", InvalidCapability, kTableEnd),
    enter(kCall, Place, "slot-2^64-1", InvalidCapability, kAllOnes),
    enter(kCall, Place, "slot-2^63", InvalidCapability, u64{1} << 63),
    enter(kCall, Place, "a-slot-beyond-32-bits", InvalidCapability, kHuge + S(Toy::Endpoint)),
    enter(kCall, Argument, "an-unknown-flag", InvalidOperation, S(Toy::Endpoint), 0, 0x200),
    enter(kCall, Argument, "flags-beyond-32-bits", InvalidOperation, S(Toy::Endpoint), 0, kHuge),
    enter(kCall, Argument, "all-flags", InvalidOperation, S(Toy::Endpoint), 0, ~u64{0xff}),
};

inline constexpr Case kCallCases[] = {
    enter(SystemCall::Call, Type, "a-notification", InvalidCapability, S(Toy::Notification)),
    enter(SystemCall::Call, Type, "a-reply", InvalidCapability, S(Toy::Reply)),
    enter(SystemCall::Call, Type, "a-page-table", InvalidCapability, S(Toy::PageTable)),
    enter(SystemCall::Call, Type, "a-page-of-slots", InvalidCapability, S(Toy::CapPage)),
    enter(SystemCall::Call, Right, "an-endpoint-to-receive-from", MissingRight, S(Toy::EndpointReceive)),
    enter(SystemCall::Call, State, "poll-where-nobody-waits", WouldBlock, S(Toy::Endpoint), 0, kPoll),
    enter(SystemCall::Call, TagBits, "five-capabilities", InvalidArgument, S(Toy::Victim), kFiveCaps),
    enter(SystemCall::Call, TagBits, "seven-capabilities", InvalidArgument, S(Toy::Victim), kSevenCaps),
    enter(SystemCall::Call, TagBits, "449-words", InvalidArgument, S(Toy::Victim), kTooManyWords),
    enter(SystemCall::Call, TagBits, "all-bits", InvalidArgument, S(Toy::Victim), kAllTagBits),
    enter(SystemCall::Call, Place, "sends-an-empty-slot", InvalidCapability, S(Toy::Victim), kOneCap, 0, send_empty_slot),
    enter(SystemCall::Call, Place, "sends-slot-0", InvalidCapability, S(Toy::Victim), kOneCap, 0, send_slot_0),
    enter(SystemCall::Call, Place, "moves-slot-2^32-1", InvalidCapability, S(Toy::Victim), kOneCap | kMove, 0, send_slot_all_ones),
    enter(SystemCall::Call, State, "the-receiver-takes-no-capability", PeerNoSlot, S(Toy::Victim), kOneCap, 0, send_a_frame),
    enter(SystemCall::Call, State, "the-receiver-takes-none-that-moves", PeerNoSlot, S(Toy::Victim), kOneCap | kMove, 0, send_a_frame),
    enter(SystemCall::Call, State, "without-a-message-page", NoUtcb, S(Toy::Victim), kMaxWords, 0, lose_message_page),
    enter(SystemCall::Call, State, "capabilities-without-a-message-page", NoUtcb, S(Toy::Victim), kOneCap, 0, lose_message_page),
    enter(SystemCall::Call, Type, "an-invocation-that-does-not-exist", InvalidOperation, S(Toy::Table), Tag(0x7fff'ffff, 0).value),

    enter(SystemCall::ReplyRecv, Type, "a-notification", InvalidCapability, S(Toy::Notification)),
    enter(SystemCall::ReplyRecv, Type, "a-reply", InvalidCapability, S(Toy::Reply)),
    enter(SystemCall::ReplyRecv, Type, "a-frame", InvalidCapability, S(Toy::Frame)),
    enter(SystemCall::ReplyRecv, Right, "an-endpoint-to-send-to", MissingRight, S(Toy::EndpointSend)),
    enter(SystemCall::ReplyRecv, Right, "the-victims-endpoint", MissingRight, S(Toy::Victim)),
    enter(SystemCall::ReplyRecv, State, "nothing-to-answer", NothingToAnswer, S(Toy::Endpoint)),
    enter(SystemCall::ReplyRecv, State, "nothing-to-answer-and-long", NothingToAnswer, S(Toy::Endpoint), kMaxWords),
    enter(SystemCall::ReplyRecv, State, "no-reply", ReplyMissing, S(Toy::Endpoint), 0, 0, give_reply_away),
    enter(SystemCall::ReplyRecv, TagBits, "all-bits", NothingToAnswer, S(Toy::Endpoint), kAllTagBits),

    enter(SystemCall::Send, Type, "a-frame", InvalidCapability, S(Toy::Frame)),
    enter(SystemCall::Send, Type, "a-table", InvalidCapability, S(Toy::Table)),
    enter(SystemCall::Send, Type, "a-thread", InvalidCapability, S(Toy::Thread)),
    enter(SystemCall::Send, Right, "an-endpoint-to-receive-from", MissingRight, S(Toy::EndpointReceive)),
    enter(SystemCall::Send, Right, "a-notification-to-wait-for", MissingRight, S(Toy::NotificationWait)),
    enter(SystemCall::Send, State, "poll-where-nobody-waits", WouldBlock, S(Toy::Endpoint), 0, kPoll),
    enter(SystemCall::Send, State, "a-reply-that-holds-nobody", NothingToAnswer, S(Toy::Reply)),
    enter(SystemCall::Send, TagBits, "five-capabilities", InvalidArgument, S(Toy::Victim), kFiveCaps),
    enter(SystemCall::Send, TagBits, "449-words", InvalidArgument, S(Toy::Victim), kTooManyWords),
    enter(SystemCall::Send, TagBits, "all-bits", InvalidArgument, S(Toy::Victim), kAllTagBits),
    enter(SystemCall::Send, Place, "sends-an-empty-slot", InvalidCapability, S(Toy::Victim), kOneCap, 0, send_empty_slot),
    enter(SystemCall::Send, State, "the-receiver-takes-no-capability", PeerNoSlot, S(Toy::Victim), kOneCap, 0, send_a_frame),
    enter(SystemCall::Send, State, "without-a-message-page", NoUtcb, S(Toy::Victim), 5, 0, lose_message_page),

    enter(SystemCall::Recv, Type, "a-frame", InvalidCapability, S(Toy::Frame)),
    enter(SystemCall::Recv, Type, "a-reply", InvalidCapability, S(Toy::Reply)),
    enter(SystemCall::Recv, Right, "an-endpoint-to-send-to", MissingRight, S(Toy::EndpointSend)),
    enter(SystemCall::Recv, Right, "the-victims-endpoint", MissingRight, S(Toy::Victim)),
    enter(SystemCall::Recv, Right, "a-notification-to-signal", MissingRight, S(Toy::NotificationSignal)),
    enter(SystemCall::Recv, State, "poll-where-nobody-sends", WouldBlock, S(Toy::Endpoint), kAllTagBits, kPoll),
    enter(SystemCall::Recv, State, "poll-where-nobody-signals", WouldBlock, S(Toy::NotificationWait), kAllTagBits, kPoll),
    enter(SystemCall::Recv, State, "no-reply", ReplyMissing, S(Toy::Endpoint), 0, 0, give_reply_away),

    enter(SystemCall::Yield, Registers, "garbage", None, kAllOnes, kAllTagBits),
    enter(SystemCall::Yield, Registers, "garbage-and-poll", None, kAllOnes, kAllTagBits, kPoll),
    enter(SystemCall::Yield, Argument, "all-flags", InvalidOperation, kAllOnes, kAllTagBits, ~u64{0xff}),
    enter(SystemCall::Debug, Argument, "a-call-that-does-not-exist", InvalidOperation, 127, kAllTagBits),
    enter(SystemCall::Debug, Argument, "call-2^64-1", InvalidOperation, kAllOnes, kAllTagBits),
    enter(SystemCall::Debug, Argument, "all-flags", InvalidOperation, 0, kAllTagBits, ~u64{0xff}),
    // Numbers of no system call.
    enter(static_cast<SystemCall>(kSystemCalls), Argument, "no-such-call", InvalidOperation, S(Toy::Endpoint)),
    enter(static_cast<SystemCall>(kSystemCalls), Argument, "no-such-call-on-nothing", InvalidCapability, 0),
    enter(static_cast<SystemCall>(0xff), Argument, "no-such-call-255", InvalidOperation, S(Toy::Frame), kAllTagBits),
    enter(static_cast<SystemCall>(0xff), Argument, "all-ones", InvalidOperation, kAllOnes, kAllTagBits, kAllOnes),
};

}  // namespace eft::hostile
