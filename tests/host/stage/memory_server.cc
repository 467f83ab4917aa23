#include "memory_server.h"

#include <servers/mem/state.h>

#include <eft/core_processes.h>
#include <eft/invoke.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/text.h>

#include <algorithm>

int eft_main_of_mem();

namespace eft::test {

namespace ko = kernel_object;

namespace {

constexpr u8 kPriority = 60;
constexpr unsigned kTableLimitBits = 20, kTablePages = 16;
constexpr u32 kPersistentSlots = 512;
constexpr u32 kLogPages = root::Service::kLogBytes / kPageSize;

const Slot kOwnTable = root::root_slot(RootSlot::Table);

}  // namespace

MemoryServer::MemoryServer(Stage& stage) : stage_(stage) {
    stage_.as_root([this] {
        program_ = &stage_.add("mem", eft_main_of_mem, {.priority = kPriority, .state_bytes = page_up(memory::Region::kBytes), .table_limit_bits = kTableLimitBits, .table_pages = kTablePages, .persistent_slots = kPersistentSlots});
        start();
        stage_.for_each_program([this](Program& each) { begin(each); });
    });
    stage_.on_start = [this](Program& each) { begin(each); };
    stage_.on_end = [this](Program& each) { end(each); };
}

MemoryServer::~MemoryServer() {
    stage_.on_start = stage_.on_end = [](Program&) {};
    stage_.as_root([this] { control_.reset(); });
}

// As root does it on the machine (servers/root/core_servers.cc).
void MemoryServer::start() {
    root::Memory& memory = stage_.memory();
    root::Service& service = program_->service;
    stage_.check(service.grant("space", service.space()), "mem's space");
    u32 first = 0, count = 0;
    for (u32 i = 1; i < memory.info().untyped_count; ++i) {
        const Slot untyped = static_cast<Slot>(static_cast<u32>(RootSlot::FirstUntyped) + i);
        if (untyped == memory.reserved()) continue;
        const auto at = service.hand_over(untyped, 1);
        stage_.check(at.error(), "mem's memory");
        if (count++ == 0) first = *at;
    }
    constexpr u32 kLogs = static_cast<u32>(kCoreProcesses.size()) * kLogPages;
    const Slot logs = memory.take_slots(kLogs);
    stage_.check(ko::retype(memory.reserved(), ObjectType::Frame, logs, kLogs), "the logs");
    const auto first_log = service.hand_over(logs, kLogs);
    stage_.check(first_log.error(), "the logs");
    FixedText<sizeof(ServiceConfig::arguments) - 1> arguments;
    arguments.append("untyped=").hex(first).append(",").hex(count);
    arguments.append(" archive=").hex(memory.info().archive_address).append(",").hex(memory.info().archive_size);
    arguments.append(" logs=").hex(*first_log).append(",").hex(kLogPages);
    std::copy_n(arguments.c_str(), arguments.view().size() + 1, service.config().arguments);
    const Slot session = allocate_slot();
    stage_.check(ko::derive(kOwnTable, session, service.endpoint(), bits(EndpointRight::Send), raw(mem::Mem::badge_of(mem::Mem::SessionKind::Control, 1))),
                 "a session with mem");
    control_.emplace(CapHandle(session));
}

void MemoryServer::begin(Program& program) {
    if (&program == program_) return stage_.check(program.service.grant_again("space", program.service.space()), "mem's next space");
    if (program.options.asks_for_memory) return;
    mem::AdoptRequest request;
    request.space = ipc::CapField<ipc::kind::AddressSpace>(program.service.space());
    request.quota = kQuota;
    auto space = control_->adopt(request);
    stage_.check(space.error(), "mem's record of a program");
    program.memory_id = space->id;
    const Slot session = space->session.release();
    stage_.check(ko::move(program.service.table(), slot(WellKnown::Memory), session), "a session with mem");
    return_slot(session);
    program.first_pages = ko::inspect_space(program.service.space())->mapped_pages;
}

void MemoryServer::end(Program& program) {
    if (&program != program_ && !program.options.asks_for_memory) stage_.check(control_->destroy_space({.id = program.memory_id}).error(), "the end of mem's record");
}

u64 MemoryServer::mapped_pages(Program& program) {
    u64 pages = 0;
    stage_.as_root([&] { pages = ko::inspect_space(program.service.space())->mapped_pages - program.first_pages; });
    return pages;
}

u64 MemoryServer::free_pages() {
    u64 pages = 0;
    stage_.as_root([&] { pages = control_->info_of({.id = stage_.test().memory_id})->free; });
    return pages;
}

}  // namespace eft::test
