#include "toys.h"

#include <eft/invoke.h>

namespace eft::hostile {

namespace ko = kernel_object;

namespace {

constexpr unsigned kMemoryBits = 18;
constexpr Rights kNoRights = 0;
const Slot kStageTable = root::root_slot(RootSlot::Table);

// What has only one capability, or is another thing once it is derived.
bool moves(Toy toy) {
    switch (toy) {
        case Toy::Reply:
        case Toy::CapPage:
        case Toy::UsedPage:
        case Toy::PageTable:
        case Toy::UsedTable:
        case Toy::Frame:
        case Toy::FrameRead:
        case Toy::FrameMapped:
        case Toy::FrameSealed:
        case Toy::FrameParent:
        case Toy::FrameUtcb:
        case Toy::FrameDevice:
        case Toy::FrameLarge:
        case Toy::FrameLargeMapped:
        case Toy::Untyped:
        case Toy::UntypedUsedUp:
        case Toy::UntypedDevice: return true;
        default: return false;
    }
}

}  // namespace

Status Toys::create(root::Memory& memory, Slot device) {
    base_ = memory.take_slots(kToys + kExtra);
    device_ = device;
    EFT_TRY(untyped_, memory.take(kMemoryBits));
    return {};
}

Status Toys::retype(ObjectType type, Toy toy, unsigned size_bits) { return ko::retype(untyped_, type, slot(toy), 1, size_bits); }

Status Toys::derive(Toy toy, Slot from, Rights rights, u64 data) { return ko::derive(kStageTable, slot(toy), from, rights, data); }

Status Toys::make_memory() {
    constexpr Rights kInspect = bits(ControlRight::Inspect);
    EFT_CHECK(retype(ObjectType::AddressSpace, Toy::Space));
    EFT_CHECK(retype(ObjectType::AddressSpace, Toy::OtherSpace));
    EFT_CHECK(derive(Toy::SpaceInspect, slot(Toy::Space), kInspect));
    EFT_CHECK(derive(Toy::SpaceNone, slot(Toy::Space), kNoRights));
    EFT_CHECK(retype(ObjectType::PageTable, Toy::PageTable));
    EFT_CHECK(retype(ObjectType::PageTable, Toy::UsedTable));
    EFT_CHECK(ko::retype(untyped_, ObjectType::PageTable, extra(0), 2));
    for (const Slot table : {slot(Toy::UsedTable), extra(0), extra(1)}) EFT_CHECK(ko::donate(slot(Toy::Space), table));
    for (const Toy frame : {Toy::Frame, Toy::FrameMapped, Toy::FrameSealed, Toy::FrameParent, Toy::FrameUtcb}) {
        EFT_CHECK(retype(ObjectType::Frame, frame));
    }
    EFT_CHECK(derive(Toy::FrameRead, slot(Toy::FrameParent), bits(FrameRight::Read)));
    EFT_CHECK(ko::map(slot(Toy::Space), slot(Toy::FrameMapped), kMappedAddress, FrameRight::Read | FrameRight::Write));
    EFT_CHECK(ko::seal(slot(Toy::FrameSealed)));
    EFT_CHECK(ko::retype(device_, ObjectType::Frame, slot(Toy::FrameDevice)));
    EFT_CHECK(ko::retype(device_, ObjectType::Untyped, slot(Toy::UntypedDevice), 1, kPageBits));
    for (const Toy large : {Toy::FrameLarge, Toy::FrameLargeMapped}) EFT_CHECK(ko::retype(device_, ObjectType::Frame, slot(large), 1, kLargeFrameBits));
    EFT_CHECK(ko::map(slot(Toy::Space), slot(Toy::FrameLargeMapped), kLargeAddress, bits(FrameRight::Read)));
    EFT_CHECK(retype(ObjectType::Untyped, Toy::Untyped, kPageBits));
    EFT_CHECK(retype(ObjectType::Untyped, Toy::UntypedUsedUp, kEndpointBits));
    return ko::retype(slot(Toy::UntypedUsedUp), ObjectType::Endpoint, extra(2));
}

Status Toys::make_threads() {
    constexpr Rights kInspect = bits(ControlRight::Inspect);
    constexpr u64 kPage = 0x1000'0000, kCode = 0x40'0000, kStack = 0x0fff'e000;
    EFT_CHECK(retype(ObjectType::CapTable, Toy::Table, kToyTableBits));
    EFT_CHECK(derive(Toy::TableInspect, slot(Toy::Table), kInspect));
    EFT_CHECK(derive(Toy::TableNone, slot(Toy::Table), kNoRights));
    EFT_CHECK(ko::retype_table(untyped_, slot(Toy::GrownTable), kPageBits - kCapabilityBits, kGrownBits));
    EFT_CHECK(derive(Toy::GrownInspect, slot(Toy::GrownTable), kInspect));
    EFT_CHECK(retype(ObjectType::CapPage, Toy::CapPage));
    EFT_CHECK(retype(ObjectType::CapPage, Toy::UsedPage));
    EFT_CHECK(ko::donate_slots(slot(Toy::GrownTable), static_cast<Slot>(kGrown), slot(Toy::UsedPage)));
    EFT_CHECK(retype(ObjectType::Thread, Toy::Thread));
    EFT_CHECK(retype(ObjectType::Thread, Toy::NewThread));
    EFT_CHECK(derive(Toy::ThreadInspect, slot(Toy::Thread), kInspect));
    EFT_CHECK(derive(Toy::ThreadNone, slot(Toy::Thread), kNoRights));
    for (const Toy context : {Toy::Context, Toy::ContextFree, Toy::ContextLow}) EFT_CHECK(retype(ObjectType::SchedContext, context));
    EFT_CHECK(derive(Toy::ContextInspect, slot(Toy::Context), kInspect));
    EFT_CHECK(derive(Toy::ContextNone, slot(Toy::Context), kNoRights));
    EFT_CHECK(ko::configure_context(slot(Toy::Context), 0, 0, kToyPriority));
    EFT_CHECK(ko::configure_context(slot(Toy::ContextFree), 0, 0, kPriorities - 1));
    EFT_CHECK(ko::configure_context(slot(Toy::ContextLow), 0, 0, kToyPriority - 1));
    EFT_CHECK(ko::configure(slot(Toy::Thread), slot(Toy::Table), slot(Toy::Space), slot(Toy::FrameUtcb), kPage));
    EFT_CHECK(ko::set_context(slot(Toy::Thread), slot(Toy::Context)));
    EFT_CHECK(ko::set_priority(slot(Toy::Thread), kToyPriority));
    EFT_CHECK(ko::set_registers(slot(Toy::Thread), kCode, kStack));
    return ko::bind(slot(Toy::Thread), slot(Toy::NotificationBound));
}

Status Toys::make_ipc(Slot victim) {
    constexpr u64 kVictimBadge = 5;
    EFT_CHECK(retype(ObjectType::Endpoint, Toy::Endpoint));
    EFT_CHECK(derive(Toy::EndpointSend, slot(Toy::Endpoint), bits(EndpointRight::Send)));
    EFT_CHECK(derive(Toy::EndpointReceive, slot(Toy::Endpoint), bits(EndpointRight::Receive)));
    EFT_CHECK(derive(Toy::Victim, victim, bits(EndpointRight::Send), kVictimBadge));
    EFT_CHECK(retype(ObjectType::Notification, Toy::Notification));
    EFT_CHECK(retype(ObjectType::Notification, Toy::NotificationBound));
    EFT_CHECK(derive(Toy::NotificationSignal, slot(Toy::Notification), bits(NotificationRight::Signal)));
    EFT_CHECK(derive(Toy::NotificationWait, slot(Toy::Notification), bits(NotificationRight::Wait)));
    EFT_CHECK(derive(Toy::NotificationBadged, slot(Toy::Notification), kAllRights, kBadgedBadge));
    EFT_CHECK(retype(ObjectType::Reply, Toy::Reply));
    const Slot irqs = root::root_slot(RootSlot::Irqs), ports = root::root_slot(RootSlot::Ports);
    EFT_CHECK(derive(Toy::Irq, irqs, kAllRights, u64{kToyLines} << 32 | kFirstToyLine));
    EFT_CHECK(derive(Toy::IrqMessages, irqs, kAllRights, u64{kToyMessages} << 32 | kFirstToyMessage));
    EFT_CHECK(derive(Toy::IrqNone, irqs, kNoRights, u64{kToyLines} << 32 | kFirstToyLine));
    EFT_CHECK(derive(Toy::Ports, ports, kAllRights, u64{kToyPorts} << 32 | kFirstToyPort));
    return derive(Toy::PortsNone, ports, kNoRights, u64{kToyPorts} << 32 | kFirstToyPort);
}

Status Toys::make(Slot attacker_table, Slot victim) {
    EFT_CHECK(make_memory());
    EFT_CHECK(make_ipc(victim));
    EFT_CHECK(make_threads());
    for (u32 i = 0; i < kToys; ++i) {
        const Toy toy = static_cast<Toy>(i);
        if (toy == Toy::Empty || toy == Toy::EmptyAfter) continue;
        const Slot there = static_cast<Slot>(slot_of(toy));
        EFT_CHECK(moves(toy) ? ko::move(attacker_table, there, slot(toy)) : ko::derive(attacker_table, there, slot(toy)));
    }
    return {};
}

Status Toys::destroy() {
    EFT_CHECK(ko::revoke(kStageTable, untyped_));
    EFT_CHECK(ko::revoke(kStageTable, device_));
    for (const Toy shared : {Toy::Victim, Toy::Irq, Toy::IrqMessages, Toy::IrqNone, Toy::Ports, Toy::PortsNone}) {
        EFT_CHECK(ko::revoke(kStageTable, slot(shared)));
        EFT_CHECK(ko::remove(kStageTable, slot(shared)));
    }
    return {};
}

}  // namespace eft::hostile
