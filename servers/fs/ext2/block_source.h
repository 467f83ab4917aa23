// What the file system logic needs of a disk.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>
#include <eft/task.h>

#include <cstddef>
#include <span>

namespace eft::ext2 {

// Every read starts at a multiple of this and is as long as a multiple of it; none goes beyond size_bytes().
constexpr u64 kReadAlignment = 1024;

class BlockSource {
public:
    virtual u64 size_bytes() const = 0;
    // Fills the whole destination, now or later, or fails. Reads may end in any order, and many may be under way. Once the
    // Task of a read is done *or destroyed*, the source no longer touches the destination.
    virtual Task<Status> read(u64 offset, std::span<std::byte> destination) = 0;

protected:
    ~BlockSource() = default;
};

}  // namespace eft::ext2
