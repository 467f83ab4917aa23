// From a reply to JSON, in one line, with the fields in the order of their ids. The message is checked as a stub does it.
//
// An enum is its name, bit flags are their names with blanks between. What is no UTF-8 in a string is written as json.h
// says. Of a capability there is only its kind: rpc does not keep it.
#pragma once

#include "monitor/rpc/catalogue.h"
#include "monitor/rpc/message.h"

#include <optional>

namespace eft::monitor {

class ReplyWriter {
public:
    ReplyWriter(const Catalogue& catalogue, const Message& message) : catalogue_(catalogue), message_(message) {}

    // BadMessage: the words are no such record; complaint() says why.
    Result<std::string> write(const descriptor::Record& record);
    // The value of one field of a record that is no FlatBuffer.
    Result<std::string> write_field(const descriptor::Record& record, const descriptor::Field& field);
    const std::string& complaint() const { return complaint_; }

private:
    using Bytes = std::span<const std::byte>;

    Status open(const descriptor::Record& record);
    Status member(const descriptor::Field& field);
    Status elements(const descriptor::Field& field, u32 place);
    Status value(const descriptor::Type& type, u64 absent, Bytes from);
    Status structure(const descriptor::Type& type, Bytes from);
    Status array(const descriptor::Type& type, Bytes from, std::size_t count);
    Status enumeration(const descriptor::Type& type, u64 value);
    void capability(const descriptor::Field& field);
    // Encoding 3 (reply_flat.cc).
    Status flatbuffer(const descriptor::Record& record);
    Status flat_table(const descriptor::Record& record, const u8* table);
    Status flat_member(const descriptor::Field& field, const flatbuffers::Table& table);
    Status flat_scalar(const descriptor::Field& field, const flatbuffers::Table& table);
    Status flat_vector(const descriptor::Field& field, const u8* vector);
    Status flat_union(const descriptor::Field& field, const flatbuffers::Table& table);
    Result<std::string_view> flat_string(const u8* string, u32 max);
    void name(std::string_view name, bool first);
    Result<Bytes> part(Bytes of, std::size_t offset, std::size_t size);
    Error refuse(std::string_view what);

    const Catalogue& catalogue_;
    const Message& message_;
    std::array<u64, kMaxWords> flat_{};  // absent words are zero
    std::size_t tail_begin_ = 0, tail_end_ = 0;  // bytes of the message
    std::optional<flatbuffers::Verifier> verifier_;  // of the buffer of encoding 3
    const u8* buffer_ = nullptr;
    std::string field_;
    std::string json_, complaint_;
};

}  // namespace eft::monitor
