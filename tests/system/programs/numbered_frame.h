// Frames that say which they are, so that both ends of a wire can check them: a number, and as many bytes that follow from
// it as the number says.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace eft::test {

constexpr std::uint16_t kNumbered = 0xb588, kEnd = 0xb688;  // types for experiments, as the bytes lie in the frame
constexpr std::size_t kTypeAt = 12, kNumberAt = 14, kFirstAt = 18;
constexpr std::size_t kShortest = 60, kLongest = 1514;

constexpr std::size_t length_of(std::uint32_t number) { return kShortest + number * 37 % (kLongest - kShortest + 1); }
constexpr std::uint8_t byte_of(std::uint32_t number, std::size_t at) { return static_cast<std::uint8_t>(number * 7 + at * 31 + (at >> 8)); }

// `frame` has length_of(number) bytes. It goes to everybody.
inline void write_frame(std::span<std::byte> frame, std::uint32_t number, std::uint16_t type = kNumbered) {
    constexpr std::uint8_t kHeader[kTypeAt] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0xef, 0x70, 1};
    std::memcpy(frame.data(), kHeader, sizeof kHeader);
    std::memcpy(&frame[kTypeAt], &type, sizeof type);
    std::memcpy(&frame[kNumberAt], &number, sizeof number);
    for (std::size_t at = kFirstAt; at < frame.size(); ++at) frame[at] = std::byte{byte_of(number, at)};
}
inline std::uint16_t type_of(std::span<const std::byte> frame) {
    std::uint16_t type = 0;
    if (frame.size() >= kShortest) std::memcpy(&type, &frame[kTypeAt], sizeof type);
    return type;
}
inline std::uint32_t number_of(std::span<const std::byte> frame) {
    std::uint32_t number = 0;
    std::memcpy(&number, &frame[kNumberAt], sizeof number);
    return number;
}
// Of a frame of type kNumbered.
inline bool is_whole(std::span<const std::byte> frame) {
    const std::uint32_t number = number_of(frame);
    if (frame.size() != length_of(number)) return false;
    for (std::size_t at = kFirstAt; at < frame.size(); ++at)
        if (frame[at] != std::byte{byte_of(number, at)}) return false;
    return true;
}

}  // namespace eft::test
