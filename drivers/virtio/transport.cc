// The steps of starting a device: see transport.h.
#include <drivers/virtio/transport.h>

namespace eft::virtio {

Result<u64> Transport::negotiate(u64 wanted, u64 required) {
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
    if (!status().has<DeviceStatus::FeaturesOk>()) return give_up(Error::NotSupported);
    return agreed;
}

Status Transport::set_config_vector(u16 vector) {
    hw::write<ConfigVector>(windows_.common, hw::Value<ConfigVector>(vector));
    if (hw::read<ConfigVector>(windows_.common).raw() != vector) return give_up(Error::DeviceError);
    return {};
}

Result<u16> Transport::queue_size(u16 index) {
    if (index >= hw::read<QueueCount>(windows_.common).raw()) return Error::NotSupported;
    hw::write<QueueSelect>(windows_.common, hw::Value<QueueSelect>(index));
    const u16 offered = hw::read<QueueSize>(windows_.common).raw();
    if (offered == 0) return Error::NotSupported;
    if ((offered & (offered - 1)) != 0) return give_up(Error::DeviceError);  // 2.7: a power of two
    return offered < kMaximumQueueSize ? offered : kMaximumQueueSize;
}

Result<Doorbell> Transport::set_up(u16 index, const Queue& queue, u16 vector) {
    EFT_TRY(const u16 largest, queue_size(index));
    if (queue.size() > largest) return Error::InvalidArgument;
    const u64 offset = u64{hw::read<QueueNotifyOffset>(windows_.common).raw()} * windows_.notify_multiplier;
    if (offset + sizeof(u16) > windows_.notify.length()) return give_up(Error::DeviceError);

    hw::write<QueueSize>(windows_.common, hw::Value<QueueSize>(queue.size()));
    hw::write<QueueVector>(windows_.common, hw::Value<QueueVector>(vector));
    if (hw::read<QueueVector>(windows_.common).raw() != vector) return give_up(Error::DeviceError);
    write_pair<QueueDescriptorsLow, QueueDescriptorsHigh>(queue.descriptors_address());
    write_pair<QueueDriverLow, QueueDriverHigh>(queue.available_address());
    write_pair<QueueDeviceLow, QueueDeviceHigh>(queue.used_address());
    hw::write<QueueEnable>(windows_.common, hw::Value<QueueEnable>(1));
    return Doorbell{index, static_cast<u32>(offset)};
}

Error Transport::give_up(Error why) {
    set_status<DeviceStatus::Failed>();
    return why;
}

u64 Transport::device_features() {
    u64 features = 0;
    for (u32 half = 0; half < 2; ++half) {
        hw::write<DeviceFeatureSelect>(windows_.common, hw::Value<DeviceFeatureSelect>(half));
        features |= u64{hw::read<DeviceFeature>(windows_.common).raw()} << (32 * half);
    }
    return features;
}

void Transport::accept(u64 features) {
    for (u32 half = 0; half < 2; ++half) {
        hw::write<DriverFeatureSelect>(windows_.common, hw::Value<DriverFeatureSelect>(half));
        hw::write<DriverFeature>(windows_.common, hw::Value<DriverFeature>(static_cast<u32>(features >> (32 * half))));
    }
}

template <class Low, class High>
void Transport::write_pair(u64 value) {
    hw::write<Low>(windows_.common, hw::Value<Low>(static_cast<u32>(value)));
    hw::write<High>(windows_.common, hw::Value<High>(static_cast<u32>(value >> 32)));
}

}  // namespace eft::virtio
