// libFuzzer's entry: its bytes are the choices of the random programs.
#include "random_calls.h"

#include <cstddef>

using namespace eft;

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    constexpr unsigned kSteps = 300;
    std::size_t position = 0;
    const auto choose = [&](u32 bound) -> u32 {
        u32 value = position < size ? data[position++] : 0;
        if (bound > 256) value = value << 8 | (position < size ? data[position++] : 0);
        return value % bound;
    };
    kernel::test::RandomCalls calls(choose);
    for (unsigned i = 0; i < kSteps && position < size && calls.step(); ++i) {
    }
    return 0;
}
