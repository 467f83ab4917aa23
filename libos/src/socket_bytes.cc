#include <eft/socket/layout.h>

#include <cstring>

namespace eft::socket {

void Bytes::copy_in(u64 position, std::span<const std::byte> bytes) const {
    const auto first = from(position, bytes.size());
    std::memcpy(first.data(), bytes.data(), first.size());
    std::memcpy(at_, bytes.data() + first.size(), bytes.size() - first.size());
}

void Bytes::copy_out(u64 position, std::span<std::byte> bytes) const {
    const auto first = from(position, bytes.size());
    std::memcpy(bytes.data(), first.data(), first.size());
    std::memcpy(bytes.data() + first.size(), at_, bytes.size() - first.size());
}

}  // namespace eft::socket
