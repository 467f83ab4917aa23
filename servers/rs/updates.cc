#include "updates.h"

#include <eft/boot_file.h>
#include <eft/elf.h>
#include <eft/invoke.h>
#include <eft/state/region.h>

#include <cstring>

namespace eft::supervisor {
namespace {

RegionHeader& header_of(std::span<std::byte> region) { return *reinterpret_cast<RegionHeader*>(region.data()); }

// The copy is none before all of it is there.
void copy_region(std::span<std::byte> to, std::span<const std::byte> from) {
    store_word(header_of(to).magic, RegionHeader::kInitialising);
    std::memcpy(to.data() + sizeof(RegionHeader), from.data() + sizeof(RegionHeader), from.size() - sizeof(RegionHeader));
    RegionHeader header;
    std::memcpy(&header, from.data(), sizeof header);
    const u64 magic = header.magic;
    header.magic = RegionHeader::kInitialising;
    header_of(to) = header;
    store_word(header_of(to).magic, magic);
}

// A program whose kinds of session are those that the service's badges have.
Status check_program(const PersistentPart& part, std::span<const std::byte> file) {
    EFT_CHECK(parse_elf(file));
    EFT_TRY(const auto first, boot_file(program_of(*part.plan)));
    return noted_session_kinds(file) == noted_session_kinds(first) ? Status() : Status(Error::BadFormat);
}

}  // namespace

Status Updates::prepare(unsigned index, Slot program, u64 bytes) {
    PersistentPart& part = parts_[index];
    if (bytes == 0 || bytes > kMostProgramBytes) return Error::OutOfRange;
    EFT_TRY(const SharedMemory given, SharedMemory::borrow_to_read(program, page_up(bytes)));
    drop(index, other(index));
    EFT_CHECK(part.keep_memory(core_, other(index), kPageSize + page_up(bytes)));
    EFT_TRY(const SharedMemory made, SharedMemory::borrow(part.kept(other(index)), kPageSize + page_up(bytes)));
    // The client can change its own copy at any time.
    const std::span<std::byte> file = made.bytes().subspan(kPageSize, bytes);
    std::memcpy(file.data(), given.bytes().data(), bytes);
    const Status good = check_program(part, file);
    if (!good.ok()) drop(index, other(index));
    else records_[index].program_bytes[!records_[index].uses_second] = static_cast<u32>(bytes);
    return good;
}

Status Updates::turn(unsigned index) {
    EFT_CHECK(keep_state(index));
    EFT_CHECK(show_old_state(index));
    const ServiceConfig present = parts_[index].page();
    change_use(index);
    parts_[index].page() = present;
    parts_[index].page().on_trial = 1;
    return {};
}

void Updates::turn_back(unsigned index) {
    const PersistentPart& part = parts_[index];
    if (part.state_bytes() != 0) {
        const auto memory = SharedMemory::borrow(part.kept(Kept::Memory), part.memory_bytes());
        const auto old = SharedMemory::borrow(part.kept(Kept::OldState), part.state_bytes());
        if (memory.ok() && old.ok()) {
            const std::span<std::byte> region = memory->bytes().subspan(kPageSize + part.log_bytes());
            const RegionHeader &left = header_of(region), &before = header_of(old->bytes());
            const bool is_same = left.is_ready() && left.has_layout_of(before);
            const bool is_known = left.is_ready() && left.layout_version == before.layout_version;
            if (is_known && !is_same) copy_region(old->bytes(), region);
            else if (!is_same) copy_region(region, old->bytes());
        }
    }
    change_use(index);
    static_cast<void>(show_old_state(index));
}

void Updates::settle(unsigned index) {
    if (!parts_[index].has(other(index))) return;
    ServiceConfig& page = parts_[index].page();
    page.on_trial = page.old_state_bytes = 0;
    static_cast<void>(kernel_object::remove(parts_[index].table(), slot(WellKnown::OldState)));
    drop(index, Kept::OldState);
    drop(index, other(index));
    records_[index].program_bytes[!records_[index].uses_second] = 0;
}

void Updates::change_use(unsigned index) {
    records_[index].uses_second = !records_[index].uses_second;
    use(index);
}

void Updates::use(unsigned index) { parts_[index].use(records_[index].uses_second ? Kept::SecondConfig : Kept::Config); }

void Updates::drop(unsigned index, Kept what) {
    const PersistentPart& part = parts_[index];
    if (!part.has(what)) return;
    mem::Object object;
    object.object = decltype(object.object)(part.kept(what));
    static_cast<void>(core_.memory.release(object));
    part.remove(what);
}

Status Updates::keep_state(unsigned index) {
    PersistentPart& part = parts_[index];
    if (part.state_bytes() == 0) return {};
    EFT_CHECK(part.keep_memory(core_, Kept::OldState, part.state_bytes()));
    EFT_TRY(const SharedMemory memory, SharedMemory::borrow(part.kept(Kept::Memory), part.memory_bytes()));
    EFT_TRY(const SharedMemory old, SharedMemory::borrow(part.kept(Kept::OldState), part.state_bytes()));
    copy_region(old.bytes(), memory.bytes().subspan(kPageSize + part.log_bytes()));
    return {};
}

Status Updates::show_old_state(unsigned index) {
    PersistentPart& part = parts_[index];
    if (part.state_bytes() == 0) return {};
    EFT_CHECK(part.derive(slot(WellKnown::OldState), part.kept(Kept::OldState)));
    part.page().old_state_bytes = static_cast<u32>(part.state_bytes());
    return {};
}

}  // namespace eft::supervisor
