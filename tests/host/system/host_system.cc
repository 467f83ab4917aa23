#include "host_system.h"

#include <newc.h>
#include <drivers/i8254/i8254.h>

#include <eft/cap.h>
#include <eft/invoke.h>
#include <eft/layout.h>
#include <eft/process.h>

#include <flatbuffers/idl.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

int eft_main_mem();
int eft_main_proc();
int eft_main_dev();
int eft_main_names();
int eft_main_rs();
int eft_main_tombstone();

namespace eft::test {

namespace ko = kernel_object;

namespace {

constexpr std::size_t kArchiveBytes = 512 * 1024;
constexpr u32 kOrdersId = 1000;  // of the test's session with rs

void check(Status status, const char* what) {
    if (!status.ok()) throw std::logic_error(std::string(what) + ": " + to_string(status.error()));
}

std::string_view chars(const std::vector<std::byte>& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::string compile(const std::string& manifest) {
    std::ifstream schema(EFT_MANIFEST_SCHEMA);
    const std::string text{std::istreambuf_iterator<char>(schema), std::istreambuf_iterator<char>()};
    flatbuffers::Parser parser;
    if (!parser.Parse(text.c_str()) || !parser.ParseJson(manifest.c_str())) throw std::logic_error("the manifest: " + parser.error_);
    return {reinterpret_cast<const char*>(parser.builder_.GetBufferPointer()), parser.builder_.GetSize()};
}

}  // namespace

HostSystem::HostSystem(const std::vector<HostProgram>& programs, const std::string& manifest, const std::function<void(HostSystem&)>& before)
    : machine(kArchiveBytes), root_(machine.boot_info()) {
    const_cast<ServiceConfig&>(config()).table_bits = kRootTableBits;
    const_cast<ServiceConfig&>(config()).table = table_plan();
    load_archive(programs, manifest);
    if (before) before(*this);
    check(root_.start(), "root");
    const Slot idle = root_.memory().take_slots(1);
    check(ko::derive(root::root_slot(RootSlot::Table), idle, root_.notification(), kAllRights, kIdle), "the sign of idleness");
    machine.signal_when_idle(idle);
    auto orders = copy_capability(root_.core_servers()[root::Core::Rs].endpoint(), bits(EndpointRight::Send),
                                  raw(rs::Rs::badge_of(rs::Rs::SessionKind::Order, kOrdersId)));
    check(orders.ok() ? Status() : Status(orders.error()), "a session with rs");
    rs_.emplace(std::move(*orders));
    run();
}

HostSystem::~HostSystem() = default;

void HostSystem::load_archive(const std::vector<HostProgram>& programs, const std::string& manifest) {
    archive::NewcWriter archive;
    const auto is_given = [&](std::string_view name) { return std::ranges::any_of(programs, [&](const HostProgram& each) { return each.name == name; }); };
    const auto add = [&](const std::string& name, std::function<int()> main, const std::string& session_kinds = {}) {
        host::Image& image = machine.add_image(name, std::move(main));
        image.session_kinds = session_kinds;
        images_[name] = &image;
        archive.add(name, chars(host::elf_file(image)));
    };
    const std::pair<const char*, int (*)()> own[] = {{"mem", eft_main_mem},     {"proc", eft_main_proc}, {"dev", eft_main_dev},
                                                     {"names", eft_main_names}, {"rs", eft_main_rs},     {"tombstone", eft_main_tombstone}};
    for (const auto& [name, main] : own)
        if (!is_given(name)) add(name, main);
    for (const HostProgram& program : programs) add(program.name, program.main, program.session_kinds);
    archive.add("manifest", compile(manifest));
    const std::string bytes = std::move(archive).finish();
    if (bytes.size() > kArchiveBytes) throw std::logic_error("the boot archive is too large");
    std::memcpy(machine.memory(machine.boot_info().archive_address), bytes.data(), bytes.size());
}

void HostSystem::run() {
    while (!(root_.serve() & kIdle))
        if (root_.lost() != 0) throw std::logic_error("a core server died: " + machine.printed());
}

void HostSystem::schedule_ticks(unsigned count) {
    for (u64 i = 1; i <= count; ++i)
        machine.at(machine.now() + i * kTickMs * host::Machine::kTicksPerMs, [this] { machine.interrupt(i8254::kInterruptLine); });
}

bool HostSystem::run_until(const std::function<bool()>& done, unsigned ticks) {
    run();
    for (; !done(); --ticks) {
        if (ticks == 0) return false;
        tick();
    }
    return true;
}

rs::ServiceLine HostSystem::line(std::string_view service) {
    image("rs").spared = true;
    for (rs::Cursor cursor;;) {
        auto line = rs_->next(cursor);
        if (!line.ok()) throw std::logic_error("rs has no service " + std::string(service) + ": " + to_string(line.error()));
        cursor.after = line->index;
        if (line->name != service) continue;
        image("rs").spared = false;
        return *line;
    }
}

}  // namespace eft::test
