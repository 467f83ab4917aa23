// Attacks on Thread and SchedContext.
#pragma once

#include "rows.h"

namespace eft::hostile {

constexpr u64 kPage = 0x1000'1000, kCode = 0x40'0000, kStack = 0xfff'e000;

inline constexpr Case kThreadCases[] = {
    invoke(ThreadConfigure, Place, "a-space-as-its-table", Toy::Thread, InvalidCapability, S(Toy::Space), S(Toy::Space), S(Toy::Frame), kPage),
    invoke(ThreadConfigure, Place, "a-table-as-its-space", Toy::Thread, InvalidCapability, S(Toy::Table), S(Toy::Table), S(Toy::Frame), kPage),
    invoke(ThreadConfigure, Place, "a-page-table-as-its-page", Toy::Thread, InvalidCapability, S(Toy::Table), S(Toy::Space), S(Toy::PageTable), kPage),
    invoke(ThreadConfigure, Place, "slot-0-as-its-table", Toy::Thread, InvalidCapability, 0, S(Toy::Space), S(Toy::Frame), kPage),
    invoke(ThreadConfigure, Place, "slot-2^64-1-as-its-space", Toy::Thread, InvalidCapability, S(Toy::Table), kAllOnes, S(Toy::Frame), kPage),
    invoke(ThreadConfigure, Place, "an-empty-slot-as-its-page", Toy::Thread, InvalidCapability, S(Toy::Table), S(Toy::Space), S(Toy::Empty), kPage),
    invoke(ThreadConfigure, Argument, "an-address-within-a-page", Toy::Thread, InvalidArgument, S(Toy::Table), S(Toy::Space), S(Toy::Frame), kPage + 8),
    invoke(ThreadConfigure, Argument, "an-address-of-the-kernel", Toy::Thread, InvalidArgument, S(Toy::Table), S(Toy::Space), S(Toy::Frame), kDirectMap),
    invoke(ThreadConfigure, Argument, "a-non-canonical-address", Toy::Thread, InvalidArgument, S(Toy::Table), S(Toy::Space), S(Toy::Frame), kNonCanonical),
    invoke(ThreadConfigure, Argument, "the-first-address-too-high", Toy::Thread, InvalidArgument, S(Toy::Table), S(Toy::Space), S(Toy::Frame), kUserTop),
    invoke(ThreadConfigure, Right, "a-table-to-look-at", Toy::Thread, MissingRight, S(Toy::TableInspect), S(Toy::Space), S(Toy::Frame), kPage),
    invoke(ThreadConfigure, Right, "a-space-to-look-at", Toy::Thread, MissingRight, S(Toy::Table), S(Toy::SpaceInspect), S(Toy::Frame), kPage),
    invoke(ThreadConfigure, Right, "a-page-to-read", Toy::Thread, MissingRight, S(Toy::Table), S(Toy::Space), S(Toy::FrameRead), kPage),
    invoke(ThreadConfigure, Right, "a-page-to-execute", Toy::Thread, MissingRight, S(Toy::Table), S(Toy::Space), S(Toy::FrameSealed), kPage),
    invoke(ThreadConfigure, Right, "a-page-of-a-device", Toy::Thread, MissingRight, S(Toy::Table), S(Toy::Space), S(Toy::FrameDevice), kPage),
    invoke(ThreadConfigure, Right, "without-control", Toy::ThreadInspect, MissingRight, S(Toy::Table), S(Toy::Space), S(Toy::Frame), kPage),
    invoke_own(ThreadConfigure, State, "a-thread-that-runs", kOwnThread, InvalidOperation, S(Toy::Table), S(Toy::Space), S(Toy::Frame), kPage),

    invoke(ThreadHandlers, Place, "a-notification-as-pager", Toy::Thread, InvalidCapability, S(Toy::Notification), 0),
    invoke(ThreadHandlers, Place, "a-good-pager-and-a-frame", Toy::Thread, InvalidCapability, S(Toy::Endpoint), S(Toy::Frame)),
    invoke(ThreadHandlers, Place, "slot-2^64-1", Toy::Thread, InvalidCapability, kAllOnes, 0),
    invoke(ThreadHandlers, Place, "an-empty-slot", Toy::Thread, InvalidCapability, 0, S(Toy::Empty)),
    invoke(ThreadHandlers, Right, "an-endpoint-to-receive-from", Toy::Thread, MissingRight, S(Toy::Endpoint), S(Toy::EndpointReceive)),
    invoke(ThreadHandlers, Right, "without-control", Toy::ThreadInspect, MissingRight, S(Toy::Endpoint), S(Toy::Endpoint)),

    invoke(ThreadBind, Place, "an-endpoint", Toy::Thread, InvalidCapability, S(Toy::Endpoint)),
    invoke(ThreadBind, Place, "an-empty-slot", Toy::Thread, InvalidCapability, S(Toy::Empty)),
    invoke(ThreadBind, Place, "slot-2^64-1", Toy::Thread, InvalidCapability, kAllOnes),
    invoke(ThreadBind, State, "one-that-is-bound", Toy::NewThread, InvalidOperation, S(Toy::NotificationBound)),
    invoke(ThreadBind, Right, "one-to-signal", Toy::Thread, MissingRight, S(Toy::NotificationSignal)),
    invoke(ThreadBind, Right, "without-control", Toy::ThreadInspect, MissingRight, S(Toy::Notification)),

    invoke(ThreadSetReply, Place, "an-endpoint", Toy::Thread, InvalidCapability, S(Toy::Endpoint)),
    invoke(ThreadSetReply, Place, "slot-0", Toy::Thread, InvalidCapability, 0),
    invoke(ThreadSetReply, Place, "slot-2^64-1", Toy::Thread, InvalidCapability, kAllOnes),
    invoke(ThreadSetReply, State, "nothing-for-nothing", Toy::NewThread, InvalidCapability, S(Toy::Empty)),
    invoke(ThreadSetReply, Right, "without-control", Toy::ThreadInspect, MissingRight, S(Toy::Reply)),

    invoke(ThreadRegisters, Registers, "rip-of-the-kernel", Toy::Thread, InvalidArgument, kKernelAddress, kStack),
    invoke(ThreadRegisters, Registers, "rip-not-canonical", Toy::Thread, InvalidArgument, kNonCanonical, kStack),
    invoke(ThreadRegisters, Registers, "rip-at-the-top", Toy::Thread, InvalidArgument, kUserTop, kStack),
    invoke(ThreadRegisters, Registers, "rsp-of-the-kernel", Toy::Thread, InvalidArgument, kCode, kKernelAddress),
    invoke(ThreadRegisters, Registers, "rsp-not-canonical", Toy::Thread, InvalidArgument, kCode, kNonCanonical),
    invoke(ThreadRegisters, Registers, "all-bits", Toy::Thread, InvalidArgument, kAllOnes, kAllOnes, kAllOnes, kAllOnes),
    invoke(ThreadRegisters, Right, "without-control", Toy::ThreadInspect, MissingRight, kCode, kStack),
    invoke_own(ThreadRegisters, State, "of-a-thread-that-runs", kOwnThread, InvalidOperation, kCode, kStack),

    invoke(ThreadPriority, Argument, "64", Toy::Thread, InvalidArgument, 64),
    invoke(ThreadPriority, Argument, "2^64-1", Toy::Thread, InvalidArgument, kAllOnes),
    invoke(ThreadPriority, Argument, "2^32", Toy::Thread, InvalidArgument, kHuge),
    invoke(ThreadPriority, Right, "above-its-ceiling", Toy::Thread, MissingRight, kToyPriority + 1),
    invoke(ThreadPriority, Right, "without-control", Toy::ThreadInspect, MissingRight, 0),
    invoke_own(ThreadPriority, Right, "above-the-attackers-ceiling", kOwnThread, MissingRight, 63),

    invoke(ThreadResume, State, "one-that-has-nothing", Toy::NewThread, InvalidOperation),
    invoke(ThreadResume, Right, "without-control", Toy::ThreadInspect, MissingRight),
    invoke_own(ThreadResume, State, "one-that-runs", kOwnThread, InvalidOperation),
    invoke(ThreadSuspend, Right, "without-control", Toy::ThreadInspect, MissingRight),
    invoke(ThreadInspect, Right, "without-a-right", Toy::ThreadNone, MissingRight),
    invoke(ThreadCancel, State, "one-that-is-suspended", Toy::Thread, InvalidOperation),
    invoke(ThreadCancel, State, "one-that-has-nothing", Toy::NewThread, InvalidOperation),
    invoke(ThreadCancel, Right, "without-control", Toy::ThreadInspect, MissingRight),
    invoke_own(ThreadCancel, State, "one-that-runs", kOwnThread, InvalidOperation),

    invoke(ThreadContext, Place, "a-reply", Toy::Thread, InvalidCapability, S(Toy::Reply)),
    invoke(ThreadContext, Place, "an-empty-slot", Toy::Thread, InvalidCapability, S(Toy::Empty)),
    invoke(ThreadContext, Place, "slot-2^64-1", Toy::Thread, InvalidCapability, kAllOnes),
    invoke(ThreadContext, State, "another-threads", Toy::NewThread, InvalidOperation, S(Toy::Context)),
    invoke(ThreadContext, Right, "a-ceiling-below-its-priority", Toy::Thread, MissingRight, S(Toy::ContextLow)),
    invoke(ThreadContext, Right, "without-control", Toy::ThreadInspect, MissingRight, S(Toy::ContextFree)),
    invoke_own(ThreadContext, State, "of-a-thread-that-runs", kOwnThread, InvalidOperation, S(Toy::ContextFree)),

    invoke(ThreadForeign, Argument, "a-handler-of-the-kernels", Toy::Thread, InvalidArgument, kUserTop, 0, 0),
    invoke(ThreadForeign, Argument, "a-handler-at-2^64-1", Toy::Thread, InvalidArgument, kAllOnes, 0, 0),
    invoke(ThreadForeign, Argument, "code-of-the-kernels", Toy::Thread, InvalidArgument, 0x1000, kUserTop, 0),
    invoke(ThreadForeign, Argument, "code-up-to-the-kernels", Toy::Thread, InvalidArgument, 0x1000, 0x1000, kUserTop - 0xfff),
    invoke(ThreadForeign, Argument, "code-that-wraps", Toy::Thread, InvalidArgument, 0x1000, 0x1000, kAllOnes),
    invoke(ThreadForeign, Right, "without-control", Toy::ThreadInspect, MissingRight, 0x1000, 0x1000, 0x1000),

    invoke(SchedConfigure, Argument, "more-budget-than-period", Toy::Context, InvalidArgument, 1001, 1000, 63),
    invoke(SchedConfigure, Argument, "a-period-too-long", Toy::Context, InvalidArgument, 1000, (u64{1} << 48) + 1, 63),
    invoke(SchedConfigure, Argument, "2^64-1-of-both", Toy::Context, InvalidArgument, kAllOnes, kAllOnes, 63),
    invoke(SchedConfigure, Argument, "no-budget-in-a-period", Toy::Context, InvalidArgument, 0, 1000, 63),
    invoke(SchedConfigure, Argument, "ceiling-64", Toy::Context, InvalidArgument, 0, 0, 64),
    invoke(SchedConfigure, Argument, "ceiling-2^64-1", Toy::Context, InvalidArgument, 0, 0, kAllOnes),
    invoke(SchedConfigure, State, "ceiling-below-its-thread", Toy::Context, InvalidArgument, 0, 0, kToyPriority - 1),
    invoke(SchedConfigure, Right, "without-control", Toy::ContextInspect, MissingRight, 0, 0, 63),
    invoke(SchedHandler, Place, "a-notification", Toy::Context, InvalidCapability, S(Toy::Notification)),
    invoke(SchedHandler, Place, "an-empty-slot", Toy::Context, InvalidCapability, S(Toy::Empty)),
    invoke(SchedHandler, Place, "slot-2^64-1", Toy::Context, InvalidCapability, kAllOnes),
    invoke(SchedHandler, Right, "an-endpoint-to-receive-from", Toy::Context, MissingRight, S(Toy::EndpointReceive)),
    invoke(SchedHandler, Right, "without-control", Toy::ContextInspect, MissingRight, S(Toy::Endpoint)),
    invoke(SchedInspect, Right, "without-a-right", Toy::ContextNone, MissingRight),
};

}  // namespace eft::hostile
