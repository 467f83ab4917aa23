// A table as its receiver sees it.
#pragma once

#include <eft/ipc/local_caps.h>
#include <eft/ipc/message_reader.h>
#include <eft/ipc/message_writer.h>

#include <stdexcept>

namespace eft::ipc {

// Throws if the table does not fit into a message, or is none that its receiver would take.
template <class Table>
class Sent {
public:
    explicit Sent(const Table& table) {
        MessageWriter<Table> out(registers_, page_);
        table.encode(out);
        if (!out.complete()) throw std::length_error("a table does not fit into a message");
        registers_.tag = out.tag(0);
    }
    typename Table::View view() {
        ReceivedCaps none;
        MessageReader<Table> in(registers_, page_, none);
        if (!in.open() || !Table::check(in)) throw std::logic_error("a table is not what its receiver expects");
        return Table::load(in);
    }

private:
    Registers registers_;
    Utcb page_{};
};

}  // namespace eft::ipc
