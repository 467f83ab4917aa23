#include "service.h"

#include <eft/invoke.h>
#include <eft/layout.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace eft::root {

namespace ko = kernel_object;

namespace {

// Where root sees what it makes for services: one megabyte per service, with the configuration, the persistent memory and the
// image, and one page to fill frames.
constexpr u64 kServiceWindow = 0x6000'0000;
constexpr u64 kServiceWindowSize = 0x10'0000;
constexpr u64 kFillAddress = 0x7000'0000;

constexpr u32 kFewPages = 3;  // endpoint, notification
constexpr Rights kReadWrite = FrameRight::Read | FrameRight::Write;

const Slot kOwnTable = root_slot(RootSlot::Table);

}  // namespace

Status Service::create(Memory& memory, const ServiceSpec& spec, std::span<const std::byte> image, u32 index, Slot exceptions) {
    spec_ = spec;
    memory_ = &memory;
    index_ = index;
    exceptions_ = exceptions;
    base_ = memory.take_slots(kSlots);
    next_named_ = raw(slot(WellKnown::FirstNamed));
    persistent_pages_ = 1 + kLogBytes / kPageSize + spec.state_bytes / kPageSize;
    EFT_TRY(const auto copy, copy_image(memory, image));
    EFT_TRY(elf_, parse_elf(copy));
    persistent_frames_ = memory.take_slots(persistent_pages_);
    const u64 pages = u64{spec.table_pages + config_pages() + persistent_pages_ + kFewPages} * kPageSize;
    const u64 bytes = std::bit_ceil(cap_table_bytes(spec.table_bits, spec.table_limit_bits) + pages);
    EFT_CHECK(ko::retype(memory.reserved(), ObjectType::Untyped, at(0), 1, static_cast<unsigned>(std::bit_width(bytes)) - 1));
    EFT_CHECK(create_table(memory));
    EFT_CHECK(ko::retype(at(0), ObjectType::Endpoint, at(2)));
    EFT_CHECK(ko::retype(at(0), ObjectType::Notification, at(3)));
    EFT_CHECK(create_persistent_memory(memory));
    EFT_CHECK(fill_table());
    blocks_[0].first = at(64);
    return make_block(blocks_[0]);
}

Status Service::make_block(Block& block) {
    block.copies = memory_->take_slots(config_pages() + persistent_pages_);
    for (u32 i = 0; i < config_pages(); ++i) EFT_CHECK(ko::derive(kOwnTable, block.copy(i), at(4 + i), bits(FrameRight::Read)));
    for (u32 i = 0; i < persistent_pages_; ++i)
        EFT_CHECK(ko::derive(kOwnTable, block.copy(config_pages() + i), persistent_frame(i), kReadWrite));
    return ko::retype(memory_->reserved(), ObjectType::Untyped, block.at(kMemory), 1, spec_.memory_bits);
}

// The next incarnations are loaded when the boot archive is mem's.
Result<std::span<const std::byte>> Service::copy_image(Memory& memory, std::span<const std::byte> image) {
    const u32 pages = static_cast<u32>(page_up(image.size()) / kPageSize);
    const u64 before = u64{config_pages() + persistent_pages_} * kPageSize;
    if (before + pages * kPageSize > kServiceWindowSize) return Error::LimitReached;
    const u64 address = kServiceWindow + index_ * kServiceWindowSize + before;
    const Slot frames = memory.take_slots(pages);
    for (u32 i = 0; i < pages; ++i) {
        const Slot frame = static_cast<Slot>(raw(frames) + i);
        EFT_CHECK(ko::retype(memory.reserved(), ObjectType::Frame, frame));
        EFT_CHECK(memory.map_here(frame, address + i * kPageSize, kReadWrite));
    }
    std::copy(image.begin(), image.end(), arch::pointer<std::byte>(address));
    return std::span<const std::byte>(arch::pointer<std::byte>(address), image.size());
}

Status Service::create_table(Memory& memory) {
    EFT_CHECK(ko::retype_table(at(0), table(), spec_.table_bits, spec_.table_limit_bits));
    if (spec_.table_pages == 0) return {};
    const Slot pages = memory.take_slots(spec_.table_pages);
    EFT_CHECK(ko::retype(at(0), ObjectType::CapPage, pages, spec_.table_pages));
    for (u32 i = 0; i < spec_.table_pages; ++i) {
        const u32 index = (1u << spec_.table_bits) + i * static_cast<u32>(kPageSlots);
        EFT_CHECK(ko::donate_slots(table(), static_cast<Slot>(index), static_cast<Slot>(raw(pages) + i)));
    }
    return {};
}

Status Service::create_persistent_memory(Memory& memory) {
    const u64 window = kServiceWindow + index_ * kServiceWindowSize;
    EFT_CHECK(ko::retype(at(0), ObjectType::Frame, at(4), config_pages()));
    EFT_CHECK(ko::retype(at(0), ObjectType::Frame, persistent_frames_, persistent_pages_));
    for (u32 i = 0; i < config_pages() + persistent_pages_; ++i) {
        const Slot frame = i < config_pages() ? at(4 + i) : persistent_frame(i - config_pages());
        EFT_CHECK(memory.map_here(frame, window + i * kPageSize, kReadWrite));
    }
    config_ = arch::pointer<ServiceConfig>(window);
    head_ = arch::pointer<PersistentHead>(window + config_pages() * kPageSize);
    config_->magic = kConfigMagic;
    config_->boot_time = memory.info().entry_time;
    config_->ticks_per_ms = memory.info().ticks_per_ms;
    config_->table_bits = spec_.table_bits;
    config_->table = table_plan(spec_.persistent_slots, spec_.replies);
    config_->state_bytes = spec_.state_bytes;
    config_->log_bytes = kLogBytes;
    set_text(config_->name, spec_.name);
    return {};
}

Status Service::fill_table() {
    EFT_CHECK(ko::derive(table(), slot(WellKnown::Table), table()));
    EFT_CHECK(ko::derive(table(), slot(WellKnown::Endpoint), endpoint(), spec_.endpoint_rights));
    EFT_CHECK(ko::derive(table(), slot(WellKnown::Notification), notification(), bits(NotificationRight::Wait)));
    EFT_CHECK(ko::derive(table(), slot(WellKnown::SelfSignal), notification(), bits(NotificationRight::Signal)));
    return {};
}

Status Service::grant(std::string_view name, Slot cap, Rights rights, u64 badge) {
    if (config_->cap_count == std::size(config_->caps)) return Error::LimitReached;
    EFT_CHECK(ko::derive(table(), static_cast<Slot>(next_named_), cap, rights, badge));
    NamedCap& entry = config_->caps[config_->cap_count++];
    set_text(entry.name, name);
    entry.slot = next_named_++;
    return {};
}

Status Service::grant_again(std::string_view name, Slot cap, Rights rights) {
    for (u32 i = 0; i < config_->cap_count; ++i) {
        const NamedCap& entry = config_->caps[i];
        if (field_text(entry.name) != name) continue;
        EFT_CHECK(ko::remove(table(), static_cast<Slot>(entry.slot)));
        return ko::derive(table(), static_cast<Slot>(entry.slot), cap, rights);
    }
    return Error::NotFound;
}

void Service::trace(u64 stack, std::span<u64> frames) {
    std::fill(frames.begin(), frames.end(), 0);
    const u64 bottom = layout::kStackTop - layout::kStackBytes;
    if (stack < bottom || stack >= layout::kStackTop) return;
    const Slot frame = present().at(present().first_stack_frame + static_cast<u32>((stack - bottom) / kPageSize)), copy = passing();
    if (!ko::derive(kOwnTable, copy, frame, bits(FrameRight::Read)).ok()) return;
    if (memory_->map_here(copy, kFillAddress, bits(FrameRight::Read)).ok()) {
        std::size_t found = 0;
        for (u64 at = stack & ~u64{7}; at < page_down(stack) + kPageSize && found < frames.size(); at += sizeof(u64)) {
            const u64 word = *arch::pointer<const u64>(kFillAddress + at % kPageSize);
            if (elf_.has_code_at(word)) frames[found++] = word;
        }
    }
    static_cast<void>(ko::remove(kOwnTable, copy));
}

Result<u32> Service::hand_over(Slot first, u32 count) {
    const u32 at_slot = next_named_;
    if (count > config_->table.first_scratch - at_slot) return Error::LimitReached;
    for (u32 i = 0; i < count; ++i) {
        EFT_CHECK(ko::move(table(), static_cast<Slot>(next_named_++), static_cast<Slot>(raw(first) + i)));
    }
    return at_slot;
}

// A fresh page at `address`, filled from the image if a segment is given.
Status Service::map_incarnation_page(Block& block, u64 address, Rights rights, const ElfSegment* segment) {
    if (block.next_frame == kBlockSlots) return Error::LimitReached;
    const Slot frame = block.at(block.next_frame);
    EFT_CHECK(ko::retype(block.at(kMemory), ObjectType::Frame, frame));
    ++block.next_frame;
    if (segment) {
        EFT_CHECK(memory_->map_here(frame, kFillAddress, kReadWrite));
        copy_segment_page(*segment, address, arch::pointer<std::byte>(kFillAddress));
        EFT_CHECK(ko::unmap(root_slot(RootSlot::Space), frame));
    }
    if (rights & bits(FrameRight::Execute)) EFT_CHECK(ko::seal(frame));
    return map_with_tables(block.at(kSpace), frame, address, rights, block.at(kMemory), block.next_table);
}

// The persistent frames are mapped through copies, which are mapped nowhere again when the address space has ended.
Status Service::map_persistent(Block& block) {
    const auto map_copy = [&block](u32 index, u64 address, Rights rights) {
        return map_with_tables(block.at(kSpace), block.copy(index), address, rights, block.at(kMemory), block.next_table);
    };
    EFT_CHECK(map_copy(0, layout::kConfigAddress, bits(FrameRight::Read)));
    for (u32 i = 0; i < spec_.shown_pages; ++i) EFT_CHECK(map_copy(1 + i, layout::kShownAddress + i * kPageSize, bits(FrameRight::Read)));
    for (u32 i = 0; i < persistent_pages_; ++i) EFT_CHECK(map_copy(config_pages() + i, layout::kPersistentAddress + i * kPageSize, kReadWrite));
    return {};
}

Status Service::map_memory(Block& block) {
    EFT_CHECK(map_with_tables(block.at(kSpace), block.at(kUtcb), layout::kUtcbAddress, kReadWrite, block.at(kMemory), block.next_table));
    for (const ElfSegment& segment : elf_.segments()) {
        for (u64 page = page_down(segment.address); page < segment.address + segment.memory_bytes; page += kPageSize) {
            EFT_CHECK(map_incarnation_page(block, page, segment.rights, &segment));
        }
    }
    block.first_stack_frame = block.next_frame;
    for (u64 page = layout::kStackTop - layout::kStackBytes; page < layout::kStackTop; page += kPageSize) {
        EFT_CHECK(map_incarnation_page(block, page, kReadWrite, nullptr));
    }
    for (u32 i = 0; i < spec_.heap_pages; ++i) {
        EFT_CHECK(map_incarnation_page(block, layout::kHeapBase + i * kPageSize, kReadWrite, nullptr));
    }
    return map_persistent(block);
}

Status Service::make_thread(Block& block) {
    const Slot thread = block.at(kThread), exceptions = passing();
    EFT_CHECK(ko::derive(kOwnTable, exceptions, exceptions_, bits(EndpointRight::Send), 1 + index_));
    EFT_CHECK(ko::configure(thread, table(), block.at(kSpace), block.at(kUtcb), layout::kUtcbAddress));
    EFT_CHECK(ko::set_handlers(thread, Slot::None, exceptions));
    EFT_CHECK(ko::remove(kOwnTable, exceptions));
    EFT_CHECK(ko::retype(block.at(kMemory), ObjectType::SchedContext, block.at(kContext)));
    EFT_CHECK(ko::configure_context(block.at(kContext), 0, 0, spec_.priority));
    EFT_CHECK(ko::set_context(thread, block.at(kContext)));
    EFT_CHECK(ko::set_priority(thread, spec_.priority));
    return ko::retype(block.at(kMemory), ObjectType::Reply, block.at(kFirstReply), config_->table.replies);
}

// All but what lies in the service's table, and is the running incarnation's.
Status Service::build(Block& block) {
    if (block.is_left) EFT_CHECK(ko::revoke(kOwnTable, block.at(kMemory)));
    block.next_frame = kFirstFrame;
    block.next_table = block.at(kFirstTable);
    block.is_left = true;
    EFT_CHECK(ko::retype(block.at(kMemory), ObjectType::AddressSpace, block.at(kSpace)));
    EFT_CHECK(ko::retype(block.at(kMemory), ObjectType::Thread, block.at(kThread)));
    EFT_CHECK(ko::retype(block.at(kMemory), ObjectType::Frame, block.at(kUtcb)));
    EFT_CHECK(map_memory(block));
    EFT_CHECK(make_thread(block));
    block.is_built = true;
    return {};
}

Status Service::take_over() {
    EFT_CHECK(ko::derive(table(), slot(WellKnown::Thread), thread()));
    for (u32 i = 0; i < config_->table.replies; ++i) {
        EFT_CHECK(ko::move(table(), static_cast<Slot>(config_->table.first_reply + i), present().at(kFirstReply + i)));
    }
    return ko::set_registers(thread(), elf_.entry(), layout::kStackTop - 8, incarnation_, replies_delivered_);
}

Status Service::build_next() {
    ++incarnation_;
    if (is_prepared()) present_ = 1 - present_;
    Status built = present().is_built ? Status() : build(blocks_[present_]);
    blocks_[present_].is_built = false;
    if (built.ok()) built = take_over();
    if (!built.ok()) static_cast<void>(end());
    return built;
}

Status Service::prepare_next() {
    Block& next = blocks_[1 - present_];
    if (next.is_built) return {};
    if (next.first == Slot::None) {
        const Slot first = memory_->take_slots(kBlockSlots);
        next.first = first;
        EFT_CHECK(make_block(next));
    }
    return build(next);
}

Status Service::resume() { return ko::resume(thread()); }

// Who waited for its answer hears of it here.
Status Service::end_thread() {
    EFT_CHECK(ko::revoke(kOwnTable, thread()));
    EFT_CHECK(ko::remove(kOwnTable, thread()));
    return ko::remove(table(), static_cast<Slot>(config_->table.first_reply), config_->table.replies);
}

Status Service::end() {
    if (auto info = ko::inspect_thread(thread()); info.ok()) {
        static_cast<void>(ko::suspend(thread()));
        replies_delivered_ += info->replies_delivered;
    }
    if (is_prepared()) {
        EFT_CHECK(end_thread());
    } else {
        EFT_CHECK(ko::revoke(kOwnTable, present().at(kMemory)));
        blocks_[present_].is_left = false;
    }
    // What the incarnation had received.
    EFT_CHECK(ko::remove(table(), slot(WellKnown::Memory)));
    const u32 scratch = config_->table.first_scratch;
    return ko::remove(table(), static_cast<Slot>(scratch), (1u << spec_.table_bits) - scratch);
}

}  // namespace eft::root
