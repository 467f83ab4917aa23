#include "supervisor.h"

#include <servers/proc/process_table.h>

#include <eft/message_trace.h>

#include <cstring>

namespace eft::test {

namespace {

// At which address the program's segments are: where it says that it is mapped.
constinit u64 code_address = 0;

std::string_view chars(const std::vector<std::byte>& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::vector<std::byte> file_of(const host::Image& image) {
    ElfProgram file;
    file.header.entry = image.entry;
    file.segments[0].virtual_address = file.segments[0].physical_address = image.entry;
    file.segments[1].virtual_address = file.segments[1].physical_address = image.entry + kDataOffset;
    return file.file();
}

}  // namespace

int look_around() {
    seen = {incarnation(), 0, config().magic};
    const auto expect = [](u64 address, u64 bytes, auto value) {
        for (u64 i = 0; i < bytes; ++i) seen.wrong_bytes += *arch::pointer<const u8>(address + i) != static_cast<u8>(value(i));
    };
    expect(code_address, kCodeBytes, [](u64 i) { return i % 251; });
    expect(code_address + kDataOffset, kDataInFile, [](u64 i) { return (0x2000 + i) % 251; });
    expect(code_address + kDataOffset + kDataInFile, kDataBytes - kDataInFile, [](u64) { return 0; });
    *arch::pointer<u8>(code_address + kDataOffset) = 1;
    return 7;
}

int wait_and_fault() {
    const u64 code = arch::pointer<const ServiceConfig>(layout::kConfigAddress)->boot_time;  // as the test has told it
    u64* const stack = arch::pointer<u64>(layout::kStackTop) - 5;
    const u64 words[] = {code + 0x123, 5, code + kCodeBytes - 1, code + kCodeBytes, code};
    std::copy(std::begin(words), std::end(words), stack);
    *(arch::pointer<volatile u64>(layout::kStackTop) - 5 * kPageSize / sizeof(u64)) = 1;  // a page that is not there at the start
    MessageTrace trace(persistent_head().trace);
    const u64 in_registers[] = {1, 2, 3, 4}, in_page[kTracedWords] = {};
    trace.received(0x10002'0000'0004, 9, 1000, in_registers, in_page);
    trace.answered(4);
    trace.received(0x10002'0000'0004, 10, 1001, in_registers, in_page);
    sys::Registers registers;
    Error error = sys::recv(slot(WellKnown::Endpoint), registers);
    while (error == Error::None && !registers.tag.has(Tag::Notification)) error = sys::reply_recv(slot(WellKnown::Endpoint), registers);
    *arch::pointer<volatile u32>(kNowhere) = 1;
    return 0;
}

int leave() { return -3; }

void Supervisor::write_archive() {
    archive::NewcWriter files;
    const auto add = [&](const char* name, int (*main)()) {
        images[name] = &stage.machine.add_image(name, main);
        files.add(name, chars(file_of(*images[name])));
    };
    files.add("other", "no program");
    add("look_around", look_around);
    add("wait_and_fault", wait_and_fault);
    add("leave", leave);
    code_address = images["look_around"]->entry;
    const std::string bytes = std::move(files).finish();
    REQUIRE(bytes.size() <= Stage::kArchiveBytes);
    std::memcpy(stage.machine.memory(stage.machine.boot_info().archive_address), bytes.data(), bytes.size());
}

// As root does it. There are no dev, names and rs: mem's thread stands for theirs.
void Supervisor::start_proc() {
    proc = &stage.add("proc", eft_main_proc, {.priority = kProcPriority, .state_bytes = page_up(processes::kStateBytes), .persistent_slots = processes::kPersistentSlots, .asks_for_memory = true});
    root::Service& service = proc->service;
    stage.check(service.grant("space", service.space()), "proc's space");
    stage.connect(*proc, "mem", memory.program(), mem::Mem::badge_of(mem::Mem::SessionKind::Control, core_pid("proc")));
    for (const std::string_view name : kCoreProcesses) {
        const Slot thread = core_pid(name) == kRootPid ? root::root_slot(RootSlot::Thread) : memory.program().service.thread();
        stage.check(service.grant(FixedText<kNameLength - 1>("thread/").append(name), thread, bits(ControlRight::Inspect)), "what proc shows");
    }
    stage.on_start = [this, before = stage.on_start](Program& each) {
        before(each);
        if (&each == proc) stage.check(each.service.grant_again("space", each.service.space()), "proc's next space");
    };
}

}  // namespace eft::test
