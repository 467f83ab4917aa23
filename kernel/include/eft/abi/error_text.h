// The phrases of eft::Error, apart from the enumeration so that the table of errors stays readable.
#pragma once

namespace eft {

constexpr const char* to_string(Error error) {
    switch (error) {
        case Error::None: return "success";
        case Error::InvalidCapability: return "invalid capability";
        case Error::MissingRight: return "missing right";
        case Error::InvalidArgument: return "invalid argument";
        case Error::InvalidOperation: return "invalid operation";
        case Error::SlotOccupied: return "slot occupied";
        case Error::HasChildren: return "has derived capabilities";
        case Error::AlreadyMapped: return "already mapped";
        case Error::NotMapped: return "not mapped";
        case Error::NoUtcb: return "no message page";
        case Error::ReplyMissing: return "no free reply object";
        case Error::ReplyPending: return "reply still pending";
        case Error::NothingToAnswer: return "nothing to answer";
        case Error::WouldBlock: return "would block";
        case Error::Cancelled: return "cancelled";
        case Error::NeedMemory: return "need memory";
        case Error::PeerDied: return "peer died";
        case Error::PeerNoSlot: return "peer has no free slot";
        case Error::PeerNoUtcb: return "peer has no message page";
        case Error::BadMessage: return "malformed message";
        case Error::NoSuchMethod: return "no such method";
        case Error::StaleSession: return "stale session";
        case Error::Busy: return "busy";
        case Error::ServiceHeld: return "service held";
        case Error::ServiceFailed: return "service failed";
        case Error::NotFound: return "not found";
        case Error::AlreadyExists: return "already exists";
        case Error::PermissionDenied: return "permission denied";
        case Error::OutOfMemory: return "out of memory";
        case Error::OutOfRange: return "out of range";
        case Error::NotSupported: return "not supported";
        case Error::DeviceError: return "device error";
        case Error::NoDevice: return "no such device";
        case Error::BadFormat: return "damaged or unknown format";
        case Error::LimitReached: return "limit reached";
        case Error::TimedOut: return "timed out";
        case Error::ReadOnly: return "read-only";
        case Error::IsDirectory: return "is a directory";
        case Error::NotDirectory: return "not a directory";
        case Error::TooManyLinks: return "too many symbolic links";
        case Error::NameTooLong: return "name too long";
        case Error::ProtocolViolation: return "protocol violation";
        case Error::WrongState: return "wrong state";
    }
    return "interface error";
}

}  // namespace eft
