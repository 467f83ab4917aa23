// Frames of 2 MiB and tables that grew, as the processor and the machine's entry see them: what the host's tests of the
// kernel cannot show.
#include "../stage.h"
#include "peer.h"

#include <cstring>

using namespace eft;
using namespace eft::test;
using namespace eft::memory_test;

namespace {

namespace ko = kernel_object;

constexpr u64 kLarge = u64{1} << kLargeFrameBits, kFrames = kLarge / kPageSize;
constexpr u64 kAddress = 0x20'0000'0000, kOtherAddress = kAddress + 2 * kLarge;
constexpr u64 kCodeAt = 0x12'3450;
constexpr Rights kRead = bits(FrameRight::Read), kReadWrite = FrameRight::Read | FrameRight::Write, kReadExecute = FrameRight::Read | FrameRight::Execute;
constexpr Slot kSpace = root::root_slot(RootSlot::Space), kOwnTable = root::root_slot(RootSlot::Table);

u64& word(u64 address, u64 page) { return *reinterpret_cast<u64*>(address + page * kPageSize + 8 * (page % 512)); }

// Makes one, uses it as data and as code, and makes small ones of its memory. The tests' lines say what must hold.
void use_large_frame(Stage& stage) {
    const Result<Slot> block = stage.memory.take(kLargeFrameBits);
    stage.require(block.ok() ? Status() : Status(block.error()), "memory");
    const Slot frame = stage.memory.take_slots(1), copy = stage.memory.take_slots(1);
    stage.require(ko::retype(*block, ObjectType::Frame, frame, 1, kLargeFrameBits), "a large frame");
    stage.require(ko::derive(kOwnTable, copy, frame, kRead), "derive");
    stage.require(stage.memory.map_here(frame, kAddress, kReadWrite), "map");
    stage.require(stage.memory.map_here(copy, kOtherAddress, kRead), "map the copy");

    bool cleared = true, same = true;
    for (u64 page = 0; page < kFrames; ++page) cleared &= word(kAddress, page) == 0;
    for (u64 page = 0; page < kFrames; ++page) word(kAddress, page) = ~page;
    for (u64 page = 0; page < kFrames; ++page) same &= word(kOtherAddress, page) == ~page;
    stage.expect("a-large-frame-is-cleared", cleared, "a word was not zero");
    stage.expect("two-mappings-show-the-same", same, "what was written is not read");

    const u8 code[] = {0xb8, 0x34, 0x12, 0, 0, 0xc3};  // mov $0x1234, %eax; ret
    std::memcpy(reinterpret_cast<void*>(kAddress + kCodeAt), code, sizeof(code));
    stage.require(ko::remove(kOwnTable, copy), "delete the copy");
    stage.require(ko::unmap(kSpace, frame), "unmap");
    stage.require(ko::seal(frame), "seal");
    stage.expect("a-sealed-large-frame-is-not-written", stage.memory.map_here(frame, kAddress, kReadWrite).error() == Error::MissingRight, "it was mapped");
    stage.require(stage.memory.map_here(frame, kAddress, kReadExecute), "map to execute");
    stage.expect("a-sealed-large-frame-is-executed", reinterpret_cast<u32 (*)()>(kAddress + kCodeAt)() == 0x1234, "another result");

    // The direct map's pages are read-only now; the kernel clears them for what comes next.
    stage.require(ko::remove(kOwnTable, frame), "delete");
    const Slot small = stage.memory.take_slots(static_cast<u32>(kFrames));
    for (u32 i = 0; i < kFrames; i += 256) {
        stage.require(ko::retype(*block, ObjectType::Frame, static_cast<Slot>(raw(small) + i), 256), "small frames");
    }
    const auto frame_at = [small](u64 i) { return static_cast<Slot>(raw(small) + static_cast<u32>(i)); };
    stage.require(stage.memory.map_here(frame_at(0), kAddress + kLarge, kReadWrite), "map a small one");
    stage.require(stage.memory.map_here(frame_at(kCodeAt / kPageSize), kAddress + kLarge + kPageSize, kReadWrite), "map another");
    const u64* words = reinterpret_cast<u64*>(kAddress + kLarge);
    cleared = true;
    for (u64 i = 0; i < 2 * kPageSize / 8; ++i) cleared &= words[i] == 0;
    stage.expect("its-memory-is-cleared-for-small-frames", cleared, "a word was not zero");
}

void create(Stage& stage, root::Service& service, std::string_view role) {
    stage.create(service, {role, "memory_peer", 20, kOwnBits, 30, 1, 0, EndpointRight::Send | EndpointRight::Receive, kLimitBits, kPages});
    std::copy(role.begin(), role.end(), service.config().arguments);
}

root::Service server, client;  // nobody runs constructors here

void call_through_donated_slots(Stage& stage) {
    create(stage, server, "server");
    create(stage, client, "client");
    stage.require(client.grant("stage", stage.endpoint, bits(EndpointRight::Send), 1), "grant");
    stage.require(ko::derive(client.table(), kToServer, server.endpoint(), bits(EndpointRight::Send), kBadge), "the client's slot");
    stage.require(ko::derive(server.table(), kFromClients, server.endpoint(), bits(EndpointRight::Receive)), "the server's slot");
    for (root::Service* service : {&server, &client}) {
        stage.require(service->build_next(), "build");
        stage.require(service->resume(), "start");
    }
    sys::Registers r;
    stage.require(sys::recv(stage.endpoint, r), "receive");
    stage.expect("calls-through-donated-slots", !r.tag.has(Tag::Fault) && r.w[0] == kRounds, "a message was not as it should be");
}

}  // namespace

void stage_main(Stage& stage) {
    stage.open(25);
    use_large_frame(stage);
    call_through_donated_slots(stage);
}
