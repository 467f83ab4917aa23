// Finding the ACPI tables in physical memory, from the root pointer that the boot loader names. Tables that dev does not
// need are passed over by their header alone.
#pragma once

#include <servers/dev/acpi_tables.h>
#include <servers/dev/physical_memory.h>

namespace eft::dev {

constexpr std::size_t kMostTables = 128;

// Adds what the tables say of the machine; `root_pointer` has kRsdpLength2 bytes. A machine without an MCFG or an HPET is no
// error here: the lists are empty, and who needs one says so. An error is the first of those met, and the other tables were
// read nevertheless. BadFormat: a damaged table. LimitReached: more than there is room for. OutOfRange, or an error of mem:
// a table is where no memory is.
Status read_acpi(PhysicalMemory& memory, Bytes root_pointer, Machine& machine);

}  // namespace eft::dev
