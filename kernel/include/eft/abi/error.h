// The one error type of Eft.
//
// Every system call, every invocation and every reply ends with one of these. An error says whose
// mistake it is: the caller's, the peer's, or a resource's. The values are ABI and never reused.
//   0            success
//   1 ..  63     from the kernel
//  64 .. 255     common to all services; the generated dispatcher and libos use them
// 256 .. 65535   an interface's own (`error:"Enum"` in its schema)
#pragma once

#include <cstdint>

namespace eft {

enum class Error : std::uint32_t {
    None = 0,

    // The caller's mistake, found by the kernel before anything changed.
    InvalidCapability = 1,  // empty slot, slot out of range, wrong object type, or revoked while queued
    MissingRight = 2,       // the capability lacks a right that the operation needs
    InvalidArgument = 3,    // a word of the message is out of its range
    InvalidOperation = 4,   // unknown system call or invocation, or not possible in the object's state
    SlotOccupied = 5,       // the destination slot holds a capability
    HasChildren = 6,        // the capability has derived capabilities that must be revoked first
    AlreadyMapped = 7,      // the frame capability, or the address, has a mapping
    NotMapped = 8,          // the frame capability has no mapping
    NoUtcb = 9,             // the thread has no message page (never set, or its frame was revoked)
    ReplyMissing = 10,      // receiving on an endpoint needs a free Reply object as current Reply
    ReplyPending = 11,      // the current Reply still holds a caller: answer it or move it away
    NothingToAnswer = 12,   // reply_recv or send on a Reply that holds no caller
    WouldBlock = 13,        // a poll found nobody
    Cancelled = 14,         // the wait was ended by Thread.cancel

    // A resource's limit.
    NeedMemory = 24,  // the Untyped is exhausted, or the address space needs a page-table page

    // The peer's mistake or fate.
    PeerDied = 32,    // the server died before it answered: nothing of the request has happened
    PeerNoSlot = 33,  // the receiver has no free slot for a capability; nothing was transferred
    PeerNoUtcb = 34,  // the receiver's message page is gone

    // Common to all services.
    BadMessage = 64,      // malformed: wrong length, offset, enum value, or capability count
    NoSuchMethod = 65,    // unknown label
    StaleSession = 66,    // the badge names no session of this server (any more)
    Busy = 67,            // the session has as many requests in progress as its interface allows
    ServiceHeld = 68,     // the service is held after too many deaths; a tombstone answers
    ServiceFailed = 69,   // the request was in progress at two deaths and is not repeated
    NotFound = 70,        // no object of that name
    AlreadyExists = 71,
    PermissionDenied = 72,  // the manifest does not allow it
    OutOfMemory = 73,       // quota or machine
    OutOfRange = 74,        // an address or length outside the object
    NotSupported = 75,      // well formed, but this server cannot do it
    DeviceError = 76,       // the device reported an error
    NoDevice = 77,          // the device is absent
    BadFormat = 78,         // the data (image, disk, manifest) is damaged or of an unknown format
    LimitReached = 79,      // a fixed table of the server is full
    TimedOut = 80,          // a device or a supervised step took longer than its limit
    ReadOnly = 81,
    IsDirectory = 82,
    NotDirectory = 83,
    TooManyLinks = 84,  // a symbolic link loop
    NameTooLong = 85,
    ProtocolViolation = 86,  // the peer broke the rules of a shared ring or session
    WrongState = 87,         // the object is not in a state in which this can be done
};

// A short phrase for people. Never null; unknown values read as "interface error".
constexpr const char* to_string(Error error);

}  // namespace eft

#include <eft/abi/error_text.h>
