// What libstdc++'s headers and the compiler's C++ runtime ask of the program, so that containers and algorithms link
// without the exception machinery. Where libstdc++ would throw, a program of Eft panics: every check that can fail for
// a reason other than a mistake in the program is made before.
#include <eft/panic.h>

#include <cstddef>
#include <memory>
#include <typeinfo>

namespace std {

void __throw_length_error(const char* what) { eft::panic(what); }
void __throw_logic_error(const char* what) { eft::panic(what); }
void __throw_invalid_argument(const char* what) { eft::panic(what); }
void __throw_domain_error(const char* what) { eft::panic(what); }
void __throw_runtime_error(const char* what) { eft::panic(what); }
void __throw_range_error(const char* what) { eft::panic(what); }
void __throw_overflow_error(const char* what) { eft::panic(what); }
void __throw_underflow_error(const char* what) { eft::panic(what); }
void __throw_out_of_range(const char* what) { eft::panic(what); }
void __throw_out_of_range_fmt(const char* format, ...) { eft::panic(format); }
void __throw_bad_alloc() { eft::panic("out of memory"); }
void __throw_bad_array_new_length() { eft::panic("array too large"); }
void __throw_bad_function_call() { eft::panic("call of an empty std::function"); }
void __throw_bad_cast() { eft::panic("bad cast"); }
void __throw_system_error(int) { eft::panic("system error"); }
void __glibcxx_assert_fail(const char*, int, const char*, const char* condition) noexcept { eft::panic(condition); }

// make_shared asks this where there is no RTTI; libstdc++'s own copy brings all of exception handling into the link.
bool _Sp_make_shared_tag::_S_eq(const type_info&) noexcept { return false; }

}  // namespace std

extern "C" {

void* __dso_handle = nullptr;
char __libc_single_threaded = 1;  // shared_ptr counts without atomic instructions

// Destructors of objects that live as long as the program never run: its end takes its memory.
int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }

[[noreturn]] void __cxa_pure_virtual() { eft::panic("call of a pure virtual function"); }
[[noreturn]] void __cxa_deleted_virtual() { eft::panic("call of a deleted virtual function"); }
[[noreturn]] void __assert_fail(const char* condition, const char*, unsigned, const char*) { eft::panic(condition); }
void abort() { eft::panic("abort"); }

}  // extern "C"
