#include "stage.h"

#include <eft/layout.h>

namespace eft::test {

namespace ko = kernel_object;

namespace {
constexpr u16 kDebugExit = 0xf4;  // QEMU's isa-debug-exit
constexpr u32 kPassed = 0x10, kFailed = 0x11;
}  // namespace

void Stage::open(unsigned reserve_bits) {
    require(memory.reserve(reserve_bits), "reserve memory");
    auto mapped = root::map_archive(memory);
    require(mapped.ok() ? Status() : Status(mapped.error()), "map the archive");
    archive = *mapped;
    endpoint = memory.take_slots(1);
    notification = memory.take_slots(1);
    require(ko::retype(memory.reserved(), ObjectType::Endpoint, endpoint), "endpoint");
    require(ko::retype(memory.reserved(), ObjectType::Notification, notification), "notification");
    require(ko::bind(root::root_slot(RootSlot::Thread), notification), "bind");
}

void Stage::create(root::Service& service, const root::ServiceSpec& spec) {
    const auto file = find_in_archive(archive, spec.program);
    require(file.ok() ? Status() : Status(file.error()), spec.program);
    const u32 index = services++;
    require(service.create(memory, spec, *file, index, endpoint), spec.name);
    require(ko::derive(service.table(), slot(WellKnown::Supervisor), notification, bits(NotificationRight::Signal), u64{1} << (8 + index)), spec.name);
}

void Stage::connect(root::Service& client, root::Service& server, u64 badge) {
    require(client.grant(server.name(), server.endpoint(), bits(EndpointRight::Send), badge), server.name());
}

void Stage::expect(std::string_view name, bool passed, std::string_view otherwise) {
    root::print("TEST ");
    root::print(name);
    root::print(passed ? " ok" : " FAIL ");
    if (!passed) root::print(otherwise);
    root::print("\n");
    count(passed);
}

void Stage::require(Status status, std::string_view what) {
    if (status.ok()) return;
    root::print("stage: ");
    root::print(what);
    root::print(": ");
    expect("stage", false, to_string(status.error()));
    finish();
}

void Stage::finish() {
    root::print("TESTS ");
    print_number(passed_);
    root::print(" passed, ");
    print_number(failed_);
    root::print(" failed\n");
    for (;;) static_cast<void>(ko::port_out(root::root_slot(RootSlot::Ports), kDebugExit, 4, failed_ == 0 ? kPassed : kFailed));
}

void print_number(u64 value) {
    char digits[21];
    unsigned at = sizeof(digits);
    do {
        digits[--at] = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value != 0);
    root::print(std::string_view(digits + at, sizeof(digits) - at));
}

void print_value(std::string_view name, u64 value) {
    root::print(name);
    root::print(" ");
    print_number(value);
    root::print("\n");
}

extern "C" [[noreturn, gnu::section(".text.start")]] void _start(const BootInfo* info) {
    reinterpret_cast<Utcb*>(kRootUtcbAddress)->self = kRootUtcbAddress;
    Stage stage(*info);
    stage_main(stage);
    stage.finish();
}

}  // namespace eft::test
