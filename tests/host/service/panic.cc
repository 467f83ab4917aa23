// What ends an incarnation on the machine ends the test.
#include <eft/panic.h>

#include <cstdio>
#include <cstdlib>

void eft::panic(const char* text) {
    std::fprintf(stderr, "panic: %s\n", text);
    std::abort();
}
