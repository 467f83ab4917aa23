#include "lwip_statics.h"

#include <cstddef>
#include <memory>

// Of lwip_statics.ld.
extern "C" volatile unsigned char lwip_statics_start[], lwip_statics_end[];

namespace eft::test {
namespace {

// Byte by byte: between the variables are places that ASan lets nobody touch.
[[gnu::no_sanitize_address]] void copy(const volatile unsigned char* from, std::size_t bytes, volatile unsigned char* to) {
    for (std::size_t i = 0; i < bytes; ++i) to[i] = from[i];
}

struct Statics {
    std::size_t bytes = static_cast<std::size_t>(lwip_statics_end - lwip_statics_start);
    std::unique_ptr<unsigned char[]> first = std::make_unique<unsigned char[]>(bytes);

    Statics() { copy(lwip_statics_start, bytes, first.get()); }
};
const Statics as_linked;

}  // namespace

void put_back_lwip_statics() { copy(as_linked.first.get(), as_linked.bytes, lwip_statics_start); }

}  // namespace eft::test
