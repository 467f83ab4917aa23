// What the file system logic needs of a disk.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>
#include <eft/task.h>

#include <concepts>
#include <cstddef>
#include <span>

namespace eft::ext2 {

// Every read starts at a multiple of this and is as long as a multiple of it; none goes beyond size_bytes().
constexpr u64 kReadAlignment = 1024;

// read() fills the whole destination, now or later, or fails. Reads may end in any order, and many may be under way.
// Once the Task of a read is done *or destroyed*, the source no longer touches the destination.
template <class Source>
concept BlockSource = requires(Source& source, u64 byte_offset, std::span<std::byte> destination) {
    { source.size_bytes() } -> std::convertible_to<u64>;
    { source.read(byte_offset, destination) } -> std::same_as<Task<Status>>;
};

}  // namespace eft::ext2
