#include "stage.h"

#include <eft/idl/proc.h>
#include <eft/invoke.h>
#include <eft/process.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace eft::test {

namespace ko = kernel_object;

namespace {

constexpr unsigned kReserveBits = 25;
constexpr u64 kIdle = 1;
constexpr u64 kExitBadge = 1000;  // + number of the program: its session with proc
constexpr unsigned kTableBits = 10;
constexpr unsigned kIncarnationBits = 18;

// The smallest file that can be loaded: its entry point is all that matters.
std::array<std::byte, sizeof(elf_format::Header) + sizeof(elf_format::ProgramHeader)> elf_file(u64 entry) {
    elf_format::Header header{};
    std::memcpy(header.identification, elf_format::kIdentification, sizeof elf_format::kIdentification);
    header.type = elf_format::kExecutableFile;
    header.machine = elf_format::kAmd64;
    header.entry = entry;
    header.program_headers = sizeof header;
    header.program_header_size = sizeof(elf_format::ProgramHeader);
    header.program_header_count = 1;
    elf_format::ProgramHeader segment{};
    segment.type = elf_format::kLoad;
    segment.flags = elf_format::kExecute;
    segment.virtual_address = entry;
    segment.memory_size = kPageSize;
    std::array<std::byte, sizeof header + sizeof segment> file{};
    std::memcpy(file.data(), &header, sizeof header);
    std::memcpy(file.data() + sizeof header, &segment, sizeof segment);
    return file;
}

}  // namespace

Stage::Stage() : memory_(machine.boot_info()) {
    const_cast<ServiceConfig&>(config()).table_bits = kRootTableBits;
    ipc::slots::refill(sys::utcb(), kMaxCaps);
    check(memory_.reserve(kReserveBits), "memory");
    exceptions_ = memory_.take_slots(1);
    notification_ = memory_.take_slots(1);
    const Slot idle = memory_.take_slots(1);
    check(ko::retype(memory_.reserved(), ObjectType::Endpoint, exceptions_), "the supervisor's endpoint");
    check(ko::retype(memory_.reserved(), ObjectType::Notification, notification_), "the supervisor's notification");
    check(ko::bind(root::root_slot(RootSlot::Thread), notification_), "the supervisor's notification");
    check(ko::derive(root::root_slot(RootSlot::Table), idle, notification_, kAllRights, kIdle), "the sign of idleness");
    machine.signal_when_idle(idle);
}

Stage::~Stage() {
    for (u32& which : sys::utcb().receive_slots) return_slot(Slot{which});
}

void Stage::check(Status status, const char* what) {
    if (!status.ok()) throw std::logic_error(std::string(what) + ": " + to_string(status.error()));
}

Program& Stage::add(std::string name, int (*main)(), ProgramOptions options) {
    const u32 index = static_cast<u32>(programs_.size());
    host::Image& image = machine.add_image(name, main);
    Program& program = *programs_.emplace_back(new Program{std::move(name), options, image, {}});
    const root::ServiceSpec spec{program.name, program.name, kIncarnationBits, kTableBits, options.priority, 0, options.state_bytes,
                                 EndpointRight::Send | EndpointRight::Receive};
    check(program.service.create(memory_, spec, elf_file(image.entry), index, exceptions_), "a program's persistent part");
    const Slot table = program.service.table();
    check(ko::derive(table, slot(WellKnown::Supervisor), notification_, bits(NotificationRight::Signal), u64{1} << 8), "its supervisor");
    check(ko::derive(table, slot(WellKnown::Process), exceptions_, bits(EndpointRight::Send), kExitBadge + index), "its session with proc");
    start(program);
    return program;
}

void Stage::start(Program& program) {
    check(program.service.build_next(), "an incarnation");
    check(program.service.resume(), "an incarnation");
}

void Stage::connect(Program& client, std::string_view name, Program& server, Badge badge) {
    check(client.service.grant(name, server.service.endpoint(), bits(EndpointRight::Send), raw(badge)), "a session");
}

CapHandle Stage::connect(Program& server, Badge badge) {
    auto copy = copy_capability(server.service.endpoint(), bits(EndpointRight::Send), raw(badge));
    if (!copy.ok()) check(copy.error(), "a session");
    return std::move(*copy);
}

void Stage::died(Program& program) {
    ++program.deaths;
    check(program.service.end(), "the end of an incarnation");
    if (program.options.restarts) start(program);
    else program.ended = true;
}

void Stage::kill(Program& program) { died(program); }

void Stage::run() {
    for (;;) {
        sys::Registers registers;
        const Error error = owes_answer_ ? sys::reply_recv(exceptions_, registers) : sys::recv(exceptions_, registers);
        check(error, "the supervisor");
        owes_answer_ = !registers.tag.has(Tag::Notification);
        if (registers.tag.has(Tag::Notification)) {
            if (registers.badge & kIdle) return;
        } else if (registers.tag.has(Tag::Fault)) {
            died(*programs_.at(registers.badge - 1));
        } else if (registers.badge >= kExitBadge) {
            Program& program = *programs_.at(registers.badge - kExitBadge);
            program.status = static_cast<int>(registers.w[0]);
            program.ended = true;
            check(program.service.end(), "the end of a program");
        }
    }
}

}  // namespace eft::test
