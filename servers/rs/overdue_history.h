// Complaints about one incarnation that its own notes bear out: how many different clients have made one lately.
#pragma once

#include <eft/abi/types.h>

#include <array>

namespace eft::supervisor {

class OverdueHistory {
public:
    static constexpr unsigned kMost = 16;  // clients that are told apart

    // Answers the number of clients who have complained within the window (in ticks), this one included.
    unsigned add(u64 now, u64 window, u32 client);
    void forget() { *this = {}; }

private:
    struct Entry {
        bool used = false;
        u32 client = 0;
        u64 time = 0;
    };
    std::array<Entry, kMost> entries_{};
};

}  // namespace eft::supervisor
