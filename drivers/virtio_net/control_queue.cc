// Commands in DMA memory: see control_queue.h.
#include <drivers/virtio_net/control_queue.h>

#include <iterator>

namespace eft::virtio_net {

namespace {

constexpr u32 kMostGroups = std::size(decltype(ethernet::Addresses::each){});
// A slot for each command: class and command, what it carries, and apart from these the device's answer.
constexpr u64 kSlotSize = 128;
constexpr u64 kCarriedOffset = 4;
constexpr u64 kAnswerOffset = 127;
constexpr u64 kStationsOffset = kCarriedOffset;                // no other station than the card's own
constexpr u64 kGroupsOffset = kStationsOffset + sizeof(u32);
constexpr u64 kTableOffset = kGroupsOffset + sizeof(u32);
static_assert(kTableOffset + kMostGroups * kAddressBytes <= kAnswerOffset);
constexpr u8 kNotAnswered = 0xff;

// Class and command, what is carried, the answer.
constexpr u16 kDescriptors = 3;

u64 commands_offset(u16 queue_size) { return (virtio::QueueShape{queue_size}.total() + 63) & ~u64{63}; }

}  // namespace

u64 ControlQueue::memory_size(u16 queue_size) { return commands_offset(queue_size) + kCommands * kSlotSize; }

Status ControlQueue::prepare(hw::DmaMemory memory, u16 queue_size, virtio::Wishes wishes) {
    if (queue_size < kCommands * kDescriptors) return Error::NotSupported;
    if (memory.size < memory_size(queue_size)) return Error::OutOfRange;
    EFT_CHECK(queue_.prepare(memory, queue_size, wishes));
    queue_.turn_interrupts_off();
    commands_ = memory.part(commands_offset(queue_size), kCommands * kSlotSize);
    is_told_ = true;
    return {};
}

void ControlQueue::tell(const ethernet::Filter& filter) {
    filter_ = filter;
    is_told_ = false;
}

Result<bool> ControlQueue::progress() {
    for (;;) {
        EFT_TRY(const std::optional<virtio::UsedChain> chain, queue_.take_used());
        if (!chain) break;
        const hw::DmaMemory slot = commands_.part(command_of_head_[chain->head] * kSlotSize, kSlotSize);
        if (slot.load<u8>(kAnswerOffset) != kAccepted) ++refused_;
    }
    if (is_told_ || is_waiting()) return false;
    EFT_CHECK(submit_filter());
    is_told_ = true;
    return queue_.needs_notification();
}

Status ControlQueue::submit_filter() {
    commands_.store<u8>(kCarriedOffset, filter_.promiscuous);
    EFT_CHECK(submit(0, kPromiscuous, 1));
    commands_.store<u8>(kSlotSize + kCarriedOffset, filter_.all_groups);
    EFT_CHECK(submit(1, kAllGroups, 1));
    const hw::DmaMemory table = commands_.part(2 * kSlotSize, kSlotSize);
    table.store<u32>(kStationsOffset, 0);
    table.store<u32>(kGroupsOffset, filter_.count);
    for (u32 i = 0; i < filter_.count; ++i)
        for (u32 byte = 0; byte < kAddressBytes; ++byte)
            table.store<u8>(kTableOffset + i * kAddressBytes + byte, static_cast<u8>(filter_.groups.each[i] >> (8 * byte)));
    return submit(2, kAddressTable, static_cast<u32>(kTableOffset - kCarriedOffset) + filter_.count * kAddressBytes);
}

Status ControlQueue::submit(u32 index, Command command, u32 carried) {
    const hw::DmaMemory slot = commands_.part(index * kSlotSize, kSlotSize);
    slot.store<u8>(0, command.group);
    slot.store<u8>(1, command.command);
    slot.store<u8>(kAnswerOffset, kNotAnswered);
    const std::array<virtio::Segment, kDescriptors> segments{{{{slot.device_address, kCommandBytes}, false},
                                                               {{slot.device_address + kCarriedOffset, carried}, false},
                                                               {{slot.device_address + kAnswerOffset, 1}, true}}};
    EFT_TRY(const u16 head, queue_.submit(segments));
    command_of_head_[head] = static_cast<u8>(index);
    return {};
}

}  // namespace eft::virtio_net
