// A stand-in for root in guest tests: it has all the kernel's capabilities, starts a few services by
// the same code as root does, and reports in the form that tools/qemu/guest_test.h expects.
#pragma once

#include <archive_map.h>
#include <console.h>
#include <service.h>

#include <eft/abi/boot_info.h>
#include <eft/archive.h>
#include <eft/invoke.h>

namespace eft::test {

class Stage {
public:
    explicit Stage(const BootInfo& info) : memory(info) {}

    // Reserves memory and maps the archive; ends the machine if that fails.
    void open(unsigned reserve_bits);
    // A service of the archive, with everything but its start done.
    void create(root::Service& service, const root::ServiceSpec& spec);
    // `client` may call `server`: it is granted under the server's name.
    void connect(root::Service& client, root::Service& server, u64 badge);

    // Reports.
    void expect(std::string_view name, bool passed, std::string_view otherwise);
    // The same for who prints the line itself.
    void count(bool passed) { ++(passed ? passed_ : failed_); }
    [[noreturn]] void finish();
    // For what must not go wrong.
    void require(Status status, std::string_view what);

    root::Memory memory;
    std::span<const std::byte> archive;
    Slot endpoint = Slot::None;      // receives the services' exceptions
    Slot notification = Slot::None;  // bound to the root thread
    u32 services = 0;

private:
    unsigned passed_ = 0;
    unsigned failed_ = 0;
};

void print_number(u64 value);
// "NAME VALUE" on a line of its own.
void print_value(std::string_view name, u64 value);

}  // namespace eft::test

// Every stand-in defines it.
void stage_main(eft::test::Stage& stage);
