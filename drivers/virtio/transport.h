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
#include <eft/hw/register.h>

#include <utility>

namespace eft::virtio {

// Feature bits for all devices: chapter 6.
constexpr u64 kFeatureVersion1 = 1ull << 32;
constexpr u64 kFeatureAccessPlatform = 1ull << 33;  // DMA goes through the platform's translation

// The mapped windows that `Layout` names.
template <hw::RegisterAccess Access>
struct Windows {
    Access common;
    Access notify;
    u32 notify_length = 0;
    u32 notify_multiplier = 0;
    Access interrupt_status;
    Access device;
    u32 device_length = 0;  // 0: the device has none, and `device` is not used
};

// Where a queue is notified; it was checked to lie in the notify window.
struct Doorbell {
    u16 queue = 0;
    u32 offset = 0;
};

template <hw::RegisterAccess Access>
class Transport {
public:
    explicit Transport(Windows<Access> windows) : windows_(windows) {}

    template <hw::Pause P>
    Status reset(P pause) {
        return reset_device(windows_.common, pause);
    }

    // Returns what both sides agreed on: `required` wholly, of `wanted` what the device offers.
    Result<u64> negotiate(u64 wanted, u64 required) {
        set_status<DeviceStatus::Acknowledge>();
        set_status<DeviceStatus::Driver>();
        const u64 offered = device_features();
        required |= kFeatureVersion1;
        wanted |= required | kFeatureAccessPlatform;  // 6.1: to be accepted where it is offered
        if ((offered & required) != required) return give_up(Error::NotSupported);

        const u64 agreed = offered & wanted;
        accept(agreed);
        set_status<DeviceStatus::FeaturesOk>();
        // Step 6: the device may refuse the combination by not keeping the bit.
        if (!status().template has<DeviceStatus::FeaturesOk>()) return give_up(Error::NotSupported);
        return agreed;
    }

    // 4.1.5.1.2.2: the device answers "no vector" when it could not set the interrupt up.
    Status set_config_vector(u16 vector) {
        hw::write<ConfigVector>(common(), hw::Value<ConfigVector>(vector));
        if (hw::read<ConfigVector>(common()).raw() != vector) return give_up(Error::DeviceError);
        return {};
    }

    u16 queue_count() { return hw::read<QueueCount>(common()).raw(); }

    // The size to make queue `index` with: what the device offers, at most what we can use.
    Result<u16> queue_size(u16 index) {
        if (index >= queue_count()) return Error::NotSupported;
        select(index);
        const u16 offered = hw::read<QueueSize>(common()).raw();
        if (offered == 0) return Error::NotSupported;
        if ((offered & (offered - 1)) != 0) return give_up(Error::DeviceError);  // 2.7: a power of two
        return offered < kMaximumQueueSize ? offered : kMaximumQueueSize;
    }

    // 4.1.5.1.3: tells the device where the queue lies, connects its interrupt, and enables it.
    Result<Doorbell> set_up(u16 index, const Queue& queue, u16 vector) {
        EFT_TRY(const u16 largest, queue_size(index));
        if (queue.size() > largest) return Error::InvalidArgument;
        const u64 offset = u64{hw::read<QueueNotifyOffset>(common()).raw()} * windows_.notify_multiplier;
        if (offset + sizeof(u16) > windows_.notify_length) return give_up(Error::DeviceError);

        hw::write<QueueSize>(common(), hw::Value<QueueSize>(queue.size()));
        hw::write<QueueVector>(common(), hw::Value<QueueVector>(vector));
        if (hw::read<QueueVector>(common()).raw() != vector) return give_up(Error::DeviceError);
        write_pair<QueueDescriptorsLow, QueueDescriptorsHigh>(queue.descriptors_address());
        write_pair<QueueDriverLow, QueueDriverHigh>(queue.available_address());
        write_pair<QueueDeviceLow, QueueDeviceHigh>(queue.used_address());
        hw::write<QueueEnable>(common(), hw::Value<QueueEnable>(1));
        return Doorbell{index, static_cast<u32>(offset)};
    }

    void start() { set_status<DeviceStatus::DriverOk>(); }

    // 4.1.5.2: available buffer notification. The index in memory comes before the doorbell.
    void ring(Doorbell doorbell) {
        hw::dma_write_barrier();
        windows_.notify.template write<u16>(doorbell.offset, doorbell.queue);
    }

    // 2.1.2: the device met an error from which only a reset helps.
    bool needs_reset() { return status().template has<DeviceStatus::NeedsReset>(); }

    hw::Value<InterruptStatus> take_interrupt_status() {
        return hw::read<InterruptStatus>(windows_.interrupt_status);
    }

    // Reads device configuration so that its parts belong together (2.5.1): again, if the device
    // changed it in between. A device that never stops changing it is broken.
    template <class Read>
    auto read_config(Read read) -> Result<decltype(read(std::declval<Access&>()))> {
        for (int attempt = 0; attempt < kConfigAttempts; ++attempt) {
            const u8 before = hw::read<ConfigGeneration>(common()).raw();
            const auto value = read(windows_.device);
            if (hw::read<ConfigGeneration>(common()).raw() == before) return value;
        }
        return Error::DeviceError;
    }
    u32 config_length() const { return windows_.device_length; }

    // The last word to a device that is not used further: it stops, and says so to people.
    Error give_up(Error why) {
        set_status<DeviceStatus::Failed>();
        return why;
    }

private:
    static constexpr int kConfigAttempts = 16;

    Access& common() { return windows_.common; }
    hw::Value<DeviceStatus> status() { return hw::read<DeviceStatus>(common()); }

    template <class Bit>
    void set_status() {
        hw::write<DeviceStatus>(common(), status().template with<Bit>());
    }
    void select(u16 index) { hw::write<QueueSelect>(common(), hw::Value<QueueSelect>(index)); }

    u64 device_features() {
        u64 features = 0;
        for (u32 half = 0; half < 2; ++half) {
            hw::write<DeviceFeatureSelect>(common(), hw::Value<DeviceFeatureSelect>(half));
            features |= u64{hw::read<DeviceFeature>(common()).raw()} << (32 * half);
        }
        return features;
    }
    void accept(u64 features) {
        for (u32 half = 0; half < 2; ++half) {
            hw::write<DriverFeatureSelect>(common(), hw::Value<DriverFeatureSelect>(half));
            hw::write<DriverFeature>(common(),
                                     hw::Value<DriverFeature>(static_cast<u32>(features >> (32 * half))));
        }
    }
    template <class Low, class High>
    void write_pair(u64 value) {
        hw::write<Low>(common(), hw::Value<Low>(static_cast<u32>(value)));
        hw::write<High>(common(), hw::Value<High>(static_cast<u32>(value >> 32)));
    }

    Windows<Access> windows_;
};

}  // namespace eft::virtio
