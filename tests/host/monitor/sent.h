// A table of encoding 3 as its receiver sees it.
#pragma once

#include <eft/ipc/local_caps.h>
#include <eft/ipc/message_reader.h>
#include <eft/ipc/message_writer.h>

#include <doctest/doctest.h>

namespace monitor_test {

using namespace eft;

template <class Table>
struct Sent {
    ipc::Registers registers;
    Utcb page{};

    explicit Sent(const Table& table) {
        ipc::MessageWriter<Table> out(registers, page);
        table.encode(out);
        REQUIRE(out.complete());
        registers.tag = out.tag(0);
    }
    typename Table::View view() {
        ipc::ReceivedCaps none;
        ipc::MessageReader<Table> in(registers, page, none);
        REQUIRE(in.open());
        REQUIRE(Table::check(in));
        return Table::load(in);
    }
};

}  // namespace monitor_test
