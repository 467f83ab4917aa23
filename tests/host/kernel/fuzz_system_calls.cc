// libFuzzer's entry: its bytes are the first choices of a random program, which goes on by itself when they are used up, so
// that short inputs get far, too. When EFT_FUZZ_CALLS is set, the fuzzer ends well after so many system calls, and says
// how many there were.
#include "random_calls.h"

#include <cstddef>
#include <cstdio>
#include <cstdlib>

using namespace eft;

namespace {

u64 calls_made = 0;

u64 calls_wanted() {
    const char* text = std::getenv("EFT_FUZZ_CALLS");
    return text ? std::strtoull(text, nullptr, 10) : ~u64{0};
}

class Choices {
public:
    Choices(const u8* data, std::size_t size) : data_(data), size_(size) {
        for (std::size_t i = 0; i < size && i < 4; ++i) state_ = state_ << 8 | data[i];
    }
    u32 next(u32 bound) {
        if (position_ < size_) {
            u32 value = data_[position_++];
            if (bound > 256) value = value << 8 | (position_ < size_ ? data_[position_++] : 0);
            return value % bound;
        }
        state_ = state_ * 6364136223846793005 + 1442695040888963407;
        return static_cast<u32>(state_ >> 33) % bound;
    }

private:
    const u8* data_;
    std::size_t size_, position_ = 0;
    u64 state_ = 1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    static const u64 wanted = calls_wanted();
    constexpr unsigned kSteps = 400;
    // All invariants, and what memory is unused, once in a while: after each call that would take most of the time.
    constexpr unsigned kCheckEvery = 100;
    Choices choices(data, size);
    kernel::test::RandomCalls calls([&choices](u32 bound) { return choices.next(bound); }, kCheckEvery);
    for (unsigned i = 0; i < kSteps && calls.step(); ++i) {
    }
    calls_made += calls.statistics().calls;
    if (calls_made >= wanted) {
        std::printf("%llu system calls\n", static_cast<unsigned long long>(calls_made));
        std::fflush(stdout);
        std::_Exit(0);
    }
    return 0;
}
