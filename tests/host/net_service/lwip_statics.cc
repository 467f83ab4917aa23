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
LwipStatics* swapped_in = nullptr;

}  // namespace

void put_back_lwip_statics() { copy(as_linked.first.get(), as_linked.bytes, lwip_statics_start); }

LwipStatics::LwipStatics() : aside_(std::make_unique<unsigned char[]>(as_linked.bytes)) { copy(as_linked.first.get(), as_linked.bytes, aside_.get()); }
LwipStatics::~LwipStatics() {
    if (swapped_in == this) swapped_in = nullptr;
}

void LwipStatics::swap_in() {
    if (swapped_in == this) return;
    if (swapped_in) copy(lwip_statics_start, as_linked.bytes, swapped_in->aside_.get());
    copy(aside_.get(), as_linked.bytes, lwip_statics_start);
    swapped_in = this;
}

}  // namespace eft::test
