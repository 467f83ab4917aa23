#include <eft/second_stack.h>

#include <eft/panic.h>

extern "C" void eft_begin_stack(eft::u64* other, eft::u64 top, void (*function)(void*), void* argument);
extern "C" void eft_switch_stack(eft::u64* other);

namespace eft {
namespace {

constexpr u64 kUntouched = 0x5ca1'ab1e'0dd5'7ac4;

}  // namespace

SecondStack::SecondStack() : words_(new u64[kBytes / sizeof(u64)]) { words_[0] = kUntouched; }

SecondStack::~SecondStack() {
    if (!ended_) panic("a stack is destroyed whose function has not ended");
}

void SecondStack::begin(void (*function)(void*), void* argument) {
    function_ = function;
    argument_ = argument;
    ended_ = false;
    eft_begin_stack(&other_, reinterpret_cast<u64>(&words_[kBytes / sizeof(u64)]) & ~u64{15}, run, this);
    check();
}

void SecondStack::go_on() {
    eft_switch_stack(&other_);
    check();
}

void SecondStack::stop() { eft_switch_stack(&other_); }

void SecondStack::run(void* of) {
    auto& own = *static_cast<SecondStack*>(of);
    own.function_(own.argument_);
    own.ended_ = true;
}

void SecondStack::check() const {
    if (words_[0] != kUntouched) panic("a second stack is too small");
}

}  // namespace eft
