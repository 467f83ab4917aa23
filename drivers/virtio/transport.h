// A virtio device on PCI, driver's side: reset, negotiation, queues, notifications
// (Virtual I/O Device 1.2, 3.1.1 and 4.1).
//
// The steps of 3.1.1 in their order, each of them answering an error instead of going on:
//     reset()                      1       any state -> status 0, waited for
//     negotiate(wanted, required)  2 .. 6  ACKNOWLEDGE, DRIVER, features, FEATURES_OK
//     set_config_vector, set_up     7       interrupts and queues
//     start()                      8       DRIVER_OK
// A new incarnation of a driver starts with reset(), so it does not matter in what state the old one
// left the device. Values that come from the device are checked against the windows it was given.
#pragma once

#include <drivers/virtio/common.h>
#include <drivers/virtio/queue.h>
#include <eft/hw/mmio.h>

#include <optional>

namespace eft::virtio {

// Feature bits for all devices: chapter 6.
constexpr u64 kFeatureEventIndex = 1ull << 29;  // EVENT_IDX: see Wishes
constexpr u64 kFeatureVersion1 = 1ull << 32;
constexpr u64 kFeatureAccessPlatform = 1ull << 33;  // DMA goes through the platform's translation

// The mapped windows that `Layout` names.
struct Windows {
    hw::Mmio common;
    hw::Mmio notify;
    u32 notify_multiplier = 0;
    hw::Mmio interrupt_status;
    std::optional<hw::Mmio> device;  // nothing where the kind of device has no configuration
};

// Bits of the program's notification: the interrupt of all queues, or of the device's line; and that of the configuration.
constexpr u64 kQueueBit = 1;
constexpr u64 kConfigurationBit = 2;

// MSI-X vectors; both kNoVector where the device interrupts by its line. One program serves all queues, so that they share one.
struct Vectors {
    u16 configuration = kNoVector;
    u16 queues = 0;
};

// Where a queue is notified; it was checked to lie in the notify window.
struct Doorbell {
    u16 queue = 0;
    u32 offset = 0;
};

// Errors: NotSupported, the device is none that can be used; DeviceError, it contradicts itself or the specification.
class Transport {
public:
    explicit Transport(const Windows& windows) : windows_(windows) {}

    // TimedOut: the device has not answered within so many looks.
    Status reset(hw::Looks looks) { return reset_device(windows_.common, looks); }

    // Returns what both sides agreed on: `required` wholly, of `wanted` what the device offers.
    Result<u64> negotiate(u64 wanted, u64 required);

    // 4.1.5.1.2.2: the device answers "no vector" when it could not set the interrupt up.
    Status set_config_vector(u16 vector);

    // The size to make queue `index` with: what the device offers, at most what we can use.
    Result<u16> queue_size(u16 index);

    // 4.1.5.1.3: tells the device where the queue lies, connects its interrupt, and enables it.
    // InvalidArgument: the queue is larger than queue_size() says.
    Result<Doorbell> set_up(u16 index, const Queue& queue, u16 vector);

    void start() { set_status<DeviceStatus::DriverOk>(); }

    // 4.1.5.2: available buffer notification. The index in memory comes before the doorbell.
    void ring(Doorbell doorbell) {
        hw::dma_write_barrier();
        windows_.notify.write<u16>(doorbell.offset, doorbell.queue);
    }

    // 2.1.2: the device met an error from which only a reset helps.
    bool needs_reset() const { return status().has<DeviceStatus::NeedsReset>(); }

    // Why the device has interrupted by its line; the line is released.
    hw::Value<InterruptStatus> take_interrupt_status() const { return hw::read<InterruptStatus>(windows_.interrupt_status); }

    // Reads device configuration, of which there are at least config_length() bytes, so that its parts belong together
    // (2.5.1): again, if the device changed it in between. DeviceError: it never stops changing.
    template <class Read>
    auto read_config(Read read) const -> Result<decltype(read(hw::Mmio(nullptr, 0)))> {
        for (int attempt = 0; attempt < kConfigAttempts; ++attempt) {
            const u8 before = hw::read<ConfigGeneration>(windows_.common).raw();
            const auto value = read(*windows_.device);
            if (hw::read<ConfigGeneration>(windows_.common).raw() == before) return value;
        }
        return Error::DeviceError;
    }
    // In bytes; 0 where there is none.
    u64 config_length() const { return windows_.device ? windows_.device->length() : 0; }

    // The last word to a device that is not used further: it stops, and says so to people. Answers `why`.
    Error give_up(Error why);

private:
    static constexpr int kConfigAttempts = 16;

    hw::Value<DeviceStatus> status() const { return hw::read<DeviceStatus>(windows_.common); }
    template <class Bit>
    void set_status() {
        hw::write<DeviceStatus>(windows_.common, status().template with<Bit>());
    }
    u64 device_features();
    void accept(u64 features);
    template <class Low, class High>
    void write_pair(u64 value);

    Windows windows_;
};

}  // namespace eft::virtio
