// Memory as a device sees it: regions at device addresses that have nothing to do with the CPU's.
//
// A device that leaves its regions is caught: `at` returns null.
#pragma once

#include <eft/hw/dma.h>

#include <cstring>
#include <memory>
#include <vector>

namespace eft::test {

class DmaSpace {
public:
    hw::DmaMemory allocate(u64 size) {
        Region region{next_, size, std::make_unique<u64[]>((size + 7) / 8)};
        next_ += (size + 0xfff + 0x1000) & ~0xfffull;  // a hole after each region
        regions_.push_back(std::move(region));
        std::memset(regions_.back().bytes.get(), 0xcc, size);
        return {regions_.back().bytes.get(), regions_.back().address, size};
    }

    u8* at(u64 address, u64 length) {
        for (Region& region : regions_) {
            if (address < region.address || address - region.address > region.size) continue;
            if (length > region.size - (address - region.address)) continue;
            return reinterpret_cast<u8*>(region.bytes.get()) + (address - region.address);
        }
        return nullptr;
    }

    template <class T>
    T load(u64 address) {
        T value{};
        if (u8* place = at(address, sizeof(T))) std::memcpy(&value, place, sizeof(T));
        return value;
    }
    template <class T>
    void store(u64 address, T value) {
        if (u8* place = at(address, sizeof(T))) std::memcpy(place, &value, sizeof(T));
    }

private:
    struct Region {
        u64 address;
        u64 size;
        std::unique_ptr<u64[]> bytes;
    };
    std::vector<Region> regions_;
    u64 next_ = 0x1'4000'0000;
};

}  // namespace eft::test
