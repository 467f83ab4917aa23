#include <boot/root_task.h>

#include <boot/archive.h>
#include <object/address_space.h>
#include <object/derivation.h>
#include <object/frame.h>
#include <object/reply.h>
#include <object/untyped.h>

#include <arch/debug.h>
#include <arch/panic.h>

#include <iterator>

namespace eft::kernel {
namespace {

constexpr unsigned kBlockBits = 22;
constexpr u64 kStackTop = 0x0fff'f000;
constexpr unsigned kStackPages = 16;
constexpr unsigned kSpareTables = 12;
constexpr u8 kRootPriority = kPriorities - 1;
// The capabilities to root's own pages stand at the end of its table.
constexpr u32 kOwnPages = 512;
constexpr u32 kFirstOwnPage = (1u << kRootTableBits) - kOwnPages;


}  // namespace

Capability& RootTask::slot(u32 index) { return *table_->lookup(index); }

void RootTask::make(ObjectType type, Capability& destination, unsigned size_bits) {
    Capability& untyped = table_ ? slot(static_cast<u32>(RootSlot::FirstUntyped)) : block_;
    Error error;
    do error = retype(core_, UntypedCap(untyped), {type, size_bits, 0, 1, destination});
    while (error == kPaused);
    if (error != Error::None) arch::panic("root does not fit into its memory block");
}

PhysAddr RootTask::map_new_frame(u64 address, FrameRights rights) {
    Capability& frame = next_frame_slot();
    make(ObjectType::Frame, frame);
    if (rights.has(FrameRight::Execute)) seal_frame(FrameCap(frame));
    if (space().map(FrameCap(frame), address, rights, 0) != Error::None) arch::panic("root's image cannot be mapped");
    return frame.address();
}

u64 RootTask::load_image() {
    ElfImage image;
    if (!find_root_image(to_pointer<const u8>(PhysAddr(info_.archive.start)), info_.archive.size(), image)) {
        arch::panic("the boot archive has no usable program 'root'");
    }
    for (unsigned i = 0; i < image.segments; ++i) {
        const ElfSegment& segment = image.segment[i];
        for (u64 page = page_down(segment.address); page < segment.address + segment.memory_size; page += kPageSize) {
            const PhysAddr frame = map_new_frame(page, segment.rights);
            // Sealed pages are read-only in the direct map from the start: lift that for the copy.
            copy_segment_page(segment, page, frame);
        }
    }
    return image.entry;
}

u64 RootTask::build(u64 start, u64 end, const u8* rsdp, const BootClock& clock) {
    const u64 size = u64{1} << kBlockBits;
    const u64 address = (start + size - 1) & ~(size - 1);
    if (address + size > end) arch::panic("too little memory for root");
    install_untyped(block_, PhysAddr(address), kBlockBits, false, core_.kernel.ancestor);

    Capability table_cap;
    make(ObjectType::CapTable, table_cap, kRootTableBits);
    CapTable& table = table_cap.as<CapTable>();
    table_ = &table;
    next_frame_ = kFirstOwnPage;
    move_capability(table_cap, slot(static_cast<u32>(RootSlot::Table)));
    move_capability(block_, slot(static_cast<u32>(RootSlot::FirstUntyped)));

    Capability& thread_cap = slot(static_cast<u32>(RootSlot::Thread));
    Capability& space_cap = slot(static_cast<u32>(RootSlot::Space));
    make(ObjectType::Thread, thread_cap);
    make(ObjectType::AddressSpace, space_cap);
    for (unsigned i = 0; i < kSpareTables; ++i) {
        Capability& spare = next_frame_slot();
        make(ObjectType::PageTable, spare);
        if (space_cap.as<AddressSpace>().donate(PageTableCap(spare)) != Error::None) arch::panic("root's page tables");
    }
    Capability& irqs = slot(static_cast<u32>(RootSlot::Irqs));
    irqs.fill(ObjectType::Irq, PhysAddr(), kAllRights, core_.kernel.ancestor);
    IrqCap(irqs)->range = {0, kIrqs};
    Capability& ports = slot(static_cast<u32>(RootSlot::Ports));
    ports.fill(ObjectType::IoPorts, PhysAddr(), kAllRights, core_.kernel.ancestor);
    IoPortsCap(ports)->range = {0, 0x10000};

    Thread& thread = thread_cap.as<Thread>();
    const u64 entry = load_image();
    for (unsigned i = 1; i <= kStackPages; ++i) map_new_frame(kStackTop - i * kPageSize, FrameRight::Read | FrameRight::Write);
    boot_info_ = to_pointer<BootInfo>(map_new_frame(kBootInfoAddress, bits(FrameRight::Read)));
    const u32 utcb_slot = next_frame_;
    map_new_frame(kRootUtcbAddress, FrameRight::Read | FrameRight::Write);

    thread.set_inner(core_, thread.table, &slot(static_cast<u32>(RootSlot::Table)));
    thread.set_inner(core_, thread.space, &space_cap);
    thread.set_inner(core_, thread.utcb_frame, &slot(utcb_slot));
    Capability& context = next_frame_slot();
    make(ObjectType::SchedContext, context);
    context.as<SchedContext>().configure(0, 0, kRootPriority, 0);
    thread.set_inner(core_, thread.context, &context);
    context.as<SchedContext>().owner = &thread;
    make(ObjectType::Reply, thread.reply);
    thread.reply.holder() = &thread;
    thread.review();
    thread.registers.set_message_page(kRootUtcbAddress);
    thread.registers.start(entry, kStackTop - 8, kBootInfoAddress, 0);
    thread.set_priority(kRootPriority);

    boot_info_->magic = kBootInfoMagic;
    boot_info_->archive_address = info_.archive.start;
    boot_info_->archive_size = info_.archive.size();
    boot_info_->entry_time = clock.entry_time;
    boot_info_->ticks_per_ms = clock.ticks_per_ms;
    boot_info_->memory_bytes = info_.memory.bytes();
    boot_info_->lost_pieces = info_.memory.lost_ranges();
    boot_info_->lost_bytes = info_.memory.lost_bytes();
    boot_info_->untyped_count = 1;
    boot_info_->untyped[0] = {address, kBlockBits, 0, 0, {}};
    if (rsdp) {
        constexpr u64 kRsdpOffset = kPageSize - 64;
        static_assert(sizeof(BootInfo) <= kRsdpOffset);
        __builtin_memcpy(reinterpret_cast<u8*>(boot_info_) + kRsdpOffset, rsdp, 36);
        boot_info_->acpi_rsdp = kBootInfoAddress + kRsdpOffset;
    }
    return address + size;
}

void RootTask::add_untyped(PhysAddr address, unsigned size_bits, bool device, bool archive) {
    const u32 index = boot_info_->untyped_count;
    if (index == std::size(boot_info_->untyped)) {
        ++boot_info_->lost_pieces;
        if (!device) boot_info_->lost_bytes += u64{1} << size_bits;
        return;
    }
    boot_info_->untyped[index] = {address.value(), static_cast<u8>(size_bits), device, archive, {}};
    install_untyped(slot(static_cast<u32>(RootSlot::FirstUntyped) + index), address, size_bits, device, core_.kernel.ancestor);
    ++boot_info_->untyped_count;
}

// One line on the serial console.
void RootTask::report_loss() const {
    const auto print = [](const char* text) {
        while (*text) arch::debug_print(*text++);
    };
    const auto print_number = [&print](u64 value) {
        char digits[21];
        char* first = &digits[20];
        *first = 0;
        do *--first = static_cast<char>('0' + value % 10);
        while (value /= 10);
        print(first);
    };
    print("kernel: no room to describe ");
    print_number(boot_info_->lost_pieces);
    print(" pieces of memory; ");
    print_number(boot_info_->lost_bytes >> 10);
    print(" KiB of ordinary memory are left out\n");
}

void RootTask::start() {
    if (boot_info_->lost_pieces != 0) report_loss();
    boot_info_->first_free_slot = static_cast<u32>(RootSlot::FirstUntyped) + boot_info_->untyped_count;
    core_.scheduler.wake(slot(static_cast<u32>(RootSlot::Thread)).as<Thread>());
}

}  // namespace eft::kernel
