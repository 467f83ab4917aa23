// Registers of the device, in the order of 14.3 to 14.5: see device.h.
#include <drivers/e1000/device.h>

namespace eft::e1000 {

namespace {

constexpr u32 kAbsent = ~u32{0};  // what reading a device reads that is not there
constexpr u32 kMegabits[] = {10, 100, 1000, 1000};
constexpr u64 kGroupBit = 1;

bool is_station(u64 address) { return address != 0 && (address & kGroupBit) == 0 && address >> 48 == 0; }

// The upper 12 bits of the address choose a bit of the table: 13.5.1, with 0 in the offset of RCTL.
u32 group_hash(u64 address) { return static_cast<u32>(address >> 36) & 0xfff; }

hw::Value<Causes> usual_causes() {
    return hw::Value<Causes>().with<Causes::LinkChanged>().with<Causes::Received>();
}

}  // namespace

Status Controller::start() {
    EFT_CHECK(reset());
    EFT_CHECK(read_address());
    hw::write(registers_, hw::Value<AddressLow>(static_cast<u32>(address_)), 0);
    hw::write(registers_, hw::Value<AddressHigh>().with<AddressHigh::Bytes>(address_ >> 32).with<AddressHigh::Valid>(), 0);
    for (u32 i = 0; i < kGroupRegisters; ++i) hw::write(registers_, hw::Value<GroupTable>(groups_[i] = 0), i);
    hw::write(registers_, hw::Value<Control>().with<Control::FullDuplex>().with<Control::SpeedDetection>().with<Control::SetLinkUp>());
    hw::write(registers_, hw::Value<Throttle>(kThrottle));

    memory_.part(2 * kRingBytes, kPaddingBytes).clear();
    receive_.prepare(memory_.part(0, kRingBytes));
    set_up<ReceiveRegisters>(receive_.address());
    hw::write(registers_, hw::Value<ReceiveChecksum>().with<ReceiveChecksum::Transport>());
    // What else it lets through is the filter's matter, which follows.
    const auto now = hw::read<ReceiveControl>(registers_);
    set_receive_control(now.has<ReceiveControl::Everybody>(), now.has<ReceiveControl::AllGroups>());

    send_.prepare(memory_.part(kRingBytes, kRingBytes));
    set_up<SendRegisters>(send_.address());
    hw::write(registers_, hw::Value<SendGap>().with<SendGap::Gap>(kGap).with<SendGap::Gap1>(kGap1).with<SendGap::Gap2>(kGap2));
    hw::write(registers_, hw::Value<SendControl>()
                              .with<SendControl::Enable>()
                              .with<SendControl::PadShort>()
                              .with<SendControl::CollisionThreshold>(kCollisionThreshold)
                              .with<SendControl::CollisionDistance>(kCollisionDistance));
    return refresh();
}

// Nothing is sent and no interrupt asked for while it is reset: 14.3.
Status Controller::reset() {
    hw::write(registers_, hw::Value<MaskClear>(~u32{0}));
    hw::write(registers_, hw::Value<SendControl>());
    hw::write(registers_, hw::Value<Control>().with<Control::Reset>());
    for (int i = 0; i < 16; ++i) static_cast<void>(memory_.load<u32>(0));
    EFT_CHECK(hw::wait_until([this] { return !hw::read<Control>(registers_).has<Control::Reset>(); }, kLooks));
    hw::write(registers_, hw::Value<MaskClear>(~u32{0}));
    static_cast<void>(hw::read<Causes>(registers_));
    return {};
}

// Empty: the head first, so that at no time the device has descriptors that are not there.
template <class Ring>
void Controller::set_up(u64 address) {
    hw::write(registers_, hw::Value<typename Ring::Head>());
    hw::write(registers_, hw::Value<typename Ring::Tail>());
    hw::write(registers_, hw::Value<typename Ring::BaseLow>(static_cast<u32>(address)));
    hw::write(registers_, hw::Value<typename Ring::BaseHigh>(static_cast<u32>(address >> 32)));
    hw::write(registers_, hw::Value<typename Ring::Length>(kRingBytes));
    hw::write(registers_, hw::Value<typename Ring::Delay>());
}

// Where the EEPROM does not answer, the address that the device has loaded from it.
Status Controller::read_address() {
    u64 address = 0;
    for (u32 word = 0; word < kAddressWords; ++word) {
        const auto value = read_eeprom(word);
        if (value.ok()) address |= u64{*value} << 16 * word;
    }
    if (!is_station(address)) {
        const auto high = hw::read<AddressHigh>(registers_, 0);
        address = u64{high.get<AddressHigh::Bytes>()} << 32 | hw::read<AddressLow>(registers_, 0).raw();
        if (!high.has<AddressHigh::Valid>()) address = 0;
    }
    if (!is_station(address)) return Error::DeviceError;
    address_ = address;
    return {};
}

Result<u16> Controller::read_eeprom(u32 word) {
    hw::write(registers_, hw::Value<EepromRead>().with<EepromRead::Start>().with<EepromRead::Address>(word));
    hw::Value<EepromRead> answer;
    EFT_CHECK(hw::wait_until([&] { return (answer = hw::read<EepromRead>(registers_)).template has<EepromRead::Done>(); }, kLooks));
    return static_cast<u16>(answer.get<EepromRead::Data>());
}

Status Controller::refresh() {
    const auto status = hw::read<LinkStatus>(registers_);
    if (status.raw() == kAbsent) return Error::DeviceError;
    link_.up = status.has<LinkStatus::LinkUp>();
    link_.megabits = kMegabits[status.get<LinkStatus::Speed>()];
    return {};
}

void Controller::kick() {
    hw::dma_write_barrier();
    if (receive_.take_news()) hw::write(registers_, hw::Value<ReceiveRegisters::Tail>(receive_.tail()));
    if (send_.take_news()) hw::write(registers_, hw::Value<SendRegisters::Tail>(send_.tail()));
}

void Controller::set_filter(const ethernet::Filter& filter) {
    std::array<u32, kGroupRegisters> wanted{};
    for (u32 i = 0; i < filter.count; ++i) {
        const u32 hash = group_hash(filter.groups.each[i]);
        wanted[hash / 32] |= 1u << hash % 32;
    }
    for (u32 i = 0; i < kGroupRegisters; ++i)
        if (std::exchange(groups_[i], wanted[i]) != wanted[i]) hw::write(registers_, hw::Value<GroupTable>(wanted[i]), i);
    set_receive_control(filter.promiscuous, filter.promiscuous || filter.all_groups);
}

void Controller::set_receive_control(bool everybody, bool all_groups) {
    const auto wanted = hw::Value<ReceiveControl>()
                            .with<ReceiveControl::Enable>()
                            .with<ReceiveControl::Everybody>(everybody)
                            .with<ReceiveControl::AllGroups>(all_groups)
                            .with<ReceiveControl::Broadcast>()
                            .with<ReceiveControl::StripCheck>();
    if (hw::read<ReceiveControl>(registers_) != wanted) hw::write(registers_, wanted);
}

hw::Value<Causes> Controller::take_causes() {
    const auto causes = hw::read<Causes>(registers_);
    if (causes.raw() != 0) hw::write(registers_, hw::Value<MaskClear>(~u32{0}));
    return causes;
}

// What has ended while the program worked is no reason to interrupt, so its causes are taken back before it is looked
// for; what ends after that is still a cause when interrupts are allowed.
bool Controller::interrupt_after() {
    const auto causes = hw::read<Causes>(registers_);
    if (receive_.has_ended() || send_.has_ended() || causes.has<Causes::LinkChanged>()) {
        if (causes.has<Causes::LinkChanged>()) static_cast<void>(refresh());
        return false;
    }
    const auto wanted = send_.is_empty() ? usual_causes() : usual_causes().with<Causes::Sent>();
    hw::write(registers_, hw::Value<MaskSet>(wanted.raw()));
    return true;
}

u64 Controller::take_lost() {
    return u64{receive_.take_damaged()} + take<ChecksumErrors>(checksum_errors_) + take<SymbolErrors>(symbol_errors_) + take<Missed>(missed_) +
           take<TooLong>(too_long_);
}

// One that is the same at once was not cleared by being read.
template <class R>
u32 Controller::take(Counter& counter) {
    const u32 first = hw::read<R>(registers_).raw(), second = hw::read<R>(registers_).raw();
    const u32 more = first - (first >= counter.kept ? counter.kept : 0);
    counter.kept = first == second ? first : 0;
    return more + (first == second ? 0 : second);
}

}  // namespace eft::e1000
