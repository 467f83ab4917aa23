// root's program: root.h.
#include "console.h"
#include "root.h"

namespace eft::root {
namespace {

extern "C" [[noreturn, gnu::section(".text.start")]] void _start(const BootInfo* info) {
    reinterpret_cast<Utcb*>(kRootUtcbAddress)->self = kRootUtcbAddress;
    static Root root(*info);
    if (const Status started = root.start(); !started.ok()) {
        print("root: the core servers cannot be started: ");
        print(to_string(started.error()));
        print("\n");
    }
    for (;;) static_cast<void>(root.serve());
}

}  // namespace
}  // namespace eft::root
