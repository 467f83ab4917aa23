// Random values for any message, and whether what arrives is what was sent. The fields are named by generated tests
// (idlc --round-trips).
#pragma once

#include <eft/ipc/client.h>
#include <eft/ipc/local_caps.h>

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace eft::round_trip {

// Chance, and the memory of what messages refer to.
class Dice {
public:
    explicit Dice(u64 seed) : engine_(seed) {}

    u64 word() {
        // Every third is a border.
        static constexpr u64 kBorders[] = {0, 1, ~u64{0}, u64{1} << 63, 0x7f, 0x80, 0xffff'ffff};
        return engine_() % 3 == 0 ? kBorders[engine_() % std::size(kBorders)] : engine_();
    }
    unsigned below(u64 bound) { return static_cast<unsigned>(engine_() % bound); }
    bool flip() { return engine_() % 2 == 0; }

    template <class T>
    void fill(T& value) {
        const u64 bits = word();
        if constexpr (std::is_same_v<T, bool>)
            value = bits & 1;
        else
            std::memcpy(&value, &bits, sizeof(T));
    }
    void fill(ipc::AreaSpan& area) {
        const u32 offset = below(kArea.size() + 1);
        area = ipc::AreaSpan(kArea.data(), offset, below(kArea.size() - offset + 1));
    }
    template <class Kind>
    void fill(ipc::CapField<Kind>& field) {
        caps_.push_back(std::make_unique<ipc::LocalHandle>(ipc::local_caps().create(1 + below(1000))));
        field = ipc::CapField<Kind>(caps_.back()->slot());
    }
    // Behind one that is absent, all are.
    template <class Kind>
    void fill_optional(ipc::CapField<Kind>& field) {
        if (!cut_ && flip()) return fill(field);
        cut_ = true;
    }
    template <class T>
    T one_of(std::initializer_list<T> values) {
        return values.begin()[below(values.size())];
    }
    std::string_view text(std::size_t most) {
        auto& made = texts_.emplace_back(std::make_unique<std::string>(length(most), '\0'));
        for (char& c : *made) c = static_cast<char>(engine_());
        return *made;
    }
    std::span<const std::string_view> texts(std::size_t most, std::size_t most_each) {
        return vector(std::span<const std::string_view>(), most,
                      [&](std::string_view& each) { each = text(most_each); });
    }
    template <class T, class Fill>
    std::span<const T> vector(std::span<const T>, std::size_t most, Fill fill_one) {
        if (std::is_class_v<T> && !deeper()) return {};
        const std::size_t count = length(most);
        std::shared_ptr<T[]> made(new T[count]());
        for (std::size_t i = 0; i < count; ++i) fill_one(made[i]);
        kept_.push_back(made);
        return {made.get(), count};
    }
    template <class T, class Fill>
    const T* make(const T*, Fill fill_it) {
        auto made = std::make_shared<T>();
        fill_it(*made);
        kept_.push_back(made);
        return made.get();
    }

    // Tables within tables: not without end.
    class Level {
    public:
        explicit Level(Dice& dice) : dice_(dice) { ++dice_.level_; }
        Level(const Level&) = delete;
        ~Level() { --dice_.level_; }

    private:
        Dice& dice_;
    };
    bool deeper() { return level_ < 3 && flip(); }
    void give_up() {}

    static inline std::array<std::byte, 4096> kArea{};

private:
    std::size_t length(std::size_t most) {
        switch (below(4)) {
            case 0: return 0;
            case 1: return most;
            default: return below(most + 1);
        }
    }

    std::mt19937_64 engine_;
    unsigned level_ = 0;
    bool cut_ = false;
    std::vector<std::unique_ptr<std::string>> texts_;
    std::vector<std::unique_ptr<ipc::LocalHandle>> caps_;
    std::vector<std::shared_ptr<void>> kept_;
};

// Numbers by their bits: a NaN is the same as itself here.
template <class T>
bool same_value(const T& a, const T& b) {
    if constexpr (std::is_array_v<T>) {
        for (std::size_t i = 0; i < std::size(a); ++i)
            if (!same_value(a[i], b[i])) return false;
        return true;
    } else {
        return std::memcmp(&a, &b, sizeof(T)) == 0;
    }
}
inline bool same_value(std::string_view a, std::string_view b) { return a == b; }
inline bool same_value(const ipc::AreaSpan& a, const ipc::AreaSpan& b) { return a.bits() == b.bits(); }
template <class T>
bool same_value(const std::optional<T>& a, const std::optional<T>& b) {
    return a.has_value() == b.has_value() && (!a || same_value(*a, *b));
}
template <class Kind>
bool same_value(const ipc::CapField<Kind>& a, const ipc::CapField<Kind>& b) {
    return a.present() == b.present() && ipc::local_caps().object(a.slot()) == ipc::local_caps().object(b.slot());
}
template <class A, class B, class Same>
bool same_elements(const A& a, const B& b, Same same_one) {
    if (std::size(a) != std::size(b)) return false;
    for (std::size_t i = 0; i < std::size(a); ++i)
        if (!same_one(a[i], b[i])) return false;
    return true;
}
template <class T>
bool same_value(std::span<const T> a, std::span<const T> b) {
    return same_elements(a, b, [](const T& x, const T& y) { return same_value(x, y); });
}
inline bool same_value(std::span<const std::string_view> a, const auto& b) {
    return same_elements(a, b, [](std::string_view x, std::string_view y) { return x == y; });
}

// As the kernel moves them: the words as they are, and each capability into a slot of the receiver.
inline void transfer_caps(const ipc::Registers& registers, Utcb& page) {
    for (unsigned i = 0; i < registers.tag.caps(); ++i)
        page.receive_slots[i] = raw(ipc::local_caps().derive(static_cast<Slot>(page.send_slots[i])));
}

template <class Table, class Fill, class Same>
void check_round_trips(Fill fill_it, Same same_as) {
    constexpr unsigned kRounds = 200;
    const std::size_t caps_before = ipc::local_caps().live();
    unsigned arrived = 0;
    for (unsigned round = 0; round < kRounds; ++round) {
        Dice dice(round);
        Table sent;
        if (round != 0) fill_it(dice, sent);  // the first is all defaults
        if (!sent.fits()) continue;           // an absent capability or table that is required
        Utcb page;
        std::memset(&page, 0xa5, sizeof(page));  // what is not written is not zero
        ipc::Registers registers;
        for (u64& word : registers.w) word = 0xa5a5'a5a5'a5a5'a5a5;
        ipc::MessageWriter<Table> out(registers, page);
        sent.encode(out);
        if (!out.complete()) continue;
        registers.tag = out.tag(0);
        REQUIRE(registers.tag.valid());
        transfer_caps(registers, page);
        ipc::ReceivedCaps caps([&]() -> Utcb& { return page; }, registers.tag);
        ipc::MessageReader<Table> in(registers, page, caps, Dice::kArea);
        REQUIRE(in.open());
        REQUIRE(Table::check(in));
        auto got = Table::load(in);
        CHECK(same_as(sent, got));
        ++arrived;
    }
    CHECK(arrived >= kRounds / 4);
    CHECK(ipc::local_caps().live() == caps_before);
}

}  // namespace eft::round_trip
