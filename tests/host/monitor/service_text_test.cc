// `service info` in words, of answers that went through a message.
#include <eft/ipc/sent.h>

#include <monitor/service_text.h>

#include <doctest/doctest.h>
#include <eft/abi/object.h>

using namespace eft;
using namespace eft::monitor;
using ipc::Sent;

namespace {

std::string text_of(const rs::ServiceInfo& info) { return info_text(Sent(info).view()); }

}  // namespace

TEST_CASE("a service that lives, and its capabilities") {
    const auto kind = [](ObjectType type) { return static_cast<rs::ObjectKind>(type); };
    const rs::Capability caps[] = {
        {.slot = 140, .kind = kind(ObjectType::IoPorts), .rights = kAllRights, .data = u64{8} << 32 | 0x3f8},
        {.slot = 141, .kind = kind(ObjectType::Irq), .rights = kAllRights, .data = u64{1} << 32 | 4},
        {.slot = 32, .kind = kind(ObjectType::Endpoint), .rights = 1, .data = 9, .name = "device", .peer = "dev"},
        {.slot = 33, .kind = kind(ObjectType::Endpoint), .rights = 1, .data = raw(rs::Rs::badge_of(rs::Rs::SessionKind::Order, 9)), .name = "rs", .peer = "rs", .session = "order"},
        {.slot = 4, .kind = kind(ObjectType::Notification), .rights = 2},
    };
    const rs::Device device{.match = "com1", .index = 0};
    rs::ServiceInfo info{.name = "uart", .program = "uart", .state = rs::ServiceState::Up, .pid = 8, .incarnation = 1};
    info.device = &device;
    info.capabilities = caps;
    info.replies = 19;
    info.left_out = 2;
    CHECK(text_of(info) ==
          "name: uart\nprogram: uart\nstate: up\npid: 8\nincarnation: 1\nrestarts: 0\ndeaths: 0\nlast recovery: none\n"
          "device: com1 index 0\ncapabilities:\n"
          "  140 ports 0x3f8 to 0x3ff\n"
          "  141 interrupt 4\n"
          "  32 device: endpoint of dev, badge 9, send\n"
          "  33 rs: endpoint of rs, order session 9, send\n"
          "  4 notification, wait\n"
          "  and 2 more\n"
          "  replies: 19\n");
}

TEST_CASE("a service that has died") {
    const u64 frames[] = {0x401000, 0x402000, 0x200000};
    const rs::RecoveryTimes times{.noticed = 1, .silenced = 2, .revoked = 3, .spawned = 40, .ready = 500};
    rs::Crash crash{.reason = proc::DeathReason::Exception, .words = "CPU exception 6, invalid opcode", .ordered = true};
    crash.instruction = 0x400123;
    crash.backtrace = frames;
    crash.recovery = &times;
    const rs::Faults faults{.calls = 85, .every = 3};
    rs::ServiceInfo info{.name = "second", .program = "echo", .state = rs::ServiceState::Up};
    info.deaths = 1;
    info.last_recovery_us = 500;
    info.last_death = &crash;
    info.last_words = "oh";
    info.faults = &faults;
    const std::string text = text_of(info);
    CHECK(text.find("last recovery: 500 us\nlast death: CPU exception 6, invalid opcode (ordered)\n"
                    "crash record: at echo+0x123, stack 0x0000000000000000, replies 0\n"
                    "backtrace: echo+0x1000 echo+0x2000 0x200000\n"
                    "recovery, us since the death: noticed 1 silenced 2 revoked 3 spawned 40 ready 500\n"
                    "last words: oh\nfaults at call 85, one in 3\ncapabilities:\n") != std::string::npos);
}

TEST_CASE("the registers of a death, and in a system call only those that the thread has there") {
    const rs::RecoveryTimes times{};
    u64 registers[18];
    for (u64 i = 0; i < std::size(registers); ++i) registers[i] = 0x10 + i;
    rs::Crash crash{.reason = proc::DeathReason::Exception, .words = "w", .recovery = &times};
    crash.registers = registers;
    rs::ServiceInfo info{.name = "echo", .program = "echo"};
    info.last_death = &crash;
    const std::string all = text_of(info);
    CHECK(all.find("registers:\n"
                   "  rax 0x0000000000000010  rbx 0x0000000000000011  rcx 0x0000000000000012\n"
                   "  rdx 0x0000000000000013  rsi 0x0000000000000014  rdi 0x0000000000000015\n"
                   "  rbp 0x0000000000000016  rsp 0x0000000000000017  r8  0x0000000000000018\n") != std::string::npos);
    CHECK(all.find("  r15 0x000000000000001f  rip 0x0000000000000020  rflags 0x0000000000000021\nbacktrace:") != std::string::npos);
    crash.in_system_call = true;
    CHECK(text_of(info).find("registers, in a system call:\n"
                             "  rbp 0x0000000000000016  rsp 0x0000000000000017  rip 0x0000000000000020\nbacktrace:") != std::string::npos);
}

TEST_CASE("what was held") {
    const rs::Capability held[] = {{.slot = 32, .kind = rs::ObjectKind::Endpoint, .rights = 1, .data = 9, .name = "rs", .peer = "rs", .session = "order"}};
    CHECK(capabilities_text(Sent(rs::TablePart{.capabilities = held}).view()) == "  32 rs: endpoint of rs, order session 9, send\n");
}
