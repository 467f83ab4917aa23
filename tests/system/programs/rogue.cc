// A driver that breaks the rule which its arguments name, a moment after it has started. Each time it
// must be stopped, with the right reason in its crash record, and nobody else may notice.
#include <eft/process.h>
#include <eft/syscall.h>

using namespace eft;

namespace {

constexpr u64 kKernelMemory = 0xffff'8000'0010'0000;  // the kernel's direct map
constexpr u64 kForeignMemory = 0x3000'0000;           // where others map what they share; nothing here
constexpr u64 kForeignWindow = 0xfed0'0000;           // the HPET's registers, which belong to its driver

void read(u64 address) { static_cast<void>(*reinterpret_cast<volatile u64*>(address)); }

void read_foreign_port() {
    u8 value;
    asm volatile("inb $0x70, %0" : "=a"(value));
}

}  // namespace

int eft_main() {
    const std::string_view rule = field_text(config().arguments);
    if (rule == "start") {
        for (;;) sys::yield();  // never ready
    }
    report_ready();
    log(rule);
    if (rule == "kernel") read(kKernelMemory);
    if (rule == "memory") read(kForeignMemory);
    if (rule == "window") read(kForeignWindow);
    if (rule == "port") read_foreign_port();
    for (;;) asm volatile("pause");  // "silent": answers no heartbeat
}
