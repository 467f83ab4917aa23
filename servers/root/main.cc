// root: gets all memory and the boot archive, starts the core servers, and then only supervises them.
// It calls nobody: it answers exceptions and notifications.
#include "archive_map.h"
#include "console.h"
#include "core_servers.h"
#include "pit.h"

#include <eft/invoke.h>
#include <eft/layout.h>
#include <eft/text.h>

namespace eft::root {
namespace {

namespace ko = kernel_object;

constexpr unsigned kReserveBits = 25;
constexpr u32 kTicksPerSecond = 20;
constexpr u32 kTimerLine = 2;  // ISA interrupt 0 arrives at this I/O APIC input (MADT override on every PC)
constexpr u64 kTickBit = 1;

constinit CoreServers core_servers;

struct Root {
    explicit Root(const BootInfo& info) : memory(info) {}

    Status start();
    [[noreturn]] void supervise();
    void core_server_died(const sys::Registers& fault);
    // On the kernel's console, and in the log.
    void say(std::string_view line);

    Memory memory;
    RootLog log;
    RootCaps caps{};
    Slot tick_for_rs = Slot::None;
};

Status Root::start() {
    EFT_CHECK(memory.reserve(kReserveBits));
    EFT_CHECK(log.open(memory));
    EFT_TRY(const auto archive, map_archive(memory));
    caps.exceptions = memory.take_slots(1);
    caps.notification = memory.take_slots(1);
    EFT_CHECK(ko::retype(memory.reserved(), ObjectType::Endpoint, caps.exceptions));
    EFT_CHECK(ko::retype(memory.reserved(), ObjectType::Notification, caps.notification));
    EFT_CHECK(ko::bind(root_slot(RootSlot::Thread), caps.notification));
    EFT_CHECK(core_servers.create(memory, archive, caps));

    const Slot tick = memory.take_slots(1);
    tick_for_rs = memory.take_slots(1);
    EFT_CHECK(ko::derive(root_slot(RootSlot::Table), tick, caps.notification, kAllRights, kTickBit));
    EFT_CHECK(ko::derive(root_slot(RootSlot::Table), tick_for_rs, core_servers[Core::Rs].notification(), kAllRights, kTickBit));
    EFT_CHECK(core_servers.start(memory, log));
    log.line("the core servers run");
    EFT_CHECK(ko::bind_irq(root_slot(RootSlot::Irqs), kTimerLine, tick));
    EFT_TRY(const u64 period, start_pit(pit_registers(root_slot(RootSlot::Ports)), kTicksPerSecond));
    static_cast<void>(period);
    return {};
}

void Root::say(std::string_view line) {
    print("\nroot: ");
    print(line);
    print("\n");
    log.line(line);
}

void Root::core_server_died(const sys::Registers& fault) {
    const u64 index = fault.badge - 1;
    FixedText<kLogLineLimit + 128> text;
    text.append("core server ").append(index < kCoreCount ? core_servers.at(static_cast<u32>(index)).name() : std::string_view("?"));
    text.append(" died: exception ").decimal(fault.w[2] >> 32).append(" at 0x").hex(fault.w[1]).append(", address 0x").hex(fault.w[0]);
    if (index < kCoreCount) text.append(", last words: ").append(field_text(core_servers.at(static_cast<u32>(index)).head().last_words));
    say(text);
    say("the system cannot go on without it");
}

void Root::supervise() {
    sys::Registers registers;
    bool answer = false;
    for (;;) {
        const Error error = answer ? sys::reply_recv(caps.exceptions, registers) : sys::recv(caps.exceptions, registers);
        answer = false;
        if (error != Error::None) continue;
        if (registers.tag.has(Tag::Notification)) {
            if (registers.badge & kTickBit) sys::signal(tick_for_rs);
        } else if (registers.tag.has(Tag::Fault)) {
            core_server_died(registers);
            registers.tag = Tag(static_cast<u32>(Error::NotSupported), 0);  // it stays stopped
            answer = true;
        }
    }
}

extern "C" [[noreturn, gnu::section(".text.start")]] void _start(const BootInfo* info) {
    reinterpret_cast<Utcb*>(kRootUtcbAddress)->self = kRootUtcbAddress;
    Root root(*info);
    if (const Status started = root.start(); !started.ok()) {
        print("root: the core servers cannot be started: ");
        print(to_string(started.error()));
        print("\n");
    }
    root.supervise();
}

}  // namespace
}  // namespace eft::root
