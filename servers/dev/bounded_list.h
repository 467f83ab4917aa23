// A list with a fixed largest length: what dev knows of the machine needs no heap.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <array>
#include <cstddef>
#include <span>

namespace eft::dev {

template <class T, std::size_t Capacity>
class BoundedList {
public:
    Status push(const T& item) {
        if (size_ == Capacity) return Error::LimitReached;
        items_[size_++] = item;
        return {};
    }
    void clear() { size_ = 0; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    const T& operator[](std::size_t index) const { return items_[index]; }
    const T* begin() const { return items_.data(); }
    const T* end() const { return items_.data() + size_; }

private:
    std::array<T, Capacity> items_{};
    std::size_t size_ = 0;
};

}  // namespace eft::dev
