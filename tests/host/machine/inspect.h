// What tests of programs that manage memory ask the machine, in such a program's thread.
#pragma once

#include <eft/abi/error.h>
#include <eft/abi/object.h>

#include <cstddef>
#include <functional>
#include <optional>

namespace eft::host {

struct MappedPage {
    Rights rights = 0;
    std::byte* bytes = nullptr;  // as the direct map has them
};
// What an AddressSpace, a capability of the running program's, maps at this address.
std::optional<MappedPage> look_up(Slot space, u64 address);

// Answers invocations in the kernel's place, where it has an error for them.
inline std::function<Error(Invocation)> refusal;

// While it lives, the invocation with this number, of those that can fail, fails.
class Failure {
public:
    explicit Failure(u64 number) : fatal_(number) {
        refusal = [this](Invocation invocation) { return count(invocation); };
    }
    ~Failure() { refusal = {}; }
    u64 operations() const { return count_; }
    static constexpr u64 kNever = ~u64{0};

private:
    Error count(Invocation invocation) {
        Error error = Error::InvalidOperation;
        switch (invocation) {
            case Invocation::UntypedRetype: error = Error::NeedMemory; break;
            case Invocation::CapDerive:
            case Invocation::CapMove: error = Error::SlotOccupied; break;
            case Invocation::SpaceMap:
            case Invocation::SpaceDonate:
            case Invocation::CapDonate: error = Error::AlreadyMapped; break;
            case Invocation::FrameSeal:
            case Invocation::ThreadConfigure:
            case Invocation::ThreadHandlers:
            case Invocation::ThreadContext:
            case Invocation::ThreadRegisters:
            case Invocation::ThreadPriority:
            case Invocation::ThreadResume:
            case Invocation::SchedConfigure: break;
            default: return Error::None;
        }
        return count_++ == fatal_ ? error : Error::None;
    }
    u64 fatal_, count_ = 0;
};

}  // namespace eft::host
