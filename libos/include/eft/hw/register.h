// Device registers that read like the data sheet, in memory (Mmio) or in the I/O port space (Ports).
//
//     struct LineStatus : Register<5, u8> {          // PC16550D, 8.6.3 "Line Status Register"
//         struct DataReady : Bitfield<0> {};
//         struct TransmitterEmpty : Bitfield<6> {};
//     };
//     if (hw::read<LineStatus>(access).has<LineStatus::DataReady>()) ...
//
// A field belongs to its register: asking a value of one register for a field of another does not
// compile. What is accessed is an Mmio or a Ports: small handles, which are copied freely.
// Every access has exactly the register's width, and happens exactly once, in program order.
#pragma once

#include <eft/abi/types.h>

#include <concepts>
#include <type_traits>

namespace eft::hw {

template <class W>
concept RegisterWord =
    std::same_as<W, u8> || std::same_as<W, u16> || std::same_as<W, u32> || std::same_as<W, u64>;

template <class A>
concept RegisterAccess = requires(const A& access, u32 offset) {
    { access.template read<u8>(offset) } -> std::same_as<u8>;
    { access.template read<u16>(offset) } -> std::same_as<u16>;
    { access.template read<u32>(offset) } -> std::same_as<u32>;
    access.template write<u8>(offset, u8{});
    access.template write<u16>(offset, u16{});
    access.template write<u32>(offset, u32{});
};

// `Width` bits starting at bit `Low` of the register `Owner`.
template <class Owner, unsigned Low, unsigned Width>
struct Field {
    using Register = Owner;
    using Word = typename Owner::Word;
    static_assert(Width >= 1 && Low + Width <= 8 * sizeof(Word), "the field leaves its register");
    static constexpr unsigned kLow = Low;
    static constexpr u64 kValueMask = Width == 64 ? ~0ull : (1ull << Width) - 1;
    static constexpr Word kMask = static_cast<Word>(kValueMask << Low);
};

// One register at a fixed offset.
template <u32 Offset, RegisterWord W>
struct Register {
    using Word = W;
    static constexpr u32 offset() { return Offset; }
    template <unsigned Low, unsigned Width = 1>
    using Bitfield = Field<Register, Low, Width>;
};

// The same register once per timer, queue, entry...: `Stride` bytes apart.
template <u32 Offset, RegisterWord W, u32 Stride>
struct RegisterArray {
    using Word = W;
    static constexpr u32 offset(u32 index) { return Offset + Stride * index; }
    template <unsigned Low, unsigned Width = 1>
    using Bitfield = Field<RegisterArray, Low, Width>;
};

template <class F, class R>
concept FieldOf = std::is_base_of_v<typename F::Register, R>;

// What was read from, or will be written to, register R.
template <class R>
class Value {
public:
    using Word = typename R::Word;

    constexpr Value() = default;
    constexpr explicit Value(Word raw) : raw_(raw) {}

    constexpr Word raw() const { return raw_; }

    template <FieldOf<R> F>
    constexpr Word get() const {
        return static_cast<Word>((raw_ & F::kMask) >> F::kLow);
    }
    template <FieldOf<R> F>
    constexpr bool has() const {
        return (raw_ & F::kMask) != 0;
    }
    template <FieldOf<R> F>
    constexpr Value with(u64 value = 1) const {
        const u64 placed = (value & F::kValueMask) << F::kLow;
        return Value(static_cast<Word>((raw_ & static_cast<Word>(~F::kMask)) | placed));
    }
    template <FieldOf<R> F>
    constexpr Value without() const {
        return Value(static_cast<Word>(raw_ & static_cast<Word>(~F::kMask)));
    }
    constexpr bool operator==(const Value&) const = default;

private:
    Word raw_ = 0;
};

template <class R, RegisterAccess A, class... Index>
Value<R> read(const A& access, Index... index) {
    return Value<R>(access.template read<typename R::Word>(R::offset(index...)));
}

template <class R, RegisterAccess A, class... Index>
void write(const A& access, Value<R> value, Index... index) {
    access.template write<typename R::Word>(R::offset(index...), value.raw());
}

// Reads, lets `change` compute the new value, writes. Not atomic: the driver is single-threaded.
template <class R, RegisterAccess A, class Change, class... Index>
void modify(const A& access, Change change, Index... index) {
    write<R>(access, change(read<R>(access, index...)), index...);
}

}  // namespace eft::hw
