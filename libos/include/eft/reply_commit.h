// What must happen around the moment at which a request commits: its reply. A server loop calls it; state regions are what
// is behind it (state/region_commit.h).
#pragma once

#include <eft/abi/types.h>

#include <cstddef>
#include <span>

namespace eft {

class ReplyCommit {
public:
    // The kernel's count of delivered replies will be `expected` once this request's reply is out.
    virtual void before_reply(u64 expected) = 0;
    virtual void after_reply() = 0;
    // The reply could not be sent as it is, and an error goes out instead: take the changes back.
    virtual void undo_reply() = 0;
    // Of the session's record of its last `once` reply.
    virtual void before_change(std::span<std::byte> bytes) = 0;
    // A step without a reply has ended.
    virtual void end_step() = 0;
    // Something has been changed and is not committed.
    virtual bool changing() const = 0;

protected:
    ~ReplyCommit() = default;
};

}  // namespace eft
