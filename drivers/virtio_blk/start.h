// From what dev gives to a device that can be started: the windows that a virtio device's capabilities name
// (Virtual I/O Device 1.2, 4.1.4), mapped, and its interrupts.
#pragma once

#include <drivers/service/device.h>
#include <drivers/virtio/layout.h>
#include <drivers/virtio/transport.h>

namespace eft::virtio_blk {

class DeviceWindows {
public:
    Result<virtio::Windows> open(driver::Device& device, hw::Mmio configuration) {
        virtio::BarLengths lengths{};
        for (u32 bar = 0; bar < lengths.size(); ++bar) {
            auto window = device.window(bar);  // an error: there is none, or none for drivers
            if (!window.ok()) continue;
            windows_[bar] = std::move(*window);
            lengths[bar] = windows_[bar].length;
        }
        EFT_TRY(const virtio::Layout layout, virtio::find_layout(configuration, lengths));
        EFT_TRY(const hw::Mmio common, registers(layout.common));
        EFT_TRY(const hw::Mmio notify, registers(layout.notify));
        virtio::Windows windows{common, notify, layout.notify_multiplier, std::nullopt};
        if (layout.device.present()) {
            EFT_TRY(windows.device, registers(layout.device));
        }
        return windows;
    }

private:
    Result<hw::Mmio> registers(const virtio::Region& region) { return windows_[region.bar].registers(region.offset, region.length); }

    std::array<driver::Window, pci::kBaseAddresses> windows_;
};

// Areas of clients, pinned through dev.
class DevPins {
public:
    explicit DevPins(dev::DevClient<>& dev) : dev_(dev) {}

    Result<u32> pin(Slot object, std::span<u64> addresses) {
        dev::PinRequest request;
        request.object = ipc::CapField<ipc::kind::Memory>(object);
        EFT_TRY(const dev::Pinned pinned, dev_.pin(request).or_error());
        if (Status found = find(pinned.pin, addresses); !found.ok()) {
            unpin(pinned.pin);
            return found.error();
        }
        return pinned.pin;
    }
    void unpin(u32 number) {
        dev::Pin request;
        request.pin = number;
        static_cast<void>(dev_.unpin(request));
    }

private:
    Status find(u32 number, std::span<u64> addresses) {
        for (std::size_t done = 0; done < addresses.size();) {
            dev::PinQuery query;
            query.pin = number;
            query.first = static_cast<u32>(done);
            EFT_TRY(const dev::PinnedPages pages, dev_.pinned_at(query));
            if (pages.addresses.empty()) return Error::OutOfRange;
            const std::size_t count = std::min(pages.addresses.size(), addresses.size() - done);
            std::copy_n(pages.addresses.begin(), count, addresses.begin() + static_cast<std::ptrdiff_t>(done));
            done += count;
        }
        return {};
    }

    dev::DevClient<>& dev_;
};

}  // namespace eft::virtio_blk
