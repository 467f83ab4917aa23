#include <devices/virtio_network.h>

#include <algorithm>
#include <cstring>

namespace eft::test {

using namespace virtio_net;

namespace {

u16 half_word(const std::string& bytes, std::size_t at) {
    u16 value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

}  // namespace

VirtioNetwork::VirtioNetwork(DmaSpace& memory) : VirtioDevice(memory, 3) {
    offered |= kFeatureAddress | kFeatureStatus | kFeatureControlQueue | kFeatureControlReceive | kFeatureSpeed;
}

std::string VirtioNetwork::read_all(const std::vector<Piece>& pieces) const {
    std::string bytes;
    for (const Piece& piece : pieces) bytes.append(reinterpret_cast<const char*>(memory_.at(piece.address, piece.length)), piece.length);
    return bytes;
}

VirtioNetwork::Frame VirtioNetwork::take_frame(std::size_t which) {
    const u16 head = take_pending(kSendQueue, which);
    const auto pieces = chain(kSendQueue, head);
    const std::string all = pieces ? read_all(pieces->readable) : "";
    if (!pieces || !pieces->writable.empty() || all.size() < header::kSize) return bad_chain = true, Frame{};
    push_used(kSendQueue, head, lie_about_written);
    interrupt(kSendQueue);
    if (half_word(all, header::kBuffers) != 0) bad_chain = true;  // 5.1.6.2.1
    return {all.substr(header::kSize), static_cast<u8>(all[header::kFlags]), static_cast<u8>(all[header::kSegmentType]), half_word(all, header::kHeaderBytes),
            half_word(all, header::kSegmentBytes), half_word(all, header::kChecksumStart), half_word(all, header::kChecksumOffset)};
}

bool VirtioNetwork::put_frame(const std::string& bytes, std::size_t which) {
    if (buffers() <= which) return false;
    const u16 head = take_pending(kReceiveQueue, which);
    const auto pieces = chain(kReceiveQueue, head);
    if (!pieces || !pieces->readable.empty()) return bad_chain = true, false;
    std::string all(header::kSize, '\0');
    all[header::kFlags] = static_cast<char>(received_flags);
    all += bytes;
    std::size_t done = 0;
    for (const Piece& piece : pieces->writable) {
        const std::size_t part = std::min<std::size_t>(piece.length, all.size() - done);
        std::memcpy(memory_.at(piece.address, piece.length), all.data() + done, part);
        done += part;
    }
    if (done != all.size()) bad_chain = true;  // the buffer is too short for it
    push_used(kReceiveQueue, head, static_cast<u32>(done) + lie_about_written - missing_bytes);
    interrupt(kReceiveQueue);
    return true;
}

void VirtioNetwork::obey() {
    while (!pending(kControlQueue).empty()) {
        const u16 head = take_pending(kControlQueue, 0);
        const auto pieces = chain(kControlQueue, head);
        if (!pieces || pieces->writable.size() != 1 || pieces->writable[0].length != 1) return void(bad_chain = true);
        obey(read_all(pieces->readable));
        memory_.store<u8>(pieces->writable[0].address, answer);
        push_used(kControlQueue, head, 1);
    }
}

void VirtioNetwork::obey(const std::string& command) {
    ++commands;
    const auto is = [&](Command wanted) { return command.size() > kCommandBytes && command[0] == wanted.group && command[1] == wanted.command; };
    if (is(kPromiscuous)) promiscuous = command.at(2) != 0;
    else if (is(kAllGroups)) all_groups = command.at(2) != 0;
    else if (is(kAddressTable) && command.size() >= 10) {
        u32 stations, count;
        std::memcpy(&stations, command.data() + 2, 4);
        std::memcpy(&count, command.data() + 6, 4);
        if (stations != 0 || command.size() != 10 + count * kAddressBytes) return void(bad_chain = true);
        groups.assign(count, 0);
        for (u32 i = 0; i < count; ++i) std::memcpy(&groups[i], command.data() + 10 + i * kAddressBytes, kAddressBytes);
    } else {
        bad_chain = true;
    }
}

u64 VirtioNetwork::read_device(u64 offset, unsigned width) {
    if (offset < kAddressBytes) return expect(width, 1, address >> (8 * offset) & 0xff);
    switch (offset) {
        case 0x06: return expect(width, 2, link);
        case 0x0c: return expect(width, 4, speed);
        default: return wrong_access = true, 0;
    }
}

}  // namespace eft::test
