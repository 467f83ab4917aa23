// Generated encode(), check() and load() over the words of a ring entry, all of them private copies.
#pragma once

#include <eft/ipc/area.h>
#include <eft/ring/layout.h>

#include <algorithm>

namespace eft::ring {

class WordWriter {
public:
    explicit WordWriter(u64 (&words)[kMaxWords]) : words_(words) {}
    [[gnu::always_inline]] void set(unsigned index, u64 value) { words_[index] = value; }

private:
    u64* words_;
};

class WordReader {
public:
    explicit WordReader(const u64 (&words)[kMaxWords], std::span<std::byte> area = {}) : words_(words), area_(area) {}
    [[gnu::always_inline]] u64 word(unsigned index) const { return words_[index]; }
    std::span<std::byte> area() const { return area_; }

private:
    const u64* words_;
    std::span<std::byte> area_;
};

}  // namespace eft::ring
