// root's own log ring. It has no persistent page, because nobody could restart it; the log server reads the ring all the
// same, and what root says when a core server has died is there.
#pragma once

#include "console.h"
#include "memory.h"

#include <eft/invoke.h>
#include <eft/log_ring.h>

#include <optional>

namespace eft::root {

class RootLog {
public:
    static constexpr u32 kPages = 4;

    Status open(Memory& memory) {
        frames_ = memory.take_slots(kPages);
        EFT_CHECK(kernel_object::retype(memory.reserved(), ObjectType::Frame, frames_, kPages));
        for (u32 i = 0; i < kPages; ++i) {
            EFT_CHECK(memory.map_here(static_cast<Slot>(raw(frames_) + i), kAddress + i * kPageSize, FrameRight::Read | FrameRight::Write));
        }
        writer_.emplace(std::span(arch::pointer<std::byte>(kAddress), kPages * kPageSize));
        return {};
    }
    void line(std::string_view text) {
        if (writer_) writer_->append(text, sys::time_stamp());
    }
    Slot frames() const { return frames_; }

private:
    static constexpr u64 kAddress = 0x7100'0000;

    Slot frames_ = Slot::None;
    std::optional<LogWriter> writer_;
};

}  // namespace eft::root
